/**
 * How each part looks: SVG of one part around its own middle, lit from the top left. No filters: soft shadows are stacked
 * translucent strokes, which a rasteriser draws some ten times faster than a blur.
 */
import { type Polygon, place, regular } from './geometry.ts';
import { printText } from './glyphs.ts';
import { type Part, SIZE, type Variant } from './kit.ts';
import { fixed, PLASTIC, pathData } from './materials.ts';
import { levelY, outlinesOf, PRINT, shankLine } from './outlines.ts';

/** A soft shadow of `polygons`, thrown to the lower right by `height` units. */
export function shadow(polygons: readonly Polygon[], height: number): string {
  const d = pathData(polygons);
  const at = (k: number): string => `transform="translate(${fixed(k * 0.55 * height)} ${fixed(k * height)})"`;
  return (
    `<g fill="#05070a" stroke="#05070a" stroke-linejoin="round"><path d="${d}" ${at(0.9)} fill-opacity=".16" stroke-opacity=".12" stroke-width="${fixed(height * 1.1)}"/>` +
    `<path d="${d}" ${at(0.5)} fill-opacity=".28" stroke-opacity=".16" stroke-width="${fixed(height * 0.4)}"/></g>`
  );
}

function screw(part: Part & { kind: 'screw' }): string {
  const { head, headLength, shank } = SIZE.screw;
  const left = -part.length / 2;
  const line = shankLine(part.length, part.bend);
  const pieces = line.slice(1).map(([x1, y1], i) => {
    const [x0, y0] = line[i]!;
    const long = Math.hypot(x1 - x0, y1 - y0);
    const angle = (Math.atan2(y1 - y0, x1 - x0) * 180) / Math.PI;
    let thread = '';
    for (let x = i === 0 ? 26 : 3; x < long - 2; x += 7) thread += `M${fixed(x)} ${-shank}l4 ${2 * shank}`;
    return (
      `<g transform="translate(${fixed(x0)} ${fixed(y0)}) rotate(${fixed(angle)})"><rect x="-.5" y="${-shank}" width="${fixed(long + 1)}" height="${2 * shank}" fill="url(#shank)"/>` +
      `<path d="${thread}" stroke="#1d2125" stroke-opacity=".5" stroke-width="2.6"/><path d="${thread}" transform="translate(3 0)" stroke="#fff" stroke-opacity=".28" stroke-width="1.4"/></g>`
    );
  });
  return (
    pieces.join('') +
    `<rect x="${left}" y="${-head}" width="${headLength}" height="${2 * head}" rx="3.5" fill="url(#head)"/>` +
    `<path d="M${left + 5} ${-head + 2}V${head - 2}" stroke="#fff" stroke-opacity=".35" stroke-width="3"/>` +
    `<path d="M${left + headLength - 4} ${-head + 1}V${head - 1}" stroke="#16191c" stroke-opacity=".35" stroke-width="5"/>`
  );
}

function washer(): string {
  const { radius: r, hole } = SIZE.washer;
  const d = `M${-r} 0a${r} ${r} 0 1 1 ${2 * r} 0a${r} ${r} 0 1 1 ${-2 * r} 0ZM${-hole} 0a${hole} ${hole} 0 1 0 ${2 * hole} 0a${hole} ${hole} 0 1 0 ${-2 * hole} 0Z`;
  return (
    `<path d="${d}" fill="url(#washer)" fill-rule="evenodd"/>` +
    `<circle r="${r - 1.2}" fill="none" stroke="url(#rim)" stroke-width="2.4"/><circle r="${hole + 1.2}" fill="none" stroke="#2e3338" stroke-opacity=".45" stroke-width="2.4"/>` +
    `<circle r="${(r + hole) / 2}" fill="none" stroke="#fff" stroke-opacity=".22" stroke-width="1.4"/>`
  );
}

