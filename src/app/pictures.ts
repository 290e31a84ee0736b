/** Pictures for people: overlays as PNG, report pictures and contact sheets. All drawing is `sceneToSvg` of core/report. */

import type { FeatureGrid } from '../core/grid/grid.ts';
import { contactSheet, type SheetPicture } from '../core/report/contactSheet.ts';
import { type DrawOptions, drawScene, sceneToSvg } from '../core/report/svg.ts';
import type { RuleFile } from '../core/rules/definition.ts';
import type { InspectionResult, Scene } from '../core/scene.ts';
import type { ScalarReference } from '../core/statistics.ts';
import type { ImageReader } from './ports.ts';

/** Long sides in pixels and JPEG qualities. */
export const PICTURES = {
  /** As large as the photograph within these limits: labels need some room, huge pictures none. */
  overlay: { least: 800, longSide: 1280, quality: 92 },
  card: { longSide: 760, quality: 80 },
  thumbnail: { longSide: 260, quality: 76 },
  sheet: { longSide: 840, quality: 85 },
} as const;
type Size = { readonly longSide: number; readonly quality: number };

/** The photograph at `size` as a data URL, with its native size. @throws LogsadError IMAGE_* */
async function dataUrl(path: string, size: Size, images: ImageReader): Promise<SheetPicture> {
  const native = await images.size(path);
  const shrink = Math.min(1, size.longSide / Math.max(native.width, native.height));
  const { pixels } = await images.read(path, {
    size: {
      width: Math.max(1, Math.round(native.width * shrink)),
      height: Math.max(1, Math.round(native.height * shrink)),
    },
  });
  const jpeg = await images.encodeJpeg(pixels, size.quality);
  return { name: path, href: `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`, ...native };
}

/** How a product is drawn: its backgrounds stay quiet, its interests keep their colours. */
export function drawOptionsOf(file: RuleFile): DrawOptions {
  const specs = Object.values(file.interests);
  return { interests: specs.map((s) => s.id), quiet: specs.filter((s) => s.role === 'background').map((s) => s.id) };
}

/** The photograph with what was found, verdict and first sentence below, as PNG. @throws LogsadError IMAGE_* */
export async function overlayPng(
  path: string,
  result: InspectionResult,
  images: ImageReader,
  options: DrawOptions = {},
): Promise<Uint8Array> {
  const { least, longSide } = PICTURES.overlay;
  const { href, width, height } = await dataUrl(path, PICTURES.overlay, images);
  const size = Math.min(longSide, Math.max(least, width, height));
  const drawing = drawScene(result.scene, result, { ...options, image: href, longSide: size, caption: true });
  return images.encodePng(await images.renderSvg(drawing.svg, drawing.width, drawing.height));
}

/** Inline SVG for a card of the report, a plain small picture for a part that passed. @throws LogsadError IMAGE_* */
export async function reportPicture(
  path: string,
  result: InspectionResult,
  images: ImageReader,
  options: DrawOptions,
  index: number,
): Promise<string> {
  if (result.verdict === 'pass') {
    const { href, width, height } = await dataUrl(path, PICTURES.thumbnail, images);
    return `<img alt="" loading="lazy" width="${width}" height="${height}" src="${href}">`;
  }
  const { href } = await dataUrl(path, PICTURES.card, images);
  return sceneToSvg(result.scene, result, {
    ...options,
    image: href,
    longSide: PICTURES.card.longSide,
    idPrefix: `p${index}`,
  });
}

/** Pictures with rulers in fractions, as PNG; scenes given are drawn into them. @throws LogsadError IMAGE_* */
export async function sheetPng(
  pictures: readonly { readonly name: string; readonly path: string; readonly scene?: Scene; readonly note?: string }[],
  images: ImageReader,
  options: DrawOptions = {},
): Promise<Uint8Array> {
  const cells: SheetPicture[] = [];
  for (const [i, p] of pictures.entries()) {
    const cell = {
      ...(await dataUrl(p.path, PICTURES.sheet, images)),
      name: p.name,
      ...(p.note ? { note: p.note } : {}),
    };
    cells.push(p.scene ? { ...cell, drawing: sceneToSvg(p.scene, null, { ...options, idPrefix: `s${i}` }) } : cell);
  }
  const sheet = contactSheet(cells);
  return images.encodePng(await images.renderSvg(sheet.svg, sheet.width, sheet.height));
}

/** Grey value of a map at the border of the normals; twice the tolerance is white. */
const MAP_BORDER_GREY = 128;

/** A detector's map `[h, w]` as a grey PNG of its own size: black is what normals show, 128 their border. */
export async function mapPng(
  map: FeatureGrid,
  border: ScalarReference,
  images: Pick<ImageReader, 'encodePng'>,
): Promise<Uint8Array> {
  const { width, height } = map;
  const data = new Uint8Array(width * height);
  const span = border.tolerance > 0 ? border.tolerance : 1;
  for (let i = 0; i < data.length; i++) {
    const grey = Math.round((MAP_BORDER_GREY * (map.data[i]! - border.centre)) / span);
    data[i] = Math.min(255, Math.max(0, grey));
  }
  return images.encodePng({ data, width, height, channels: 1 });
}
