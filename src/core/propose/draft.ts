/** The rule file while it is being made: plain raw values, composed to commented YAML in one place. */
import { colourRange } from '../ground/colourWords.ts';
import { flow } from '../rules/tools/textEdit.ts';
import type { DescribedInterest, Description, Drawn } from './replies.ts';

type Raw = Readonly<Record<string, unknown>>;

export interface RawRule {
  readonly id: string;
  readonly kind: string;
  readonly because: string;
  readonly [setting: string]: unknown;
}

/** Who a rule comes from. */
export type Origin = 'model' | 'mined';

export interface DraftRule {
  readonly raw: RawRule;
  readonly origin: Origin;
  /** Lines above it. */
  readonly remarks: readonly string[];
}

/** A rule that was said and is not in force, with the reason. */
export interface LeftOut {
  readonly raw: RawRule;
  readonly reason: string;
}

export interface Draft {
  readonly product: string;
  readonly title: string;
  readonly object: string;
  readonly interests: Readonly<Record<string, Raw>>;
  readonly attributes: Readonly<Record<string, Raw>>;
  readonly variants?: string;
}

/** Fractions that are no further outside than this are a slip of the hand and are clipped; beyond, they are a fault. */
export const SLIP = 0.03;
/** Figures that a coordinate is written with. */
const DIGITS = 4;

/** A name of the language from whatever a model calls it. */
export function slug(name: string): string {
  const s = name
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 48);
  return s === '' ? 'unnamed' : s;
}

/** The name of a rule: one that begins with a figure keeps it, for figures tell rules of a list apart. */
export const ruleId = (name: string): string => slug(/^\W*\d/.test(name) ? `rule-${name}` : name);

const clip = (v: number): number => {
  const c = v < 0 && v >= -SLIP ? 0 : v > 1 && v <= 1 + SLIP ? 1 : v;
  return Number(c.toFixed(DIGITS));
};

export function rawExemplar(d: Drawn): Raw {
  return {
    image: d.image,
    ...(d.boxes.length > 0 ? { boxes: d.boxes.map((b) => [b.x0, b.y0, b.x1, b.y1].map(clip)) } : {}),
    ...(d.points.length > 0 ? { points: d.points.map((p) => [p.x, p.y].map(clip)) } : {}),
  };
}

const drawnSomething = (d: Drawn): boolean => d.boxes.length + d.points.length > 0;

function rawInterest(i: DescribedInterest): Raw {
  const exemplars = i.exemplars.filter(drawnSomething).map(rawExemplar);
  const colour = i.colour.filter((c) => colourRange(c) !== null);
  return {
    ...(i.role === 'background' ? { role: 'background' } : {}),
    form: i.form,
    ...(i.parent === undefined ? {} : { parent: slug(i.parent) }),
    ...(i.synonyms.length > 0 ? { say: [...i.synonyms] } : {}),
    ...(colour.length > 0 ? { colour } : {}),
    ...(i.crowded && i.form === 'thing' ? { instances: { split: 'area' } } : {}),
    ...(exemplars.length > 0 ? { exemplars } : {}),
  };
}

/** A checked description as the first half of a rule file. */
export function draftOf(product: string, d: Description): Draft {
  return {
    product,
    title: d.title,
    object: d.object,
    interests: Object.fromEntries(d.interests.map((i) => [slug(i.name), rawInterest(i)])),
    attributes: Object.fromEntries(
      d.attributes.map((a) => [
        slug(a.name),
        {
          of: slug(a.of),
          values: Object.fromEntries(
            a.values.map((v) => [
              slug(v.name),
              {
                ...(v.synonyms.length > 0 ? { say: [...v.synonyms] } : {}),
                ...(v.images.length > 0 ? { exemplars: [...v.images] } : {}),
              },
            ]),
          ),
        },
      ]),
    ),
    ...(d.variants === undefined ? {} : { variants: slug(d.variants) }),
  };
}

