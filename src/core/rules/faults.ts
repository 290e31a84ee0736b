/** Faults of a rule file as the compiler reports them: code, place, excerpt with a caret, expectation, valid example. */

/** Closed list; docs/rules.md explains each. */
export const FAULTS = {
  YAML_SYNTAX: 'The text is not YAML.',
  ENCODING: 'The text holds bytes that are no UTF-8, or control characters.',
  TOO_LARGE: 'The file is larger than any rule file needs to be.',
  TOO_DEEP: 'Values are nested deeper than the language goes.',
  ALIAS: 'Anchors, aliases and merge keys are not part of the language: write the value out.',
  TAG: 'YAML tags are not part of the language.',
  DUPLICATE_KEY: 'A key stands twice in one mapping.',
  UNKNOWN_KEY: 'A key that the language does not know.',
  MISSING_KEY: 'A key that must be there is not.',
  WRONG_TYPE: 'A value of the wrong type.',
  WRONG_VALUE: 'A value of the right type that is not allowed.',
  BAD_NAME: 'A name that cannot be used: letters, digits, - and _ after a letter, and no reserved word.',
  UNKNOWN_KIND: 'A rule kind that does not exist.',
  UNKNOWN_INTEREST: 'An interest that the file does not define.',
  UNKNOWN_ATTRIBUTE: 'An attribute that the file does not define.',
  UNKNOWN_VALUE: 'A value that the attribute does not have.',
  UNKNOWN_PLACE: 'A region or interest that the file does not define.',
  UNKNOWN_RULE: 'A rule that the file does not define.',
  UNKNOWN_COLOUR: 'A colour word outside the closed list.',
  DUPLICATE_ID: 'Two rules, or two things of one namespace, with the same id.',
  CYCLE: 'Parents, regions or guards that refer to each other in a circle.',
  CONTRADICTION: 'Settings that no image can satisfy together.',
  VACUOUS: 'A bound that every image satisfies.',
  UNREACHABLE: 'A guard that is never met.',
  SUBSUMED: 'A rule that says no more than another one.',
  WRONG_FORM: 'A thing where stuff is needed, or the other way round.',
  MISSING: 'Two settings of which one must be given.',
  OUT_OF_IMAGE: 'Coordinates outside the image: all are fractions from 0 to 1.',
  NO_GROUNDING: 'An interest or attribute value that nothing says how to find.',
  GROUNDING_IMPOSSIBLE: 'A grounding that needs a model which is not installed.',
  EXEMPLAR_MISSING: 'An exemplar that names no image of the normals.',
  UNUSED_INTEREST: 'An interest that no rule, region or attribute uses (warning).',
} as const satisfies Record<string, string>;

export type FaultCode = keyof typeof FAULTS;

export interface Fault {
  readonly severity: 'error' | 'warning';
  readonly code: FaultCode;
  readonly message: string;
  /** What would be right, in words. */
  readonly expected: string;
  /** A valid example to copy. */
  readonly example: string;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly col: number;
  /** The line of the file with a caret below the column. */
  readonly excerpt: string;
  readonly didYouMean?: string;
}

/** The nearest of `candidates` by edit distance (transpositions count one), or undefined where none is near enough. */
export function nearest(got: string, candidates: readonly string[]): string | undefined {
  const text = got.slice(0, 64).toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.floor(text.length / 3)) + 1;
  for (const candidate of candidates.slice(0, CANDIDATES)) {
    const other = candidate.toLowerCase();
    const shares = Math.min(text.length, other.length) >= 3 && (text.startsWith(other) || other.startsWith(text));
    if (!shares && Math.abs(other.length - text.length) >= least) continue;
    const d = shares ? Math.min(1, editDistance(text, other)) : editDistance(text, other);
    if (d < least) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

/** Names compared at most: a file with thousands of names is a mistake of another sort. */
const CANDIDATES = 300;

function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let d = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, rows[i - 2]![j - 2]! + 1);
      row.push(d);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

const WINDOW = 100;

/** The part of a line (from `start` to `end` of the text) around a column, with a caret below it. */
export function excerptOf(text: string, start: number, end: number, col: number): string {
  const from = Math.max(start, Math.min(start + col - 1 - WINDOW / 2, end - WINDOW));
  const shown = text.slice(from, Math.min(end, from + WINDOW)).replace(/[\t\r]/g, ' ');
  return `${shown}\n${' '.repeat(Math.max(0, start + col - 1 - from))}^`;
}

/** A fault as a terminal shows it. */
export function printFault(f: Fault): string {
  const mean = f.didYouMean === undefined ? '' : ` (did you mean ${f.didYouMean}?)`;
  const body = f.excerpt
    .split('\n')
    .map((l) => `    ${l}`)
    .join('\n');
  const example = f.example
    .split('\n')
    .map((l) => `      ${l}`)
    .join('\n');
  return `${f.file}:${f.line}:${f.col}: ${f.severity} ${f.code}: ${f.message}${mean}\n${body}\n    expected: ${f.expected}\n    for example:\n${example}`;
}
