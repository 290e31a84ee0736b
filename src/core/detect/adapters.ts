/**
 * APRIL-GAN's arithmetic (ALGORITHM 9): one linear layer per stage brings patch tokens into the space of the texts; the
 * map is what the two texts say of every patch, summed over the stages. Proved on golden/aprilgan.
 */
import type { Rows } from '../grid/cluster.ts';
import { type FeatureGrid, zeros } from '../grid/grid.ts';
import { dot, unitRows } from '../grid/linear.ts';
import { resizeBilinear } from '../grid/resample.ts';
import type { GridSize } from './cells.ts';

export const APRIL = {
  /** CLIP's learnt logit scale. */
  scale: 100,
  /** Side of the square that the published model sees, 37 patches of 14 px. */
  side: 518,
  stages: 4,
} as const;

/** A linear layer: `weight [d, 1, c]` (one row per output) and `bias [d]`. */
export interface Adapter {
  readonly weight: Rows;
  readonly bias: Float32Array;
}

type Named = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>;

/**
 * The adapters in a file's tensors: `fc.{i}.weight [d, c]` and `fc.{i}.bias [d]`, alone or below
 * `trainable_linearlayer.` as published. A text says what is missing.
 */
export function adaptersOf(tensors: Named): readonly Adapter[] | string {
  const find = (tail: string): Named[string] | undefined =>
    tensors[tail] ?? Object.entries(tensors).find(([name]) => name.endsWith(`.${tail}`))?.[1];
  const out: Adapter[] = [];
  for (let i = 0; ; i++) {
    const [weight, bias] = [find(`fc.${i}.weight`), find(`fc.${i}.bias`)];
    if (!weight && !bias) break;
    const [d, c] = weight?.shape ?? [];
    if (!weight || !bias || weight.shape.length !== 2 || bias.data.length !== d)
      return `fc.${i}.weight [d, c] and fc.${i}.bias [d] do not belong together`;
    out.push({ weight: { data: weight.data, height: d, width: 1, channels: c! }, bias: bias.data });
  }
  return out.length > 0 ? out : `it holds no fc.0.weight (found ${Object.keys(tensors).slice(0, 4).join(', ')})`;
}

/** Adapters as tensors in the published layout. */
export function tensorsOf(adapters: readonly Adapter[]): Named {
  return Object.fromEntries(
    adapters.flatMap(({ weight, bias }, i) => [
      [`fc.${i}.weight`, { shape: [weight.height, weight.channels], data: weight.data }],
      [`fc.${i}.bias`, { shape: [bias.length], data: bias }],
    ]),
  );
}

/** Adds the bias to every row of `tokens . weight'`, `[n, d]`. */
export function withBias(products: Float32Array, bias: Float32Array): Float32Array {
  const d = bias.length;
  return products.map((v, i) => v + bias[i % d]!);
}

/**
 * 100 * norm(adapted token) . text per token and class, `[n, 2]` (classes normal, anomalous).
 * @param adapted `[n, d]`, bias included
 * @param texts two unit rows `[2, 1, d]`
 */
export function adapterLogits(adapted: Float32Array, texts: Rows): Float32Array {
  const d = texts.channels;
  const unit = unitRows(adapted, d);
  const n = adapted.length / d;
  const out = new Float32Array(2 * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < 2; k++) out[2 * i + k] = APRIL.scale * dot(unit, i * d, texts.data, k * d, d);
  return out;
}

const add = (into: FeatureGrid, from: FeatureGrid): void => {
  for (let i = 0; i < into.data.length; i++) into.data[i]! += from.data[i]!;
};

/**
 * Sum over the stages of softmax(logits brought to `size`)[anomalous]. Softmax comes AFTER interpolation (corners
 * coinciding), as published: the other order differs by up to .77 on the golden. Two classes: the softmax is the sigmoid
 * of the interpolated difference.
 * @param stages per stage `[n, 2]` logits on a grid
 */
export function adapterMap(stages: readonly Float32Array[], grid: GridSize, size: GridSize): FeatureGrid {
  const out = zeros(size.height, size.width);
  for (const logits of stages) {
    const difference = zeros(grid.height, grid.width);
    for (let i = 0; i < difference.data.length; i++) difference.data[i] = logits[2 * i + 1]! - logits[2 * i]!;
    const up = resizeBilinear(difference, size.height, size.width, { alignCorners: true });
    for (let i = 0; i < up.data.length; i++) up.data[i] = 1 / (1 + Math.exp(-up.data[i]!));
    add(out, up);
  }
  return out;
}

/** Sum over the stages of min(1 - cos) to the memory, brought to `size` (corners coinciding). */
export function memoryMap(cosines: readonly Float32Array[], grid: GridSize, size: GridSize): FeatureGrid {
  const out = zeros(size.height, size.width);
  for (const stage of cosines) {
    const distance = { data: stage.map((c) => 1 - c), height: grid.height, width: grid.width, channels: 1 };
    add(out, resizeBilinear(distance, size.height, size.width, { alignCorners: true }));
  }
  return out;
}
