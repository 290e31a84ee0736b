/**
 * A kit as SVG text, and masks of exact polygons in the same projection. Pure: the same state gives the same text.
 */
import { createRandom, type Random } from '../core/grid/random.ts';
import type { Box } from '../core/scene.ts';
import { type Polygon, SHEET } from './geometry.ts';
import { BAYS, type Camera, type KitState, type Part, SIZE, TRAY } from './kit.ts';
import { fixed, partDefs, pathData } from './materials.ts';
import { leadCurve } from './outlines.ts';
import { drawPart } from './parts.ts';

/** The bench and the foam are the same in every picture, like a fixed station: their texture has a seed of its own. */
const TEXTURE_SEED = 7;
const PORES = 1700;
const STREAKS = 80;

function rect([x0, y0, x1, y1]: Box, r: number, rest: string, grow = 0): string {
  return `<rect x="${x0 - grow}" y="${y0 - grow}" width="${x1 - x0 + 2 * grow}" height="${y1 - y0 + 2 * grow}" rx="${r + grow}" ${rest}/>`;
}

/** Pores of the foam over the whole tray: specks, dark above and light below (a tiled pattern is ten times slower). */
function pores(random: Random): string {
  const [x0, y0, x1, y1] = TRAY;
  let d = '';
  for (let i = 0; i < PORES; i++) {
    const x = Math.round(x0 + 22 + random.next() * (x1 - x0 - 46));
    const y = Math.round(y0 + 22 + random.next() * (y1 - y0 - 46));
    d += random.next() < 0.5 ? `M${x} ${y}l3 1-2 2z` : `M${x} ${y}l2-1 1 3z`;
  }
  return `<path d="${d}" fill="#fff" fill-opacity=".16" transform="translate(.6 2)"/><path d="${d}" fill="#000" fill-opacity=".42"/>`;
}

/** A wooden bench: long faint streaks. */
function bench(random: Random): string {
  const streaks = Array.from({ length: STREAKS }, (_, i) => {
    const y = -70 + (i * 930) / STREAKS + 14 * random.next();
    const [a, b] = [7 * random.normal(), 7 * random.normal()];
    const fine = random.next() < 0.75;
    const style = `stroke="${random.next() < 0.6 ? '#7d5f3a' : '#fff4df'}" stroke-opacity="${fixed((fine ? 0.2 : 0.08) * (0.5 + random.next()))}" stroke-width="${fixed(fine ? 0.8 + 1.4 * random.next() : 5 + 8 * random.next())}"`;
    return `<path d="M-80 ${fixed(y)}C300 ${fixed(y + a)} 700 ${fixed(y + b)} 1104 ${fixed(y + a - b)}" ${style}/>`;
  });
  return `<rect x="-80" y="-80" width="1184" height="928" fill="url(#bench)"/><g fill="none">${streaks.join('')}</g>`;
}

/** Floor and lit lower lip of a recess. */
function floor([x0, y0, x1, y1]: Box): string {
  return (
    rect([x0 + 1, y0 + 3, x1 + 2, y1 + 4], 20, 'fill="#9aa7b4" fill-opacity=".55"') +
    rect([x0, y0, x1, y1], 20, 'fill="#2e363f"')
  );
}

/** Shade that the upper and the left wall throw into a recess. */
function shade([x0, y0, x1, y1]: Box): string {
  const corner = `M${x0} ${y0 + 20}a20 20 0 0 1 20 -20H${x1 - 20}a20 20 0 0 1 20 20v14H${x0}Z`;
  const edge = (w: number): string =>
    `<path d="M${x0 + w / 2} ${y1 - 20}V${y0 + 20}A20 20 0 0 1 ${x0 + 20} ${y0 + w / 2}H${x1 - 18}" stroke-width="${w}"/>`;
  return (
    `<path d="${corner}" fill="url(#wall)"/>` +
    `<g fill="none" stroke="#05080b" stroke-opacity=".11">${[3, 6, 9, 12, 15, 18].map(edge).join('')}</g>`
  );
}

