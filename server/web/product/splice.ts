/**
 * Edits of YAML text that leave every other character alone: a person's spacing, line breaks and comments stay. What has
 * no simple place in the text gives null, and the caller writes the document anew.
 */
import {
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  stringify,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';

export type Path = readonly (string | number)[];

/** A value on one line. */
export function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (value !== null && typeof value === 'object') {
    const pairs = Object.entries(value).map(([k, v]) => `${k}: ${inline(v)}`);
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
  }
  // Inside braces a comma or a bracket ends a plain scalar: such texts are quoted.
  const plain = stringify(value, { lineWidth: 0 }).trim();
  return typeof value === 'string' && /[,[\]{}]/.test(plain) && !/^["']/.test(plain) ? JSON.stringify(value) : plain;
}

const cut = (text: string, from: number, to: number, put: string): string => text.slice(0, from) + put + text.slice(to);
const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1;
const lineEnd = (text: string, at: number): number => {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
};
/** First and last character of a node, without the blanks and comments after it. */
const span = (node: Node): [number, number] => [node.range![0], node.range![1]];

function nodeAt(text: string, path: Path): Node | null {
  const doc = parseDocument(text);
  if (doc.errors.length > 0) return null;
  const node = path.length === 0 ? doc.contents : doc.getIn(path, true);
  return (node as Node | undefined) ?? null;
}

/** Sets a key of a map, or adds an item behind a list (`key` null). */
export function put(text: string, path: Path, key: string | null, value: unknown): string | null {
  const node = nodeAt(text, path);
  if (isMap(node) && key !== null) return putKey(text, node, key, value);
  return isSeq(node) && key === null ? putItem(text, node, value) : null;
}

function putKey(text: string, map: YAMLMap, key: string, value: unknown): string | null {
  const old = map.get(key, true) as Node | undefined;
  if (old?.range) {
    const simple = isScalar(old) || (isCollection(old) && old.flow);
    return simple ? cut(text, ...span(old), inline(value)) : null;
  }
  const last = map.items.at(-1);
  if (!last) return null;
  if (map.flow) {
    const tail = span((last.value ?? last.key) as Node)[1];
    return cut(text, tail, tail, `, ${key}: ${inline(value)}`);
  }
  const first = map.items[0]!.key as Node;
  const column = first.range![0] - lineStart(text, first.range![0]);
  const tail = (last.value ?? last.key) as Node;
  const at = lineEnd(text, span(tail)[1] - 1);
  return cut(text, at, at, `${' '.repeat(column)}${key}: ${inline(value)}\n`);
}

function putItem(text: string, list: YAMLSeq, value: unknown): string | null {
  const last = list.items.at(-1) as Node | undefined;
  if (!last) return null;
  if (list.flow) return cut(text, span(last)[1], span(last)[1], `, ${inline(value)}`);
  const dash = text.lastIndexOf('-', span(list.items[0] as Node)[0] - 1);
  const column = dash - lineStart(text, dash);
  const at = lineEnd(text, span(last)[1] - 1);
  const before = text.endsWith('\n') || at < text.length ? '' : '\n';
  return cut(text, at, at, `${before}${' '.repeat(column)}- ${inline(value)}\n`);
}

/** Takes a key or an item out. */
export function take(text: string, path: Path): string | null {
  const above = nodeAt(text, path.slice(0, -1));
  const name = path.at(-1)!;
  if (isMap(above)) {
    const pair = above.items.find((i) => String(i.key) === String(name));
    if (!pair || above.items.length === 1) return null;
    const tail = (pair.value ?? pair.key) as Node;
    return without(text, (pair.key as Node).range![0], span(tail)[1], above.flow === true);
  }
  if (!isSeq(above) || above.items.length === 1) return null;
  const item = above.items[Number(name)] as Node | undefined;
  if (!item) return null;
  const [from, to] = span(item);
  return without(text, above.flow ? from : text.lastIndexOf('-', from - 1), to, above.flow === true);
}

function without(text: string, from: number, to: number, flow: boolean): string {
  if (!flow) return cut(text, lineStart(text, from), lineEnd(text, to - 1), '');
  const after = /^\s*,\s*/.exec(text.slice(to));
  if (after) return cut(text, from, to + after[0].length, '');
  const before = /,\s*$/.exec(text.slice(0, from));
  return cut(text, from - (before?.[0].length ?? 0), to, '');
}
