import { Type } from 'typebox';
import type { Instance } from '../../scene.ts';
import { median } from '../../statistics.ts';
import {
  type AllowedCounts,
  checkCounts,
  countMargin,
  expectedCounts,
  learntCounts,
  named,
  statedCounts,
} from '../allowed.ts';
import { LEARN } from '../constants.ts';
import type { RuleFile } from '../definition.ts';
import {
  AttributeRef,
  type Complaint,
  defineRuleKind,
  type Empty,
  InterestRef,
  isEmpty,
  needsThing,
  PlaceRef,
  STRICT,
  unjudged,
} from '../kind.ts';
import { noneOf, readingOrder } from '../select.ts';
import { idsOf, within } from '../view.ts';

interface Tally {
  readonly k: number;
  readonly counted: readonly number[];
  readonly refused: readonly number[];
  readonly instances: readonly number[];
  /** Areas of the counted and of the refused instances, fractions of the image. */
  readonly areas: { readonly counted: readonly number[]; readonly refused: readonly number[] };
  readonly where?: string;
}

/** Learnt from normals: the counts they show, and how large one part usually is (null: none was counted). */
interface Usual extends AllowedCounts {
  readonly area: number | null;
}

const tally = (known: readonly Instance[], refused: readonly Instance[], where?: string): Tally => ({
  k: known.length,
  // A refused instance that counts by the rule's own words is no doubtful one.
  counted: known.map((i) => (i.status === 'known' ? (i.likeness?.value ?? 0) : 0)).sort((a, b) => b - a),
  refused: refused.map((i) => i.likeness?.value ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b),
  instances: idsOf([...known, ...refused]),
  areas: { counted: known.map((i) => i.area), refused: refused.map((i) => i.area) },
  ...(where === undefined ? {} : { where }),
});

/** Instances of an interest: in the image, in a region, or in each instance of another interest (occupancy). */
export const count = defineRuleKind({
  kind: 'count',
  summary: 'How many instances of an interest there are: in the image, in a region, or in each instance of another.',
  params: Type.Object(
    {
      of: InterestRef(),
      equals: Type.Optional(Type.Integer({ minimum: 0 })),
      atLeast: Type.Optional(Type.Integer({ minimum: 0 })),
      atMost: Type.Optional(Type.Integer({ minimum: 0 })),
      oneOf: Type.Optional(Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 })),
      in: Type.Optional(InterestRef('count inside each instance of this interest (occupancy)')),
      region: Type.Optional(PlaceRef('only instances whose centroid lies there count')),
      unknown: Type.Optional(
        Type.Union([Type.Literal('refuse'), Type.Literal('count')], {
          description:
            'an instance that resembles no normal one: refused (default), or counted all the same (a broken part still lies in its place)',
        }),
      ),
      having: Type.Optional(
        Type.Object(
          { attribute: AttributeRef(), is: Type.String({ minLength: 1 }) },
          { ...STRICT, description: 'only instances with this attribute value count' },
        ),
      ),
    },
    STRICT,
  ),
  settings: [],
  tier: 'core',
  onEmpty: 'violate',
  precedence: 'existence',
  hides: true,
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p) => (p.in === undefined ? [p.of] : [p.of, p.in]),
  measure(view, p): readonly Tally[] | Empty {
    const fits = (i: Instance): boolean =>
      (p.region === undefined || within(view, p.region, i.centroid)) &&
      (p.having === undefined || i.attributes[p.having.attribute]?.value === p.having.is);
    const placed = view.refused(p.of).filter((i) => p.region === undefined || within(view, p.region, i.centroid));
    const all = p.unknown === 'count';
    const known = [...view.known(p.of), ...(all ? placed : [])].filter(fits);
    const refused = all ? [] : placed;
    if (p.in === undefined) return [tally(known, refused)];
    const hosts = readingOrder(view.known(p.in));
    if (hosts.length === 0) return noneOf(view, p.in);
    const holds = (host: Instance, i: Instance): boolean => hostOf(hosts, i) === host;
    return hosts.map((host, n) => {
      const t = tally(
        known.filter((i) => holds(host, i)),
        refused.filter((i) => holds(host, i)),
        `${p.in} ${n + 1}`,
      );
      return t.instances.length > 0 ? t : { ...t, instances: [host.id] };
    });
  },
  learn(samples, calibration) {
    const all = [...samples, ...calibration].filter((s) => !isEmpty(s.reading));
    const value = learntCounts(all.flatMap((s) => s.reading.map((t) => t.k)));
    const areas = all.flatMap((s) => s.reading.flatMap((t) => t.areas.counted));
    const area = areas.length > 0 ? median(areas) : null;
    return value && { value: { ...value, area }, n: all.length, setAside: [] };
  },
  judge(reading, learnt: Usual | null, p) {
    const allowed = statedCounts(p) ?? learnt;
    return reading.map((t) => {
      if (!allowed) return unjudged('count', t.k, t.instances);
      const margin = countMargin(t.k, allowed, t);
      const note = margin > 1 ? mergedNote(t, learnt?.area ?? null, p.of) : undefined;
      return {
        quantity: 'count',
        measured: t.k,
        expected: expectedCounts(allowed),
        margin,
        instances: t.instances,
        ...(note === undefined ? {} : { note }),
        ...(t.where === undefined ? {} : { where: t.where }),
      };
    });
  },
  explain(p, learnt) {
    const allowed = statedCounts(p) ?? learnt?.value;
    const what = p.having ? `${p.having.is} ${p.of}` : p.of;
    const number = allowed ? named(expectedCounts(allowed).text, what) : `As many ${what} as on the normals`;
    const place = p.in ? ` in each ${p.in}` : p.region ? ` in ${p.region}` : '';
    return `${number}${place}${!statedCounts(p) && learnt ? `, learnt from ${learnt.n} normals` : ''}.`;
  },
  message(j, p) {
    const place = j.where ? ` in ${j.where}` : p.region ? ` in ${p.region}` : '';
    return `${named(j.expected.text, p.having ? `${p.having.is} ${p.of}` : p.of)} expected${place}, ${j.measured ?? 'none'} found${j.note ? `; ${j.note}` : ''}`;
  },
  check: (p, { file }) => [
    ...checkCounts(p),
    ...needsThing(file, p.of, ['of'], 'counted'),
    ...(p.in === undefined ? [] : needsThing(file, p.in, ['in'], 'counted in one by one')),
    ...checkHaving(p.having, file),
  ],
  examples: [
    {
      note: 'three pins',
      rule: { of: 'pin', equals: 3 },
      legend: { p: 'pin' },
      scene: 'p.p.p\n.....',
      violated: false,
    },
    {
      note: 'one is missing',
      rule: { of: 'pin', equals: 3 },
      legend: { p: 'pin' },
      scene: 'p...p\n.....',
      violated: true,
    },
    {
      note: 'one pin per compartment, drawn as frames around what they hold',
      rule: { of: 'pin', in: 'cell', equals: 1 },
      legend: { p: 'pin', c: 'cell' },
      scene: 'ccc.ccc\ncpc.cpc\nccc.ccc',
      violated: false,
    },
    {
      note: 'two pins in one compartment, none in the other',
      rule: { of: 'pin', in: 'cell', equals: 1 },
      legend: { p: 'pin', c: 'cell' },
      scene: 'ccccc.ccc\ncpcpc.c.c\nccccc.ccc',
      violated: true,
    },
  ],
});

