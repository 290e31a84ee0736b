/**
 * YAML text to plain values with the place of every one of them. The text comes from strangers: size and depth are
 * bounded, nothing is resolved or executed, anchors and merge keys are refused, and every fault has a position.
 */
import { isAlias, isMap, isPair, isScalar, isSeq, type Node, type ParsedNode, parseDocument } from 'yaml';
import { LIMITS } from './constants.ts';
import { excerptOf, type Fault, type FaultCode } from './faults.ts';

/** Longer lines are no text of a person. */
const LINE = 2000;

/** Path of keys and indices from the root. */
export type Path = readonly (string | number)[];

export interface FaultDetail {
  readonly code: FaultCode;
  readonly message: string;
  readonly expected: string;
  readonly example: string;
  readonly didYouMean?: string | undefined;
  readonly severity?: 'error' | 'warning';
}

export interface RuleDocument {
  readonly value: unknown;
  readonly faults: readonly Fault[];
  /** A fault at a value (or at the key that leads to it); falls back to the nearest enclosing value that exists. */
  faultAt(path: Path, detail: FaultDetail, at?: 'key' | 'value'): Fault;
  positionOf(path: Path): { readonly line: number; readonly col: number };
}

const keyOf = (path: Path): string =>
  path.map((p) => `/${String(p).replace(/~/g, '~0').replace(/\//g, '~1')}`).join('');

interface Spot {
  readonly value: number;
  readonly key: number;
}

/** Parses and converts; never throws. With faults, `value` holds what could be read. */
export function readDocument(text: string, file: string): RuleDocument {
  const reader = new Reader(text, file);
  reader.read();
  return reader;
}

