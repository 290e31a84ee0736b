/**
 * Meets the needs of detectors with the inference child. A picture that is judged goes through one program: backbone,
 * cells, search; only a cosine per cell comes back.
 */
import { altered } from '../core/detect/alter.ts';
import { gridOf } from '../core/detect/cells.ts';
import type { Answer, Need, Needs, RowsOf, SeeSpec, Source, View } from '../core/detect/detector.ts';
import { cornerCrops, cutSquares } from '../core/detect/windows.ts';
import type { Rows } from '../core/grid/cluster.ts';
import type { FeatureGrid, RgbImage } from '../core/grid/grid.ts';
import { inOrder } from './lanes.ts';
import { type Backbones, type DenseBackbone, graphFor, type Inference, type Step, type Tensor } from './ports.ts';
import type { Sight } from './sight.ts';
import { asGrid, asRows, imageTensor, rowsTensor, vectorTensor } from './tensors.ts';

/** Pixels of an image at the size of its frame. */
export type Pixels = (image: number) => Promise<RgbImage>;

/** Raw stages of the one picture that is judged, where its backbone has already run on it. */
export interface SeenStages {
  readonly backbone: string;
  readonly stages: Readonly<Record<string, FeatureGrid>>;
}

export interface RunnerOptions {
  readonly signal?: AbortSignal;
  /** How far a long computation is. */
  readonly onProgress?: (stage: string, done: number, total: number) => void;
  /** Only for needs of image 0 by a runner that serves a single picture. */
  readonly seen?: SeenStages | null;
  /** For detectors that compare pictures with words. */
  readonly imageText?: Sight | null;
}

/** `[n, count]` values as `count` lists, the k-th largest of every query in the k-th. */
function ranked(values: Float32Array, count: number): Float32Array[] {
  if (count === 1) return [values];
  return Array.from({ length: count }, (_, k) =>
    Float32Array.from({ length: values.length / count }, (_, i) => values[i * count + k]!),
  );
}

/** The sum of bags of one shape. */
function sumOf([first, ...others]: readonly Rows[]): Rows {
  const data = first!.data.slice();
  for (const o of others) for (let i = 0; i < data.length; i++) data[i]! += o.data[i]!;
  return { ...first!, data };
}

const stageTensor = (g: FeatureGrid): Tensor => ({ dims: [1, g.height, g.width, g.channels], data: g.data });

type Output = { readonly step: number; readonly output: string };

/**
 * The steps from a picture to its rows, and where the rows of each stage come out: backbone (unless it has run already),
 * cells, and for some rows alone one step per stage that picks them.
 */
async function rowSteps(
  backbones: Backbones,
  backbone: DenseBackbone,
  image: RgbImage,
  of: RowsOf,
  seen: SeenStages | null,
): Promise<{ steps: Step[]; rows: Output[] }> {
  const { spec, scales, places, only } = of;
  const graph = await backbones.cells(backbone, spec);
  const { width, height } = gridOf(image, spec);
  const feeds: Record<string, Step['feeds'][string]> = {
    size: { dims: [2], data: BigInt64Array.of(BigInt(height), BigInt(width)) },
  };
  for (const [i, name] of spec.stages.entries()) {
    feeds[name] = seen ? stageTensor(seen.stages[name]!) : { step: 0, output: name };
    if (!spec.standardise) continue;
    feeds[`mean_${name}`] = vectorTensor(scales[i]!.mean);
    feeds[`scale_${name}`] = vectorTensor(scales[i]!.scale);
  }
  if (places) feeds.places = rowsTensor(places);
  const steps: Step[] = [{ graph, feeds }];
  if (!seen) steps.unshift({ graph: await graphFor(backbone, image), feeds: { image: imageTensor(image) } });
  const made = steps.length - 1;
  const rows = spec.stages.map((name): Output => ({ step: made, output: `rows_${name}` }));
  if (!only) return { steps, rows };
  const pick = await backbones.picked();
  const index = { dims: [only.length], data: BigInt64Array.from(only, BigInt) };
  for (const all of rows) steps.push({ graph: pick, feeds: { rows: all, index } });
  return { steps, rows: rows.map((_, s) => ({ step: made + 1 + s, output: 'picked' })) };
}

/** Cuts a picture into squares and shows them to the image tower. */
async function views(
  model: Sight,
  image: RgbImage,
  { side: asked, fit, windows, stages, crops }: SeeSpec,
  signal: AbortSignal | undefined,
): Promise<View[]> {
  const side = Math.max(1, Math.round((asked ?? model.side) / model.patch)) * model.patch;
  return inOrder(cutSquares(image, side, fit), async ({ picture, x, y, of }) => {
    const seen = await model.see(picture, { windows, stages }, signal);
    const corners = crops
      ? await inOrder(cornerCrops(picture), (c) => model.see(c, { windows: [], stages: false }, signal))
      : [];
    return { ...seen, x, y, of, side, crops: corners.map((c) => c.embedding) };
  });
}

