/** What the tools found, as a terminal shows it. */
import type { DiffSummary, RuleDiff } from './diff.ts';
import type { MutantName, MutationReport } from './kill.ts';
import { OPERATORS } from './operators.ts';
import type { Suggestion } from './suggest.ts';
import { flow } from './textEdit.ts';
import type { Vetting } from './vet.ts';

const percent = (v: number): string => `${(100 * v).toFixed(1)} %`;

/** Columns padded to their widest cell; the first to the left, numbers to the right, lists as they are. */
function table(rows: readonly (readonly string[])[]): string {
  const lists = rows[0]!.map((_, c) => rows.some((r) => r[c]!.includes(', ')));
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((r) => r[c]!.length)));
  return rows
    .map((r) =>
      r
        .map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : lists[c] ? cell : cell.padStart(widths[c]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function vettingToText(v: Vetting): string {
  const rows = [
    ['rule', 'fired', '95 % interval', 'margin', 'max', 'mutants', 'changed', 'advice'],
    ...v.rules.map((r) => [
      r.rule,
      `${r.estimate.fired}/${r.estimate.n}`,
      `${percent(r.estimate.interval.low)} to ${percent(r.estimate.interval.high)}`,
      r.estimate.median.toFixed(2),
      `${r.estimate.worst.toFixed(2)}${r.estimate.worstImage === null ? '' : ` ${r.estimate.worstImage}`}`,
      `${r.mutants.killed}/${r.mutants.own}`,
      r.stability === null ? '-' : `${r.stability.fired}/${r.stability.of}`,
      r.advice,
    ]),
  ];
  const reasons = v.rules
    .filter((r) => r.reasons.length > 0)
    .map((r) => `  ${r.advice} ${r.rule}: ${r.reasons.join('; ')}`);
  const alarms = `any rule fires on ${v.alarms.fired} of ${v.alarms.of} normals left out (95 %: ${percent(v.alarms.low)} to ${percent(v.alarms.high)}); ${v.normals} normals cannot promise less than ${percent(v.limit)}`;
  const dropped = v.rules.filter((r) => r.advice === 'drop').length;
  const without = dropped === 0 ? '' : ` without the ${dropped} to drop`;
  const score =
    v.score === null ? '' : `mutation score ${v.score.toFixed(3)}${without} (logsad rules mutate says what survives)`;
  const columns =
    'fired: on normals left out; mutants: caught of those that change what the rule speaks of; changed: set off by small changes of light, turn, crop';
  return [table(rows), columns, '', ...(reasons.length > 0 ? [...reasons, ''] : []), alarms, score]
    .filter((l, i, all) => l !== '' || i < all.length - 1)
    .join('\n');
}

function matrix(r: MutationReport): string {
  const used = OPERATORS.filter((o) => r.operators[o]);
  const total = used.map((o) => `${r.operators[o]!.killed}/${r.operators[o]!.of}`);
  return table([
    ['rule', ...used],
    ...Object.entries(r.matrix).map(([rule, row]) => [rule, ...used.map((o) => String(row[o] ?? '.'))]),
    ['any rule', ...total],
  ]);
}

/** The smallest deviation seen per interest and operator, with the share killed at every size. */
function smallest(r: MutationReport): string {
  const show = (operator: string, size: number): string =>
    operator === 'area' ? `x ${size}` : operator === 'colour' ? `deltaE ${size}` : percent(size);
  const rows = r.smallest.map((s) => [
    `${s.interest}: ${s.operator}`,
    s.seen === null ? 'none' : show(s.operator, s.seen),
    s.sizes.map((x) => `${show(s.operator, x.size)}: ${x.killed}/${x.of}`).join(', '),
  ]);
  return rows.length === 0 ? '' : table([['interest', 'seen from', 'killed at each size'], ...rows]);
}

/** "fruit moved up by 5 %: 000.jpg, 004.jpg": every mutant once, those of one change on a line. */
function byChange(list: readonly MutantName[]): string[] {
  const images = new Map<string, string[]>();
  for (const m of list) images.set(m.change, [...(images.get(m.change) ?? []), m.image]);
  return [...images].map(([change, names]) => `${change}: ${names.join(', ')}`);
}

/** Survivors, grouped by the rule that would kill them. */
function survivors(suggestions: readonly Suggestion[]): string[] {
  const groups = new Map<string, Suggestion[]>();
  for (const s of suggestions) {
    const key = s.rule === null ? '' : flow(s.rule);
    groups.set(key, [...(groups.get(key) ?? []), s]);
  }
  const order = { mined: 0, stated: 1 } as const;
  const rank = (g: readonly Suggestion[]): number => (g[0]!.by === null ? 2 : order[g[0]!.by]);
  return [...groups]
    .sort(([, a], [, b]) => rank(a) - rank(b) || b.length - a.length)
    .flatMap(([rule, group]) => [
      rule === ''
        ? '  no rule of the language would kill:'
        : `  ${group[0]!.by === 'stated' ? 'only a bound without tolerance would kill' : 'this rule holds on the normals and would kill'}: ${rule}`,
      ...byChange(group.map((s) => s.survivor)).map((l) => `    ${l}`),
    ]);
}

export function mutationToText(r: MutationReport, suggestions: readonly Suggestion[]): string {
  if (r.score === null) return 'no mutants: the normals show none of the interests';
  const survived =
    suggestions.length === 0 ? ['no survivors'] : [`${suggestions.length} survivors:`, ...survivors(suggestions)];
  const inside =
    r.inside.length === 0
      ? []
      : [
          '',
          `${r.inside.length} mutants stay inside the range of the normals and are not counted:`,
          ...byChange(r.inside).map((l) => `  ${l}`),
        ];
  return [
    `mutation score ${r.score.toFixed(3)}: ${r.normals} normals mutated, seed ${r.seed}, every operator weighs the same`,
    '',
    matrix(r),
    '',
    smallest(r),
    '',
    ...survived,
    ...inside,
  ].join('\n');
}

const SHOWN = 40;

export function diffToText(diff: RuleDiff, summary: DiffSummary, labelled: boolean): string {
  const changed = Object.entries(diff.changed).map(([id, how]) => `${how} ${id}`);
  const lines = summary.changes
    .slice(0, SHOWN)
    .map(
      (c) =>
        `  ${c.image}: ${c.before} -> ${c.after} (${c.units.before.toFixed(2)} -> ${c.units.after.toFixed(2)})${c.cause === null ? '' : `: ${c.cause}`}`,
    );
  if (summary.changes.length > SHOWN)
    lines.push(`  ... and ${summary.changes.length - SHOWN} more (--json lists them all)`);
  const effect = labelled ? [`fixes ${summary.fixes.length}, breaks ${summary.breaks.length}`] : [];
  return [
    `rules: ${changed.length === 0 ? 'no difference' : changed.join(', ')}`,
    `${summary.changes.length} of ${summary.scenes} verdicts change`,
    ...lines,
    ...effect,
  ].join('\n');
}
