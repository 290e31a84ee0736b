/** Pictures for a model: small, re-encoded (no EXIF survives), and the choice of which to show. */
import { kCentre } from '../../core/propose/canonical.ts';
import { contactSheet } from '../../core/report/contactSheet.ts';
import { drawScene } from '../../core/report/svg.ts';
import type { Scene } from '../../core/scene.ts';
import { inOrder } from '../lanes.ts';
import type { ImageRef, LearnOptions } from '../learn.ts';
import type { Backbones, ChatImage, ImageReader, Inference, Size } from '../ports.ts';

export const SENT = {
  /** Long side in pixels of any picture that leaves the machine. */
  longSide: 1024,
  quality: 85,
  /** Long side at which normals are embedded to choose among them; the backbone's multiple is kept. */
  embedded: 224,
} as const;

export interface PictureDeps {
  readonly images: ImageReader;
  readonly inference: Inference;
  readonly backbones: Backbones;
  /** SHA-256 of bytes, as hexadecimal digits. */
  readonly hash: (bytes: Uint8Array) => string;
}

type Encoder = Pick<PictureDeps, 'images' | 'hash'>;

/** Scaled so that the long side is at most `long`. */
function within(native: Size, long: number): Size {
  const shrink = Math.min(1, long / Math.max(native.width, native.height));
  const side = (v: number): number => Math.max(1, Math.round(v * shrink));
  return { width: side(native.width), height: side(native.height) };
}

function chatImage(name: string, jpeg: Uint8Array, size: Size, { hash }: Encoder): ChatImage {
  return { name, jpeg, ...size, sha256: hash(jpeg) };
}

/** A photograph as it is sent. @throws LogsadError IMAGE_* */
export async function photograph(ref: ImageRef, deps: Encoder, signal?: AbortSignal): Promise<ChatImage> {
  const { pixels } = await deps.images.read(ref.path, {
    size: (native) => within(native, SENT.longSide),
    ...(signal ? { signal } : {}),
  });
  const jpeg = await deps.images.encodeJpeg(pixels, SENT.quality);
  return chatImage(ref.name, jpeg, { width: pixels.width, height: pixels.height }, deps);
}

export const dataUrl = (jpeg: Uint8Array): string => `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`;

/** Several photographs on one sheet with rulers in fractions: one picture costs less than many. */
export async function sheetOf(pictures: readonly ChatImage[], deps: Encoder): Promise<ChatImage> {
  const sheet = contactSheet(
    pictures.map((p) => ({ name: p.name, href: dataUrl(p.jpeg), width: p.width, height: p.height })),
  );
  const size = within(sheet, SENT.longSide);
  const drawn = await deps.images.renderSvg(sheet.svg, size.width, size.height);
  return chatImage('contact sheet', await deps.images.encodeJpeg(drawn, SENT.quality), size, deps);
}

/** A photograph with everything outlined that was found in it. */
export async function annotated(
  picture: ChatImage,
  scene: Scene,
  interests: readonly string[],
  deps: Encoder,
): Promise<ChatImage> {
  const drawing = drawScene(scene, null, {
    image: dataUrl(picture.jpeg),
    longSide: SENT.longSide,
    interests,
  });
  const size = within(drawing, SENT.longSide);
  const pixels = await deps.images.renderSvg(drawing.svg, size.width, size.height);
  return chatImage(picture.name, await deps.images.encodeJpeg(pixels, SENT.quality), size, deps);
}

/**
 * Which normals to show: k-centre over pooled features of the `ground` backbone (mean and spread of every channel, which
 * colour and texture move), so that every mode of the product is among them. @throws LogsadError IMAGE_*, MODEL_*
 */
export async function canonical(
  normals: readonly ImageRef[],
  set: string,
  deps: PictureDeps,
  options: LearnOptions = {},
): Promise<ImageRef[]> {
  const backbone = await deps.backbones.dense('ground', set);
  const m = backbone.multiple;
  const size = (native: Size): Size => {
    const s = within(native, SENT.embedded);
    const round = (v: number): number => Math.max(m, Math.round(v / m) * m);
    return { width: round(s.width), height: round(s.height) };
  };
  const extra = options.signal ? { signal: options.signal } : {};
  let done = 0;
  const embed = async (ref: ImageRef): Promise<Float32Array> => {
    const { pixels } = await deps.images.read(ref.path, { size, ...extra });
    const feed = { dims: [1, pixels.height, pixels.width, 3], data: pixels.data };
    const tensors = await deps.inference.run(
      [{ graph: backbone.graph, feeds: { image: feed } }],
      backbone.stages.map((s): readonly [number, string] => [0, s.name]),
      extra,
    );
    options.onProgress?.({ stage: 'look', done: ++done, total: normals.length, item: ref.name });
    const pooled = tensors.flatMap((t) => [...moments(t.data as Float32Array, t.dims[3]!)]);
    return Float32Array.from([...pooled, ...moments(pixels.data, 3)]);
  };
  const rows = await inOrder(normals, embed);
  return kCentre(rows).map((i) => normals[i]!);
}

/** Mean and standard deviation of every channel over all cells. */
function moments(data: ArrayLike<number>, channels: number): Float32Array {
  const cells = data.length / channels;
  const out = new Float32Array(2 * channels);
  for (let c = 0; c < channels; c++) {
    let [sum, squares] = [0, 0];
    for (let i = c; i < data.length; i += channels) {
      sum += data[i]!;
      squares += data[i]! * data[i]!;
    }
    const mean = sum / cells;
    out[2 * c] = mean;
    out[2 * c + 1] = Math.sqrt(Math.max(0, squares / cells - mean * mean));
  }
  return out;
}
