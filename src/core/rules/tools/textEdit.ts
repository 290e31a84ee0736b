/**
 * Edits of a rule text that leave every other byte alone: a person's comments, order and spacing are theirs. Blocks are
 * found by the parser's own ranges, so quotes, flow style and comments inside them do not confuse it.
 */
import { Document, isMap, isScalar, parseDocument, visit } from 'yaml';

interface Span {
  /** Start of the line of the key. */
  readonly from: number;
  /** Start of the line after the value. */
  readonly to: number;
  /** The value itself. */
  readonly value: readonly [number, number];
}

/** Start of the line after the one that `at` lies in; `at` itself where it starts a line. */
export function endOfLine(text: string, at: number): number {
  if (at > 0 && text[at - 1] === '\n') return at;
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

/** Where a key of the top level stands; null where it does not. */
export function blockOf(text: string, key: string): Span | null {
  const root = parseDocument(text, { logLevel: 'silent', prettyErrors: false }).contents;
  if (!isMap(root)) return null;
  for (const { key: k, value } of root.items) {
    if (!isScalar(k) || k.value !== key || !k.range) continue;
    const range = (value as { range?: readonly [number, number, number] } | null)?.range;
    const from = text.lastIndexOf('\n', k.range[0] - 1) + 1;
    const [start, end] = range ?? [k.range[1], k.range[1]];
    return { from, to: endOfLine(text, end), value: [start, end] };
  }
  return null;
}

/** Replaces a top-level block by `block` (whole lines), or appends it; an empty `block` removes it. */
export function setBlock(text: string, key: string, block: string): string {
  const span = blockOf(text, key);
  const lines = block === '' || block.endsWith('\n') ? block : `${block}\n`;
  if (span) return text.slice(0, span.from) + lines + text.slice(span.to);
  if (block === '') return text;
  const gap = text === '' || text.endsWith('\n\n') ? '' : text.endsWith('\n') ? '\n' : '\n\n';
  return text + gap + lines;
}

/** Sets a top-level word; where the key is missing it is put on a line of its own after the line of `after`. */
export function setWord(text: string, key: string, word: string, after: readonly string[]): string {
  const span = blockOf(text, key);
  if (span)
    return `${text.slice(0, span.value[0])}${span.value[0] === span.value[1] ? ' ' : ''}${word}${text.slice(span.value[1])}`;
  for (const other of after) {
    const place = blockOf(text, other);
    if (place)
      return `${text.slice(0, place.to)}${text[place.to - 1] === '\n' ? '' : '\n'}${key}: ${word}\n${text.slice(place.to)}`;
  }
  return `${key}: ${word}\n${text}`;
}

/** YAML that stays on one line whatever its strings hold: text of several lines is double-quoted, its line ends escaped. */
export function flow(value: unknown): string {
  const document = new Document(value);
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && /[\r\n]/.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  const written = document.toString({
    collectionStyle: 'flow',
    lineWidth: 0,
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  });
  return written.trimEnd();
}
