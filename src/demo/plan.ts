/**
 * Which pictures the demo data set has and what each shows. Pure and cheap: nothing is drawn here.
 */
import { createRandom, type Random } from '../core/grid/random.ts';
import type { DefectedKit } from './change.ts';
import type { Polygon } from './geometry.ts';
import { type KitState, sampleKit, VARIANTS } from './kit.ts';
import { LOGICAL_DEFECTS } from './logical.ts';
import { STRUCTURAL_DEFECTS } from './structural.ts';

export interface DemoOptions {
  readonly seed: number;
  /** Width of the pictures in pixels; they are three quarters as high. */
  readonly width: number;
  /** How many pictures of each kind. Defects are dealt out in turn, so each appears once the number is large enough. */
  readonly train: number;
  readonly validation: number;
  readonly good: number;
  readonly logical: number;
  readonly structural: number;
  /** Also altered prints and the rule that reads them, which needs a text-recognition model. */
  readonly text: boolean;
  /** Where editors find the schema of the rule file, as its first line says. */
  readonly schema: string;
}

export const DEMO_DEFAULTS: DemoOptions = {
  seed: 1,
  width: 640,
  train: 30,
  validation: 12,
  good: 12,
  logical: 14,
  structural: 7,
  text: false,
  schema: '../rules.schema.json',
};

export type DemoFolder =
  | 'train/good'
  | 'validation/good'
  | 'test/good'
  | 'test/logical_anomalies'
  | 'test/structural_anomalies';

export interface DemoDefect {
  readonly type: 'logical' | 'structural';
  readonly group: string;
  readonly note: string;
  /** Ground truth, in sheet units. */
  readonly polygons: readonly Polygon[];
}

/** One picture before it is rendered; `path` is relative to the folder of the data set. */
export interface DemoImage {
  readonly folder: DemoFolder;
  readonly name: string;
  readonly path: string;
  readonly state: KitState;
  readonly defect: DemoDefect | null;
  /** Path of the ground truth, null for good parts. */
  readonly mask: string | null;
}

/** A seed of its own for every picture (FNV-1a), so that changing how many there are leaves the others as they were. */
function seedOf(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const letter of parts.join('/')) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}

/** The correct kit of a picture. */
function stateOf(seed: number, folder: DemoFolder, i: number): KitState {
  return sampleKit(VARIANTS[i % VARIANTS.length]!, createRandom(seedOf(seed, folder, i)));
}

interface Applicable {
  readonly name: string;
  readonly apply: (state: KitState, random: Random) => DefectedKit;
}

function planned(
  o: DemoOptions,
  folder: DemoFolder,
  n: number,
  defects: readonly Applicable[] = [],
  from = 0,
): DemoImage[] {
  return Array.from({ length: n }, (_, i) => {
    const stem = String(i + from).padStart(3, '0');
    const name = `${stem}.jpg`;
    const sound = stateOf(o.seed, folder, i);
    const place = { folder, name, path: `${folder}/${name}` };
    const defect = defects[i % Math.max(1, defects.length)];
    if (defect === undefined) return { ...place, state: sound, defect: null, mask: null };
    const made = defect.apply(sound, createRandom(seedOf(o.seed, folder, i, defect.name)));
    const type = folder === 'test/logical_anomalies' ? 'logical' : 'structural';
    return {
      ...place,
      state: made.state,
      defect: { type, group: defect.name, note: made.note, polygons: made.polygons },
      mask: `ground_truth/${type}_anomalies/${stem}/000.png`,
    };
  });
}

/** Every picture of the data set, in the order in which they are written. Structural ones are numbered after logical. */
export function planDemo(options: Partial<DemoOptions> = {}): readonly DemoImage[] {
  const o = { ...DEMO_DEFAULTS, ...options };
  const logical = LOGICAL_DEFECTS.filter((d) => o.text || d.needsText !== true);
  return [
    ...planned(o, 'train/good', o.train),
    ...planned(o, 'validation/good', o.validation),
    ...planned(o, 'test/good', o.good),
    ...planned(o, 'test/logical_anomalies', o.logical, logical),
    ...planned(o, 'test/structural_anomalies', o.structural, STRUCTURAL_DEFECTS, o.logical),
  ];
}

/** The canonical training pictures that the rule file takes its exemplars from: one per variant and one more. */
export function exemplarImages(seed: number): readonly DemoImage[] {
  return planDemo({ seed, train: VARIANTS.length + 1, validation: 0, good: 0, logical: 0, structural: 0 });
}
