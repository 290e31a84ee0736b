/**
 * One drawing of a scene and what was found in it. Overlay, report and page all call `sceneToSvg`: the outline of every
 * instance, labels, violations thick and hatched, what is unknown cross-hatched, ghosts where a part was expected.
 */
import { contours } from '../grid/outlines.ts';
import { decodeRuns } from '../grid/runs.ts';
import type { InspectionResult, Instance, RunLengths, Scene, Violation } from '../scene.ts';
import { annotations, type StrangeRegion, strangeRegions } from './annotations.ts';
import { type Canvas, px, toRect } from './canvas.ts';
import { captionStrip } from './caption.ts';
import { DRAWING, escapeXml, type Look, looks, PALETTE } from './style.ts';

export interface DrawOptions {
  /** `href` of the photograph (a data URL, or a path the page can reach); the drawing is transparent without. */
  readonly image?: string;
  /** Long side of the picture in pixels. Default 960. */
  readonly longSide?: number;
  /** Adds a strip with the verdict and the first sentence below the picture. */
  readonly caption?: boolean;
  /** Makes ids unique where several drawings share a page. Letters, digits, dashes. */
  readonly idPrefix?: string;
  /** Interests that are outlined only when a violation points at them (the background). */
  readonly quiet?: readonly string[];
  /** All interests of the product, so that colours stay the same from picture to picture. */
  readonly interests?: readonly string[];
}

