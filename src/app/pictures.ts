/** Pictures for people: overlays as PNG, report pictures and contact sheets. All drawing is `sceneToSvg` of core/report. */

import { COMPOSITION } from '../core/detect/index.ts';
import type { FeatureGrid, RgbImage } from '../core/grid/grid.ts';
import { FUSED, imageMaps } from '../core/metrics/maps.ts';
import { contactSheet, type SheetPicture } from '../core/report/contactSheet.ts';
import { heatPicture } from '../core/report/heat.ts';
import { figure } from '../core/report/style.ts';
import { type DrawOptions, drawScene, sceneToSvg } from '../core/report/svg.ts';
import type { RuleFile } from '../core/rules/definition.ts';
import type { InspectionResult, Scene } from '../core/scene.ts';
import type { ScalarReference } from '../core/statistics.ts';
import type { Inspection } from './inspect.ts';
import type { ImageReader } from './ports.ts';

/** Long sides in pixels and JPEG qualities. */
export const PICTURES = {
  /** As large as the photograph within these limits: labels need some room, huge pictures none. */
  overlay: { least: 800, longSide: 1280, quality: 92 },
  card: { longSide: 720, quality: 74 },
  heat: { longSide: 420, quality: 70 },
  thumbnail: { longSide: 240, quality: 70 },
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

/** The photograph at `size`, decoded. @throws LogsadError IMAGE_* */
async function shrunk(path: string, longSide: number, images: ImageReader): Promise<RgbImage> {
  const size = (native: { width: number; height: number }) => {
    const k = Math.min(1, longSide / Math.max(native.width, native.height));
    return { width: Math.max(1, Math.round(native.width * k)), height: Math.max(1, Math.round(native.height * k)) };
  };
  return (await images.read(path, { size })).pixels;
}

async function webpUrl(pixels: RgbImage, quality: number, images: ImageReader): Promise<string> {
  return `data:image/webp;base64,${Buffer.from(await images.encodeWebp(pixels, quality)).toString('base64')}`;
}

export interface ReportPictures {
  readonly picture: string;
  /** Anomaly map over the grey photograph; absent for a small picture and where no detector has a map. */
  readonly heat?: string;
}

/**
 * What the report shows of one part: inline SVG and anomaly map for a card, one small picture where `small`. `index` makes
 * ids unique on the page. @throws LogsadError IMAGE_*
 */
export async function reportPictures(
  path: string,
  { result, maps }: Inspection,
  images: ImageReader,
  options: DrawOptions & { readonly small: boolean; readonly index: number },
): Promise<ReportPictures> {
  const { small, index, ...draw } = options;
  if (small) {
    const pixels = await shrunk(path, PICTURES.thumbnail.longSide, images);
    const src = await webpUrl(pixels, PICTURES.thumbnail.quality, images);
    return { picture: `<img alt="" loading="lazy" width="${pixels.width}" height="${pixels.height}" src="${src}">` };
  }
  const pixels = await shrunk(path, PICTURES.card.longSide, images);
  const picture = sceneToSvg(result.scene, result, {
    ...draw,
    image: await webpUrl(pixels, PICTURES.card.quality, images),
    longSide: PICTURES.card.longSide,
    idPrefix: `p${index}`,
  });
  if (Object.keys(maps).length === 0) return { picture };
  const photo = await shrunk(path, PICTURES.heat.longSide, images);
  const { width, height } = photo;
  const fused = imageMaps(result.scene, result.violations, inUnits(maps, result), { width, height }, COMPOSITION)[
    FUSED
  ]!;
  const src = await webpUrl(heatPicture(photo, fused), PICTURES.heat.quality, images);
  const alt = `anomaly map, strongest place at unit ${figure(fused.data.reduce((m, v) => Math.max(m, v), 0))}`;
  return { picture, heat: `<img alt="${alt}" loading="lazy" width="${width}" height="${height}" src="${src}">` };
}

/**
 * Maps whose strongest place stands at their detector's unit: a score may pool many cells and has a border of its own, and a
 * page that says "unit 2" must not show a map that stays below 1. Maps without a border are left as they are.
 */
export function inUnits(
  maps: Inspection['maps'],
  { detectors }: Pick<InspectionResult, 'detectors'>,
): Inspection['maps'] {
  const scaled = Object.entries(maps).map(([name, { map, border }]) => {
    const height = map.data.reduce((m, v) => Math.max(m, v), 0) - border.centre;
    const unit = detectors[name]?.unit ?? 0;
    const tolerance = height > 0 && unit > 0 && Number.isFinite(border.high) ? height / unit : border.tolerance;
    return [name, { map, border: { ...border, tolerance } }] as const;
  });
  return Object.fromEntries(scaled);
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
