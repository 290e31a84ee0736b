/** Chooses backbone and stages for a detector on dense features: as the rule file says, or on mutants of the normals. */

import { gridOf } from '../core/detect/cells.ts';
import { bestOf, type Candidate, CHOOSE, compareStages, type Tried, trialsOf } from '../core/detect/choose.ts';
import { PATCH, PATCH_OPTIONS } from '../core/detect/patchModel.ts';
import { scoredMask } from '../core/detect/within.ts';
import { LogsadError } from '../core/errors.ts';
import type { Random } from '../core/grid/random.ts';
import type { DetectorsInput } from './detect.ts';
import type { Deps, LearnOptions } from './learn.ts';
import type { DenseBackbone } from './ports.ts';
import { createRunner } from './runner.ts';

export interface Choice {
  readonly backbone: string;
  /** What to put in the place of `auto`. */
  readonly options: { readonly backbone: string; readonly stages: readonly string[] };
  /** Every candidate that was tried; none where nothing was to be chosen. */
  readonly table: readonly Candidate[];
}

/** A backbone serves a product when the frames divide into its cells. */
const fits = (b: DenseBackbone, frames: readonly { width: number; height: number }[]): boolean =>
  frames.every((f) => f.width % b.multiple === 0 && f.height % b.multiple === 0);

function checkStages(detector: string, backbone: DenseBackbone, stages: readonly string[]): void {
  const known = backbone.stages.map((s) => s.name);
  const unknown = stages.filter((s) => !known.includes(s));
  if (unknown.length === 0) return;
  throw new LogsadError('DETECTOR_OPTION', {
    detector,
    option: 'stages',
    expected: `stages of ${backbone.id}: ${known.join(', ')}`,
    found: unknown.join(', '),
    example: 'stages: auto',
  });
}

/**
 * The backbone and stages of a detector's options. `default`: the backbone of the model set, without the stages finer than
 * the grid (on mutants of three products these only added noise). `auto` tries every installed dense backbone that fits the frames and takes
 * another than the default only where it is surely better; with few normals nothing can be told and the default stays.
 * With listed stages, `backbone: auto` tries the backbones that have all of them. Detectors without a pool of their own
 * compare by the default one.
 * @throws LogsadError DETECTOR_OPTION for stages that the backbone lacks; MODEL_*
 */
export async function chooseMatcher(
  detector: string,
  options: Readonly<Record<string, unknown>>,
  input: DetectorsInput,
  deps: Deps,
  random: Random,
  { signal, onProgress }: LearnOptions = {},
): Promise<Choice> {
  const { backbone = 'auto', stages = 'auto', pool, q = PATCH_OPTIONS.q.default, neighbourhood, standardise } = options;
  const own = await deps.backbones.dense('match', input.set);
  const asked =
    backbone === 'auto' ? null : backbone === 'default' ? own : await deps.backbones.model(String(backbone));
  const listed = Array.isArray(stages) ? (stages as string[]) : null;
  const has = (b: DenseBackbone): boolean => !listed || listed.every((l) => b.stages.some((s) => s.name === l));
  const usual = (b: DenseBackbone): readonly string[] => {
    // In the backbone's order, whatever the order of the list; what it lacks stays for the fault to name.
    if (listed && has(b)) return b.stages.map((s) => s.name).filter((name) => listed.includes(name));
    const coarse = b.stages.filter((s) => s.stride >= PATCH.stride);
    return listed ?? (coarse.length > 0 ? coarse : b.stages).map((s) => s.name);
  };
  const whole = (b: DenseBackbone): Choice => {
    const names = usual(b);
    checkStages(detector, b, names);
    return { backbone: b.id, options: { backbone: b.id, stages: names }, table: [] };
  };
  if (asked && (listed || stages !== 'auto')) return whole(asked);
  const frames = input.scenes.map((s) => s.frame);
  if (frames.length < CHOOSE.least) return whole(asked ?? own);
  const all = asked
    ? [asked]
    : await Promise.all((await deps.backbones.installed()).map((id) => deps.backbones.model(id)));
  const step = Math.max(1, frames.length / CHOOSE.normals);
  const sample = Array.from({ length: Math.min(CHOOSE.normals, frames.length) }, (_, i) => Math.floor(i * step));
  const pictures = await Promise.all(sample.map((i) => input.pixels(i)));
  const drawn = random.shuffle(sample.map((i, at) => ({ scene: input.scenes[i]!, picture: pictures[at]! })));
  const region = typeof options.region === 'string' ? options.region : '';
  const scored = drawn.map(({ scene, picture }) =>
    scoredMask(input.file, scene, gridOf(picture, { stride: PATCH.stride, side: null }), region, input.masks),
  );
  // A picture of which nothing counts has nothing to tell features by.
  if (scored.some((m) => m && !m.data.includes(1))) return whole(asked ?? own);
  const trials = trialsOf(
    drawn.map((d) => d.picture),
    random,
    scored,
  );
  const settings = {
    stride: PATCH.stride,
    neighbourhood: neighbourhood === 3 ? (3 as const) : (1 as const),
    standardise: standardise === true,
    pool: pool === 'max' ? { pool: 'max' as const } : { pool: 'topQ' as const, q: Number(q) },
    hidden: PATCH.hidden,
  };
  const table: Tried[] = [];
  for (const b of all.filter((m) => fits(m, frames) && has(m))) {
    const run = createRunner(deps, b, async (i) => trials[i]!.picture, {
      ...(signal ? { signal } : {}),
      onProgress: (stage, done, total) => onProgress?.({ stage, done, total }),
    });
    table.push(...(await run(compareStages(trials, b, settings, random, listed ? [usual(b)] : undefined))));
  }
  if (table.length === 0) return whole(asked ?? own);
  const preferred = asked ?? own;
  const chosen = bestOf(table, { backbone: preferred.id, stages: usual(preferred) }, trials, random);
  return {
    backbone: chosen.backbone,
    options: { backbone: chosen.backbone, stages: chosen.stages },
    table: table.map(({ scores: _, ...candidate }) => candidate),
  };
}
