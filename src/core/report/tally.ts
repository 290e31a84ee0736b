/** Per rule over a batch: on how many parts it fired, how often it was the first cause, how near it came on good parts. */
import type { InspectionResult } from '../scene.ts';

/** What is known of a part besides its picture; null where nothing is. */
export type Label = 'good' | 'anomaly' | null;

export interface RuleRow {
  readonly rule: string;
  readonly because: string;
  /** `file:line:col`, empty where the rule never fired. */
  readonly place: string;
  readonly first: number;
  /** Parts on which it fired; by label where there are labels. */
  readonly fired: { readonly all: number; readonly good: number; readonly anomaly: number };
  /** Largest margin on a part that is good, or that passed where there are no labels; null where it never measured one. */
  readonly nearest: number | null;
}

export interface RuleTally {
  add(result: InspectionResult, label: Label): void;
  /** Rules that fired first; then by the margin they came near to. */
  rows(): RuleRow[];
  readonly parts: { readonly all: number; readonly good: number; readonly anomaly: number };
}

interface Row {
  because: string;
  place: string;
  first: number;
  fired: { all: number; good: number; anomaly: number };
  nearest: number | null;
}

export function createTally(): RuleTally {
  const rows = new Map<string, Row>();
  const parts = { all: 0, good: 0, anomaly: 0 };
  const rowOf = (rule: string): Row => {
    const found = rows.get(rule) ?? {
      because: '',
      place: '',
      first: 0,
      fired: { all: 0, good: 0, anomaly: 0 },
      nearest: null,
    };
    rows.set(rule, found);
    return found;
  };
  return {
    parts,
    add(result, label) {
      parts.all++;
      if (label) parts[label]++;
      const seen = new Set<string>();
      for (const [i, v] of result.violations.entries()) {
        const row = rowOf(v.rule);
        row.because = v.because;
        row.place = `${v.file}:${v.line}:${v.col}`;
        if (i === 0) row.first++;
        if (seen.has(v.rule)) continue;
        seen.add(v.rule);
        row.fired.all++;
        if (label) row.fired[label]++;
      }
      const passing = label === 'good' || (label === null && result.verdict === 'pass');
      for (const m of result.measurements) {
        const row = rowOf(m.rule);
        if (passing && m.skipped === undefined) row.nearest = Math.max(row.nearest ?? 0, m.margin);
      }
    },
    rows: () =>
      [...rows]
        .map(([rule, row]) => ({ rule, ...row }))
        .sort((a, b) => b.first - a.first || b.fired.all - a.fired.all || (b.nearest ?? 0) - (a.nearest ?? 0)),
  };
}
