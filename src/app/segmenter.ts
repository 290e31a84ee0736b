/** From a picture to what the ground backbone sees of it, and to a labelled frame: the one preprocessing path. */
import { frameOf } from '../core/frame.ts';
import type { FeatureGrid, Mask, RgbImage } from '../core/grid/grid.ts';
import { cellLab, type FrameFeatures } from '../core/ground/features.ts';
import { FOCUS, type FocusSize, focusBox, silhouetteBox } from '../core/ground/focus.ts';
import { type PixelHead, stageWeights } from '../core/ground/head.ts';
import type { FrameView } from '../core/ground/instances.ts';
import { type ViewOptions, viewFrame } from '../core/ground/model.ts';
import { shapesMask } from '../core/ground/place.ts';
import type { RuleFile } from '../core/rules/definition.ts';
import type { Box, SceneFrame } from '../core/scene.ts';
import type { DenseBackbone, ImageReader, Inference, Size, Step, Tensor } from './ports.ts';

export type ImageInput =
  | { readonly name: string; readonly path: string }
  | { readonly name: string; readonly bytes: Uint8Array };

export interface FramedImage {
  readonly name: string;
  readonly frame: SceneFrame;
  readonly pixels: RgbImage;
  readonly sha256: string;
}

const asGrid = (t: Tensor): FeatureGrid => ({
  data: t.data as Float32Array,
  height: t.dims[1]!,
  width: t.dims[2]!,
  channels: t.dims[3]!,
});

const imageTensor = (image: RgbImage): Tensor => ({ dims: [1, image.height, image.width, 3], data: image.data });

/** Multiplies every value by `gain` and clips: a change of exposure in sRGB. */
export function withGain(image: RgbImage, gain: number): RgbImage {
  if (gain === 1) return image;
  return { ...image, data: Uint8Array.from(image.data, (v) => Math.min(255, Math.round(v * gain))) };
}

export interface Segmenter {
  /** Reads a picture at the frame's size. */
  frame(input: ImageInput, signal?: AbortSignal): Promise<FramedImage>;
  /** Where the product stands out in a picture (for `frame.focus: silhouette`); null where nothing does. */
  silhouette(input: ImageInput, signal?: AbortSignal): Promise<Box | null>;
  /** From now on the frame follows the silhouette with a box of this size. */
  setFocus(size: FocusSize | null): void;
  /** Raw stages and cell colours of a frame. */
  features(image: RgbImage, signal?: AbortSignal): Promise<FrameFeatures>;
  /** A frame labelled by a head. */
  view(
    image: FramedImage,
    head: PixelHead,
    options?: ViewOptions & { readonly signal?: AbortSignal },
  ): Promise<FrameView>;
}

