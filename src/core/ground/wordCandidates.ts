/**
 * What words found, as candidates like those of a pixel head: with colour and pooled features, so that likeness,
 * attributes by exemplars and interest matching work on them too.
 */
import { type FeatureGrid, grid, type LabelGrid, labelGrid, zeros } from '../grid/grid.ts';
import { resizeNearest } from '../grid/nearest.ts';
import { decodeRuns } from '../grid/runs.ts';
import type { InterestSpec, RuleFile } from '../rules/definition.ts';
import { factsOf } from '../rules/drawnScene.ts';
import type { Instance } from '../scene.ts';
import { GROUND } from './constants.ts';
import { splitCut, wholeCut } from './cut.ts';
import { type AreaMedians, type Candidate, describe, type FrameView, productBox } from './instances.ts';
import type { NormalCandidates } from './model.ts';
import { sourceOf } from './vocabulary.ts';
import { sceneByWords, type WordEvidence } from './words.ts';

/** Whether words alone (or clusters named by words) say how to find an interest; neither exemplars nor colour do. */
export function isSpoken(i: InterestSpec): boolean {
  const stated = i.source?.find((s) => s === 'words' || s === 'clusters');
  if (stated) return true;
  return i.exemplars.length === 0 && i.colour === undefined && sourceOf(i) === 'words';
}

/** Ids of the interests that need an image-text model. */
export const spokenInterests = (file: RuleFile): string[] =>
  Object.values(file.interests)
    .filter(isSpoken)
    .map((i) => i.id);

/** Whether no pixel head is needed: every interest that is not spoken is a silhouette of those that are. */
export function isAllSpoken(file: RuleFile): boolean {
  const all = Object.values(file.interests);
  return all.some(isSpoken) && all.every((i) => isSpoken(i) || (i.exemplars.length === 0 && i.colour === undefined));
}

/** Every position divided by the length of its vector over all stages: how LogSAD joins stages (ALGORITHM 1.4). */
export function jointlyUnit(stages: readonly FeatureGrid[]): FeatureGrid[] {
  const cells = (stages[0]?.height ?? 0) * (stages[0]?.width ?? 0);
  const out = stages.map((s) => zeros(s.height, s.width, s.channels));
  for (let i = 0; i < cells; i++) {
    let sum = 0;
    for (const s of stages) {
      for (let k = i * s.channels, end = k + s.channels; k < end; k++) sum += s.data[k]! ** 2;
    }
    const factor = sum > 0 ? 1 / Math.sqrt(sum) : 0;
    for (const [n, s] of stages.entries()) {
      for (let k = i * s.channels, end = k + s.channels; k < end; k++) out[n]!.data[k] = s.data[k]! * factor;
    }
  }
  return out;
}

/** What instances look like: cell colours `[h, w, 3]` on the grid that masks are wanted on, and normalised stages. */
export type Look = Pick<FrameView, 'lab' | 'stages'>;

/**
 * @param medians cells of one instance among normals, for `instances: { split: area }`
 * @returns all spoken interests (and silhouettes of a file that is all spoken) on the grid of `look.lab`
 */
export function wordCandidates(
  file: RuleFile,
  evidence: WordEvidence,
  look: Look,
  medians: AreaMedians,
): NormalCandidates {
  const { frame, image } = evidence;
  const { height, width } = look.lab;
  const scene = sceneByWords(file, evidence);
  const all = isAllSpoken(file);
  const view: FrameView = { ...look, frame, labels: labelGrid(height, width) };
  const candidates = scene.instances.flatMap((i): Candidate[] => {
    const spec = file.interests[i.interest]!;
    if (!all && !isSpoken(spec)) return [];
    const own = decodeRuns(i.mask, scene.grid.height, scene.grid.width);
    const mask = resizeNearest(own, height, width, 'corner');
    if (!mask.data.some((v) => v !== 0)) return [];
    const whole = describe(i.interest, wholeCut(mask), view, new Set());
    const shape = own === mask || (own.height === height && own.width === width) ? i : factsOf(frame, mask);
    const told = { readings: i.attributes, ...(i.grounding ? { grounding: i.grounding } : {}) };
    const median = medians[i.interest] ?? 0;
    const parts = file.scoring === 'paper' ? 1 : pieces(spec, whole.cells, median);
    if (parts > 1)
      return splitCut(wholeCut(mask), parts).map((c) => ({ ...describe(i.interest, c, view, new Set()), ...told }));
    return [{ ...whole, ...geometry(shape), ...told }];
  });
  const product = file.scoring === 'paper' ? scene.product : coveredBox(scene.instances, scene.grid, view);
  return { image, frame, grid: { width, height }, product, candidates };
}

const geometry = (i: Pick<Instance, 'mask' | 'area' | 'box' | 'centroid' | 'orientation' | 'length' | 'width'>) => ({
  mask: i.mask,
  area: i.area,
  box: i.box,
  centroid: i.centroid,
  orientation: i.orientation,
  length: i.length,
  width: i.width,
});

function pieces(spec: InterestSpec, cells: number, median: number): number {
  const merged = spec.form === 'thing' && spec.instances.split === 'area' && median > 0;
  return merged && cells >= GROUND.splitArea * median
    ? Math.min(GROUND.maxSplit, cells, Math.round(cells / median))
    : 1;
}

/** The product is what any instance covers. */
function coveredBox(instances: readonly Instance[], size: { height: number; width: number }, view: FrameView) {
  const covered = labelGrid(size.height, size.width, 1);
  for (const i of instances) {
    const { data } = decodeRuns(i.mask, size.height, size.width);
    for (let k = 0; k < data.length; k++) if (data[k]) covered.data[k] = 0;
  }
  const labels: LabelGrid = grid(covered.data, size.height, size.width);
  const part = { role: 'part' } as InterestSpec;
  const rest = { role: 'background' } as InterestSpec;
  return productBox([part, rest], { ...view, labels });
}
