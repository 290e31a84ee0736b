/**
 * Rules as tests: the `cases:` of a rule file, or a file of cases of one kind (`test/cases/<kind>.yaml`: `kind:` and a list
 * `cases:` of `{ note, rule, legend, scene, violated }`). Milliseconds, no model.
 */
import { parse } from 'yaml';
import { LogsadError } from '../../errors.ts';
import { compileRules } from '../compile.ts';
import { runCases, runExample } from '../examples.ts';
import type { KindExample } from '../kind.ts';
import type { LearntRules } from '../learn.ts';
import { record } from '../normalise.ts';
import type { RegionMasks } from '../view.ts';

export interface CaseOutcome {
  readonly note: string;
  readonly passed: boolean;
  /** What was expected and what came; empty where it passed. */
  readonly problem: string;
}

function runKindCase(kind: string, value: unknown, n: number): CaseOutcome {
  const c = value as KindExample;
  const note = c.note ?? `case ${n + 1}`;
  let problem = '';
  try {
    const { violations } = runExample(kind, c);
    const found = violations.map((v) => v.message).join('; ');
    if (violations.length > 0 !== c.violated)
      problem = c.violated ? 'expected a violation, found none' : `expected no violation, found: ${found}`;
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  return { note, passed: problem === '', problem };
}

/**
 * Runs the cases of a text; `masks`: the mask files that its regions name. @throws LogsadError RULES_INVALID for a rule file with faults, CASES_INVALID for a text that is
 * neither
 */
export function runCaseText(
  text: string,
  file: string,
  learnt: LearntRules | null = null,
  masks: RegionMasks = {},
): CaseOutcome[] {
  let value: unknown = null;
  try {
    value = parse(text, { logLevel: 'silent', maxAliasCount: 0 });
  } catch {
    // The compiler says where and why.
  }
  const { kind, cases } = record(value);
  if (typeof kind === 'string' && Array.isArray(cases)) return cases.map((c, n) => runKindCase(kind, c, n));
  if (kind !== undefined)
    throw new LogsadError('CASES_INVALID', { reason: 'kind: without a list of cases:' }, { place: { file } });
  return runCases(compileRules(text, file), learnt, masks).map(({ note, passed, problem }) => ({
    note,
    passed,
    problem,
  }));
}