function tray(random: Random): string {
  const [x0, y0, x1, y1] = TRAY;
  const bays = Object.values(BAYS);
  return (
    `<g fill="none" stroke="#1a1206" stroke-opacity=".1">${[8, 16, 26, 38, 52].map((w) => rect([x0 + 10, y0 + 16, x1 + 6, y1 + 10], 38, `stroke-width="${w}"`)).join('')}</g>` +
    rect(TRAY, 38, 'fill="url(#rimmed)"') +
    rect(TRAY, 38, 'fill="none" stroke="#a9b4bf" stroke-opacity=".55" stroke-width="2.5"', -2) +
    rect(TRAY, 38, 'fill="url(#foam)" stroke="#1f252b" stroke-opacity=".8" stroke-width="3"', -16) +
    bays.map(floor).join('') +
    pores(random) +
    bays.map(shade).join('')
  );
}

function defs(): string {
  const bays = `<linearGradient id="wall" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#05080b" stop-opacity=".55"/><stop offset="1" stop-color="#05080b" stop-opacity="0"/></linearGradient>`;
  const surface = (id: string, from: string, to: string): string =>
    `<linearGradient id="${id}" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient>`;
  return `<defs>${partDefs()}${bays}${surface('bench', '#e2cfae', '#c9b08a')}${surface('rimmed', '#59636e', '#2b3138')}${surface('foam', '#566270', '#434d58')}</defs>`;
}

/** The lead from the plug to the coil, drawn under both. */
function lead(parts: readonly Part[]): string {
  const curve = leadCurve(parts);
  if (curve === null) return '';
  const [from, ...rest] = curve.map(([x, y]) => `${fixed(x)} ${fixed(y)}`);
  const t = SIZE.cable.thickness;
  const line = (extra: string): string => `<path d="M${from}C${rest.join(' ')}" fill="none" ${extra}/>`;
  return (
    line(`stroke="#05070a" stroke-opacity=".18" stroke-width="${t + 8}" transform="translate(4 8)"`) +
    line(`stroke="#05070a" stroke-opacity=".25" stroke-width="${t + 2}" transform="translate(3 5)"`) +
    line(`stroke="#8f897c" stroke-width="${t}"`) +
    line(`stroke="#ddd8cb" stroke-width="${t - 4}"`) +
    line('stroke="#fffdf6" stroke-width="3.4" transform="translate(-1.8 -1)"')
  );
}

function photograph(camera: Camera, width: number, inner: string, head = ''): string {
  const [cx, cy] = [SHEET.width / 2, SHEET.height / 2];
  const view = `translate(${fixed(cx + camera.dx)} ${fixed(cy + camera.dy)}) rotate(${camera.angle.toFixed(4)}) scale(${camera.zoom.toFixed(5)}) translate(${-cx} ${-cy})`;
  const size = `width="${width}" height="${heightOf(width)}" viewBox="0 0 ${SHEET.width} ${SHEET.height}" preserveAspectRatio="none"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${head}<g transform="${view}">${inner}</g></svg>`;
}

/** Height in pixels of a picture `width` pixels wide. */
export const heightOf = (width: number): number => Math.round((width * SHEET.height) / SHEET.width);

/** The kit as the camera sees it, `width` pixels wide, before light and sensor noise (`camera.ts`). */
export function drawKit(state: KitState, width: number): string {
  const random = createRandom(TEXTURE_SEED);
  const parts = state.parts.map(drawPart).join('');
  const marks = state.marks.map((m) => m.svg).join('');
  const under = bench(random) + tray(random) + lead(state.parts);
  return photograph(state.camera, width, under + parts + marks, defs());
}

/** White polygons (sheet units) on black, in the projection of `camera`: the exact ground truth of a defect. */
export function drawMask(polygons: readonly Polygon[], camera: Camera, width: number): string {
  const black = `<rect x="-80" y="-80" width="${SHEET.width + 160}" height="${SHEET.height + 160}" fill="#000"/>`;
  const white = polygons.map((p) => `<path d="${pathData([p])}" fill="#fff"/>`).join('');
  return photograph(camera, width, black + white);
}
