/**
 * Edits of single rules in a rule text, at the places the parser names: every byte that is not part of the edit stays,
 * comments and layout with it. An edit that cannot be made so (aliases, values written as nothing) is null.
 */
import { isMap, isScalar, isSeq, type Pair, parseDocument, stringify, type YAMLMap, type YAMLSeq } from 'yaml';
import { blockOf, endOfLine, setBlock } from '../rules/tools/textEdit.ts';

type Ranged = { readonly range?: readonly [number, number, number] | null };

/** A value as one line of YAML. */
export const flow = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true }).trimEnd();

const rootOf = (text: string): unknown => parseDocument(text, { logLevel: 'silent', prettyErrors: false }).contents;
const keyOf = (pair: Pair): string | null =>
  isScalar(pair.key) && typeof pair.key.value === 'string' ? pair.key.value : null;
const pairOf = (map: YAMLMap, key: string): Pair | undefined => map.items.find((p) => keyOf(p) === key);
const rangeOf = (node: unknown): readonly [number, number] | null => {
  const range = (node as Ranged | null)?.range;
  return range ? [range[0], range[1]] : null;
};

/** The map at a path of keys, or members of lists by their `id`. */
function mapAt(text: string, path: readonly string[]): YAMLMap | null {
  let node: unknown = rootOf(text);
  for (const step of path) {
    if (isMap(node)) node = pairOf(node, step)?.value;
    else if (isSeq(node)) node = node.items.find((i) => isMap(i) && i.get('id') === step);
    else return null;
  }
  return isMap(node) ? node : null;
}

const splice = (text: string, from: number, to: number, put: string): string =>
  text.slice(0, from) + put + text.slice(to);

/** Column of a place: what the lines below must be indented by. */
const indentAt = (text: string, at: number): string => ' '.repeat(at - (text.lastIndexOf('\n', at - 1) + 1));

/** Adds `key: value` to a map: before its `because` where it has one, else at its end. */
function addPair(text: string, map: YAMLMap, key: string, value: string): string | null {
  const written = `${key}: ${value}`;
  const because = map.items.length > 0 ? pairOf(map, 'because') : undefined;
  const before = because && rangeOf(because.key);
  const first = map.items[0] && rangeOf(map.items[0].key);
  if (map.flow) {
    if (before) return splice(text, before[0], before[0], `${written}, `);
    const last = map.items.at(-1);
    const end = last && (rangeOf(last.value) ?? rangeOf(last.key));
    if (end) return splice(text, end[1], end[1], `, ${written}`);
    const own = rangeOf(map);
    return own && splice(text, own[0] + 1, own[1] - 1, ` ${written} `);
  }
  if (!first) return null;
  const indent = indentAt(text, first[0]);
  if (before) return splice(text, before[0], before[0], `${written}\n${indent}`);
  const last = map.items.at(-1)!;
  const end = rangeOf(last.value) ?? rangeOf(last.key);
  if (!end) return null;
  const at = endOfLine(text, end[1]);
  const open = at === text.length && text[at - 1] !== '\n' ? '\n' : '';
  return splice(text, at, at, `${open}${indent}${written}\n`);
}

/** Sets a setting of the rule called `rule`; null where that cannot be done without touching more. */
export function setSetting(text: string, rule: string, key: string, value: unknown): string | null {
  const map = mapAt(text, ['rules', rule]);
  if (!map) return null;
  const pair = pairOf(map, key);
  if (!pair) return addPair(text, map, key, flow(value));
  const range = rangeOf(pair.value);
  return range && range[1] > range[0] ? splice(text, range[0], range[1], flow(value)) : null;
}

/**
 * Takes a setting of a rule away, and its line where nothing else stands on it. Null where a comment would have to move, or
 * the setting begins a block.
 */
export function dropSetting(text: string, rule: string, key: string): string | null {
  const map = mapAt(text, ['rules', rule]);
  const pair = map && pairOf(map, key);
  const [from, to] = pair ? [rangeOf(pair.key), rangeOf(pair.value)] : [null, null];
  if (!map || !from || !to) return null;
  let [start, end] = [from[0], to[1]];
  const [before, after] = [text.slice(0, start), text.slice(end)];
  if (map.flow) {
    const comma = /^\s*,[ \t]*/.exec(after)?.[0];
    const led = /,\s*$/.exec(before)?.[0];
    if (comma !== undefined) end += comma.length;
    else if (led !== undefined) start -= led.length;
    else return null;
  }
  const [line, next] = [text.lastIndexOf('\n', start - 1) + 1, endOfLine(text, end)];
  if (text.slice(line, start).trim() === '' && text.slice(end, next).trim() === '') return splice(text, line, next, '');
  return map.flow ? splice(text, start, end, '') : null;
}

/** Puts another setting in the place of one (`equals: 3` becomes `oneOf: [3, 4]`). */
export function replaceSetting(text: string, rule: string, old: string, key: string, value: unknown): string | null {
  const map = mapAt(text, ['rules', rule]);
  const pair = map && pairOf(map, old);
  const [from, to] = pair ? [rangeOf(pair.key), rangeOf(pair.value)] : [null, null];
  return from && to ? splice(text, from[0], to[1], `${key}: ${flow(value)}`) : null;
}

/** Adds a pair to the map at a path. */
export function addTo(text: string, path: readonly string[], key: string, value: unknown): string | null {
  const map = mapAt(text, path);
  return map && !pairOf(map, key) ? addPair(text, map, key, flow(value)) : null;
}

/** Adds a member to a list of the top level, with a comment above it; the list is made where it lacks. */
export function append(text: string, key: string, value: unknown, comment: string | null = null): string | null {
  const root = rootOf(text);
  if (!isMap(root)) return null;
  const list: unknown = pairOf(root, key)?.value;
  const lines = (indent: string): string =>
    `${comment === null ? '' : `${indent}# ${comment.replaceAll('\n', ' ')}\n`}${indent}- ${flow(value)}\n`;
  if (!isSeq(list) || list.items.length === 0) {
    // What stands in the block may be a comment of somebody: only an empty list or nothing is replaced.
    const old = blockOf(text, key);
    if (old && !/^[^#]*$/.test(text.slice(old.from, old.to))) return null;
    return setBlock(text, key, `${key}:\n${lines('  ')}`);
  }
  return appendTo(text, list, value, lines);
}

function appendTo(text: string, list: YAMLSeq, value: unknown, lines: (indent: string) => string): string | null {
  const [first, last] = [rangeOf(list.items[0]), rangeOf(list.items.at(-1))];
  if (!first || !last) return null;
  if (list.flow) return splice(text, last[1], last[1], `, ${flow(value)}`);
  const dash = text.lastIndexOf('-', first[0]);
  const at = endOfLine(text, last[1]);
  const open = at === text.length && text[at - 1] !== '\n' ? '\n' : '';
  return splice(text, at, at, open + lines(indentAt(text, dash)));
}