/** Meets the needs of one detector on one backbone, or on an image-text model. */
export function createRunner(
  deps: { readonly inference: Inference; readonly backbones: Backbones },
  backbone: DenseBackbone | null,
  pixels: Pixels,
  { signal, onProgress, seen = null, imageText = null }: RunnerOptions = {},
) {
  const { inference, backbones } = deps;
  const extra = signal ? { signal } : {};
  const shared = seen !== null && seen.backbone === backbone?.id ? seen : null;
  const picture = async ({ image, alteration }: RowsOf): Promise<RgbImage> => {
    const plain = await pixels(image);
    return alteration ? altered(plain, alteration) : plain;
  };
  const counted = (total: number): (() => void) => {
    let done = 0;
    return () => onProgress?.('features', ++done, total);
  };
  const dense = (): DenseBackbone => {
    if (!backbone) throw new TypeError('detector: no backbone was asked for');
    return backbone;
  };
  const eye = (): Sight => {
    if (!imageText) throw new TypeError('detector: no image-text model was asked for');
    return imageText;
  };
  const feed = (s: Source): Step['feeds'][string] => ('kept' in s ? { resident: s.kept } : rowsTensor(s.rows));

  const run = (steps: readonly Step[], fetch: readonly (readonly [number, string])[]): Promise<Tensor[]> =>
    inference.run(steps, fetch, extra);

  /** The search graph and what it is fed besides: a bias that changes nothing is not even sent. */
  const search = async (bias: Float32Array, of: { readonly index?: boolean; readonly count?: number } = {}) => {
    const biased = bias.some((v) => v !== 0);
    const graph = await backbones.nearest({ ...of, bias: biased });
    return { graph, feeds: biased ? { bias: vectorTensor(bias) } : {} };
  };

  /** How each need is met, by what it asks to do. */
  const meeting: { readonly [D in Need['do']]: (need: Extract<Need, { readonly do: D }>) => Promise<Answer> } = {
    keep: (need) => inference.put(need.name, rowsTensor(need.rows)).then(() => null),
    drop: (need) => inference.drop(need.name).then(() => null),
    async progress(need) {
      onProgress?.(need.stage, need.done, need.total);
      return null;
    },
    async stages(need) {
      const stages = await inOrder(need.images, async (i) => {
        const image = await pixels(i);
        const steps = [{ graph: await graphFor(dense(), image), feeds: { image: imageTensor(image) } }];
        const found = await run(
          steps,
          need.names.map((n) => [0, n]),
        );
        return found.map(asGrid);
      });
      return { stages };
    },
    async rows(need) {
      const step = counted(need.of.length);
      const rows = await inOrder(need.of, async (of) => {
        const { steps, rows } = await rowSteps(backbones, dense(), await picture(of), of, shared);
        const found = await run(
          steps,
          rows.map((r) => [r.step, r.output]),
        );
        step();
        return found.map(asRows);
      });
      return { rows };
    },
    async project(need) {
      const product = await backbones.products();
      const rows = await inOrder(need.of, async (of) => {
        const { steps, rows: bags } = await rowSteps(backbones, dense(), await picture(of), of, shared);
        const first = steps.length;
        for (const [s, a] of bags.entries())
          steps.push({ graph: product, feeds: { a, bT: { resident: need.by[s]! } } });
        const parts = await run(
          steps,
          bags.map((_, s) => [first + s, 'product']),
        );
        return [sumOf(parts.map(asRows))];
      });
      return { rows };
    },
    see: async (need) => ({ views: await views(eye(), await pixels(need.image), need, signal) }),
    say: async (need) => ({ texts: await eye().say(need.prompts) }),
    async products(need) {
      const steps = [{ graph: await backbones.products(), feeds: { a: feed(need.a), bT: feed(need.b) } }];
      const [product] = await run(steps, [[0, 'product']]);
      return { products: product!.data as Float32Array };
    },
    async nearest(need) {
      const { index: indexed = false, count = 1 } = need;
      const { graph, feeds } = await search(need.bias, { index: indexed, count });
      const steps = [{ graph, feeds: { q: feed(need.query), bank: feed(need.bank), ...feeds } }];
      const names = need.index ? ['cosine', 'index'] : ['cosine'];
      const [cosine, index] = await run(
        steps,
        names.map((n) => [0, n]),
      );
      const largest = ranked(cosine!.data as Float32Array, count);
      return index ? { largest, index: Int32Array.from(index.data as BigInt64Array, Number) } : { largest };
    },
    async match(need) {
      const { graph, feeds } = await search(need.bias);
      const { steps, rows } = await rowSteps(backbones, dense(), await picture(need.of), need.of, shared);
      const fetch: [number, string][] = [];
      for (const [i, q] of rows.entries()) {
        fetch.push([steps.length, 'cosine']);
        steps.push({ graph, feeds: { q, bank: { resident: need.banks[i]! }, ...feeds } });
      }
      return { largest: (await run(steps, fetch)).map((t) => t.data as Float32Array) };
    },
  };
  const meet = async (need: Need): Promise<Answer> => {
    signal?.throwIfAborted();
    return (meeting[need.do] as (n: Need) => Promise<Answer>)(need);
  };

  return async function meetAll<T>(needs: Needs<T>): Promise<T> {
    let step = needs.next();
    while (!step.done) step = needs.next(await meet(step.value));
    return step.value;
  };
}
