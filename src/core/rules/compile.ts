/** Rule text to frozen, evaluable rules, or to every fault at once (HOUSE habits 3, 5, 8). */
import { digestOf } from '../digest.ts';
import { LogsadError } from '../errors.ts';
import { checkCases } from './caseMeaning.ts';
import type { CompiledRule, CompiledRules, RulePlace } from './compiled.ts';
import { LIMITS } from './constants.ts';
import type { InterestSpec, RuleFile, RuleSpec, Tier } from './definition.ts';
import { type Path, type RuleDocument, readDocument } from './document.ts';
import { type Fault, printFault } from './faults.ts';
import type { RuleContext } from './kind.ts';
import { kindOf } from './kinds/index.ts';
import { looseNumbers } from './looseNumbers.ts';
import { checkMeaning, checkUnused } from './meaning.ts';
import type { Bench, CompileOptions } from './names.ts';
import { combinatorOf, normalise, record } from './normalise.ts';
import type { PlacedRule } from './redundancy.ts';
import { checkRules, guardedBy } from './ruleMeaning.ts';
import { checkFileShape, checkRuleShape } from './shapeCheck.ts';

/** RULES_INVALID with every fault. */
export class RulesInvalidError extends LogsadError {
  readonly faults: readonly Fault[];

  constructor(file: string, faults: readonly Fault[]) {
    const errors = faults.filter((f) => f.severity === 'error');
    const first = errors[0]!;
    super(
      'RULES_INVALID',
      { file, count: errors.length, faults: errors.map(printFault) },
      { place: { file: first.file, line: first.line, col: first.col } },
    );
    this.faults = faults;
  }

  override toJSON(): ReturnType<LogsadError['toJSON']> & { faults: readonly Fault[] } {
    return { ...super.toJSON(), faults: this.faults };
  }
}

interface Read {
  readonly file: RuleFile;
  readonly doc: RuleDocument;
  readonly faults: readonly Fault[];
}

/** Every fault of a rule text: what is no YAML, then errors, then warnings, each in the order of the file. Never throws. */
export function lintRules(text: string, file: string, options: CompileOptions = {}): Fault[] {
  return [...read(text, file, options).faults];
}

/**
 * Compiles a rule text. Warnings do not stop it.
 * @throws RulesInvalidError (a LogsadError of code RULES_INVALID) with all faults.
 */
export function compileRules(text: string, file: string, options: CompileOptions = {}): CompiledRules {
  const { file: rules, doc, faults } = read(text, file, options);
  if (faults.some((f) => f.severity === 'error')) throw new RulesInvalidError(file, faults);
  const interests = Object.fromEntries(Object.entries(rules.interests).map(([id, i]) => [id, asSourced(i)]));
  return bind({ ...rules, interests }, (path) => ({ file, ...doc.positionOf(path) }));
}

function read(text: string, name: string, options: CompileOptions): Read {
  const doc = readDocument(text, name);
  const empty = typeof doc.value !== 'object' || doc.value === null || Array.isArray(doc.value);
  if (empty) {
    const faults = [...doc.faults];
    if (faults.length === 0) {
      faults.push(
        doc.faultAt([], {
          code: 'WRONG_TYPE',
          message: 'the file holds no mapping',
          expected: 'keys at the top: schema, product, interests, rules',
          example: 'schema: logsad/rules/v1\nproduct: my-part',
        }),
      );
    }
    return { file: normalise({}), doc, faults };
  }
  const file = normalise(doc.value);
  const raw = record(doc.value).rules;
  const rules = Array.isArray(raw) ? raw.slice(0, LIMITS.rules) : [];
  const shape = [...doc.faults, ...checkFileShape(doc)];
  const all: PlacedRule[] = [];
  const top = rules.map((value, i): PlacedRule => {
    const found = checkRuleShape(doc, value, ['rules', i]);
    shape.push(...found);
    const placed = place(file.rules[i]!, value, ['rules', i], found.length === 0);
    all.push(...placed);
    return placed[0]!;
  });
  const bench: Bench = { doc, file, options, faults: [], used: new Set(), names: new Map() };
  checkMeaning(bench);
  checkRules(bench, all, top);
  checkUnused(bench);
  checkCases(bench);
  if (Array.isArray(raw) && raw.length > LIMITS.rules) {
    shape.push(
      doc.faultAt(['rules', LIMITS.rules], {
        code: 'TOO_LARGE',
        message: `the file has ${raw.length} rules`,
        expected: `at most ${LIMITS.rules}`,
        example: '# split the file by product',
      }),
    );
  }
  // What a line that is no YAML was read as means nothing.
  const broken = new Set(doc.faults.filter((f) => f.code === 'YAML_SYNTAX').map((f) => f.line));
  const told = [...shape, ...bench.faults]
    .filter((f) => f.code === 'YAML_SYNTAX' || !broken.has(f.line))
    .filter(beyondLooseNumbers(doc));
  // The gravest first, also under the limit: warnings must never crowd out what makes a file invalid.
  const rank = (f: Fault): number => (f.severity === 'warning' ? 2 : f.code === 'YAML_SYNTAX' ? 0 : 1);
  const faults = told.sort((a, b) => rank(a) - rank(b) || a.line - b.line || a.col - b.col);
  return { file, doc, faults: faults.slice(0, LIMITS.faults) };
}

