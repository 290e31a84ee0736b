/** The rule file as a tree that keeps its comments: rules for the table, shapes for the drawing. */
import { type Document, isMap, isSeq, LineCounter, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import type { Box, Point } from '../types.ts';
import { put, take } from './splice.ts';

/** As wide as the files in rules/ are written. */
const WIDTH = 120;
const DIGITS = 4;

const write = (doc: Document): string => doc.toString({ lineWidth: WIDTH, flowCollectionPadding: false });

/** Null where the text is no YAML at all; lint tells why. */
export function read(text: string): Document | null {
  const doc = parseDocument(text);
  return doc.errors.length > 0 || !isMap(doc.contents) ? null : doc;
}

/** The careful edit where it says the same as the tree, else the tree written anew. */
function settled(doc: Document, careful: string | null): string {
  if (careful !== null) {
    const read = parseDocument(careful);
    if (read.errors.length === 0 && JSON.stringify(read.toJSON()) === JSON.stringify(doc.toJSON())) return careful;
  }
  return write(doc);
}

export interface RuleRow {
  readonly index: number;
  readonly id: string;
  readonly kind: string;
  readonly because: string;
  readonly severity: string;
  /** Every other setting, as YAML. */
  readonly settings: readonly { readonly key: string; readonly value: unknown; readonly text: string }[];
  readonly line: number;
}

const COMMON = new Set(['id', 'kind', 'because', 'severity']);

/** The rules of a file, in its order. */
export function rulesOf(text: string): readonly RuleRow[] {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines });
  const list = doc.get('rules');
  if (doc.errors.length > 0 || !isSeq(list)) return [];
  return list.items.flatMap((item, index): RuleRow[] => {
    if (!isMap(item)) return [];
    const plain = item.toJSON() as Record<string, unknown>;
    return [
      {
        index,
        id: String(plain.id ?? ''),
        kind: String(plain.kind ?? Object.keys(plain).find((k) => ['all', 'any', 'not'].includes(k)) ?? ''),
        because: String(plain.because ?? ''),
        severity: String(plain.severity ?? 'reject'),
        settings: Object.entries(plain)
          .filter(([key]) => !COMMON.has(key))
          .map(([key, value]) => ({ key, value, text: brief(value) })),
        line: lines.linePos(item.range?.[0] ?? 0).line,
      },
    ];
  });
}

