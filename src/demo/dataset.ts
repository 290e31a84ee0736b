/**
 * The demo product as a labelled folder in the layout of MVTec LOCO AD: photographs, masks, the tables of defect groups
 * and causes, a manifest with the exact place of everything, and the rule file. Planning is pure; rendering needs the
 * image port; writing is left to the caller.
 */
import type { ImageReader } from '../app/ports.ts';
import { emptyMask, type Mask, type RgbImage } from '../core/grid/grid.ts';
import type { Box, Point } from '../core/scene.ts';
import { expose } from './camera.ts';
import { drawKit, drawMask, heightOf } from './draw.ts';
import { areaOf, boundsOf, type Polygon, SHEET } from './geometry.ts';
import type { Part } from './kit.ts';
import { LOGICAL_DEFECTS } from './logical.ts';
import { leadOutline, printArea, regionsOf, toImage } from './outlines.ts';
import { DEMO_DEFAULTS, type DemoImage, type DemoOptions, planDemo } from './plan.ts';
import { demoRules } from './rules.ts';

/** Pictures in the making at a time: one is drawn while another is exposed and encoded. */
const AHEAD = 3;

export interface DemoFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** How many files there are in all, for a progress bar. */
  readonly of: number;
}

/** The photograph `[h, w, 3]`. */
export async function renderDemo(
  image: DemoImage,
  width: number,
  images: Pick<ImageReader, 'renderSvg'>,
): Promise<RgbImage> {
  const drawn = await images.renderSvg(drawKit(image.state, width), width, heightOf(width));
  return expose(drawn, image.state.camera);
}

/** Ground truth `[h, w, 1]`, 255 = defective; a pixel counts where at least half of it is covered. */
export async function renderDemoMask(
  image: DemoImage,
  width: number,
  images: Pick<ImageReader, 'renderSvg'>,
): Promise<Mask> {
  const height = heightOf(width);
  const out = emptyMask(height, width);
  if (image.defect === null) return out;
  const drawn = await images.renderSvg(drawMask(image.defect.polygons, image.state.camera, width), width, height);
  for (let i = 0; i < out.data.length; i++) out.data[i] = drawn.data[3 * i]! >= 128 ? 255 : 0;
  return out;
}

const round = (v: number): number => Math.round(v * 1e4) / 1e4;
const rounded = (polygon: Polygon): Polygon => polygon.map(([x, y]): Point => [round(x), round(y)]);
const roundedBox = (box: Box): Box => [round(box[0]), round(box[1]), round(box[2]), round(box[3])];

function attributesOf(part: Part, interest: string): Readonly<Record<string, string | number>> {
  if (part.kind === 'label') return { text: part.text };
  if (part.kind === 'plug' || (part.kind === 'vial' && interest === 'cap')) return { colour: part.colour };
  if (part.kind === 'vial' && interest === 'gel') return { level: round(part.level) };
  if (part.kind === 'screw') return { length: round(part.length / SHEET.width) };
  return {};
}

/** What is in a picture and exactly where, in fractions of the image. */
export function describeDemo(image: DemoImage): Readonly<Record<string, unknown>> {
  const { camera, parts } = image.state;
  const seen = (polygons: readonly Polygon[]): Polygon[] => polygons.map((p) => rounded(toImage(p, camera)));
  const instances = parts.flatMap((part) =>
    Object.entries(regionsOf(part)).map(([interest, regions]) => {
      const polygons = seen(part.kind === 'cable' ? [...regions, ...leadOutline(parts)] : regions);
      const print = part.kind === 'label' ? { print: seen([printArea(part)])[0] } : {};
      return { interest, box: roundedBox(boundsOf(...polygons)), polygons, ...attributesOf(part, interest), ...print };
    }),
  );
  const d = image.defect;
  const defect = d && {
    type: d.type,
    group: d.group,
    note: d.note,
    area: round(d.polygons.reduce((sum, p) => sum + areaOf(p), 0) / (SHEET.width * SHEET.height)),
    polygons: seen(d.polygons),
  };
  return { path: image.path, variant: image.state.variant, mask: image.mask, defect, instances };
}

/** The small text files beside the pictures: tables in the columns that `evaluate` reads, manifest, rule file. */
export function demoTexts(options: Partial<DemoOptions> = {}): ReadonlyMap<string, string> {
  const o = { ...DEMO_DEFAULTS, ...options };
  const plan = planDemo(o);
  const groups = plan.filter((i) => i.defect?.type === 'logical').map((i) => `${i.name},${i.defect!.group}`);
  const causes = LOGICAL_DEFECTS.flatMap((d) => d.causes.map(([kind, interest]) => `${d.name},${kind},${interest}`));
  const { schema, ...drawn } = o;
  const manifest = { schemaVersion: 1, product: 'sensor-kit', options: drawn, images: plan.map(describeDemo) };
  return new Map([
    ['rules.yaml', demoRules(o.seed, o.text, schema)],
    ['defect_groups.csv', `${['file,defect_group', ...groups].join('\n')}\n`],
    ['defect_rules.csv', `${['defect_group,allowed_kind,allowed_interest', ...causes].join('\n')}\n`],
    ['manifest.json', `${JSON.stringify(manifest)}\n`],
  ]);
}

/**
 * Yields every file of the data set, texts first. The same options give the same bytes on the same rasteriser.
 * @throws LogsadError IMAGE_* where the port cannot render or encode; the abort reason of `signal`
 */
export async function* generateDemo(
  options: Partial<DemoOptions>,
  images: Pick<ImageReader, 'renderSvg' | 'encodeJpeg' | 'encodePng'>,
  signal?: AbortSignal,
): AsyncGenerator<DemoFile, void, undefined> {
  const o = { ...DEMO_DEFAULTS, ...options };
  const plan = planDemo(o);
  const texts = demoTexts(o);
  const of = texts.size + plan.length + plan.filter((i) => i.mask !== null).length;
  for (const [path, text] of texts) yield { path, bytes: new TextEncoder().encode(text), of };
  const files = async (image: DemoImage): Promise<DemoFile[]> => {
    const photo = { path: image.path, bytes: await images.encodeJpeg(await renderDemo(image, o.width, images)), of };
    if (image.mask === null) return [photo];
    const mask = await images.encodePng(await renderDemoMask(image, o.width, images));
    return [photo, { path: image.mask, bytes: mask, of }];
  };
  const ahead: Promise<DemoFile[]>[] = [];
  for (let i = 0; i < plan.length; i++) {
    signal?.throwIfAborted();
    while (ahead.length < AHEAD && i + ahead.length < plan.length) {
      const next = files(plan[i + ahead.length]!);
      // Where the caller stops early nobody awaits it; a fault is thrown by the await below.
      next.catch(() => undefined);
      ahead.push(next);
    }
    yield* await ahead.shift()!;
  }
}