/** Bounding box of a fixed focus shape; undefined for the whole image or a silhouette. */
function fixedBox(file: RuleFile): Box | undefined {
  const { focus } = file.frame;
  if (focus === undefined || focus === 'silhouette') return undefined;
  const shape = 'region' in focus ? file.regions[focus.region] : focus;
  if (shape && 'box' in shape) return shape.box;
  if (!shape || !('polygon' in shape)) return undefined;
  const xs = shape.polygon.map((p) => p[0]);
  const ys = shape.polygon.map((p) => p[1]);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

export function createSegmenter(
  file: RuleFile,
  images: ImageReader,
  inference: Inference,
  backbone: DenseBackbone,
  masks: ReadonlyMap<string, Mask> = new Map(),
): Segmenter {
  const spec = file.frame;
  const fixed = fixedBox(file);
  const names = backbone.stages.map((s) => s.name);
  const resident = new WeakMap<PixelHead, Promise<string>>();
  let heads = 0;

  const put = (head: PixelHead): Promise<string> => {
    let done = resident.get(head);
    if (!done) {
      const prefix = `head:${backbone.id}:${heads++}`;
      const k = head.classes.length;
      done = Promise.all(
        head.stages.flatMap((s, i) => [
          inference.put(`${prefix}:mean_${names[i]}`, { dims: [s.channels], data: s.mean }),
          inference.put(`${prefix}:scale_${names[i]}`, { dims: [s.channels], data: s.scale }),
          inference.put(`${prefix}:weight_${names[i]}`, { dims: [s.channels, k], data: stageWeights(head, i) }),
        ]),
      ).then(() => prefix);
      resident.set(head, done);
    }
    return done;
  };

  const run = async (
    image: RgbImage,
    head: PixelHead | null,
    signal?: AbortSignal,
  ): Promise<{ stages: FeatureGrid[]; logits: FeatureGrid | null }> => {
    const steps: Step[] = [{ graph: backbone.graph, feeds: { image: imageTensor(image) } }];
    const fetch: (readonly [number, string])[] = names.map((n) => [0, n] as const);
    if (head) {
      const prefix = await put(head);
      const feeds: Record<string, Step['feeds'][string]> = {};
      for (const n of names) {
        feeds[n] = { step: 0, output: n };
        for (const part of ['mean', 'scale', 'weight']) feeds[`${part}_${n}`] = { resident: `${prefix}:${part}_${n}` };
      }
      steps.push({ graph: backbone.headGraph, feeds });
      fetch.push([1, 'logits']);
    }
    const out = (await inference.run(steps, fetch, signal ? { signal } : {})).map(asGrid);
    return { stages: out.slice(0, names.length), logits: head ? out[names.length]! : null };
  };

  const labOf = (image: RgbImage, stages: readonly FeatureGrid[]): FeatureGrid =>
    cellLab(image, stages[0]!.height, stages[0]!.width);

  let focus: FocusSize | null = null;
  const silhouetteOf = async (
    bytes: Uint8Array,
    name: string,
    extra: { signal?: AbortSignal },
  ): Promise<Box | null> => {
    const long = FOCUS.thumbnail;
    const size = ({ width, height }: Size): Size => {
      const scale = Math.min(1, long / Math.max(width, height));
      return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
    };
    return silhouetteBox((await images.decode(bytes, name, { size, ...extra })).pixels);
  };
  const boxOf = async (bytes: Uint8Array, name: string, extra: { signal?: AbortSignal }): Promise<Box | undefined> => {
    if (fixed) return fixed;
    return focus ? focusBox(await silhouetteOf(bytes, name, extra), focus) : undefined;
  };

  return {
    async frame(input, signal) {
      const bytes = 'path' in input ? await images.bytes(input.path, signal) : input.bytes;
      const name = 'path' in input ? input.path : input.name;
      const extra = signal ? { signal } : {};
      const box = await boxOf(bytes, name, extra);
      const size = (native: Size): Size => frameOf(spec, native.width, native.height, backbone.multiple, box);
      const { pixels, sha256, native } = await images.decode(bytes, name, {
        size,
        kernel: 'cubic',
        ...(box ? { box } : {}),
        ...extra,
      });
      return {
        name: input.name,
        frame: frameOf(spec, native.width, native.height, backbone.multiple, box),
        pixels,
        sha256,
      };
    },
    async silhouette(input, signal) {
      const bytes = 'path' in input ? await images.bytes(input.path, signal) : input.bytes;
      return silhouetteOf(bytes, input.name, signal ? { signal } : {});
    },
    setFocus(size) {
      focus = size;
    },
    async features(image, signal) {
      const { stages } = await run(image, null, signal);
      return { stages, lab: labOf(image, stages) };
    },
    async view(image, head, options = {}) {
      const { stages, logits } = await run(image.pixels, head, options.signal);
      const { height, width } = stages[0]!;
      const ignored = shapesMask(file.ignore, file, image.frame, height, width, masks);
      return viewFrame(head, image.frame, stages, labOf(image.pixels, stages), logits!, { ...options, ignored });
    },
  };
}
