/** From a picture to what the ground backbone sees of it, and to a labelled frame: the one preprocessing path. */
import { LogsadError } from '../core/errors.ts';
import { frameOf } from '../core/frame.ts';
import type { FeatureGrid, Mask, RgbImage } from '../core/grid/grid.ts';
import { cellLab, type FrameFeatures } from '../core/ground/features.ts';
import { FOCUS, type FocusSize, focusBox, silhouetteBox } from '../core/ground/focus.ts';
import { type PixelHead, stageWeights } from '../core/ground/head.ts';
import type { FrameView } from '../core/ground/instances.ts';
import { type ViewOptions, viewFrame } from '../core/ground/model.ts';
import { shapeBox, shapesMask } from '../core/ground/place.ts';
import type { RuleFile } from '../core/rules/definition.ts';
import type { Box, SceneFrame } from '../core/scene.ts';
import { type DenseBackbone, graphFor, type ImageReader, type Inference, type Size, type Step } from './ports.ts';
import type { SeenStages } from './runner.ts';
import { asGrid, imageTensor } from './tensors.ts';

export type ImageInput =
  | { readonly name: string; readonly path: string }
  | { readonly name: string; readonly bytes: Uint8Array };

export interface FramedImage {
  readonly name: string;
  readonly frame: SceneFrame;
  readonly pixels: RgbImage;
  readonly sha256: string;
}

/** Multiplies every value by `gain` and clips: a change of exposure in sRGB. */
export function withGain(image: RgbImage, gain: number): RgbImage {
  if (gain === 1) return image;
  const lut = Uint8Array.from({ length: 256 }, (_, v) => Math.min(255, Math.round(v * gain)));
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) data[i] = lut[image.data[i]!]!;
  return { ...image, data };
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
  /** As `view`, with the raw stages it was made from: detectors on the same backbone need not run it again. */
  see(
    image: FramedImage,
    head: PixelHead,
    options?: ViewOptions & { readonly signal?: AbortSignal },
  ): Promise<{ readonly view: FrameView; readonly seen: SeenStages }>;
  /** A frame labelled by a head. */
  view(
    image: FramedImage,
    head: PixelHead,
    options?: ViewOptions & { readonly signal?: AbortSignal },
  ): Promise<FrameView>;
  /** Drops the head weights that it keeps in the inference child. */
  dispose(): Promise<void>;
}

/**
 * Bounding box of a fixed focus shape; undefined for the whole image or a silhouette.
 * @throws LogsadError FOCUS_NOT_FOUND for a mask that is empty or was not read
 */
function fixedBox(file: RuleFile, masks: ReadonlyMap<string, Mask>): Box | undefined {
  const { focus } = file.frame;
  if (focus === undefined || focus === 'silhouette') return undefined;
  const box = shapeBox(focus, file, masks);
  if (box) return box;
  throw new LogsadError('FOCUS_NOT_FOUND', {
    product: file.product,
    reason: `${JSON.stringify(focus)} covers no place of the image, or its mask file was not read`,
  });
}

/** Heads put into any child so far: products that share one must not share a name. */
let heads = 0;

/** @throws LogsadError FOCUS_NOT_FOUND where `frame.focus` names a place that covers nothing */
export function createSegmenter(
  file: RuleFile,
  images: ImageReader,
  inference: Inference,
  backbone: DenseBackbone,
  masks: ReadonlyMap<string, Mask> = new Map(),
): Segmenter {
  const spec = file.frame;
  const fixed = fixedBox(file, masks);
  const names = backbone.stages.map((s) => s.name);
  let resident = new WeakMap<PixelHead, Promise<string>>();
  const kept = new Map<string, Promise<void>>();

  const dispose = async (): Promise<void> => {
    const gone = [...kept];
    kept.clear();
    resident = new WeakMap();
    // A put under way, after an abort, would outlive the drop; a child that is gone holds nothing any more.
    await Promise.allSettled(gone.map(([, put]) => put));
    await Promise.allSettled(gone.map(([name]) => inference.drop(name)));
  };
  const put = (head: PixelHead): Promise<string> => {
    const known = resident.get(head);
    if (known) return known;
    const prefix = `head:${backbone.id}:${heads++}`;
    const k = head.classes.length;
    const keep = (name: string, dims: readonly number[], data: Float32Array): Promise<void> => {
      const put = inference.put(`${prefix}:${name}`, { dims, data });
      kept.set(`${prefix}:${name}`, put);
      return put;
    };
    const done = Promise.all(
      head.stages.flatMap((s, i) => [
        keep(`mean_${names[i]}`, [s.channels], s.mean),
        keep(`scale_${names[i]}`, [s.channels], s.scale),
        keep(`weight_${names[i]}`, [s.channels, k], stageWeights(head, i)),
      ]),
    ).then(() => prefix);
    resident.set(head, done);
    // A put that failed once is tried again with the next picture.
    done.catch(() => resident.delete(head));
    return done;
  };

  const run = async (
    image: RgbImage,
    head: PixelHead | null,
    signal?: AbortSignal,
  ): Promise<{ stages: FeatureGrid[]; logits: FeatureGrid | null }> => {
    const graph = await graphFor(backbone, image);
    const steps: Step[] = [{ graph, feeds: { image: imageTensor(image) } }];
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
    // Detectors on the same backbone are fed what it saw.
    const keep = head ? { keep: names.map((_, i) => i) } : {};
    const out = (await inference.run(steps, fetch, { ...keep, ...(signal ? { signal } : {}) })).map(asGrid);
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
    dispose,
    async features(image, signal) {
      const { stages } = await run(image, null, signal);
      return { stages, lab: labOf(image, stages) };
    },
    async view(image, head, options) {
      return (await this.see(image, head, options)).view;
    },
    async see(image, head, options = {}) {
      const { stages, logits } = await run(image.pixels, head, options.signal);
      const { height, width } = stages[0]!;
      const ignored = shapesMask(file.ignore, file, image.frame, height, width, masks);
      const view = viewFrame(head, image.frame, stages, labOf(image.pixels, stages), logits!, { ...options, ignored });
      return {
        view,
        seen: { backbone: backbone.id, stages: Object.fromEntries(names.map((n, i) => [n, stages[i]!])) },
      };
    },
  };
}
