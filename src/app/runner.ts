/**
 * Meets the needs of detectors with the inference child. A picture that is judged goes through one program: backbone,
 * cells, search; only a cosine per cell comes back.
 */
import { altered } from '../core/detect/alter.ts';
import { gridOf } from '../core/detect/cells.ts';
import type { Answer, Need, Needs, RowsOf, Source } from '../core/detect/detector.ts';
import type { Rows } from '../core/grid/cluster.ts';
import type { FeatureGrid, RgbImage } from '../core/grid/grid.ts';
import { inOrder } from './lanes.ts';
import type { Backbones, DenseBackbone, Inference, Step, Tensor } from './ports.ts';

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
}

const imageTensor = (image: RgbImage): Tensor => ({ dims: [1, image.height, image.width, 3], data: image.data });
const rowsTensor = (r: Rows): Tensor => ({ dims: [r.height * r.width, r.channels], data: r.data });
const vector = (data: Float32Array): Tensor => ({ dims: [data.length], data });
const asRows = (t: Tensor): Rows => ({
  data: t.data as Float32Array,
  height: t.dims[0]!,
  width: 1,
  channels: t.dims[1]!,
});
const asGrid = (t: Tensor): FeatureGrid => ({
  data: t.data as Float32Array,
  height: t.dims[1]!,
  width: t.dims[2]!,
  channels: t.dims[3]!,
});

const stageTensor = (g: FeatureGrid): Tensor => ({ dims: [1, g.height, g.width, g.channels], data: g.data });

/** The steps from a picture to its rows; the last one makes the rows, the backbone runs before it unless it already has. */
async function rowSteps(
  backbones: Backbones,
  backbone: DenseBackbone,
  image: RgbImage,
  of: RowsOf,
  seen: SeenStages | null,
): Promise<Step[]> {
  const { spec, scales, places } = of;
  const graph = await backbones.cells(backbone, spec);
  const { width, height } = gridOf(image, spec);
  const feeds: Record<string, Step['feeds'][string]> = {
    size: { dims: [2], data: BigInt64Array.of(BigInt(height), BigInt(width)) },
  };
  for (const [i, name] of spec.stages.entries()) {
    feeds[name] = seen ? stageTensor(seen.stages[name]!) : { step: 0, output: name };
    if (!spec.standardise) continue;
    feeds[`mean_${name}`] = vector(scales[i]!.mean);
    feeds[`scale_${name}`] = vector(scales[i]!.scale);
  }
  if (places) feeds.places = rowsTensor(places);
  const cells: Step = { graph, feeds };
  return seen ? [cells] : [{ graph: backbone.graph, feeds: { image: imageTensor(image) } }, cells];
}

/** Meets the needs of one detector on one backbone. */
export function createRunner(
  deps: { readonly inference: Inference; readonly backbones: Backbones },
  backbone: DenseBackbone | null,
  pixels: Pixels,
  { signal, onProgress, seen = null }: RunnerOptions = {},
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
  const feed = (s: Source): Step['feeds'][string] => ('kept' in s ? { resident: s.kept } : rowsTensor(s.rows));

  const meet = async (need: Need): Promise<Answer> => {
    signal?.throwIfAborted();
    if (need.do === 'keep') return inference.put(need.name, rowsTensor(need.rows)).then(() => null);
    if (need.do === 'drop') return inference.drop(need.name).then(() => null);
    if (need.do === 'progress') {
      onProgress?.(need.stage, need.done, need.total);
      return null;
    }
    if (need.do === 'stages') {
      const stages = await inOrder(need.images, async (i) => {
        const steps = [{ graph: dense().graph, feeds: { image: imageTensor(await pixels(i)) } }];
        return (
          await inference.run(
            steps,
            need.names.map((n) => [0, n] as const),
            extra,
          )
        ).map(asGrid);
      });
      return { stages };
    }
    if (need.do === 'rows') {
      const step = counted(need.of.length);
      const rows = await inOrder(need.of, async (of) => {
        const steps = await rowSteps(backbones, dense(), await picture(of), of, shared);
        const fetch = of.spec.stages.map((n) => [steps.length - 1, `rows_${n}`] as const);
        const found = (await inference.run(steps, fetch, extra)).map(asRows);
        step();
        return found;
      });
      return { rows };
    }
    if (need.do === 'nearest') {
      const graph = await backbones.nearest(need.index === true);
      const steps = [{ graph, feeds: { q: feed(need.query), bank: feed(need.bank), bias: vector(need.bias) } }];
      const names = need.index ? ['cosine', 'index'] : ['cosine'];
      const [cosine, index] = await inference.run(
        steps,
        names.map((n) => [0, n] as const),
        extra,
      );
      const largest = [cosine!.data as Float32Array];
      return index ? { largest, index: Int32Array.from(index.data as BigInt64Array, Number) } : { largest };
    }
    const nearest = await backbones.nearest(false);
    const steps = await rowSteps(backbones, dense(), await picture(need.of), need.of, shared);
    const cells = steps.length - 1;
    const fetch: [number, string][] = [];
    for (const [i, name] of need.of.spec.stages.entries()) {
      fetch.push([steps.length, 'cosine']);
      steps.push({
        graph: nearest,
        feeds: {
          q: { step: cells, output: `rows_${name}` },
          bank: { resident: need.banks[i]! },
          bias: vector(need.bias),
        },
      });
    }
    return { largest: (await inference.run(steps, fetch, extra)).map((t) => t.data as Float32Array) };
  };

  return async function run<T>(needs: Needs<T>): Promise<T> {
    let step = needs.next();
    while (!step.done) step = needs.next(await meet(step.value));
    return step.value;
  };
}