function brief(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(brief).join(', ')}]`;
  if (value !== null && typeof value === 'object')
    return `{${Object.entries(value)
      .map(([k, v]) => `${k}: ${brief(v)}`)
      .join(', ')}}`;
  return String(value);
}

/** Sets a setting of a rule; undefined takes it out. Comments stay. */
export function setInRule(text: string, index: number, key: string, value: unknown): string {
  const doc = read(text);
  if (!doc) return text;
  if (value === undefined) doc.deleteIn(['rules', index, key]);
  else doc.setIn(['rules', index, key], value);
  const careful = value === undefined ? take(text, ['rules', index, key]) : put(text, ['rules', index], key, value);
  return settled(doc, careful);
}

export function removeRule(text: string, index: number): string {
  const doc = read(text);
  if (!doc) return text;
  doc.deleteIn(['rules', index]);
  return settled(doc, take(text, ['rules', index]));
}

/** Puts a rule, given as YAML of one list item or map, behind the others. */
export function addRule(text: string, rule: string): string {
  const doc = read(text);
  const parsed = parseDocument(rule).toJSON() as unknown;
  const value = Array.isArray(parsed) ? (parsed[0] as unknown) : parsed;
  if (!doc) return text;
  const node = doc.createNode(value);
  if (isMap(node)) node.flow = true;
  if (isSeq(doc.get('rules'))) {
    const list = doc.get('rules') as YAMLSeq;
    if (list.items.length === 0) list.flow = false;
    list.add(node);
  } else doc.set('rules', doc.createNode([value]));
  return settled(doc, put(text, ['rules'], null, value));
}

// --- drawing ---------------------------------------------------------------------------------------------------------

export type Shape =
  | { readonly kind: 'box'; readonly box: Box }
  | { readonly kind: 'point'; readonly point: Point }
  | { readonly kind: 'polygon'; readonly polygon: readonly Point[] };

/** What a shape says: where an interest is in one picture, a named place, or what is never scored. */
export type Target = { readonly interest: string } | { readonly region: string } | { readonly ignore: true };

export interface Drawn {
  readonly target: Target;
  readonly shape: Shape;
  /** Where it stands in the file. */
  readonly path: readonly (string | number)[];
}

interface Exemplar {
  readonly image?: unknown;
  readonly boxes?: readonly Box[];
  readonly points?: readonly Point[];
  readonly polygons?: readonly (readonly Point[])[];
}
interface Place {
  readonly box?: Box;
  readonly polygon?: readonly Point[];
}

export const interestsOf = (text: string): { name: string; form: string }[] => {
  const plain = (read(text)?.toJSON() ?? {}) as { interests?: Record<string, { form?: string } | null> };
  return Object.entries(plain.interests ?? {}).map(([n, spec]) => ({ name: n, form: String(spec?.form ?? 'thing') }));
};

/** Shapes that lie on one picture: its exemplars, and regions and ignored places, which lie on all. */
export function shapesOn(text: string, image: string): Drawn[] {
  const plain = (read(text)?.toJSON() ?? {}) as {
    interests?: Record<string, { exemplars?: readonly Exemplar[] } | null>;
    regions?: Record<string, Place | null>;
    ignore?: readonly Place[];
  };
  const out: Drawn[] = [];
  for (const [interest, spec] of Object.entries(plain.interests ?? {})) {
    for (const [n, e] of (spec?.exemplars ?? []).entries()) {
      if (e?.image !== image) continue;
      const path = ['interests', interest, 'exemplars', n];
      const add = (key: string, shapes: readonly Shape[] = []): void => {
        for (const [k, shape] of shapes.entries()) out.push({ target: { interest }, shape, path: [...path, key, k] });
      };
      add(
        'boxes',
        e.boxes?.map((box) => ({ kind: 'box', box })),
      );
      add(
        'points',
        e.points?.map((point) => ({ kind: 'point', point })),
      );
      add(
        'polygons',
        e.polygons?.map((polygon) => ({ kind: 'polygon', polygon })),
      );
    }
  }
  const place = (p: Place | null, target: Target, path: readonly (string | number)[]): void => {
    if (p?.box) out.push({ target, shape: { kind: 'box', box: p.box }, path });
    else if (p?.polygon) out.push({ target, shape: { kind: 'polygon', polygon: p.polygon }, path });
  };
  for (const [region, p] of Object.entries(plain.regions ?? {})) place(p, { region }, ['regions', region]);
  for (const [n, p] of (plain.ignore ?? []).entries()) place(p, { ignore: true }, ['ignore', n]);
  return out;
}

const short = (v: number): number => Number(Math.min(1, Math.max(0, v)).toFixed(DIGITS));
const flow = (doc: Document, value: unknown) => {
  const node = doc.createNode(value);
  if (isSeq(node) || isMap(node)) node.flow = true;
  return node;
};
const PLURAL = { box: 'boxes', point: 'points', polygon: 'polygons' } as const;
const coordinates = (shape: Shape): unknown =>
  shape.kind === 'box'
    ? shape.box.map(short)
    : shape.kind === 'point'
      ? shape.point.map(short)
      : shape.polygon.map((p) => p.map(short));

/** Writes a shape into the file. Points say where an interest is; a region or an ignored place needs an area. */
export function addShape(text: string, image: string, target: Target, shape: Shape): string {
  const doc = read(text);
  if (!doc) return text;
  const value = flow(doc, coordinates(shape));
  if ('interest' in target) {
    const at = ['interests', target.interest, 'exemplars'];
    if (!isSeq(doc.getIn(at))) doc.setIn(at, doc.createNode([]));
    const list = doc.getIn(at) as YAMLSeq<YAMLMap>;
    let entry = list.items.find((e) => isMap(e) && e.get('image') === image);
    if (!entry) {
      entry = doc.createNode({ image }) as YAMLMap;
      list.flow = false;
      list.add(entry as YAMLMap<unknown, unknown>);
    }
    const key = PLURAL[shape.kind];
    if (!isSeq(entry.get(key))) entry.set(key, flow(doc, []));
    (entry.get(key) as YAMLSeq).add(value);
    const index = list.items.indexOf(entry);
    const point = coordinates(shape);
    return settled(
      doc,
      put(text, [...at, index, key], null, point) ??
        put(text, [...at, index], key, [point]) ??
        put(text, at, null, { image, [key]: [point] }) ??
        put(text, at.slice(0, -1), 'exemplars', [{ image, [key]: [point] }]),
    );
  }
  if (shape.kind === 'point') return text;
  const place = flow(doc, { [shape.kind]: coordinates(shape) });
  if ('region' in target) {
    doc.setIn(['regions', target.region], place);
    return settled(doc, put(text, ['regions'], target.region, { [shape.kind]: coordinates(shape) }));
  }
  if (!isSeq(doc.get('ignore'))) doc.set('ignore', doc.createNode([]));
  const list = doc.get('ignore') as YAMLSeq;
  list.flow = false;
  list.add(place);
  return settled(doc, put(text, ['ignore'], null, { [shape.kind]: coordinates(shape) }));
}

/** Takes a shape out, and what is empty without it. */
export function removeShape(text: string, path: readonly (string | number)[]): string {
  const doc = read(text);
  if (!doc) return text;
  doc.deleteIn(path);
  let gone = path;
  // Of an exemplar: the list of shapes, the picture without shapes, the list without pictures.
  for (let depth = path.length - 1; depth >= 3 && path[0] === 'interests'; depth--) {
    const above = doc.getIn(path.slice(0, depth));
    const lonely = isMap(above)
      ? above.items.every((i) => String(i.key) === 'image')
      : isSeq(above) && above.items.length === 0;
    if (!lonely) break;
    gone = path.slice(0, depth);
    doc.deleteIn(gone);
  }
  if (path[0] !== 'interests') {
    const above = doc.get(String(path[0]));
    if ((isMap(above) || isSeq(above)) && above.items.length === 0) {
      gone = path.slice(0, 1);
      doc.delete(String(path[0]));
    }
  }
  return settled(doc, take(text, gone));
}

export function addInterest(text: string, interest: string, form: string): string {
  const doc = read(text);
  if (!doc) return text;
  const all = doc.get('interests');
  if (isMap(all) && all.items.length === 0) all.flow = false;
  doc.setIn(['interests', interest], doc.createNode({ form }));
  return settled(doc, put(text, ['interests'], interest, { form }));
}
