import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runExample } from '../../../src/core/rules/examples.ts';
import { KINDS } from '../../../src/core/rules/index.ts';
import type { KindExample } from '../../../src/core/rules/kind.ts';
import { runCaseText } from '../../../src/core/rules/tools/cases.ts';

const folder = join(import.meta.dirname, '../../cases');

const rows = (d: string): string[] => {
  const lines = d.trimEnd().split('\n');
  const width = Math.max(...lines.map((l) => l.length));
  return lines.map((l) => l.padEnd(width, '.'));
};
const enlarge = (d: string): string =>
  rows(d)
    .flatMap((r) => Array(3).fill([...r].map((c) => c.repeat(3)).join('')))
    .join('\n');

it('every file of test/cases is of a kind', () => {
  const names = KINDS.map((k) => `${k.kind}.yaml`).sort();
  expect(readdirSync(folder).sort()).toEqual(names);
});

describe.each(KINDS.map((k) => [k.kind, k] as const))('%s', (name, kind) => {
  const file = join(folder, `${name}.yaml`);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : 'cases: []';
  const { cases } = parse(text) as { cases: KindExample[] };

  it('has cases of both sorts', () => {
    expect(cases.map((c) => c.violated)).toEqual(expect.arrayContaining([true, false]));
  });

  it('passes `rules test` as it stands', () => {
    const outcomes = runCaseText(text, file);
    expect(outcomes.filter((o) => !o.passed)).toEqual([]);
    expect(outcomes).toHaveLength(cases.length);
  });

  it.each(cases.map((c) => [c.note, c] as const))('%s', (_, c) => {
    const outcome = runExample(name, c);
    expect(
      outcome.violations.map((v) => v.message).length > 0,
      outcome.measurements.map((m) => `${m.quantity} ${m.measured} (${m.expected.text}) ${m.margin}`).join('; '),
    ).toBe(c.violated);
    // Regions of a case are fractions, so a picture three times as large says the same.
    if (kind.invariant.includes('scale')) expect(runExample(name, c, enlarge).unit).toBeCloseTo(outcome.unit, 6);
  });
});
