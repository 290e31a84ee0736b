/**
 * One self-contained page for a batch: tiles, what was found how often, a card per rejected or doubtful part with picture,
 * sentence, measured against expected and the rule's place, small pictures of the rest. No script, light and dark.
 */
import type { InspectionResult, Measurement, Verdict, Violation } from '../scene.ts';
import { detectorSentences, firstSentence } from './caption.ts';
import { marginBar, rangePlot } from './plots.ts';
import { escapeXml, figure, VERDICT_WORDS } from './style.ts';
import { STYLES } from './styles.ts';

/** One image of the batch as the page needs it; `picture` is inline SVG or an `<img>`, made by the caller. */
export type ReportEntry =
  | { readonly result: InspectionResult; readonly picture: string }
  | {
      readonly image: string;
      readonly error: { readonly code: string; readonly message: string; readonly fix: string };
    };

export interface ReportHead {
  readonly title: string;
  /** Facts for the foot: rule file, profile, engine, models. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Remarks above the cards, such as the worst normals. */
  readonly notes?: readonly string[];
}

/** A page never holds more cards or small pictures than this; the rest is named in a list. */
export const REPORT_LIMITS = { cards: 200, thumbnails: 400 } as const;

interface Judged {
  readonly result: InspectionResult;
  readonly picture: string;
}

/** The whole page. Entries may come in any order; cards are sorted worst first. */
export function reportToHtml(head: ReportHead, entries: readonly ReportEntry[]): string {
  const judged = entries.filter((e): e is Judged => 'result' in e);
  const failed = entries.flatMap((e) => ('error' in e ? [e] : []));
  const of = (verdict: Verdict): Judged[] =>
    judged.filter((e) => e.result.verdict === verdict).sort((a, b) => b.result.unit - a.result.unit);
  const sections = [
    tiles(judged, failed.length),
    (head.notes ?? []).map((n) => `<p class="note">${escapeXml(n)}</p>`).join(''),
    findings(judged),
    cards('Rejected', of('reject')),
    cards('To review', of('review')),
    failures(failed),
    passed(of('pass')),
    `<footer><dl>${head.facts.map(([k, v]) => `<div><dt>${escapeXml(k)}</dt><dd>${escapeXml(v)}</dd></div>`).join('')}</dl></footer>`,
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${escapeXml(head.title)}</title><style>${STYLES}</style></head>
<body><main><header><h1>${escapeXml(head.title)}</h1></header>${sections.join('\n')}</main></body></html>
`;
}

function tiles(judged: readonly Judged[], failed: number): string {
  const n = (v: Verdict): number => judged.filter((e) => e.result.verdict === v).length;
  const tile = (name: string, count: number, tone: string): string =>
    `<div class="tile ${tone}"><b>${count}</b><span>${name}</span></div>`;
  return `<section class="tiles">${tile('inspected', judged.length + failed, 'all')}${tile('rejected', n('reject'), 'reject')}${tile('to review', n('review'), 'review')}${tile('passed', n('pass'), 'pass')}${failed > 0 ? tile('not readable', failed, 'failed') : ''}</section>`;
}

/** Which rules were violated, on how many parts, and on how many they were the first cause. */
function findings(judged: readonly Judged[]): string {
  const rows = new Map<string, { rule: Violation; parts: number; first: number }>();
  for (const { result } of judged) {
    const seen = new Set<string>();
    for (const [i, v] of result.violations.entries()) {
      const row = rows.get(v.rule) ?? { rule: v, parts: 0, first: 0 };
      if (!seen.has(v.rule)) row.parts++;
      if (i === 0) row.first++;
      seen.add(v.rule);
      rows.set(v.rule, row);
    }
  }
  if (rows.size === 0) return '';
  const body = [...rows.values()]
    .sort((a, b) => b.first - a.first || b.parts - a.parts)
    .map(
      ({ rule, parts, first }) =>
        `<tr><td>${escapeXml(rule.rule)}</td><td>${escapeXml(rule.because)}</td><td class="n">${first}</td><td class="n">${parts}</td><td class="place">${place(rule)}</td></tr>`,
    );
  return `<section><h2>What was found</h2><div class="scroll"><table><thead><tr><th>rule</th><th>stands for</th><th class="n">first cause</th><th class="n">parts</th><th>written in</th></tr></thead><tbody>${body.join('')}</tbody></table></div></section>`;
}

const place = (v: Violation): string => escapeXml(`${v.file}:${v.line}:${v.col}`);

function cards(title: string, entries: readonly Judged[]): string {
  if (entries.length === 0) return '';
  const shown = entries.slice(0, REPORT_LIMITS.cards);
  return `<section><h2>${title} <small>${entries.length}</small></h2>${shown.map(card).join('')}${omitted(entries.slice(shown.length))}</section>`;
}

function omitted(rest: readonly Judged[]): string {
  if (rest.length === 0) return '';
  const items = rest.map(({ result }) => `<li>${escapeXml(result.image)}: ${escapeXml(firstSentence(result))}</li>`);
  return `<details><summary>${rest.length} more without pictures</summary><ul>${items.join('')}</ul></details>`;
}

function card({ result, picture }: Judged): string {
  const p = result.p === null ? '' : `, p ${figure(result.p)}`;
  const reasons = [...detectorSentences(result), ...result.reviewReasons]
    .map((r) => `<p class="reason">${escapeXml(r)}</p>`)
    .join('');
  return `<article class="card"><figure>${picture}</figure><div class="text"><p class="head"><span class="badge ${result.verdict}">${VERDICT_WORDS[result.verdict]}</span> <b>${escapeXml(result.image)}</b></p><p class="faint">unit ${figure(result.unit)}, score ${figure(result.score)}${p}</p>${reasons}<ol class="violations">${result.violations.map(violation).join('')}</ol>${allMeasurements(result.measurements)}</div></article>`;
}

function violation(v: Violation): string {
  const warn = v.severity === 'warn' ? '<span class="badge review">WARNING</span> ' : '';
  const because = v.because ? `<p class="because">${escapeXml(v.because)}</p>` : '';
  return `<li>${because}<p>${warn}${escapeXml(v.message)}</p>${rangePlot(v)}<p class="faint place">${escapeXml(v.rule)} at ${place(v)}, margin ${figure(v.margin)}</p></li>`;
}

function allMeasurements(measurements: readonly Measurement[]): string {
  if (measurements.length === 0) return '';
  const row = (m: Measurement): string =>
    `<tr${m.violated ? ' class="bad"' : ''}><td>${escapeXml(m.rule)}</td><td>${escapeXml(m.quantity)}</td><td class="n">${escapeXml(m.skipped ?? figure(m.measured))}</td><td>${escapeXml(m.expected.text)}</td><td>${m.skipped ? '' : marginBar(m.margin)}</td></tr>`;
  const ranked = [...measurements].sort((a, b) => b.margin - a.margin);
  return `<details><summary>all ${measurements.length} measurements</summary><div class="scroll"><table><thead><tr><th>rule</th><th>quantity</th><th class="n">measured</th><th>expected</th><th>margin</th></tr></thead><tbody>${ranked.map(row).join('')}</tbody></table></div></details>`;
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
