/** Charts of an evaluation as inline SVG: ROC curves and score histograms. Colours and type come from the style sheet. */
import { escapeXml } from './style.ts';

export interface RocSeries {
  readonly name: string;
  /** Share of good parts that raise a false alarm, and of anomalies that are found, from (0, 0) to (1, 1). */
  readonly points: readonly (readonly [falsePositiveRate: number, truePositiveRate: number])[];
  /** Where the alarm at unit 1 stands. */
  readonly alarm: readonly [number, number];
  /** What stands behind the name in the legend. */
  readonly value: string;
}

const ROC = { side: 260, left: 44, top: 10, bottom: 40, right: 14 } as const;
/** Series differ in dash and in colour (classes s0, s1, ... of the style sheet). */
export const SERIES = 5;

const n = (v: number): string => String(Math.round(v * 10) / 10);

/** One curve per series, the point of the alarm on it, the diagonal of chance. */
export function rocChart(series: readonly RocSeries[]): string {
  const { side, left, top, bottom, right } = ROC;
  const x = (v: number): number => left + v * side;
  const y = (v: number): number => top + (1 - v) * side;
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const grid = ticks.map(
    (t) =>
      `<path class="grid" d="M${n(x(t))} ${top}V${top + side}M${left} ${n(y(t))}H${left + side}"/><text x="${n(x(t))}" y="${top + side + 16}" text-anchor="middle">${t}</text><text x="${left - 6}" y="${n(y(t) + 4)}" text-anchor="end">${t}</text>`,
  );
  const curves = series.map((s, i) => {
    const d = s.points.map(([a, b], k) => `${k === 0 ? 'M' : 'L'}${n(x(a))} ${n(y(b))}`).join('');
    return `<path class="curve s${i % SERIES}" d="${d}"/><circle class="point s${i % SERIES}" cx="${n(x(s.alarm[0]))}" cy="${n(y(s.alarm[1]))}" r="4.5"/>`;
  });
  const label = `ROC curves: ${series.map((s) => `${s.name} ${s.value}`).join('; ')}`;
  const legend = series.map(
    (s, i) =>
      `<li><svg viewBox="0 0 34 10" aria-hidden="true"><path class="curve s${i % SERIES}" d="M1 5H33"/></svg>${escapeXml(s.name)} <b>${escapeXml(s.value)}</b></li>`,
  );
  return (
    `<figure class="chart"><svg viewBox="0 0 ${left + side + right} ${top + side + bottom}" role="img" aria-label="${escapeXml(label)}">${grid.join('')}` +
    `<path class="chance" d="M${x(0)} ${y(0)}L${x(1)} ${y(1)}"/>${curves.join('')}` +
    `<text class="axis" x="${left + side / 2}" y="${top + side + 34}" text-anchor="middle">false alarms among good parts</text>` +
    `<text class="axis" transform="translate(12 ${top + side / 2}) rotate(-90)" text-anchor="middle">anomalies found</text></svg>` +
    `<figcaption><ul class="keys">${legend.join('')}</ul><p class="faint">Dots: the alarm at unit 1.</p></figcaption></figure>`
  );
}

export interface HistogramSpec {
  readonly name: string;
  /** Unit scores, 1 = alarm. */
  readonly good: readonly number[];
  readonly anomalies: readonly number[];
}

const BARS = { width: 420, half: 78, bins: 30, left: 12, right: 12, top: 20 } as const;
/** Units that are written on the axis. */
const MARKS = [0, 0.25, 0.5, 1, 2, 4, 10] as const;
/** Where a unit lies on the axis: 0 to 1 for 0 to infinity, the alarm in the middle. */
const place = (unit: number): number => Math.max(0, unit) / (1 + Math.max(0, unit));

/** Good parts upwards, anomalies downwards, over one axis of tolerance units; the alarm is the line in the middle. */
export function histogramChart({ name, good, anomalies }: HistogramSpec): string {
  const { width, half, bins, left, right, top } = BARS;
  const usable = width - left - right;
  const counted = (values: readonly number[]): number[] => {
    const counts = new Array<number>(bins).fill(0);
    for (const v of values) counts[Math.min(bins - 1, Math.floor(place(v) * bins))]!++;
    return counts;
  };
  const [up, down] = [counted(good), counted(anomalies)];
  const base = top + half;
  // Each side by its own share: 50 good parts and 500 anomalies look alike where they lie alike.
  const bar = (counts: readonly number[], direction: -1 | 1, tone: string): string => {
    const most = Math.max(1, ...counts);
    return counts
      .map((c, i) => {
        if (c === 0) return '';
        const h = Math.max(2, (c / most) * (half - 8));
        const y = direction < 0 ? base - 1 - h : base + 1;
        return `<rect class="${tone}" x="${n(left + (i * usable) / bins + 0.8)}" y="${n(y)}" width="${n(usable / bins - 1.6)}" height="${n(h)}"/>`;
      })
      .join('');
  };
  const x = (unit: number): string => n(left + place(unit) * usable);
  const bottom = base + half;
  const marks = MARKS.map(
    (m) =>
      `<path class="grid" d="M${x(m)} ${bottom}v4"/><text x="${x(m)}" y="${bottom + 16}" text-anchor="middle">${m}</text>`,
  );
  const over = (values: readonly number[]): number => values.filter((v) => v > 1).length;
  const label = `${name}: ${over(good)} of ${good.length} good parts and ${over(anomalies)} of ${anomalies.length} anomalies lie above unit 1`;
  return (
    `<figure class="chart"><svg viewBox="0 0 ${width} ${bottom + 38}" role="img" aria-label="${escapeXml(label)}">` +
    `<text class="name" x="${left}" y="13">${escapeXml(name)}</text><text class="side" x="${width - right}" y="13" text-anchor="end">${good.length} good above, ${anomalies.length} anomalies below</text>` +
    `<path class="base" d="M${left} ${base}H${width - right}"/>${bar(up, -1, 'good')}${bar(down, 1, 'bad')}` +
    `<path class="alarm" d="M${x(1)} ${top}V${bottom}"/><text x="${n(Number(x(1)) + 5)}" y="${top + 12}">alarm</text>` +
    `${marks.join('')}<text class="axis" x="${n(left + usable / 2)}" y="${bottom + 33}" text-anchor="middle">unit of ${escapeXml(name)}: 0 = as the normals, above 1 = alarm</text></svg></figure>`
  );
}
