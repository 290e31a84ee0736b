/**
 * One self-contained page for a batch or an evaluation: tiles, what the normals allow, figures and charts where there are
 * labels, what the rules found, a card per part that matters, small pictures of the rest. No script, light and dark.
 */
import type { InspectionResult } from '../scene.ts';
import { firstSentence } from './caption.ts';
import { card, type Judged, type ReportNormals } from './cards.ts';
import { type HistogramSpec, histogramChart, type RocSeries, rocChart } from './charts.ts';
import { heatLegend } from './heat.ts';
import { marginBar, rangePlot } from './plots.ts';
import { escapeXml, figure } from './style.ts';
import { STYLES } from './styles.ts';
import { createTally, type Label, type RuleTally } from './tally.ts';

/** One image of the batch as the page needs it. */
export type ReportEntry =
  | Judged
  | {
      readonly image: string;
      readonly error: { readonly code: string; readonly message: string; readonly fix: string };
    };

export interface ReportTable {
  readonly title: string;
  readonly note?: string;
  /** The first column is text, the others are figures. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What labels allow to say: made by app/reportFigures.ts. */
export interface ReportFigures {
  readonly tiles: readonly { readonly value: string; readonly name: string; readonly tone: string }[];
  readonly tables: readonly ReportTable[];
  readonly roc: readonly RocSeries[];
  readonly histograms: readonly HistogramSpec[];
  readonly notes: readonly string[];
}

export interface ReportHead {
  readonly title: string;
  /** Facts for the foot: rule file, profile, engine, models. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Remarks above the cards: normals set aside, groups among them, the rate that they allow. */
  readonly notes?: readonly string[];
  readonly normals?: ReportNormals;
  readonly figures?: ReportFigures;
  /** Over all parts; made from the entries where absent. */
  readonly tally?: RuleTally;
}

/** A section never holds more cards, the page never more small pictures than this; the rest is named in a list. */
export const REPORT_LIMITS = { cards: 40, thumbnails: 120 } as const;

/** Where a part stands on the page. */
export type Section = 'false alarm' | 'missed' | 'reject' | 'review' | 'pass';

/** With a label, what was judged wrongly comes first. */
export function sectionOf(result: Pick<InspectionResult, 'unit' | 'verdict'>, label: Label = null): Section {
  if (label === 'good' && result.unit > 1) return 'false alarm';
  if (label === 'anomaly' && result.unit <= 1) return 'missed';
  return result.verdict;
}

/** The worst cases of an evaluation: they stand right behind its charts. */
const WRONG: readonly (readonly [Section, title: string])[] = [
  ['false alarm', 'False alarms'],
  ['missed', 'Missed'],
];

/** The whole page. Entries may come in any order; cards are sorted worst first. */
export function reportToHtml(head: ReportHead, entries: readonly ReportEntry[]): string {
  const judged = entries.filter((e): e is Judged => 'result' in e);
  const failed = entries.flatMap((e) => ('error' in e ? [e] : []));
  const of = (section: Section): Judged[] =>
    judged
      .filter((e) => sectionOf(e.result, e.label) === section)
      .sort((a, b) => (section === 'missed' ? a.result.unit - b.result.unit : b.result.unit - a.result.unit));
  const { figures } = head;
  const sections = [
    tiles(judged, failed.length, figures),
    [...(head.notes ?? []), ...(figures?.notes ?? [])].map((n) => `<p class="note">${escapeXml(n)}</p>`).join(''),
    figures ? charts(figures) : '',
    ...(figures ? [] : [findings(head.tally ?? tallyOf(judged))]),
    howToRead(judged, head.normals),
    ...WRONG.map(([section, title]) => cards(title, of(section), head.normals)),
    ...(figures ? [...figures.tables.map(dataTable), findings(head.tally ?? tallyOf(judged))] : []),
    cards(figures ? 'Rejected, rightly' : 'Rejected', of('reject'), head.normals),
    cards('To review', of('review'), head.normals),
    failures(failed),
    passed(of('pass')),
    `<footer><h2>What this rests on</h2><dl>${head.facts.map(([k, v]) => `<div><dt>${escapeXml(k)}</dt><dd>${escapeXml(v)}</dd></div>`).join('')}</dl></footer>`,
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${escapeXml(head.title)}</title><style>${STYLES}</style></head>
<body><main><header><h1>${escapeXml(head.title)}</h1></header>${sections.join('\n')}</main></body></html>
`;
}

function tallyOf(judged: readonly Judged[]): RuleTally {
  const tally = createTally();
  for (const { result, label } of judged) tally.add(result, label ?? null);
  return tally;
}

function tiles(judged: readonly Judged[], failed: number, figures: ReportFigures | undefined): string {
  const n = (v: InspectionResult['verdict']): string => String(judged.filter((e) => e.result.verdict === v).length);
  const tile = (name: string, count: string, tone: string): string =>
    `<div class="tile ${tone}"><b>${escapeXml(count)}</b><span>${escapeXml(name)}</span></div>`;
  const verdicts = [
    tile('inspected', String(judged.length + failed), 'all'),
    tile('rejected', n('reject'), 'reject'),
    tile('to review', n('review'), 'review'),
    tile('passed', n('pass'), 'pass'),
    failed > 0 ? tile('not readable', String(failed), 'failed') : '',
  ];
  const more = figures?.tiles.map((t) => tile(t.name, t.value, t.tone)) ?? [];
  const second = more.length > 0 ? `<section class="tiles">${more.join('')}</section>` : '';
  return `<section class="tiles">${verdicts.join('')}</section>${second}`;
}

function charts({ roc, histograms }: ReportFigures): string {
  if (roc.length === 0 && histograms.length === 0) return '';
  const curve = roc.length > 0 ? rocChart(roc) : '';
  const bars = histograms.map(histogramChart).join('');
  return `<section><h2>Good parts and anomalies apart</h2><div class="charts">${curve}<div class="bars">${bars}<p class="faint">How many parts reach which unit: good parts upwards, anomalies downwards, each side scaled by its tallest bar. A good part right of the line is a false alarm, an anomaly left of it is missed.</p></div></div></section>`;
}

function dataTable({ title, note, columns, rows }: ReportTable): string {
  // Words stand to the left, figures ("0.91", "3 of 12", "0.9 to 1", a dash) to the right.
  const words = columns.map((_, i) => i === 0 || rows.some((r) => !/^([\d–−-]|$)/.test(r[i] ?? '')));
  const cls = (i: number): string => (words[i] ? '' : ' class="n"');
  const head = columns.map((c, i) => `<th scope="col"${cls(i)}>${escapeXml(c)}</th>`).join('');
  const body = rows.map((r) => `<tr>${r.map((c, i) => `<td${cls(i)}>${escapeXml(c)}</td>`).join('')}</tr>`).join('');
  return `<section><h2>${escapeXml(title)}</h2><div class="scroll" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>${note ? `<p class="faint caption">${escapeXml(note)}</p>` : ''}</section>`;
}

/** Which rules fired, on how many parts, how often first, and how near good parts came to them. */
function findings(tally: RuleTally): string {
  const { parts } = tally;
  const labelled = parts.good + parts.anomaly > 0;
  const rows = tally.rows();
  if (rows.length === 0) return '';
  const fired = (r: (typeof rows)[number]): string =>
    labelled
      ? `<td class="n${r.fired.good > 0 ? ' wrong' : ''}">${r.fired.good} of ${parts.good}</td><td class="n">${r.fired.anomaly} of ${parts.anomaly}</td>`
      : `<td class="n">${r.fired.all} of ${parts.all}</td>`;
  const line = (r: (typeof rows)[number]): string =>
    `<tr><td>${escapeXml(r.rule)}</td><td>${escapeXml(r.because)}</td><td class="n">${r.first}</td>${fired(r)}<td>${r.nearest === null ? '' : marginBar(r.nearest)}</td><td class="place">${escapeXml(r.place)}</td></tr>`;
  const columns = labelled ? '<th class="n">on good</th><th class="n">on anomalies</th>' : '<th class="n">parts</th>';
  const listed = (some: readonly (typeof rows)[number][]): string =>
    `<div class="scroll" tabindex="0"><table><thead><tr><th>rule</th><th>stands for</th><th class="n">first cause</th>${columns}<th>nearest on ${labelled ? 'good' : 'passed'} parts</th><th>written in</th></tr></thead><tbody>${some.map(line).join('')}</tbody></table></div>`;
  const loud = rows.filter((r) => r.fired.all > 0);
  const silent = rows.filter((r) => r.fired.all === 0);
  const rest =
    silent.length === 0
      ? ''
      : `<details><summary>${silent.length} rules that never fired</summary>${listed(silent)}</details>`;
  return `<section><h2>What the rules found</h2>${loud.length > 0 ? listed(loud) : '<p>No rule fired.</p>'}${rest}</section>`;
}

/** A sample of every sign that the cards use. */
function howToRead(judged: readonly Judged[], normals: ReportNormals | undefined): string {
  const sample = rangePlot(
    { measured: 1.9, expected: { low: 0.6, high: 1.4, centre: 1, text: '0.6 to 1.4' }, violated: true },
    normals ? [0.8, 0.9, 0.96, 1, 1.03, 1.1, 1.22] : [],
  );
  const allows = judged.find((e) => e.result.allows)?.result.allows;
  const smallest = allows ? ` ${allows.n} normals allow no p below ${figure(allows.smallestRate)}.` : '';
  const heat = judged.some((e) => e.heat)
    ? `<div>${heatLegend()}<p>Anomaly map, in the unit of the cards: detectors and violated rules together; its strongest place carries the unit of its detector. Cross-hatched in the picture: what resembles no good part, or the place that carries an alarm.</p></div>`
    : '';
  return (
    `<section><h2>How to read it</h2><div class="legends"><div>${sample}<p>Dot: measured here. Band: what is expected, its centre marked.${normals ? ' Fine ticks above: what each normal measured.' : ''}</p></div>${heat}` +
    `<dl class="words"><div><dt>unit, margin</dt><dd>Distance from the normals in tolerances: 0 in the middle, 1 at the border, above 1 an alarm. The unit of a part is the largest of its rules and detectors.</dd></div>` +
    `<div><dt>p</dt><dd>The share of normals that score as high or higher, this part counted among them: how often a good part would look as strange.${smallest}</dd></div>` +
    `<div><dt>score</dt><dd>unit / (1 + unit): 0.5 at the border, never above 1.</dd></div></dl></div></section>`
  );
}

function cards(title: string, entries: readonly Judged[], normals: ReportNormals | undefined): string {
  if (entries.length === 0) return '';
  const shown = entries.slice(0, REPORT_LIMITS.cards);
  return `<section><h2>${title} <small>${entries.length}</small></h2>${shown.map((e) => card(e, normals)).join('')}${omitted(entries.slice(shown.length))}</section>`;
}

function omitted(rest: readonly Judged[]): string {
  if (rest.length === 0) return '';
  const items = rest.map(({ result }) => `<li>${escapeXml(result.image)}: ${escapeXml(firstSentence(result))}</li>`);
  return `<details><summary>${rest.length} more without pictures</summary><ul>${items.join('')}</ul></details>`;
}

function failures(failed: readonly Extract<ReportEntry, { error: unknown }>[]): string {
  if (failed.length === 0) return '';
  const item = (f: (typeof failed)[number]): string =>
    `<li><b>${escapeXml(f.image)}</b> <code>${escapeXml(f.error.code)}</code> ${escapeXml(f.error.message)}. <span class="faint">Fix: ${escapeXml(f.error.fix)}</span></li>`;
  return `<section><h2>Not readable <small>${failed.length}</small></h2><ul>${failed.map(item).join('')}</ul></section>`;
}

function passed(entries: readonly Judged[]): string {
  if (entries.length === 0) return '';
  const thumb = ({ result, picture }: Judged): string =>
    `<figure>${picture}<figcaption>${escapeXml(result.image)} <span class="faint">${figure(result.unit)}</span></figcaption></figure>`;
  const shown = entries.slice(0, REPORT_LIMITS.thumbnails);
  return `<section><h2>Passed <small>${entries.length}</small></h2><div class="thumbs">${shown.map(thumb).join('')}</div>${omitted(entries.slice(shown.length))}</section>`;
}