/** Leaves out what only follows from coordinates without brackets: an exemplar that shows nothing, a number as a key twice. */
function beyondLooseNumbers(doc: RuleDocument): (f: Fault) => boolean {
  const loose = looseNumbers(doc.value).map(({ path }) => path);
  const empty = loose.map((path) => doc.positionOf(path.slice(0, -1)));
  const lines = new Set(loose.map((path) => doc.positionOf(path).line));
  return (f) =>
    !(f.code === 'MISSING' && empty.some((p) => p.line === f.line && p.col === f.col)) &&
    !(f.code === 'DUPLICATE_KEY' && lines.has(f.line) && /^-?[\d.]+ /.test(f.message));
}

/** An interest as `source` narrows it: what it does not name grounds nothing, in any part of the engine. */
function asSourced({ exemplars, colour, ...rest }: InterestSpec): InterestSpec {
  const used = (s: 'exemplars' | 'colour'): boolean => rest.source === undefined || rest.source.includes(s);
  return {
    ...rest,
    exemplars: used('exemplars') ? exemplars : [],
    ...(colour && used('colour') ? { colour } : {}),
  };
}

/** A rule and the parts of its combinators, with their paths in the text. */
function place(spec: RuleSpec, value: unknown, path: Path, whole: boolean): PlacedRule[] {
  const raw = record(value);
  const combinator = combinatorOf(raw);
  if (combinator === undefined) return [{ spec, path, whole }];
  const written = raw[combinator];
  const parts = spec.rules.flatMap((part, i) =>
    Array.isArray(written)
      ? place(part, written[i], [...path, combinator, i], whole)
      : place(part, written, [...path, combinator], whole),
  );
  return [{ spec, path, whole }, ...parts];
}

/** Binds a checked file to its kinds. `at` gives the place of a path, where there is a text. */
export function bind(file: RuleFile, at: (path: Path) => RulePlace): CompiledRules {
  const place = (spec: RuleSpec, path: Path): CompiledRule => {
    const kind = kindOf(spec.kind) ?? null;
    const tier: Tier =
      spec.tier ?? (kind === null ? 'core' : typeof kind.tier === 'string' ? kind.tier : kind.tier(spec.params, file));
    const context: RuleContext = { file, rule: spec, tier };
    const below =
      kind === null
        ? spec.rules.length === 1 && spec.kind === 'not'
          ? [[...path, 'not']]
          : spec.rules.map((_, i) => [...path, spec.kind, i])
        : [];
    const parts = spec.rules.map((part, i) => place(part, below[i]!));
    const interests = kind ? kind.interests(spec.params, file) : [...new Set(parts.flatMap((p) => p.interests))];
    return { id: spec.id, spec, kind, context, interests, place: at(path), parts };
  };
  const rules = inOrder(file.rules.map((spec, i) => place(spec, ['rules', i])));
  const places = new Map<string, RulePlace>();
  const remember = (r: CompiledRule): void => {
    places.set(r.id, r.place);
    r.parts.forEach(remember);
  };
  rules.forEach(remember);
  const { frame, regions, ignore, interests, attributes, segmentation, variants, detectors } = file;
  const compiled: CompiledRules = {
    file,
    rules,
    digests: {
      grounding: digestOf({
        frame,
        regions,
        ignore,
        interests,
        attributes,
        ...(segmentation ? { segmentation } : {}),
        variants,
        detectors,
      }),
      rules: digestOf(file.rules.map(({ because: _, ...rest }) => rest)),
    },
    positionOf: (id) => places.get(id) ?? at([]),
    interestAt: (id) => at(['interests', id]),
  };
  return deepFreeze(compiled);
}

/** Stable topological order: a rule stands after the rules its guards name. */
function inOrder(rules: readonly CompiledRule[]): CompiledRule[] {
  const byId = new Map(rules.map((r) => [r.id, r]));
  const out: CompiledRule[] = [];
  const done = new Set<string>();
  const visit = (rule: CompiledRule): void => {
    if (done.has(rule.id)) return;
    done.add(rule.id);
    for (const id of guardedBy(rule.spec)) {
      const before = byId.get(id);
      if (before) visit(before);
    }
    out.push(rule);
  };
  rules.forEach(visit);
  return out;
}

/** Freezes plain data; kinds (functions and schemas, shared between files) are frozen where they are defined. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}
