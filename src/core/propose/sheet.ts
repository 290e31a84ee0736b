/**
 * The review sheet: one page on which a person sees what a proposal rests on before accepting it. All text of strangers is
 * escaped, nothing is loaded, nothing runs (the page says so to the browser too).
 */
import { escapeXml } from '../report/style.ts';
import { STYLES } from '../report/styles.ts';
import type { Explanation } from '../rules/explain.ts';
import type { VettedRule, Vetting } from '../rules/tools/vet.ts';
import type { DraftRule, LeftOut } from './draft.ts';
import type { Facts } from './facts.ts';
import { sentencesOf, uncovered } from './instructions.ts';

export interface SheetExchange {
  readonly stage: string;
  readonly mode: string;
  readonly at: string;
  readonly input: number | null;
  readonly output: number | null;
  readonly prompt: string;
  /** Answered, or what happened instead. */
  readonly outcome: string;
}

export interface SheetInput {
  readonly product: string;
  readonly title: string;
  readonly file: string;
  /** Null where no model was asked. */
  readonly model: string | null;
  readonly instructions: string | null;
  readonly captions: readonly { readonly image: string; readonly caption: string }[];
  /** Pictures with what was found in them, as data URLs made by us. */
  readonly pictures: readonly { readonly name: string; readonly href: string }[];
  readonly facts: Facts;
  readonly rules: readonly DraftRule[];
  readonly explanations: readonly Explanation[];
  readonly vetting: Vetting;
  readonly left: readonly LeftOut[];
  readonly unsaid: readonly { readonly sentence: string; readonly why: string }[];
  /** What nobody knows yet. */
  readonly open: readonly string[];
  readonly exchanges: readonly SheetExchange[];
  readonly provenance: readonly (readonly [string, string])[];
}

const e = escapeXml;
const percent = (v: number): string => `${(100 * v).toFixed(1)} %`;
const section = (title: string, body: string): string =>
  body === '' ? '' : `<section><h2>${e(title)}</h2>${body}</section>`;
const items = (lines: readonly string[]): string =>
  lines.length === 0 ? '' : `<ul>${lines.map((l) => `<li>${l}</li>`).join('')}</ul>`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? ''
    : `<div class="scroll"><table><thead><tr>${head.map((h) => `<th>${e(h)}</th>`).join('')}</tr></thead><tbody>${rows
        .map((r) => `<tr>${r.map((c) => `<td>${e(c)}</td>`).join('')}</tr>`)
        .join('')}</tbody></table></div>`;