class Reader implements RuleDocument {
  value: unknown = null;
  readonly faults: Fault[] = [];
  /** Offset of the first character of every line. */
  private readonly starts: number[] = [0];
  private readonly spots = new Map<string, Spot>();
  private readonly text: string;
  private readonly file: string;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) this.starts.push(i + 1);
  }

  read(): void {
    if (this.text.length > LIMITS.characters) {
      this.add(0, {
        code: 'TOO_LARGE',
        message: `the file has ${this.text.length} characters`,
        expected: `at most ${LIMITS.characters}`,
        example: 'a rule file names interests and rules; masks and images stand beside it',
      });
      return;
    }
    this.checkCharacters();
    if (this.checkNesting()) this.parse();
  }

  /** Refuses what no rule file needs before the parser, which recurses, sees it. */
  private checkNesting(): boolean {
    let depth = 0;
    let dashes = 0;
    for (let i = 0; i < this.text.length; i++) {
      const c = this.text.charCodeAt(i);
      if (c === 0x5b || c === 0x7b) depth++;
      else if ((c === 0x5d || c === 0x7d) && depth > 0) depth--;
      else if (c === 0x0a) dashes = 0;
      else if ((c === 0x2d || c === 0x3f) && this.text.charCodeAt(i + 1) === 0x20) dashes++;
      if (depth <= 4 * LIMITS.depth && dashes <= 4 * LIMITS.depth) continue;
      this.tooDeep(i);
      return false;
    }
    return true;
  }

  private tooDeep(offset: number): void {
    this.add(offset, {
      code: 'TOO_DEEP',
      message: 'values are nested too deeply',
      expected: `at most ${LIMITS.depth} levels`,
      example: 'exemplars: [{ image: 000.jpg, boxes: [[.1, .1, .2, .2]] }]',
    });
  }

  private checkCharacters(): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
    const at = this.text.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffd]/);
    if (at < 0) return;
    const replaced = this.text.charCodeAt(at) === 0xfffd;
    this.add(at, {
      code: 'ENCODING',
      message: replaced
        ? 'bytes here are no UTF-8'
        : `control character U+${this.text.charCodeAt(at).toString(16).padStart(4, '0')}`,
      expected: 'plain UTF-8 text',
      example: 'product: my-part',
    });
  }

  private parse(): void {
    // Our own check of duplicate keys is linear; the library's compares every pair.
    const options = { uniqueKeys: false, merge: false, strict: true, logLevel: 'silent', prettyErrors: false } as const;
    let root: ParsedNode | null;
    try {
      const doc = parseDocument(this.text, options);
      for (const e of [...doc.errors, ...doc.warnings].slice(0, LIMITS.faults))
        this.syntax(e.pos[0], e.message, e.code);
      root = doc.contents;
    } catch (error) {
      // The parser recurses; what it cannot hold on the stack is nested beyond any rule file.
      if (error instanceof RangeError) this.tooDeep(0);
      else this.syntax(0, error instanceof Error ? error.message : String(error));
      return;
    }
    this.value = this.convert(root, [], 0);
  }

  private syntax(offset: number, message: string, code?: string): void {
    const colon = this.strayColon(offset);
    if (colon) {
      // The parser trips over one colon more than once.
      const line = this.place(offset).line;
      if (!this.faults.some((f) => f.line === line && f.code === 'YAML_SYNTAX')) this.add(colon.at, colon.detail);
      return;
    }
    if (code === 'BLOCK_IN_FLOW') {
      this.add(offset, {
        code: 'YAML_SYNTAX',
        message: 'a second `key: value` stands between braces without a comma before it',
        expected: 'a comma between the entries of { ... } and [ ... ]',
        example: '{ kind: count, of: label, equals: 1 }',
      });
      return;
    }
    const tag = /tag/i.test(message);
    this.add(offset, {
      code: tag ? 'TAG' : 'YAML_SYNTAX',
      message: message.split('\n')[0]!,
      expected: tag ? 'a value without a tag' : 'YAML: two spaces of indentation, `key: value`, `- item`',
      example: 'rules:\n  - { id: one-label, kind: count, of: label, equals: 1 }',
    });
  }

  /** `because: One label: blue`: text that holds a colon and stands without quotes. */
  private strayColon(offset: number): { readonly at: number; readonly detail: FaultDetail } | null {
    const { line } = this.place(offset);
    const from = this.starts[line - 1]!;
    const text = this.text.slice(from, Math.min((this.starts[line] ?? this.text.length + 1) - 1, from + LINE));
    for (const m of text.matchAll(/\b(because|title|note|say|object):[ \t]+(?!["'[{|>])([^{}[\]\n]*)/g)) {
      const value = m[2]!.replace(/,\s*[A-Za-z]\w*:.*$/, '').trimEnd();
      if (!/:(\s|$)/.test(value)) continue;
      const example = `${m[1]}: ${JSON.stringify(value)}`;
      const detail = {
        code: 'YAML_SYNTAX',
        message: `the text of ${m[1]} holds a colon and stands without quotes`,
        expected: 'text with a colon in quotes',
        example,
      } as const;
      return { at: from + m.index + m[0].indexOf(m[2]!, m[1]!.length + 1), detail };
    }
    return null;
  }

  private convert(node: Node | null, path: Path, offset: number): unknown {
    const start = node?.range?.[0] ?? offset;
    if (!this.spots.has(keyOf(path))) this.spots.set(keyOf(path), { value: start, key: start });
    if (node === null) return null;
    if (path.length > LIMITS.depth) {
      this.tooDeep(start);
      return null;
    }
    const anchor = isAlias(node) ? '' : 'anchor' in node ? node.anchor : undefined;
    if (isAlias(node)) this.noAlias(start);
    else if (anchor) this.noAlias(Math.max(offset, this.text.lastIndexOf(`&${anchor}`, start)));
    if (isAlias(node)) return null;
    if (isScalar(node)) return typeof node.value === 'bigint' ? Number(node.value) : node.value;
    if (isSeq(node))
      return node.items.map((item, i) =>
        this.convert((isPair(item) ? item.value : item) as Node | null, [...path, i], start),
      );
    return isMap(node) ? this.convertMap(node.items as readonly { key: unknown; value: unknown }[], path, start) : null;
  }

  private convertMap(
    items: readonly { key: unknown; value: unknown }[],
    path: Path,
    start: number,
  ): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    for (const { key, value } of items) {
      const node = key as Node | null;
      const at = node?.range?.[0] ?? start;
      if (!isScalar(node) || (typeof node.value !== 'string' && typeof node.value !== 'number')) {
        this.add(at, {
          code: 'WRONG_TYPE',
          message: 'a key must be a word',
          expected: 'a word, then a colon',
          example: 'kind: count',
        });
        continue;
      }
      const name = typeof node.value === 'number' ? String(node.source ?? node.value) : node.value;
      if (name === '<<') {
        this.noAlias(at);
        continue;
      }
      if (Object.hasOwn(out, name)) {
        this.add(at, {
          code: 'DUPLICATE_KEY',
          message: `${shorten(name)} stands twice in this mapping`,
          expected: 'every key once',
          example: `${shorten(name)}: ...`,
        });
        continue;
      }
      const below = [...path, name];
      const child = value as Node | null;
      this.spots.set(keyOf(below), { value: child?.range?.[0] ?? at, key: at });
      // defineProperty: a key named __proto__ is a key like any other, and unknown.
      Object.defineProperty(out, name, {
        value: this.convert(child, below, at),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return out;
  }

  private noAlias(offset: number): void {
    this.add(offset, {
      code: 'ALIAS',
      message: 'anchors, aliases and merge keys are not part of the rule language',
      expected: 'the value written out',
      example: 'boxes: [[.1, .1, .2, .2]]',
    });
  }

  private add(offset: number, detail: FaultDetail): void {
    if (this.faults.length < LIMITS.faults) this.faults.push(this.fault(offset, detail));
  }

  private fault(offset: number, { severity = 'error', didYouMean, ...rest }: FaultDetail): Fault {
    const { line, col } = this.place(offset);
    const from = this.starts[line - 1]!;
    const to = (this.starts[line] ?? this.text.length + 1) - 1;
    const excerpt = excerptOf(this.text, from, to, col);
    return {
      severity,
      ...rest,
      file: this.file,
      line,
      col,
      excerpt,
      ...(didYouMean === undefined ? {} : { didYouMean }),
    };
  }

  private place(offset: number): { line: number; col: number } {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (this.starts[mid]! <= offset) low = mid;
      else high = mid - 1;
    }
    return { line: low + 1, col: offset - this.starts[low]! + 1 };
  }

  private offsetOf(path: Path, at: 'key' | 'value'): number {
    for (let n = path.length; n >= 0; n--) {
      const spot = this.spots.get(keyOf(path.slice(0, n)));
      if (spot) return n === path.length && at === 'key' ? spot.key : spot.value;
    }
    return 0;
  }

  faultAt(path: Path, detail: FaultDetail, at: 'key' | 'value' = 'value'): Fault {
    return this.fault(this.offsetOf(path, at), detail);
  }

  positionOf(path: Path): { line: number; col: number } {
    return this.place(this.offsetOf(path, 'value'));
  }
}

/** A name from a stranger, short enough to print. */
export const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);