/** Facets are lit by where they face in the picture, so the light does not turn with the nut. */
function nut(angle: number): string {
  const { radius: r, bore } = SIZE.nut;
  const hexagon = regular(6, r);
  const facets = hexagon.map((p, i) => {
    const q = hexagon[(i + 1) % 6]!;
    const facing = ((angle + 30 + 60 * i + 135) * Math.PI) / 180;
    const light = Math.cos(facing);
    return `<path d="${pathData([[p, q, [q[0] * 0.8, q[1] * 0.8], [p[0] * 0.8, p[1] * 0.8]]])}" fill="${light > 0 ? '#fff6d8' : '#3a2705'}" fill-opacity="${fixed(Math.abs(light) * 0.6)}"/>`;
  });
  const upright = `<g transform="rotate(${fixed(-angle)})">`;
  return (
    `${upright}<path d="${pathData([place(hexagon, { x: 0, y: 0, angle })])}" fill="url(#brass)"/></g>${facets.join('')}` +
    `${upright}<circle r="${r * 0.8}" fill="url(#brass)" fill-opacity=".75"/><circle r="${bore}" fill="url(#bore)"/>` +
    `<circle r="${bore}" fill="none" stroke="#6d4f18" stroke-width="2"/><circle r="${bore - 4}" fill="none" stroke="#c9a250" stroke-opacity=".45" stroke-width="1.4"/>` +
    `<path d="M-24 -8A26 26 0 0 1 -8 -24" fill="none" stroke="#fffbe8" stroke-opacity=".9" stroke-width="2.6" stroke-linecap="round"/></g>`
  );
}

function plug(colour: Variant): string {
  const { width: w, height: h, relief } = SIZE.plug;
  const [dark, , light] = PLASTIC[colour];
  const pins = [-45, -15, 15, 45].map(
    (x) =>
      `<rect x="${x - 10}" y="-6" width="20" height="34" rx="3" fill="#14171a"/><rect x="${x - 4}" y="0" width="8" height="24" rx="2" fill="#d9b45a"/><rect x="${x - 3}" y="1" width="2.4" height="20" fill="#fff2c4"/>`,
  );
  return (
    `<rect x="-20" y="${h / 2 - 6}" width="40" height="${relief}" rx="5" fill="#191c20"/><path d="M-20 ${h / 2 + 8}h40M-20 ${h / 2 + 15}h40" stroke="#4a5057" stroke-width="2"/>` +
    `<rect x="${-w / 2}" y="${-h / 2}" width="${w}" height="${h}" rx="12" fill="url(#plug-${colour})"/>` +
    `<rect x="${-w / 2 + 2}" y="${-h / 2 + 2}" width="${w - 4}" height="${h - 4}" rx="10" fill="none" stroke="${light}" stroke-opacity=".55" stroke-width="2.5"/>` +
    `<rect x="-34" y="${-h / 2 + 6}" width="68" height="28" rx="5" fill="${light}" fill-opacity=".45" stroke="${dark}" stroke-opacity=".6" stroke-width="2"/><path d="M-28 ${-h / 2 + 12}h56" stroke="#fff" stroke-opacity=".5" stroke-width="2.5"/>` +
    `<rect x="-62" y="-14" width="124" height="50" rx="7" fill="${dark}" fill-opacity=".75"/>${pins.join('')}` +
    `<path d="M${-w / 2 + 8} -30V40M${w / 2 - 8} -30V40" stroke="${dark}" stroke-opacity=".55" stroke-width="3"/>`
  );
}

function cable(part: Part & { kind: 'cable' }): string {
  const t = SIZE.cable.thickness;
  const rings = part.turns.map(({ dx, dy, r }) => {
    const circle = (extra: string, move = 0): string =>
      `<circle cx="${fixed(dx - move)}" cy="${fixed(dy - move)}" r="${fixed(r)}" fill="none" ${extra}/>`;
    return (
      circle(`stroke="#8f897c" stroke-width="${t}"`) +
      circle(`stroke="#ddd8cb" stroke-width="${t - 4}"`) +
      circle('stroke="#fffdf6" stroke-width="3.4"', 1.8)
    );
  });
  const ties = [160, -25].map(
    (a) =>
      `<g transform="rotate(${a})"><rect x="36" y="-8" width="64" height="16" rx="4" fill="#16181b"/><rect x="38" y="-6" width="60" height="4" rx="2" fill="#565c63"/></g>`,
  );
  return rings.join('') + ties.join('');
}