/** A comment cannot end a line early, whatever a model wrote into it. */
export function commented(text: string, indent = ''): string[] {
  const clean = text.replace(/[\p{Cc}\u2028\u2029\ufeff\ufffd]+/gu, ' ').trim();
  const lines: string[] = [];
  let line = '';
  for (const piece of clean.split(/\s+/).filter(Boolean)) {
    if (line !== '' && line.length + piece.length > 112) {
      lines.push(line);
      line = piece;
    } else line = line === '' ? piece : `${line} ${piece}`;
  }
  if (line !== '') lines.push(line);
  return lines.map((l) => `${indent}# ${l}`);
}

/** Printable text on one line, for values that a model wrote. */
export const plain = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029\ufeff\ufffd]+/gu, ' ').trim();

export interface FileParts {
  readonly draft: Draft;
  readonly rules: readonly DraftRule[];
  readonly left?: readonly LeftOut[];
  readonly detectors: readonly string[];
  /** Lines above everything. */
  readonly head?: readonly string[];
  /** Members of `provenance:`. */
  readonly provenance?: Raw;
}

export interface Composed {
  readonly text: string;
  /** First and last line of every rule, 1-based, in the order of `rules`. */
  readonly spans: readonly { readonly id: string; readonly from: number; readonly to: number }[];
}

function block(name: string, members: Readonly<Record<string, Raw>>): string[] {
  const entries = Object.entries(members);
  if (entries.length === 0) return [];
  return [`${name}:`, ...entries.flatMap(([id, raw]) => memberLines(id, raw)), ''];
}

/** One line per exemplar: that is what a person edits. */
function memberLines(id: string, raw: Raw): string[] {
  const { exemplars, values, ...rest } = raw;
  const lines = [`  ${id}:`, ...Object.entries(rest).map(([k, v]) => `    ${k}: ${flow(v)}`)];
  if (Array.isArray(exemplars)) lines.push('    exemplars:', ...exemplars.map((e) => `      - ${flow(e)}`));
  if (typeof values === 'object' && values !== null)
    lines.push('    values:', ...Object.entries(values).map(([k, v]) => `      ${k}: ${flow(v)}`));
  return lines;
}

/** The file's text; deterministic for its parts. */
export function composeFile({ draft, rules, left = [], detectors, head = [], provenance }: FileParts): Composed {
  const lines: string[] = [
    ...head.flatMap((h) => commented(h)),
    'schema: logsad/rules/v1',
    `product: ${draft.product}`,
    `title: ${flow(plain(draft.title))}`,
    'status: proposed',
    `object: ${flow(plain(draft.object))}`,
    'frame: { fit: keep, long: 640 }',
    `detectors: ${flow(detectors)}`,
    '',
    ...block('interests', draft.interests),
    ...block('attributes', draft.attributes),
    ...(draft.variants === undefined ? [] : [`variants: { by: ${draft.variants} }`, '']),
  ];
  const spans: { id: string; from: number; to: number }[] = [];
  lines.push(rules.length === 0 ? 'rules: []' : 'rules:');
  for (const { raw, remarks } of rules) {
    lines.push(...remarks.flatMap((r) => commented(r, '  ')));
    spans.push({ id: raw.id, from: lines.length + 1, to: lines.length + 1 });
    lines.push(`  - ${flow(tidy(raw))}`);
  }
  if (left.length > 0) {
    lines.push('  # Said, and not in force; remove the "# " of what you know better.');
    for (const { raw, reason } of left) lines.push(...commented(reason, '  '), `  # - ${plain(flow(tidy(raw)))}`);
  }
  if (provenance) lines.push('', 'provenance:', ...Object.entries(provenance).map(([k, v]) => `  ${k}: ${flow(v)}`));
  return { text: `${lines.join('\n')}\n`, spans };
}

/** Id, kind and settings, the reason last: as a person writes it. */
function tidy({ id, kind, because, ...settings }: RawRule): Raw {
  return { id, kind, ...settings, because: plain(because) };
}
