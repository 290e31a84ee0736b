/** Faults of meaning in everything but rules: names, circles, coordinates, groundings. */
import { COLOUR_WORDS, colourRange } from '../ground/colourWords.ts';
import { LIMITS } from './constants.ts';
import type { ColourSpec, InterestSpec, RuleFile, Shape } from './definition.ts';
import type { Path, RuleDocument } from './document.ts';
import { type Fault, nearest } from './faults.ts';
import { record } from './normalise.ts';

/** What is installed, as far as a file depends on it. Absent facts are not checked. */
export interface CompileOptions {
  /** Roles that have a model: `dense`, `image-text`, `masks`, `text-recognition`. */
  readonly models?: readonly string[];
  /** Whether an image of that name is among the normals. */
  readonly exemplarExists?: (image: string) => boolean;
}

export const RESERVED = ['image', 'unknown', 'longSide', 'silhouette', 'learnt'];

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
const EXAMPLE: Readonly<Record<Ref, string>> = { interest: 'of: label', attribute: 'attribute: colour', place: 'relativeTo: product', rule: 'rule: one-label' };
const CODE = { interest: 'UNKNOWN_INTEREST', attribute: 'UNKNOWN_ATTRIBUTE', place: 'UNKNOWN_PLACE', rule: 'UNKNOWN_RULE' } as const;

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
      expected: listed.length > 0 ? `one of ${listed.join(', ')}` : `a${ref === 'rule' ? ' rule' : `n entry under ${ref}s:`}`,
      example: guess === undefined ? (listed.length > 0 ? EXAMPLE[ref].replace(/: .*/, `: ${listed[0]}`) : EXAMPLE[ref]) : EXAMPLE[ref].replace(/: .*/, `: ${guess}`),
      didYouMean: guess,
    }),
  );
  return false;
}

/** Everything outside `rules`. */
export function checkMeaning(bench: Bench): void {
  const { file } = bench;
  checkNames(bench);
  for (const [id, s] of Object.entries(file.regions)) checkShape(bench, s, ['regions', id]);
  const rawIgnore = record(bench.doc.value).ignore;
  if (Array.isArray(rawIgnore) && rawIgnore.length === file.ignore.length) file.ignore.forEach((s, i) => checkShape(bench, s, ['ignore', i]));
  const { focus } = file.frame;
  if (focus !== undefined && focus !== 'silhouette') {
    const written = record(record(bench.doc.value).frame).focus;
    if (typeof written === 'string' && 'region' in focus) resolve(bench, 'place', focus.region, ['frame', 'focus'], ['silhouette']);
    else checkShape(bench, focus, ['frame', 'focus']);
  }
  for (const i of Object.values(file.interests)) checkInterest(bench, i);
  for (const a of Object.values(file.attributes)) checkAttribute(bench, a.id);
  if (file.variants) resolve(bench, 'attribute', file.variants.by, ['variants', 'by']);
  checkCircles(bench);
}

function checkNames({ doc, file, faults }: Bench): void {
  const sections = { interests: file.interests, regions: file.regions, attributes: file.attributes } as const;
  for (const [section, members] of Object.entries(sections)) {
    for (const id of Object.keys(members)) {
      if (RESERVED.includes(id) || id in {} || (section === 'interests' && id === 'product')) {
        faults.push(doc.faultAt([section, id], { code: 'BAD_NAME', message: `${id} is a reserved word`, expected: `any other name; reserved: ${RESERVED.join(', ')}`, example: `${id}-part:` }, 'key'));
      }
      if (section === 'regions' && Object.hasOwn(file.interests, id)) {
        faults.push(doc.faultAt([section, id], { code: 'DUPLICATE_ID', message: `${id} is an interest and a region: rules could not tell which is meant`, expected: 'different names', example: `${id}-area:` }, 'key'));
      }
    }
  }
}

/** `[x, y]` or `[x0, y0, x1, y1]` within the image; boxes with a positive area. */
function checkCoordinates({ doc, faults }: Bench, values: readonly number[], path: Path, what: string): void {
  const out = values.findIndex((v) => v < 0 || v > 1);
  if (out >= 0) {
    faults.push(doc.faultAt([...path, out], { code: 'OUT_OF_IMAGE', message: `${what} reaches ${values[out]}`, expected: 'fractions of the image, 0 to 1 (not pixels)', example: values.length === 4 ? '[0.1, 0.2, 0.4, 0.6]' : '[0.5, 0.25]' }));
  } else if (values.length === 4 && (values[2]! <= values[0]! || values[3]! <= values[1]!)) {
    faults.push(doc.faultAt(path, { code: 'CONTRADICTION', message: `${what} is empty: its right or lower edge is not beyond its left or upper one`, expected: '[left, top, right, bottom]', example: '[0.1, 0.2, 0.4, 0.6]' }));
  }
}

