/**
 * The raw value of a rule file as the engine's RuleFile: short forms written out, defaults filled in. Tolerant: what has
 * the wrong type (and was reported by the schema) is left out, so that meaning can still be checked beside it.
 */
import type { Box, Point } from '../scene.ts';
import type {
  AttributeSpec,
  Bounds,
  ColourSpec,
  DetectorSpec,
  Exemplar,
  FrameSpec,
  Guard,
  InterestSpec,
  RuleFile,
  RuleSpec,
  SegmentationSpec,
  Shape,
} from './definition.ts';
import { kindOf } from './kinds/index.ts';
import { COMBINATOR_NAMES } from './schema.ts';
import { DETECTORS, SOURCES } from './schemaParts.ts';

type Raw = Readonly<Record<string, unknown>>;

export const record = (v: unknown): Raw => (typeof v === 'object' && v !== null && !Array.isArray(v) ? (v as Raw) : {});
const list = (v: unknown): readonly unknown[] => (Array.isArray(v) ? v : []);
const text = (v: unknown): string | undefined => (typeof v === 'string' && v !== '' ? v : undefined);
const number = (v: unknown): number | undefined => (typeof v === 'number' && Number.isFinite(v) ? v : undefined);
const among = <T extends string>(v: unknown, values: readonly T[]): T | undefined => values.find((x) => x === v);
/** One text or several, as several. Numbers and booleans that YAML made of bare words are texts here. */
const texts = (v: unknown): string[] =>
  (Array.isArray(v) ? v : v === undefined || v === null ? [] : [v]).flatMap((x) => (typeof x === 'string' ? [x] : []));
const numbers = (v: unknown, length: number): number[] | undefined => {
  const out = list(v).filter((x): x is number => typeof x === 'number' && Number.isFinite(x));
  return Array.isArray(v) && v.length === length && out.length === length ? out : undefined;
};
/** Leaves out undefined members: the types tell an absent setting from an undefined one. */
function given<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
/** Own members by name, with a check for names of the wrong type left to the schema. */
function table<T>(v: unknown, make: (id: string, value: Raw) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record(v)).map(([id, value]) => [id, make(id, record(value))]));
}

const boxes = (v: unknown): Box[] => list(v).flatMap((b) => (numbers(b, 4) ? [numbers(b, 4) as unknown as Box] : []));
const points = (v: unknown): Point[] =>
  list(v).flatMap((p) => (numbers(p, 2) ? [numbers(p, 2) as unknown as Point] : []));

export function shape(v: unknown): Shape | undefined {
  const r = record(v);
  const box = numbers(r.box, 4);
  if (box) return { box: box as unknown as Box };
  if (Array.isArray(r.polygon) && points(r.polygon).length >= 3) return { polygon: points(r.polygon) };
  if (text(r.mask)) return { mask: text(r.mask)! };
  if (text(r.interest)) return given({ interest: text(r.interest)!, grow: number(r.grow) }) as Shape;
  if (text(r.region)) return { region: text(r.region)! };
  return undefined;
}

function colour(v: unknown): ColourSpec | undefined {
  if (v === undefined || v === null) return undefined;
  if (typeof v === 'string' || Array.isArray(v)) return { words: texts(v) };
  const r = record(v);
  const lab = numbers(r.lab, 3) as unknown as readonly [number, number, number] | undefined;
  return given({ words: texts(r.words), lab, deltaE: number(r.deltaE) }) as ColourSpec;
}

function exemplar(v: unknown): Exemplar {
  const r = record(v);
  return {
    image: text(r.image) ?? '',
    boxes: boxes(r.boxes),
    points: points(r.points),
    polygons: list(r.polygons)
      .map(points)
      .filter((p) => p.length >= 3),
    masks: texts(r.masks),
  };
}

function interest(id: string, r: Raw): InterestSpec {
  const clean = record(r.clean);
  const instances = record(r.instances);
  const sources = texts(r.source).flatMap((s) => among(s, SOURCES) ?? []);
  return given({
    id,
    form: among(r.form, ['thing', 'stuff']) ?? 'thing',
    role: among(r.role, ['part', 'background']) ?? 'part',
    parent: text(r.parent),
    say: texts(r.say),
    exemplars: list(r.exemplars).map(exemplar),
    colour: colour(r.colour),
    source: sources.length > 0 ? sources : undefined,
    minSimilarity: number(r.minSimilarity),
    clean: given({
      open: number(clean.open),
      close: number(clean.close),
      erode: number(clean.erode),
      dilate: number(clean.dilate),
      minArea: number(clean.minArea),
      unit: text(clean.unit),
    }),
    instances: given({ split: among(instances.split, ['none', 'area', 'distance']), merge: number(instances.merge) }),
  }) as InterestSpec;
}

function attribute(id: string, r: Raw): AttributeSpec {
  const values = table(
    r.values,
    (_, v) =>
      given({
        say: texts(v.say),
        exemplars: texts(v.exemplars),
        colour: colour(v.colour),
      }) as AttributeSpec['values'][string],
  );
  return given({ id, of: text(r.of) ?? '', values, absent: text(r.absent) }) as AttributeSpec;
}