/** A refused region as large as several parts is most likely parts that touch: what to look at, and what to set. */
function mergedNote({ areas }: Tally, usual: number | null, of: string): string | undefined {
  if (usual === null) return undefined;
  const large = areas.refused.map((a) => a / usual).filter((times) => times >= LEARN.mergedArea);
  if (large.length === 0) return undefined;
  const sizes = large.map((times) => named(String(Math.round(times)), of)).join(' and of ');
  return `${large.length === 1 ? 'a region has' : 'regions have'} the area of ${sizes}: they touch or lie on one another`;
}

/** A centroid this far outside a host's box still belongs to it, as a share of the box's shorter side: boxes are trimmed. */
const REACH = 0.2;

function checkHaving(
  having: { readonly attribute: string; readonly is: string } | undefined,
  file: RuleFile,
): Complaint[] {
  const values = Object.keys(having ? (file.attributes[having.attribute]?.values ?? {}) : {});
  if (!having || values.includes(having.is)) return [];
  return [
    {
      path: ['having', 'is'],
      code: 'UNKNOWN_VALUE',
      message: `${having.is} is no value of ${having.attribute}`,
      expected: `one of ${values.join(', ')}`,
      example: `having: { attribute: ${having.attribute}, is: ${values[0] ?? 'red'} }`,
      candidates: values,
      got: having.is,
    },
  ];
}

/** The host an instance lies in: its parent where grounding says so, otherwise the nearest box, the smallest of several. */
function hostOf(hosts: readonly Instance[], i: Instance): Instance | undefined {
  const parent = hosts.find((h) => h.id === i.parent);
  if (parent) return parent;
  const [x, y] = i.centroid;
  const area = ({ box: b }: Instance): number => (b[2] - b[0]) * (b[3] - b[1]);
  const away = ({ box: b }: Instance): number =>
    Math.hypot(Math.max(0, b[0] - x, x - b[2]), Math.max(0, b[1] - y, y - b[3]));
  return hosts
    .filter((h) => away(h) <= REACH * Math.min(h.box[2] - h.box[0], h.box[3] - h.box[1]))
    .sort((a, b) => away(a) - away(b) || area(a) - area(b))[0];
}
