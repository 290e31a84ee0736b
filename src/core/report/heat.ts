/** An anomaly map laid over the grey photograph: blue within tolerance, from orange to yellow beyond the border. */
import type { Grid, RgbImage } from '../grid/grid.ts';

/** Colour and opacity at some tolerance units, straight lines between; nothing is drawn below the first. */
export const HEAT_STOPS: readonly {
  readonly unit: number;
  readonly rgb: readonly [number, number, number];
  readonly alpha: number;
}[] = [
  { unit: 0.25, rgb: [40, 90, 200], alpha: 0 },
  { unit: 0.999, rgb: [70, 150, 255], alpha: 0.5 },
  { unit: 1, rgb: [213, 60, 0], alpha: 0.62 },
  { unit: 2, rgb: [245, 140, 20], alpha: 0.8 },
  { unit: 4, rgb: [255, 240, 120], alpha: 0.92 },
];

/** The photograph is darkened to this share, so that the map stands out. */
const GROUND = 0.72;

type Tint = readonly [r: number, g: number, b: number, alpha: number];

/** Colour of a value; the last stop for all above it. */
export function heatOf(unit: number): Tint {
  const [first] = HEAT_STOPS;
  if (!(unit > first!.unit)) return [0, 0, 0, 0];
  for (let i = 1; i < HEAT_STOPS.length; i++) {
    const [a, b] = [HEAT_STOPS[i - 1]!, HEAT_STOPS[i]!];
    if (unit > b.unit) continue;
    const t = (unit - a.unit) / (b.unit - a.unit);
    const mix = (p: number, q: number): number => p + (q - p) * t;
    return [mix(a.rgb[0], b.rgb[0]), mix(a.rgb[1], b.rgb[1]), mix(a.rgb[2], b.rgb[2]), mix(a.alpha, b.alpha)];
  }
  const last = HEAT_STOPS.at(-1)!;
  return [...last.rgb, last.alpha];
}

/** `photo` [h, w, 3] in grey under `units` [h, w, 1]. @throws RangeError on sizes that differ */
export function heatPicture(photo: RgbImage, units: Grid<Float32Array>): RgbImage {
  if (photo.width !== units.width || photo.height !== units.height)
    throw new RangeError(`heat: photograph ${photo.width} x ${photo.height}, map ${units.width} x ${units.height}`);
  const data = new Uint8Array(photo.data.length);
  for (let i = 0; i < units.data.length; i++) {
    const [r, g, b] = [photo.data[3 * i]!, photo.data[3 * i + 1]!, photo.data[3 * i + 2]!];
    const grey = GROUND * (0.299 * r + 0.587 * g + 0.114 * b);
    const [hr, hg, hb, a] = heatOf(units.data[i]!);
    data[3 * i] = grey + (hr - grey) * a;
    data[3 * i + 1] = grey + (hg - grey) * a;
    data[3 * i + 2] = grey + (hb - grey) * a;
  }
  return { ...photo, data };
}

/** What the colours mean, as inline SVG. */
export function heatLegend(): string {
  const [low, high] = [HEAT_STOPS[0]!.unit, HEAT_STOPS.at(-1)!.unit];
  const [width, left] = [260, 8];
  const x = (unit: number): number => left + (Math.log(unit / low) / Math.log(high / low)) * width;
  const stops = HEAT_STOPS.map(({ unit, rgb, alpha }) => {
    // Shown as it looks over mid grey.
    const shown = rgb.map((c) => Math.round(GROUND * 128 + (c - GROUND * 128) * alpha));
    return `<stop offset="${(((x(unit) - left) / width) * 100).toFixed(1)}%" stop-color="rgb(${shown.join(',')})"/>`;
  });
  const ticks = [low, 1, 2, 4].map(
    (u) =>
      `<path class="tick" d="M${x(u).toFixed(1)} 16v5"/><text x="${x(u).toFixed(1)}" y="33" text-anchor="middle">${u === 1 ? '1 = border' : u === high ? `${u}+` : u}</text>`,
  );
  return (
    `<svg class="legend" viewBox="0 0 ${width + 24} 38" role="img" aria-label="anomaly map in units: blue within tolerance, orange to yellow beyond the border at unit 1">` +
    `<defs><linearGradient id="heat-scale">${stops.join('')}</linearGradient></defs><rect x="${left}" width="${width}" height="16" fill="url(#heat-scale)"/>${ticks.join('')}</svg>`
  );
}
