/** One part on the page: picture, anomaly map, sentence, and what was measured against what the normals measured. */
import { boundsFor, type DetectorBounds } from '../calibrate.ts';
import type { InspectionResult, Measurement, Violation } from '../scene.ts';
import { detectorSentences } from './caption.ts';
import { marginBar, rangePlot } from './plots.ts';
import { escapeXml, figure, VERDICT_WORDS } from './style.ts';
import type { Label } from './tally.ts';

/** What the normals of the profile measured, for the plots. */
export interface ReportNormals {
  /** By `measurementKey`; bounded, for a page shows no more. */
  readonly values: ReadonlyMap<string, readonly number[]>;
  /** Raw scores of the normals per detector, each judged without itself, and the bounds learnt from them. */
  readonly detectors: Readonly<Record<string, { readonly scores: readonly number[]; readonly bounds: DetectorBounds }>>;
}

export const measurementKey = (m: Pick<Measurement, 'rule' | 'quantity'>): string => `${m.rule}\n${m.quantity}`;

/** A judged part as the page needs it. */
export interface Judged {
  readonly result: InspectionResult;
  /** Inline SVG or an `<img>`, made by the caller; empty where the page shows none. */
  readonly picture: string;
  /** An `<img>` of the anomaly map over the grey photograph, where there is a map. */
  readonly heat?: string;
  readonly label?: Label;
}

/** Measurements spelled out on the card of a part that no rule refuses. */
const NEAREST = 2;

export function card({ result, picture, heat }: Judged, normals: ReportNormals | undefined): string {
  const p = result.p === null ? '' : `, p ${figure(result.p)}`;
  const reasons = [...detectorSentences(result), ...result.reviewReasons]
    .map((r) => `<p class="reason">${escapeXml(r)}</p>`)
    .join('');
  const map = heat
    ? `<figure class="heat">${heat}<figcaption>anomaly map (in units, 1 = border)</figcaption></figure>`
    : '';
  const { imageWidth, imageHeight } = result.scene.frame;
  // Upright pictures stand side by side, wide ones below each other.
  const shape = imageHeight > imageWidth ? ' tall' : '';
  const violations = result.violations.map((v) => violation(v, normals)).join('');
  const list = violations === '' ? '' : `<ol class="violations">${violations}</ol>`;
  return (
    `<article class="card"><div class="pictures${shape}"><figure>${picture}</figure>${map}</div><div class="text">` +
    `<p class="head"><span class="badge ${result.verdict}">${VERDICT_WORDS[result.verdict]}</span> <b>${escapeXml(result.image)}</b></p>` +
    `<p class="faint">unit ${figure(result.unit)}, score ${figure(result.score)}${p}</p>${reasons}${list}` +
    `${violations === '' ? nearest(result, normals) : ''}${detectorPlots(result, normals)}${allMeasurements(result.measurements)}</div></article>`
  );
}

function valuesOf(m: Measurement, normals: ReportNormals | undefined): readonly number[] {
  return normals?.values.get(measurementKey(m)) ?? [];
}

export const placeOf = (v: Violation): string => `${v.file}:${v.line}:${v.col}`;

function violation(v: Violation, normals: ReportNormals | undefined): string {
  const warn = v.severity === 'warn' ? '<span class="badge review">WARNING</span> ' : '';
  const because = v.because ? `<p class="because">${escapeXml(v.because)}</p>` : '';
  return `<li>${because}<p>${warn}${escapeXml(v.message)}</p>${rangePlot(v, valuesOf(v, normals))}<p class="faint place">${escapeXml(v.rule)} at ${escapeXml(placeOf(v))}, margin ${figure(v.margin)}</p></li>`;
}

/** Where no rule fired: the measurements that came nearest to their border. */
function nearest(result: InspectionResult, normals: ReportNormals | undefined): string {
  const ranked = [...result.measurements]
    .filter((m) => m.skipped === undefined)
    .sort((a, b) => b.margin - a.margin)
    .slice(0, NEAREST);
  if (ranked.length === 0) return '';
  const items = ranked.map(
    (m) =>
      `<li><p>${escapeXml(m.rule)}: ${escapeXml(m.quantity)} ${figure(m.measured)}, expected ${escapeXml(m.expected.text)} <span class="faint">margin ${figure(m.margin)}</span></p>${rangePlot(m, valuesOf(m, normals))}</li>`,
  );
  return `<p class="faint">No rule fired. Nearest to a border:</p><ol class="violations">${items.join('')}</ol>`;
}

/** Each detector's score against those of the normals; a detector without a border has none. */
function detectorPlots(result: InspectionResult, normals: ReportNormals | undefined): string {
  const plots = Object.entries(result.detectors).flatMap(([name, { score, unit }]) => {
    const known = normals?.detectors[name];
    if (!known) return [];
    const { centre, high } = boundsFor(known.bounds, result.scene.variant);
    if (!Number.isFinite(high)) return [];
    const expected = { low: null, high, centre, text: `at most ${figure(high)}` };
    const plot = rangePlot({ measured: score, expected, violated: unit > 1 }, known.scores);
    return [
      `<div class="detector"><p>${escapeXml(name)} <span class="faint">unit ${figure(unit)}</span></p>${plot}</div>`,
    ];
  });
  return plots.join('');
}

function allMeasurements(measurements: readonly Measurement[]): string {
  if (measurements.length === 0) return '';
  const row = (m: Measurement): string =>
    `<tr${m.violated ? ' class="bad"' : ''}><td>${escapeXml(m.rule)}</td><td>${escapeXml(m.quantity)}</td><td class="n">${escapeXml(m.skipped ?? figure(m.measured))}</td><td>${escapeXml(m.expected.text)}</td><td>${m.skipped ? '' : marginBar(m.margin)}</td></tr>`;
  const ranked = [...measurements].sort((a, b) => b.margin - a.margin);
  return `<details><summary>all ${measurements.length} measurements</summary><div class="scroll" tabindex="0"><table><thead><tr><th>rule</th><th>quantity</th><th class="n">measured</th><th>expected</th><th>margin</th></tr></thead><tbody>${ranked.map(row).join('')}</tbody></table></div></details>`;
}
