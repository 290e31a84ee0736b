/** Step b in words: what was measured on the normals, for the model that proposes rules and for the person who reads them. */
import type { Instance, Scene } from '../scene.ts';
import { median } from '../statistics.ts';
import type { Draft } from './draft.ts';

export interface InterestFacts {
  readonly interest: string;
  readonly form: string;
  /** Number of instances to number of normals; for stuff, how often it was seen at all (0 or 1). */
  readonly counts: Readonly<Record<string, number>>;
  /** 5 %, median and 95 % of the area of one instance (stuff: of all of it), fractions of the image. */
  readonly area: readonly [number, number, number] | null;
  /** Median box. */
  readonly box: readonly number[] | null;
}

export interface Facts {
  readonly normals: number;
  readonly interests: readonly InterestFacts[];
  /** attribute -> value -> normals. */
  readonly attributes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Values of two attributes that occur together: "filling=a, print=b" -> normals. */
  readonly pairs: Readonly<Record<string, number>>;
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(q * (sorted.length - 1))))]!;
const figure = (v: number): string => String(Number(v.toPrecision(3)));

function tally(keys: readonly string[]): Record<string, number> {
  const out: Record<string, number> = {};
  for (const k of keys) out[k] = (out[k] ?? 0) + 1;
  return Object.fromEntries(Object.entries(out).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function interestFacts(id: string, form: string, scenes: readonly Scene[]): InterestFacts {
  const per = scenes.map((s) => s.instances.filter((i) => i.interest === id && i.status === 'known'));
  const areas =
    form === 'stuff'
      ? per.filter((list) => list.length > 0).map((list) => list.reduce((sum, i) => sum + i.area, 0))
      : per.flat().map((i) => i.area);
  const sorted = areas.sort((a, b) => a - b);
  const boxes = per.flatMap((list) => (list.length > 0 ? [unionBox(list)] : []));
  return {
    interest: id,
    form,
    counts: tally(per.map((list) => String(form === 'stuff' ? Math.min(1, list.length) : list.length))),
    area: sorted.length === 0 ? null : [quantile(sorted, 0.05), quantile(sorted, 0.5), quantile(sorted, 0.95)],
    box: boxes.length === 0 ? null : [0, 1, 2, 3].map((k) => median(boxes.map((b) => b[k]!))),
  };
}

function unionBox(list: readonly Instance[]): number[] {
  return [0, 1, 2, 3].map((k) => (k < 2 ? Math.min : Math.max)(...list.map((i) => i.box[k]!)));
}

/** The value of an attribute in a scene: that of its first instance with a reading, `none` where there is none. */
function readOff(scene: Scene, attribute: string): string {
  for (const i of scene.instances) {
    const reading = i.attributes[attribute];
    if (reading && i.status === 'known') return reading.value ?? 'none';
  }
  return 'none';
}

export function factsOf(draft: Draft, scenes: readonly Scene[]): Facts {
  const interests = Object.entries(draft.interests).filter(([, raw]) => raw.role !== 'background');
  const attributes = Object.keys(draft.attributes);
  const joint = attributes.flatMap((a, i) =>
    attributes.slice(i + 1).flatMap((b) => scenes.map((s) => `${a}=${readOff(s, a)}, ${b}=${readOff(s, b)}`)),
  );
  return {
    normals: scenes.length,
    interests: interests.map(([id, raw]) => interestFacts(id, String(raw.form), scenes)),
    attributes: Object.fromEntries(attributes.map((a) => [a, tally(scenes.map((s) => readOff(s, a)))])),
    pairs: tally(joint),
  };
}

const shares = (t: Readonly<Record<string, number>>, n: number): string =>
  Object.entries(t)
    .map(([k, v]) => `${k} on ${v} of ${n}`)
    .join(', ');

/** The facts as lines of text. */
export function factsText(f: Facts): string {
  const lines = f.interests.map((i) => {
    const seen = i.form === 'stuff' ? 'seen (1) or not (0)' : 'instances';
    const area = i.area === null ? '' : `; area ${i.area.map(figure).join(' / ')} of the image (5 %, median, 95 %)`;
    const box = i.box === null ? '' : `; usually within [${i.box.map(figure).join(', ')}]`;
    return `- ${i.interest} (${i.form}): ${seen}: ${shares(i.counts, f.normals)}${area}${box}`;
  });
  const attributes = Object.entries(f.attributes).map(([a, t]) => `- attribute ${a}: ${shares(t, f.normals)}`);
  const pairs = Object.keys(f.pairs).length === 0 ? [] : [`- together: ${shares(f.pairs, f.normals)}`];
  return [`${f.normals} normals were measured.`, ...lines, ...attributes, ...pairs].join('\n');
}