/** A drawing and its size in pixels, caption included. */
export interface Drawing {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

/** The scene as SVG text. `result` null draws what was seen without a judgement. */
export function sceneToSvg(scene: Scene, result: InspectionResult | null, options: DrawOptions = {}): string {
  return drawScene(scene, result, options).svg;
}

/** As sceneToSvg, with the size a rasteriser needs. */
export function drawScene(scene: Scene, result: InspectionResult | null, options: DrawOptions = {}): Drawing {
  const { imageWidth, imageHeight } = scene.frame;
  const longSide = options.longSide ?? DRAWING.reference;
  const shrink = longSide / Math.max(imageWidth, imageHeight);
  const width = Math.max(1, Math.round(imageWidth * shrink));
  const height = Math.max(1, Math.round(imageHeight * shrink));
  const canvas: Canvas = { width, height, scale: longSide / DRAWING.reference, id: options.idPrefix ?? 'logsad' };
  const violations = result?.violations ?? [];
  const look = looks([...(options.interests ?? []), ...scene.instances.map((i) => i.interest)]);
  const accused = accusations(violations);
  const shown = scene.instances.filter((i) => accused.has(i.id) || !options.quiet?.includes(i.interest));
  const strange = strangeRegions(scene, result);
  const caption = options.caption && result ? captionStrip(result, canvas) : { svg: '', height: 0 };
  const parts = [
    definitions(canvas),
    options.image
      ? `<image href="${escapeXml(options.image)}" width="${width}" height="${height}" preserveAspectRatio="none"/>`
      : '',
    instanceOutlines(scene, shown, accused, look, canvas),
    unknownRegions(scene, strange, canvas),
    ghosts(violations, canvas),
    annotations(shown, violations, accused, strange, look, canvas),
    caption.svg,
  ];
  const total = height + caption.height;
  return {
    svg:
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" width="${width}" height="${total}" ` +
      `role="img" aria-label="${escapeXml(describe(scene, result))}" font-family="DejaVu Sans, Segoe UI, Helvetica, Arial, sans-serif">${parts.join('')}</svg>`,
    width,
    height: total,
  };
}

/** One sentence for a reader that cannot see the picture. */
function describe(scene: Scene, result: InspectionResult | null): string {
  const seen = `${scene.image}: ${scene.instances.length} instances`;
  if (!result) return seen;
  const first = result.violations[0]?.message;
  return `${scene.image}: ${result.verdict}${first ? `, ${first}` : ''}`;
}

/** Instance id to the rules that accuse it, worst first. */
function accusations(violations: readonly Violation[]): Map<number, string[]> {
  const rules = new Map<number, string[]>();
  for (const v of violations) {
    for (const id of v.instances) rules.set(id, [...new Set([...(rules.get(id) ?? []), v.rule])]);
  }
  return rules;
}

function definitions({ id, scale }: Canvas): string {
  const step = px(9 * scale);
  const line = (x1: string, y2: string, colour: string) =>
    `<path d="M${x1} 0V${y2}" stroke="${colour}" stroke-width="${px(2.4 * scale)}" stroke-opacity=".8"/>`;
  const pattern = (name: string, colour: string, cross: boolean) =>
    `<pattern id="${id}-${name}" width="${step}" height="${step}" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">${line('0', step, colour)}${cross ? `<path d="M0 0H${step}" stroke="${colour}" stroke-width="${px(2.4 * scale)}" stroke-opacity=".8"/>` : ''}</pattern>`;
  return `<defs>${pattern('violation', PALETTE.violation, false)}${pattern('unknown', PALETTE.unknown, true)}</defs>`;
}

/** Outline of a mask in pixels of the canvas; the cells tile the frame's box. Corners are rounded by about one cell. */
function outline(runs: RunLengths, scene: Scene, canvas: Canvas): string {
  const { grid, frame } = scene;
  const [x0, y0, x1, y1] = frame.box;
  const kx = ((x1 - x0) / grid.width) * canvas.width;
  const ky = ((y1 - y0) / grid.height) * canvas.height;
  return contours(decodeRuns(runs, grid.height, grid.width), { tolerance: DRAWING.tolerance })
    .map((ring) =>
      rounded(
        ring.map(([x, y]): Xy => [x0 * canvas.width + x * kx, y0 * canvas.height + y * ky]),
        (kx + ky) / 2,
      ),
    )
    .join('');
}

type Xy = readonly [x: number, y: number];

/** A closed path with every corner replaced by a curve that starts and ends at most `radius` away from it. */
function rounded(ring: readonly Xy[], radius: number): string {
  const near = ([x, y]: Xy, [tx, ty]: Xy): string => {
    const t = Math.min(0.5, radius / Math.max(1e-9, Math.hypot(tx - x, ty - y)));
    return `${px(x + (tx - x) * t)} ${px(y + (ty - y) * t)}`;
  };
  const parts = ring.map((corner, i) => {
    const before = ring[(i + ring.length - 1) % ring.length]!;
    const after = ring[(i + 1) % ring.length]!;
    return `${i === 0 ? 'M' : 'L'}${near(corner, before)}Q${px(corner[0])} ${px(corner[1])} ${near(corner, after)}`;
  });
  return `${parts.join('')}Z`;
}

function instanceOutlines(
  scene: Scene,
  shown: readonly Instance[],
  accused: ReadonlyMap<number, string[]>,
  look: ReadonlyMap<string, Look>,
  { id, scale, ...rest }: Canvas,
): string {
  const canvas = { id, scale, ...rest };
  const draw = (i: Instance): string => {
    const d = outline(i.mask, scene, canvas);
    const bad = accused.has(i.id) || i.status === 'unknown';
    const { colour, dash } = bad ? { colour: PALETTE.violation, dash: '' } : look.get(i.interest)!;
    const stroke = (bad ? DRAWING.violation : DRAWING.outline) * scale;
    const halo = `<path d="${d}" fill="none" stroke="${bad ? '#fff' : '#000'}" stroke-opacity="${bad ? 0.9 : 0.4}" stroke-width="${px(stroke + DRAWING.halo * 0.5 * scale)}"/>`;
    const fill = bad ? `url(#${id}-violation)` : 'none';
    return `<g data-instance="${i.id}" stroke-linejoin="round">${halo}<path d="${d}" fill="${fill}" fill-rule="evenodd" stroke="${colour}" stroke-width="${px(stroke)}"${dash ? ` stroke-dasharray="${dash}"` : ''}/></g>`;
  };
  const plain = shown.filter((i) => !accused.has(i.id));
  return [...plain, ...shown.filter((i) => accused.has(i.id))].map(draw).join('');
}

/** Regions that look like nothing learnt, or that carry a detector's alarm; see `strangeRegions`. */
function unknownRegions(scene: Scene, strange: readonly StrangeRegion[], canvas: Canvas): string {
  return strange
    .map((u) => {
      const d = outline(u.mask, scene, canvas);
      return `<path d="${d}" fill="url(#${canvas.id}-unknown)" fill-rule="evenodd" stroke="${PALETTE.unknown}" stroke-width="${px(3 * canvas.scale)}" stroke-dasharray="${px(3 * canvas.scale)} ${px(3 * canvas.scale)}"/>`;
    })
    .join('');
}

function ghosts(violations: readonly Violation[], canvas: Canvas): string {
  return violations
    .filter((v) => v.ghost)
    .map((v) => {
      const r = toRect(v.ghost!, canvas);
      const box = `x="${px(r.x)}" y="${px(r.y)}" width="${px(r.width)}" height="${px(r.height)}" rx="${px(4 * canvas.scale)}" fill="none"`;
      const dash = `stroke-dasharray="${px(9 * canvas.scale)} ${px(6 * canvas.scale)}"`;
      return `<rect ${box} stroke="#000" stroke-opacity=".55" stroke-width="${px(5 * canvas.scale)}" ${dash}/><rect ${box} stroke="${PALETTE.ghost}" stroke-width="${px(2.5 * canvas.scale)}" ${dash}/>`;
    })
    .join('');
}