function checkShape(bench: Bench, s: Shape, path: Path): void {
  if ('box' in s) checkCoordinates(bench, s.box, [...path, 'box'], 'the box');
  else if ('polygon' in s) s.polygon.forEach((p, i) => checkCoordinates(bench, p, [...path, 'polygon', i], 'the polygon'));
  else if ('interest' in s) resolve(bench, 'interest', s.interest, [...path, 'interest']);
  else if ('region' in s) resolve(bench, 'place', s.region, [...path, 'region']);
}

function checkColour({ doc, faults }: Bench, colour: ColourSpec | undefined, path: Path): void {
  if (!colour) return;
  for (const word of colour.words) {
    if (colourRange(word)) continue;
    const words = Object.keys(COLOUR_WORDS);
    faults.push(doc.faultAt(path, { code: 'UNKNOWN_COLOUR', message: `${word.slice(0, 40)} is no colour word`, expected: `one of ${words.join(', ')}, also with dark, light or bright before it; or lab: [L, a, b]`, example: 'colour: dark red', didYouMean: nearest(word, words) }));
  }
  if (colour.words.length === 0 && !colour.lab) {
    faults.push(doc.faultAt(path, { code: 'MISSING', message: 'neither colour words nor lab', expected: 'colour words, or lab with deltaE', example: 'colour: { lab: [40, 50, 30], deltaE: 12 }' }));
  }
}

const SOURCE_KEY = { words: 'say', exemplars: 'exemplars', colour: 'colour' } as const;

function checkInterest(bench: Bench, i: InterestSpec): void {
  const { doc, faults, options } = bench;
  const path = ['interests', i.id];
  if (i.parent !== undefined) resolve(bench, 'interest', i.parent, [...path, 'parent']);
  checkColour(bench, i.colour, [...path, 'colour']);
  i.exemplars.forEach((e, n) => {
    const at = [...path, 'exemplars', n];
    e.boxes.forEach((b, k) => checkCoordinates(bench, b, [...at, 'boxes', k], 'the box'));
    e.points.forEach((p, k) => checkCoordinates(bench, p, [...at, 'points', k], 'the point'));
    e.polygons.forEach((polygon, k) => polygon.forEach((p, m) => checkCoordinates(bench, p, [...at, 'polygons', k, m], 'the polygon')));
    if (e.boxes.length + e.points.length + e.polygons.length + e.masks.length === 0) {
      faults.push(doc.faultAt(at, { code: 'MISSING', message: 'the exemplar shows nothing', expected: 'boxes, points, polygons or masks', example: '{ image: 000.jpg, boxes: [[0.1, 0.2, 0.4, 0.6]] }' }));
    }
    checkExists(bench, e.image, [...at, 'image']);
  });
  const has = { words: i.say.length > 0, exemplars: i.exemplars.length > 0, colour: i.colour !== undefined };
  const free = i.source?.some((s) => s === 'clusters' || s === 'silhouette') ?? false;
  for (const s of i.source ?? []) {
    if (s === 'clusters' || s === 'silhouette' || has[s]) continue;
    faults.push(doc.faultAt([...path, 'source'], { code: 'NO_GROUNDING', message: `source asks for ${s}, but ${SOURCE_KEY[s]} is not given`, expected: `${SOURCE_KEY[s]} beside source`, example: `${SOURCE_KEY[s]}: ${s === 'words' ? '[label]' : s === 'colour' ? 'dark red' : '[{ image: 000.jpg, boxes: [[0.1, 0.2, 0.4, 0.6]] }]'}` }));
  }
  if (!has.words && !has.exemplars && !has.colour && !free) {
    faults.push(doc.faultAt(path, { code: 'NO_GROUNDING', message: `nothing says how to find ${i.id}`, expected: 'say, exemplars or colour; or source: silhouette or clusters', example: 'exemplars: [{ image: 000.jpg, boxes: [[0.1, 0.2, 0.4, 0.6]] }]' }, 'key'));
  }
  const uses = (s: 'words' | 'exemplars' | 'colour'): boolean => has[s] && (i.source === undefined || i.source.includes(s));
  if (options.models && !options.models.includes('image-text') && uses('words') && !uses('exemplars') && !uses('colour') && !free) {
    faults.push(doc.faultAt([...path, 'say'], { code: 'GROUNDING_IMPOSSIBLE', message: `${i.id} is given by words only, and no image-text model is installed`, expected: 'exemplars or colour beside say; or a model set with image-text (logsad models pull cpu)', example: 'exemplars: [{ image: 000.jpg, boxes: [[0.1, 0.2, 0.4, 0.6]] }]' }));
  }
  if (options.models && !options.models.includes('dense') && uses('exemplars') && !uses('colour') && !uses('words')) {
    faults.push(doc.faultAt([...path, 'exemplars'], { code: 'GROUNDING_IMPOSSIBLE', message: `${i.id} is given by exemplars only, and no dense backbone is installed`, expected: 'colour beside exemplars, or an installed backbone (logsad models list)', example: 'colour: dark red' }));
  }
}

