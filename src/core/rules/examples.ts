/**
 * Runs what people write to show a rule: the examples of a kind, `test/cases/<kind>.yaml`, and the `cases:` of a file.
 * No model and no image: scenes are drawn or listed.
 */
import { stringify } from 'yaml';
import type { Scene } from '../scene.ts';
import { structureKey } from '../structureKey.ts';
import { caseScene, type WrittenCase } from './caseScenes.ts';
import { compileRules } from './compile.ts';
import type { CompiledRules } from './compiled.ts';
import { type DrawnPart, drawScene, type Legend } from './drawnScene.ts';
import { evaluateRules, type RulesOutcome } from './evaluate.ts';
import type { KindExample } from './kind.ts';
import { type LearntRules, learnRules } from './learn.ts';
import { record } from './normalise.ts';
import type { RegionMasks } from './view.ts';

/** What patch matching reads where a structure rule looks, in an example's legend: `$structure: 0.4`. */
const READING = '$';

type LegendEntry = string | (DrawnPart & { readonly form?: 'thing' | 'stuff'; readonly parent?: string });

function partsOf(example: KindExample): [string, LegendEntry][] {
  return Object.entries(example.legend).filter(([k]) => !k.startsWith(READING)) as [string, LegendEntry][];
}

/** The smallest rule file around an example: its interests and attributes, grounded by a colour word, and its rule. */
export function exampleFile(kind: string, example: KindExample): string {
  const interests: Record<string, object> = {};
  const add = (entry: LegendEntry): void => {
    const {
      interest,
      form = 'thing',
      parent,
    } = typeof entry === 'string'
      ? ({ interest: entry } as DrawnPart & { form?: 'thing' | 'stuff'; parent?: string })
      : entry;
    interests[interest] ??= { form, colour: 'red', ...(parent === undefined ? {} : { parent }) };
  };
  for (const [, entry] of partsOf(example)) add(entry);
  // Names that only the rule or an attribute mentions are interests that this scene happens not to show.
  for (const name of [
    record(example.rule).of,
    record(example.rule).in,
    record(example.rule).to,
    record(example.rule).first,
    record(example.rule).then,
    ...Object.values(example.attributes ?? {}).map((a) => record(a).of),
  ]) {
    if (
      typeof name === 'string' &&
      !['unknown', 'image', 'product'].includes(name) &&
      !Object.hasOwn(record(record(example).regions), name)
    )
      add(name);
  }
  const attributes = Object.fromEntries(
    Object.entries(example.attributes ?? {}).map(([name, a]) => {
      const { of, values } = a as { of: string; values: string[] };
      return [name, { of, values: Object.fromEntries(values.map((v) => [v, { colour: 'red' }])) }];
    }),
  );
  const extra = record(example) as { readonly regions?: unknown; readonly variants?: unknown };
  return stringify({
    schema: 'logsad/rules/v1',
    product: 'example',
    ...(extra.regions ? { regions: extra.regions } : {}),
    interests,
    ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
    ...(extra.variants ? { variants: extra.variants } : {}),
    rules: [
      kind in { all: 1, any: 1, not: 1 }
        ? { id: 'example', ...example.rule }
        : { id: 'example', kind, ...example.rule },
    ],
  });
}

/** A drawing of an example as a Scene; how it is drawn may be changed on the way (mirrored, enlarged). */
export function exampleScene(
  example: KindExample,
  drawing: string,
  redraw: (drawing: string) => string = (d) => d,
): Scene {
  const legend = Object.fromEntries(partsOf(example)) as Legend;
  const reading = Object.entries(example.legend).find(([k]) => k.startsWith(READING));
  const parents = Object.fromEntries(
    partsOf(example).flatMap(([, e]) => (typeof e === 'object' && e.parent ? [[e.interest, e.parent]] : [])),
  );
  const scene = drawScene(redraw(drawing), legend, { parents });
  if (!reading) return scene;
  const score = Number(reading[1]);
  return { ...scene, detectors: { patch: { score, within: { [structureKey(example.rule)]: score } } } };
}

/** Compiles, learns and judges one example. @throws RulesInvalidError, RangeError where the example itself is wrong. */
export function runExample(kind: string, example: KindExample, redraw?: (drawing: string) => string): RulesOutcome {
  const compiled = compileRules(exampleFile(kind, example), `${kind}.yaml`);
  const normals = (example.normals ?? []).map((d) => exampleScene(example, d, redraw));
  return evaluateRules(
    compiled,
    normals.length > 0 ? learnRules(compiled, normals) : null,
    exampleScene(example, example.scene, redraw),
  );
}

export interface CaseResult {
  readonly note: string;
  readonly passed: boolean;
  /** What was expected and what came; empty where it passed. */
  readonly problem: string;
  readonly outcome: RulesOutcome;
}

/**
 * Runs the `cases:` of a compiled file. Bounds come from the case's own `normals`, else from `learnt`; without either
 * only stated bounds judge.
 */
export function runCases(
  compiled: CompiledRules,
  learnt: LearntRules | null = null,
  masks: RegionMasks = {},
): CaseResult[] {
  const cases = compiled.file.cases as readonly WrittenCase[];
  return cases.map((c, n) => {
    const own = c.normals
      ? learnRules(
          compiled,
          c.normals.map((s, i) => caseScene(s, compiled, cases, `normal ${i + 1}`)),
          [],
          masks,
        )
      : learnt;
    const outcome = evaluateRules(compiled, own, caseScene(c.scene, compiled, cases), masks);
    const got = [...new Set(outcome.violations.map((v) => v.rule))].sort();
    const wanted = [...c.expect.violated].sort();
    const passed = got.length === wanted.length && got.every((id, i) => id === wanted[i]);
    const problem = passed
      ? ''
      : `expected ${wanted.length > 0 ? wanted.join(', ') : 'no violation'}, found ${got.length > 0 ? outcome.violations.map((v) => `${v.rule} (${v.message})`).join('; ') : 'none'}`;
    return { note: c.note ?? `case ${n + 1}`, passed, problem, outcome };
  });
}
