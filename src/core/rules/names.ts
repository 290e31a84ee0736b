/** Names of a file and what refers to them: shared by all checks of meaning. */
import { LIMITS } from './constants.ts';
import type { RuleFile } from './definition.ts';
import type { Path, RuleDocument } from './document.ts';
import { type Fault, nearest } from './faults.ts';

/** What is installed, as far as a file depends on it. Absent facts are not checked. */
export interface CompileOptions {
  /** Roles that have a model: `dense`, `image-text`, `masks`, `text-recognition`. */
  readonly models?: readonly string[];
  /** Whether an image of that name is among the normals. */
  readonly exemplarExists?: (image: string) => boolean;
}

export const RESERVED = ['image', 'unknown', 'longSide', 'silhouette', 'learnt'];

/** Name of the finding that every rule file has: something was found where a part is looked for, and it is no such part. */
export const UNKNOWN = 'unknown';
/** Findings that no rule of a file makes: no rule may be called so. */
export const FINDINGS: readonly string[] = [UNKNOWN];

type Ref = 'interest' | 'attribute' | 'place' | 'rule';

/** Collects faults against a file; `use` remembers which interests anything refers to. */
export interface Bench {
  readonly doc: RuleDocument;
  readonly file: RuleFile;
  readonly options: CompileOptions;
  readonly faults: Fault[];
  readonly used: Set<string>;
  /** Names by sort, as they are asked for. */
  readonly names: Map<Ref, ReadonlySet<string>>;
}

function namesOf(bench: Bench, ref: Ref): ReadonlySet<string> {
  let names = bench.names.get(ref);
  if (!names) {
    names = new Set(KNOWN[ref](bench.file));
    bench.names.set(ref, names);
  }
  return names;
}

const KNOWN: Readonly<Record<Ref, (file: RuleFile) => string[]>> = {
  interest: (f) => Object.keys(f.interests),
  attribute: (f) => Object.keys(f.attributes),
  place: (f) => ['product', 'image', ...Object.keys(f.regions), ...Object.keys(f.interests)],
  rule: (f) => f.rules.map((r) => r.id),
};
const EXAMPLE: Readonly<Record<Ref, string>> = {
  interest: 'of: label',
  attribute: 'attribute: colour',
  place: 'relativeTo: product',
  rule: 'rule: one-label',
};
const CODE = {
  interest: 'UNKNOWN_INTEREST',
  attribute: 'UNKNOWN_ATTRIBUTE',
  place: 'UNKNOWN_PLACE',
  rule: 'UNKNOWN_RULE',
} as const;

/** Checks that a name refers to something, and remembers the interest it leads to. */
export function resolve(bench: Bench, ref: Ref, name: string, path: Path, also: readonly string[] = []): boolean {
  if (also.includes(name)) return true;
  const names = namesOf(bench, ref);
  if (names.has(name)) {
    if (Object.hasOwn(bench.file.interests, name)) bench.used.add(name);
    if (ref === 'attribute') bench.used.add(bench.file.attributes[name]!.of);
    return true;
  }
  if (bench.faults.length > LIMITS.faults) return false;
  const known = [...names];
  const guess = nearest(name, [...known, ...also]);
  const listed = [...known, ...also].slice(0, 30);
  bench.faults.push(
    bench.doc.faultAt(path, {
      code: CODE[ref],
      message: `${name.slice(0, 60)} is no ${ref === 'place' ? 'region or interest' : ref} of this file`,
      expected:
        listed.length > 0 ? `one of ${listed.join(', ')}` : `a${ref === 'rule' ? ' rule' : `n entry under ${ref}s:`}`,
      example:
        guess === undefined
          ? listed.length > 0
            ? EXAMPLE[ref].replace(/: .*/, `: ${listed[0]}`)
            : EXAMPLE[ref]
          : EXAMPLE[ref].replace(/: .*/, `: ${guess}`),
      didYouMean: guess,
    }),
  );
  return false;
}

/** Every circle of a small graph once, as the ring of its names. */
export function circles(names: readonly string[], next: (name: string) => readonly string[]): string[][] {
  const known = new Set(names);
  const state = new Map<string, 'open' | 'done'>();
  const rings: string[][] = [];
  for (const start of names) {
    if (state.has(start)) continue;
    // An explicit stack: a thousand rules may guard each other in one chain.
    const stack: { name: string; left: string[] }[] = [{ name: start, left: [...next(start)] }];
    state.set(start, 'open');
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const to = top.left.pop();
      if (to === undefined) {
        state.set(top.name, 'done');
        stack.pop();
      } else if (known.has(to) && state.get(to) === 'open') {
        const ring = stack.map((s) => s.name);
        rings.push([...ring.slice(ring.indexOf(to)), to]);
      } else if (known.has(to) && !state.has(to)) {
        state.set(to, 'open');
        stack.push({ name: to, left: [...next(to)] });
      }
    }
  }
  return rings;
}

/** `[x, y]` or `[x0, y0, x1, y1]` within the image; boxes with a positive area. */
export function checkCoordinates({ doc, faults }: Bench, values: readonly number[], path: Path, what: string): void {
  const out = values.findIndex((v) => v < 0 || v > 1);
  if (out >= 0) {
    faults.push(
      doc.faultAt([...path, out], {
        code: 'OUT_OF_IMAGE',
        message: `${what} reaches ${values[out]}`,
        expected: 'fractions of the image, 0 to 1 (not pixels)',
        example: values.length === 4 ? '[0.1, 0.2, 0.4, 0.6]' : '[0.5, 0.25]',
      }),
    );
  } else if (values.length === 4 && (values[2]! <= values[0]! || values[3]! <= values[1]!)) {
    faults.push(
      doc.faultAt(path, {
        code: 'CONTRADICTION',
        message: `${what} is empty: its right or lower edge is not beyond its left or upper one`,
        expected: '[left, top, right, bottom]',
        example: '[0.1, 0.2, 0.4, 0.6]',
      }),
    );
  }
}