export function reviewSheet(s: SheetInput): string {
  const by = s.model === null ? 'Mined from the normals; no language model was asked.' : `Proposed by ${s.model}.`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark"><title>${e(`Review: ${s.product}`)}</title><style>${STYLES}
header .note{margin-bottom:20px}.scroll+.scroll{margin-top:14px}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:14px}.pictures figure{margin:0}
.pictures img{display:block;width:100%;height:auto;border-radius:8px;background:#000}
.rule{background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:12px 16px;margin:0 0 10px;break-inside:avoid}
.quiet{opacity:.8}</style></head>
<body><main><header><h1>${e(s.title)}</h1><p class="note">${e(by)} It judges nothing until someone has read this page and runs <code>logsad rules accept ${e(s.file)}</code>.</p></header>
${tiles(s)}
${section('What was found on the normals', pictures(s))}
${section('Measured', measured(s.facts))}
${section('Rules in force once accepted', s.rules.map((r) => ruleCard(r, s)).join(''))}
${section('Said, and left out', s.left.map(leftCard).join(''))}
${section('The instructions, sentence by sentence', coverage(s))}
${section('What could not be known', items(s.open.map(e)))}
${section('What was asked', exchanges(s.exchanges))}
<footer><dl>${s.provenance.map(([k, v]) => `<div><dt>${e(k)}</dt><dd>${e(v)}</dd></div>`).join('')}</dl></footer>
</main></body></html>
`;
}

function tiles(s: SheetInput): string {
  const tile = (name: string, value: string, tone: string): string =>
    `<div class="tile ${tone}"><b>${e(value)}</b><span>${e(name)}</span></div>`;
  const mined = s.rules.filter((r) => r.origin === 'mined').length;
  const { fired, of } = s.vetting.alarms;
  return `<section class="tiles">${tile('rules', String(s.rules.length), 'pass')}${tile('of them mined', String(mined), 'all')}${tile('left out', String(s.left.length), s.left.length > 0 ? 'review' : 'all')}${tile('normals that any rule fires on, left out in turn', `${fired} of ${of}`, fired > 0 ? 'review' : 'pass')}${tile('mutation score', s.vetting.score === null ? '–' : s.vetting.score.toFixed(2), 'all')}</section>`;
}

function pictures(s: SheetInput): string {
  const caption = new Map(s.captions.map((c) => [c.image, c.caption]));
  const figures = s.pictures.map(
    (p) =>
      `<figure><img alt="${e(p.name)}" src="${e(p.href)}"><figcaption><b>${e(p.name)}</b> ${e(caption.get(p.name) ?? '')}</figcaption></figure>`,
  );
  return figures.length === 0 ? '' : `<div class="pictures">${figures.join('')}</div>`;
}

function measured(f: Facts): string {
  const figure = (v: number): string => String(Number(v.toPrecision(3)));
  const rows = f.interests.map((i) => [
    i.interest,
    i.form,
    Object.entries(i.counts)
      .map(([k, n]) => `${k}: ${n}`)
      .join(', '),
    i.area === null ? 'not found' : i.area.map(figure).join(' / '),
    i.box === null ? '' : i.box.map(figure).join(', '),
  ]);
  const attributes = Object.entries(f.attributes).map(([a, t]) => [
    a,
    Object.entries(t)
      .map(([k, n]) => `${k}: ${n}`)
      .join(', '),
  ]);
  return (
    table(
      [`interest (${f.normals} normals)`, 'form', 'instances: normals', 'area (5 %, median, 95 %)', 'usual box'],
      rows,
    ) + table(['attribute', 'values: normals'], attributes)
  );
}

function ruleCard(r: DraftRule, s: SheetInput): string {
  const explained = s.explanations.find((x) => x.rule === r.raw.id);
  const vetted = s.vetting.rules.find((x) => x.rule === r.raw.id);
  const badge = r.origin === 'mined' ? '<span class="badge review">MINED</span> ' : '';
  const warn = r.raw.severity === 'warn' ? '<span class="badge review">WARNING</span> ' : '';
  return `<div class="rule"><p class="because">${badge}${warn}${e(r.raw.because)}</p><p>${e(explained?.sentence ?? '')}</p><p class="faint">${e(r.raw.id)} (${e(r.raw.kind)})${vetted ? `: ${vettedLine(vetted)}` : ''}</p></div>`;
}

function vettedLine({ estimate, mutants, reasons }: VettedRule): string {
  const { fired, n, interval, worst } = estimate;
  return e(
    `fired on ${fired} of ${n} normals left out (95 %: ${percent(interval.low)} to ${percent(interval.high)}), largest margin ${worst.toFixed(2)}, kills ${mutants.killed} of ${mutants.own} mutants${reasons.length > 0 ? `; ${reasons.join('; ')}` : ''}`,
  );
}

const leftCard = ({ raw, reason }: LeftOut): string =>
  `<div class="rule quiet"><p class="because">${e(raw.because)}</p><p>${e(reason)}</p><p class="faint">${e(raw.id)} (${e(raw.kind)})</p></div>`;

function coverage(s: SheetInput): string {
  if (s.instructions === null) return '';
  const missing = new Set(
    uncovered(
      s.instructions,
      s.rules.map((r) => r.raw.because),
    ),
  );
  const why = new Map(s.unsaid.map((u) => [u.sentence, u.why]));
  const rows = sentencesOf(s.instructions).map((sentence) => {
    const rules = s.rules.filter((r) => uncovered(sentence, [r.raw.because]).length === 0).map((r) => r.raw.id);
    return [
      sentence,
      missing.has(sentence) ? `no rule${why.has(sentence) ? `: ${why.get(sentence)}` : ''}` : rules.join(', '),
    ];
  });
  return table(['sentence', 'rules'], rows);
}

/** An ISO time as people read it, to the second. */
const timeText = (iso: string): string => iso.replace(/^(.{10})T(.{8}).*Z$/, '$1 $2 UTC');

function exchanges(list: readonly SheetExchange[]): string {
  const tokens = (v: number | null): string => (v === null ? '–' : String(v));
  return table(
    ['stage', 'asked by', 'outcome', 'at', 'tokens in', 'tokens out', 'prompt digest'],
    list.map((x) => [
      x.stage,
      x.mode,
      x.outcome,
      timeText(x.at),
      tokens(x.input),
      tokens(x.output),
      x.prompt.slice(0, 12),
    ]),
  );
}