function segmentation(v: unknown): SegmentationSpec | undefined {
  if (v === undefined) return undefined;
  const r = record(v);
  const vote = Array.isArray(r.vote)
    ? list(r.vote).flatMap((s) => among(s, ['words', 'clusters'] as const) ?? [])
    : undefined;
  return given({
    clusters: number(r.clusters),
    minCells: number(r.minCells),
    minRegion: number(r.minRegion),
    vote,
    uncovered: among(r.uncovered, ['vote', 'background']),
    silhouette: among(r.silhouette, ['background', 'largest-proposal']),
  }) as SegmentationSpec;
}

function frame(v: unknown): FrameSpec {
  const r = record(v);
  const fit = among(r.fit, ['keep', 'warp']) ?? 'keep';
  const size = number(fit === 'warp' ? (r.size ?? r.long) : (r.long ?? r.size)) ?? (fit === 'warp' ? 448 : 640);
  const focus =
    r.focus === 'silhouette' ? 'silhouette' : typeof r.focus === 'string' ? { region: r.focus } : shape(r.focus);
  return given({ fit, size, focus }) as FrameSpec;
}

/** A guard, or several, as several. */
export function guards(v: unknown): Guard[] {
  return (Array.isArray(v) ? v : v === undefined || v === null ? [] : [v]).flatMap((g): Guard[] => {
    const r = record(g);
    if (text(r.attribute)) return [{ attribute: text(r.attribute)!, is: texts(r.is) }];
    if (text(r.rule)) return [{ rule: text(r.rule)!, is: r.is === 'violated' ? 'violated' : 'held' }];
    return r.variant === undefined ? [] : [{ variant: texts(r.variant) }];
  });
}

export function unit(v: unknown): RuleSpec['unit'] {
  const [name, size] = (text(v) ?? 'fraction').split('@');
  return (name === 'px' || name === 'cells') && Number(size) > 0
    ? { name, size: Number(size) }
    : { name: 'fraction', size: 1 };
}

/** The combinator a raw rule is, if any. */
export const combinatorOf = (r: Raw): string | undefined =>
  r.kind === undefined ? COMBINATOR_NAMES.find((c) => r[c] !== undefined) : undefined;

/** A raw rule as a RuleSpec; parts of a combinator are called `id/1`, `id/2`, ... unless they have an id. */
export function rule(v: unknown, fallbackId: string, severity: RuleSpec['severity'] = 'reject'): RuleSpec {
  const r = record(v);
  const id = text(r.id) ?? fallbackId;
  const combinator = combinatorOf(r);
  const own = among(r.severity, ['reject', 'warn']) ?? severity;
  const kind = combinator ?? text(r.kind) ?? '';
  const known = kindOf(kind)?.params.properties ?? {};
  const within = list(r.within);
  const parts =
    combinator === undefined ? [] : Array.isArray(r[combinator]) ? (r[combinator] as unknown[]) : [r[combinator]];
  return given({
    id,
    kind,
    because: text(r.because) ?? '',
    severity: own,
    params: Object.fromEntries(
      Object.entries(r).filter(([k, value]) => Object.hasOwn(known, k) && value !== undefined && value !== null),
    ),
    when: guards(r.when),
    forEach: among(r.forEach, ['instance']),
    onEmpty: among(r.onEmpty, ['violate', 'pass', 'skip']),
    within:
      within.length === 2 ? ([number(within[0]) ?? null, number(within[1]) ?? null] as Bounds) : ('learnt' as const),
    as: among(r.as, ['absolute', 'ratio']) ?? 'absolute',
    reference: number(r.reference) ?? among(r.reference, ['learnt', 'mean']) ?? 'learnt',
    unit: unit(r.unit),
    alarm: number(r.alarm),
    tolerance: number(r.tolerance),
    tier: among(r.tier, ['core', 'weak']),
    rules: parts.map((part, i) => rule(part, `${id}/${i + 1}`, own)),
  }) as RuleSpec;
}

function detectors(v: unknown, rules: number): DetectorSpec[] {
  if (v === undefined) return (rules > 0 ? ['patch', 'composition'] : ['patch']).map((name) => ({ name, options: {} }));
  return list(v).flatMap((d) => {
    if (typeof d === 'string') return among(d, DETECTORS) ? [{ name: d, options: {} }] : [];
    const { name, ...options } = record(d);
    return among(name, DETECTORS) ? [{ name: name as string, options }] : [];
  });
}

/** A raw document as a RuleFile. */
export function normalise(value: unknown): RuleFile {
  const r = record(value);
  const by = text(record(r.variants).by);
  const rules = list(r.rules);
  return given({
    schema: 'logsad/rules/v1' as const,
    product: text(r.product) ?? '',
    title: text(r.title),
    status: among(r.status, ['accepted', 'proposed']) ?? 'accepted',
    frame: frame(r.frame),
    object: text(r.object),
    states: texts(r.states),
    regions: Object.fromEntries(
      Object.entries(record(r.regions)).flatMap(([id, v]) => (shape(v) ? [[id, shape(v)!]] : [])),
    ),
    ignore: list(r.ignore).flatMap((v) => shape(v) ?? []),
    interests: table(r.interests, interest),
    attributes: table(r.attributes, attribute),
    segmentation: segmentation(r.segmentation),
    variants: by === undefined ? undefined : { by },
    rules: rules.map((v, i) => rule(v, `rule-${i + 1}`)),
    cases: list(r.cases),
    detectors: detectors(r.detectors, rules.length),
    scoring: among(r.scoring, ['graded', 'paper']) ?? 'graded',
    provenance: r.provenance,
    vetting: r.vetting,
  }) as RuleFile;
}