function checkExists({ doc, faults, options }: Bench, image: string, path: Path): void {
  if (image === '' || options.exemplarExists === undefined || options.exemplarExists(image)) return;
  faults.push(doc.faultAt(path, { code: 'EXEMPLAR_MISSING', message: `${image.slice(0, 80)} is no image of the normals`, expected: 'the file name of an image in the folder of normals', example: 'image: 000.jpg' }));
}

function checkAttribute(bench: Bench, id: string): void {
  const { doc, faults, options } = bench;
  const a = bench.file.attributes[id]!;
  const path = ['attributes', id];
  if (a.of !== '') resolve(bench, 'interest', a.of, [...path, 'of']);
  const values = Object.entries(a.values);
  if (values.length === 0 && record(record(record(bench.doc.value).attributes)[id]).values !== undefined) {
    faults.push(doc.faultAt([...path, 'values'], { code: 'MISSING', message: `${id} has no values`, expected: 'at least two values to tell apart', example: 'values: { red: { exemplars: [000.jpg] }, blue: { exemplars: [001.jpg] } }' }));
  }
  if (a.absent !== undefined && values.length > 0 && !Object.hasOwn(a.values, a.absent)) {
    const names = Object.keys(a.values);
    faults.push(doc.faultAt([...path, 'absent'], { code: 'UNKNOWN_VALUE', message: `${a.absent.slice(0, 60)} is no value of ${id}`, expected: `one of ${names.join(', ')}`, example: `absent: ${names[0]}`, didYouMean: nearest(a.absent, names) }));
  }
  for (const [value, v] of values) {
    const at = [...path, 'values', value];
    checkColour(bench, v.colour, [...at, 'colour']);
    v.exemplars.forEach((image, i) => checkExists(bench, image, [...at, 'exemplars', i]));
    if (v.say.length === 0 && v.exemplars.length === 0 && !v.colour) {
      faults.push(doc.faultAt(at, { code: 'NO_GROUNDING', message: `nothing says what ${value} looks like`, expected: 'say, exemplars or colour', example: `${value}: { exemplars: [000.jpg] }` }, 'key'));
    } else if (options.models && !options.models.includes('image-text') && v.exemplars.length === 0 && !v.colour) {
      faults.push(doc.faultAt([...at, 'say'], { code: 'GROUNDING_IMPOSSIBLE', message: `${value} is given by words only, and no image-text model is installed`, expected: 'exemplars or colour beside say', example: `${value}: { exemplars: [000.jpg] }` }));
    }
  }
}

/** Parents and regions that lead back to themselves. */
function checkCircles({ doc, file, faults }: Bench): void {
  const report = (path: Path, what: string, ring: readonly string[]): void => {
    faults.push(doc.faultAt(path, { code: 'CYCLE', message: `${what} lead in a circle: ${ring.join(' > ')}`, expected: 'a chain that ends', example: what === 'parents' ? 'parent: fruit-label' : 'box: [0.1, 0.2, 0.4, 0.6]' }));
  };
  for (const ring of circles(Object.keys(file.interests), (id) => (file.interests[id]!.parent === undefined ? [] : [file.interests[id]!.parent!]))) {
    report(['interests', ring[0]!, 'parent'], 'parents', ring);
  }
  const next = (id: string): string[] => {
    const s = file.regions[id]!;
    return 'region' in s ? [s.region] : [];
  };
  for (const ring of circles(Object.keys(file.regions), next)) report(['regions', ring[0]!, 'region'], 'regions', ring);
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

/** Interests that nothing refers to: a warning, for they cost learning time and may hide a forgotten rule. */
export function checkUnused({ doc, file, faults, used }: Bench): void {
  // The interest detector matches every interest with those of the normals.
  if (file.detectors.some((d) => d.name === 'interest')) return;
  for (const i of Object.values(file.interests)) {
    if (used.has(i.id) || i.role === 'background') continue;
    faults.push(doc.faultAt(['interests', i.id], { severity: 'warning', code: 'UNUSED_INTEREST', message: `no rule, region or attribute uses ${i.id}`, expected: 'a rule about it; or nothing, where it is only there to be told apart from others', example: i.form === 'stuff' ? `{ id: ${i.id}-there, kind: presence, of: ${i.id} }` : `{ id: one-${i.id}, kind: count, of: ${i.id}, equals: 1 }` }, 'key'));
  }
}
