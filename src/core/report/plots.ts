/** Small plots as inline SVG: a measured value against its expected range, and a margin as a bar. Colours come from CSS. */
import type { Expectation, Measurement } from '../scene.ts';
import { escapeXml, figure } from './style.ts';

/** Pixels of the plot; the axis leaves room for the figures at its ends. */
const PLOT = { width: 420, height: 48, left: 14, right: 14, axis: 22 } as const;
/** Empty space beyond the outermost mark, as a share of the span. */
const AIR = 0.12;

interface Axis {
  readonly low: number;
  readonly high: number;
  readonly x: (v: number) => number;
}

function axisOf(measured: number, e: Expectation, normals: readonly number[]): Axis {
  const marks = [measured, e.low, e.high, e.centre, ...normals].filter(
    (v): v is number => v !== null && Number.isFinite(v),
  );
  const low = Math.min(...marks);
  const high = Math.max(...marks);
  const span = high - low || Math.max(1, Math.abs(high)) * 0.5;
  const from = low - span * AIR;
  const to = high + span * AIR;
  const usable = PLOT.width - PLOT.left - PLOT.right;
  return { low: from, high: to, x: (v) => PLOT.left + ((v - from) / (to - from)) * usable };
}

const n = (v: number): string => String(Math.round(v * 10) / 10);

/** What a plot shows: a measurement, or a detector's score put as one. */
export type Plotted = Pick<Measurement, 'measured' | 'expected' | 'violated'>;

/**
 * The expected range as a band, its centre as a tick, the measured value as a dot, and what the normals measured as fine
 * ticks above. Words have no plot.
 */
export function rangePlot(m: Plotted, normals: readonly number[] = []): string {
  if (typeof m.measured !== 'number' || (m.expected.low === null && m.expected.high === null)) return '';
  const { low, high, x } = axisOf(m.measured, m.expected, normals);
  const from = m.expected.low ?? low;
  const to = m.expected.high ?? high;
  // A band of no width ("exactly 15") is drawn as wide as the dot, so that it can be seen.
  const left = Math.min(x(from), (x(from) + x(to)) / 2 - 5);
  const width = Math.max(x(to) - x(from), 10);
  const figures: [number, string, string][] = [[x(m.measured), figure(m.measured), 'dot']];
  const near = (v: number): boolean => figures.every(([at]) => Math.abs(at - x(v)) > 44);
  for (const bound of [m.expected.low, m.expected.high]) {
    if (bound !== null && near(bound)) figures.push([x(bound), figure(bound), 'band']);
  }
  const text = ([at, s, tone]: (typeof figures)[number]): string =>
    `<text class="${tone}" x="${n(Math.max(PLOT.left + 8, Math.min(at, PLOT.width - PLOT.right - 8)))}" y="${PLOT.height - 6}" text-anchor="middle">${escapeXml(s)}</text>`;
  const centre =
    m.expected.centre === null ? '' : `<path class="centre" d="M${n(x(m.expected.centre))} ${PLOT.axis - 9}v18"/>`;
  const ticks = normals.map((v) => `M${n(x(v))} ${PLOT.axis - 16}v7`).join('');
  const strip = ticks === '' ? '' : `<path class="normals" d="${ticks}"/>`;
  const among =
    normals.length === 0
      ? ''
      : `; ${normals.length} values of normals from ${figure(Math.min(...normals))} to ${figure(Math.max(...normals))}`;
  return (
    `<svg class="range" viewBox="0 0 ${PLOT.width} ${PLOT.height}" role="img" aria-label="measured ${escapeXml(figure(m.measured))}, expected ${escapeXml(m.expected.text + among)}">` +
    `<path class="axis" d="M${PLOT.left} ${PLOT.axis}H${PLOT.width - PLOT.right}"/>` +
    `<rect class="band" x="${n(left)}" y="${PLOT.axis - 7}" width="${n(width)}" height="14" rx="3"/>${strip}${centre}` +
    `<circle class="dot${m.violated ? ' bad' : ''}" cx="${n(x(m.measured))}" cy="${PLOT.axis}" r="6"/>${figures.map(text).join('')}</svg>`
  );
}

/** 0 to 3 tolerance units as a bar with a tick at the border; larger margins fill it. */
export function marginBar(margin: number): string {
  const width = Math.max(0, Math.min(margin / 3, 1)) * 90;
  return `<svg class="bar" viewBox="0 0 132 12" role="img" aria-label="margin ${escapeXml(figure(margin))}"><rect class="track" width="90" height="12" rx="2"/><rect class="fill${margin > 1 ? ' bad' : ''}" width="${n(width)}" height="12" rx="2"/><path class="tick" d="M30 0v12"/><text x="96" y="10">${escapeXml(margin < 10 ? margin.toFixed(2) : figure(margin))}</text></svg>`;
}
