/** What detectors ask of an image-text model, put together from its graphs: a whole picture, its windows, its stages, texts. */
import type { Seen } from '../core/detect/detector.ts';
import { windowTokens } from '../core/detect/windows.ts';
import type { Rows } from '../core/grid/cluster.ts';
import type { RgbImage } from '../core/grid/grid.ts';
import type { ImageTextModel, Inference, Step, Tensor } from './ports.ts';
import { asGrid, asRows } from './tensors.ts';

export interface Sight {
  readonly id: string;
  readonly digest: string;
  /** Pixels of the squares the model was trained at, and of a patch. */
  readonly side: number;
  readonly patch: number;
  /** What the image tower says of a square picture whose side is a multiple of `patch`. */
  see(
    picture: RgbImage,
    want: { readonly windows: readonly number[]; readonly stages: boolean },
    signal?: AbortSignal,
  ): Promise<Seen>;
  /** One unit row per text, `[n, 1, d]`. @throws LogsadError TEXT_TOO_LONG */
  say(prompts: readonly string[]): Promise<Rows>;
}

/** Token numbers of all windows of side `k`, as the window graph takes them. */
function windowsTensor(side: number, k: number): Tensor {
  const tokens = windowTokens({ width: side, height: side }, k);
  const data = BigInt64Array.from(
    tokens.flatMap((t) => [...t]),
    BigInt,
  );
  return { dims: [tokens.length, 1 + k * k], data };
}

/**
 * The picture tower runs once; windows start from its positioned tokens inside the child. Stages are the standard blocks:
 * the last one is `stock`, not the NACLIP head that words are grounded with.
 */
export function sightOf(model: ImageTextModel, inference: Inference): Sight {
  const stageNames = [...model.stages.slice(0, -1).map((s) => s.name), 'stock'];
  return {
    id: model.id,
    digest: model.digest,
    side: model.size,
    patch: model.patch,
    async see(picture, { windows, stages }, signal) {
      const { width, height } = picture;
      const image = { dims: [1, height, width, 3], data: picture.data };
      const steps: Step[] = [{ graph: await model.at({ width, height }), feeds: { image } }];
      const names = ['embedding', 'patches', ...(stages ? stageNames : [])];
      const fetch: [number, string][] = names.map((n) => [0, n]);
      for (const k of windows) {
        fetch.push([steps.length, 'embedding']);
        const feeds = {
          positioned: { step: 0, output: 'positioned' },
          windows: windowsTensor(width / model.patch, k),
        };
        steps.push({ graph: await model.windows(1 + k * k), feeds });
      }
      const out = await inference.run(steps, fetch, signal ? { signal } : {});
      return {
        embedding: out[0]!.data as Float32Array,
        patches: asGrid(out[1]!),
        stages: out.slice(2, names.length).map(asGrid),
        windows: out.slice(names.length).map(asRows),
      };
    },
    say: (prompts) => model.embed(prompts),
  };
}