function vial(part: Part & { kind: 'vial' }): string {
  const { half, width, capBottom, capWidth, neckBottom, wall } = SIZE.vial;
  const w = width / 2;
  const top = levelY(part.level);
  const body = `M${-30} ${capBottom}H30C30 ${neckBottom} ${w} ${neckBottom - 6} ${w} ${neckBottom + 14}V${half - w}A${w} ${w} 0 0 1 ${-w} ${half - w}V${neckBottom + 14}C${-w} ${neckBottom - 6} -30 ${neckBottom} -30 ${capBottom}Z`;
  const g = w - wall;
  let ticks = '';
  for (let i = 0; i <= 10; i++) ticks += `M${w - 10} ${fixed(levelY(0.1 * i + 0.02))}h${i % 5 === 0 ? -20 : -11}`;
  let ribs = '';
  for (let x = -36; x <= 36; x += 9) ribs += `M${x} ${-half + 12}V${capBottom - 5}`;
  const dark = PLASTIC[part.colour][0];
  return (
    `<path d="${body}" fill="url(#glass)"/>` +
    `<path d="M${-g} ${fixed(top)}H${g}V${half - w}A${g} ${g} 0 0 1 ${-g} ${half - w}Z" fill="url(#gel)"/>` +
    `<path d="M${-g} ${fixed(top)}h${2 * g}" stroke="#ffe2a0" stroke-width="4"/><path d="M${-g} ${fixed(top + 4)}h${2 * g}" stroke="#8a4a08" stroke-opacity=".5" stroke-width="3"/>` +
    `<path d="${ticks}" stroke="#fff" stroke-opacity=".75" stroke-width="2.6"/>` +
    `<path d="M-27 ${neckBottom + 30}V${half - 70}" stroke="#fff" stroke-opacity=".5" stroke-width="9" stroke-linecap="round"/><path d="M-15 ${neckBottom + 46}V${half - 160}" stroke="#fff" stroke-opacity=".25" stroke-width="3" stroke-linecap="round"/>` +
    `<path d="${body}" fill="none" stroke="#eef5f8" stroke-opacity=".6" stroke-width="2.6"/>` +
    `<rect x="-37" y="${capBottom - 2}" width="74" height="18" rx="4" fill="url(#crimp)"/>` +
    `<rect x="${-capWidth / 2}" y="${-half}" width="${capWidth}" height="${capBottom + half}" rx="10" fill="url(#cap-${part.colour})"/>` +
    `<path d="${ribs}" stroke="${dark}" stroke-opacity=".55" stroke-width="3"/><path d="M${-capWidth / 2 + 8} ${-half + 5}h${capWidth - 16}" stroke="#fff" stroke-opacity=".45" stroke-width="4" stroke-linecap="round"/>`
  );
}

function label(part: Part & { kind: 'label' }): string {
  const { width: w, height: h, text } = SIZE.label;
  let bars = '';
  let x = w / 2 - 56;
  for (let i = 0; x < w / 2 - 14; i++) {
    const wide = 2 + ((i * 7 + 3) % 5);
    bars += `M${fixed(x + wide / 2)} -24v48h.01`;
    x += wide + 2.6;
  }
  return (
    `<rect x="${-w / 2}" y="${-h / 2}" width="${w}" height="${h}" fill="url(#paper)"/><rect x="${-w / 2 + 5}" y="${-h / 2 + 5}" width="${w - 10}" height="${h - 10}" rx="4" fill="none" stroke="#2a2d31" stroke-opacity=".55" stroke-width="1.6"/>` +
    printText(part.text, PRINT[0], PRINT[1], text, '#16181c') +
    `<path d="${bars}" stroke="#1b1d21" stroke-width="3" fill="none"/>`
  );
}

/** How far each part stands above the tray: the length of its shadow. */
const HEIGHT: Readonly<Record<Part['kind'], number>> = {
  screw: 9,
  washer: 5,
  nut: 9,
  plug: 13,
  cable: 8,
  vial: 14,
  label: 3,
};

/** SVG of one part with its shadow, in sheet units. */
export function drawPart(part: Part): string {
  const { x, y, angle } = part.pose;
  const body =
    part.kind === 'screw'
      ? screw(part)
      : part.kind === 'washer'
        ? `<g transform="rotate(${fixed(-angle)})">${washer()}</g>`
        : part.kind === 'nut'
          ? nut(angle)
          : part.kind === 'plug'
            ? plug(part.colour)
            : part.kind === 'cable'
              ? cable(part)
              : part.kind === 'vial'
                ? vial(part)
                : label(part);
  return `${shadow(outlinesOf(part), HEIGHT[part.kind])}<g transform="translate(${fixed(x)} ${fixed(y)}) rotate(${fixed(angle)})">${body}</g>`;
}
