/**
 * Everything that a rule could say about the interests and attributes of a file: the material of mining. Whether it holds,
 * and whether it is worth saying, is decided in mine.ts.
 */
import type { Scene } from '../../scene.ts';
import type { RuleFile } from '../definition.ts';
import { mode } from '../select.ts';
import { MINE } from './constants.ts';
import { seenInterests } from './operators.ts';

/** A rule as a person writes it. */
export interface RawRule {
  readonly id: string;
  readonly kind: string;
  readonly because: string;
  readonly [setting: string]: unknown;
}

interface Facts {
  readonly file: RuleFile;
  readonly interests: readonly string[];
  readonly things: readonly string[];
  readonly stuff: readonly string[];
  /** Usual number of instances. */
  readonly usual: Readonly<Record<string, number>>;
  /** Numbers seen, sorted. */
  readonly counts: Readonly<Record<string, readonly number[]>>;
}

function factsOf(file: RuleFile, normals: readonly Scene[]): Facts {
  const interests = seenInterests(file);
  const numbers = (id: string): number[] =>
    normals.map((s) => s.instances.filter((i) => i.interest === id && i.status === 'known').length);
  const counts = Object.fromEntries(interests.map((id) => [id, [...new Set(numbers(id))].sort((a, b) => a - b)]));
  return {
    file,
    interests: interests.filter((id) => counts[id]!.some((k) => k > 0)),
    things: interests.filter((id) => file.interests[id]!.form === 'thing' && counts[id]!.some((k) => k > 0)),
    stuff: interests.filter((id) => file.interests[id]!.form === 'stuff' && counts[id]!.some((k) => k > 0)),
    usual: Object.fromEntries(interests.map((id) => [id, mode(numbers(id))])),
    counts,
  };
}

function existence({ file, things, stuff, usual, counts, interests }: Facts): RawRule[] {
  const bound = (id: string): Record<string, unknown> => (counts[id]!.length === 1 ? { equals: counts[id]![0] } : {});
  const inRegion = Object.keys(file.regions).flatMap((region) =>
    things.map(
      (of): RawRule => ({
        id: `count-of-${of}-in-${region}`,
        kind: 'count',
        of,
        region,
        because: `As many ${of} lie in ${region} as on the normals.`,
      }),
    ),
  );
  return [
    ...things.map(
      (of): RawRule => ({
        id: `count-of-${of}`,
        kind: 'count',
        of,
        ...bound(of),
        because: `Every normal shows ${counts[of]!.join(' or ')} of ${of}.`,
      }),
    ),
    ...inRegion,
    ...stuff.map(
      (of): RawRule => ({ id: `${of}-present`, kind: 'presence', of, because: `Every normal shows ${of}.` }),
    ),
    ...stuff.map(
      (of): RawRule => ({
        id: `pieces-of-${of}`,
        kind: 'components',
        of,
        because: `${of} hangs together as on the normals.`,
      }),
    ),
    ...things
      .filter((of) => usual[of]! >= MINE.layoutLeast)
      .map(
        (of): RawRule => ({
          id: `layout-of-${of}`,
          kind: 'layout',
          of,
          because: `Each ${of} lies in one of the places of the normals.`,
        }),
      ),
    ...interests
      .filter((of) => things.includes(of))
      .flatMap((of) =>
        things
          .filter(
            (host) =>
              host !== of &&
              file.interests[of]!.parent !== undefined &&
              file.interests[of]!.parent === host &&
              usual[host]! > 1,
          )
          .map(
            (host): RawRule => ({
              id: `${of}-in-each-${host}`,
              kind: 'count',
              of,
              in: host,
              because: `Each ${host} holds as many ${of} as on the normals.`,
            }),
          ),
      ),
  ];
}

function amounts({ interests, stuff, things, usual }: Facts): RawRule[] {
  const each = (of: string): Record<string, unknown> =>
    things.includes(of) && usual[of]! > 1 ? { forEach: 'instance' } : {};
  return [
    ...interests.map(
      (of): RawRule => ({
        id: `area-of-${of}`,
        kind: 'area',
        of,
        ...each(of),
        because: `${of} covers as much as on the normals.`,
      }),
    ),
    ...stuff.flatMap((of) =>
      (['product', 'image'] as const).map(
        (place): RawRule => ({
          id: `top-of-${of}-in-${place}`,
          kind: 'extent',
          of,
          edge: 'top',
          relativeTo: place,
          because: `${of} reaches the level that it has on the normals.`,
        }),
      ),
    ),
    ...things
      .filter((of) => usual[of]! > 1)
      .map(
        (of): RawRule => ({
          id: `lengths-of-${of}`,
          kind: 'extent',
          of,
          measure: 'length',
          multiset: true,
          because: `The instances of ${of} are as long as on the normals.`,
        }),
      ),
    ...interests
      .filter((of) => usual[of]! > 1)
      .flatMap((of) =>
        (['x', 'y'] as const).map(
          (axis): RawRule => ({
            id: `symmetry-of-${of}-${axis}`,
            kind: 'symmetry',
            of,
            axis,
            about: 'product',
            because: `${of} is spread over both halves as on the normals.`,
          }),
        ),
      ),
    ...(interests.length > 1
      ? [
          {
            id: 'composition',
            kind: 'histogram',
            bins: [...interests],
            because: 'The areas are composed as on the normals.',
          },
        ]
      : []),
  ];
}

function places({ file, things, stuff }: Facts): RawRule[] {
  const near = things.slice(0, MINE.related);
  const pairs = near.flatMap((a, n) => near.slice(n + 1).map((b) => [a, b] as const));
  const hosts = [...things, ...stuff];
  return [
    ...things.flatMap((of) =>
      ['product', 'image'].map(
        (place): RawRule => ({
          id: `place-of-${of}-in-${place}`,
          kind: 'position',
          of,
          relativeTo: place,
          because: `${of} lies where the normals have it.`,
        }),
      ),
    ),
    ...pairs.map(([a, b]): RawRule => {
      // What lies on the other is placed by it.
      const [of, host] = file.interests[a]!.parent === b ? [a, b] : [b, a];
      return {
        id: `place-of-${of}-from-${host}`,
        kind: 'position',
        of,
        relativeTo: host,
        because: `${of} and ${host} lie to one another as on the normals.`,
      };
    }),
    ...pairs.flatMap(([a, b]) =>
      [
        [a, b],
        [b, a],
      ].flatMap(([first, then]) =>
        (['x', 'y'] as const).map(
          (axis): RawRule => ({
            id: `${first}-before-${then}-${axis}`,
            kind: 'order',
            first,
            then,
            axis,
            because: `On every normal ${first} lies ${axis === 'x' ? 'left of' : 'above'} ${then}.`,
          }),
        ),
      ),
    ),
    ...things.flatMap((of) =>
      hosts
        .filter((host) => host !== of && file.interests[host]!.parent !== of)
        .map(
          (host): RawRule => ({
            id: `${of}-inside-${host}`,
            kind: 'inside',
            of,
            in: host,
            because: `On every normal ${of} lies in ${host}.`,
          }),
        ),
    ),
  ];
}

function looks({ file, interests, things, usual, counts }: Facts): RawRule[] {
  const attributes = Object.values(file.attributes);
  const pairs = attributes.flatMap((a, n) => attributes.slice(n + 1).map((b) => [a, b] as const));
  return [
    ...pairs.map(
      ([a, b]): RawRule => ({
        id: `${a.id}-with-${b.id}`,
        kind: 'agreement',
        between: [a.id, b.id],
        because: `${a.id} and ${b.id} go together as on the normals.`,
      }),
    ),
    ...attributes.flatMap((a) =>
      things
        .filter((of) => counts[of]!.length > 1)
        .map(
          (of): RawRule => ({
            id: `${a.id}-with-number-of-${of}`,
            kind: 'agreement',
            between: [a.id, { count: of }],
            because: `${a.id} sets the number of ${of}.`,
          }),
        ),
    ),
    ...attributes.map(
      (a): RawRule => ({
        id: `${a.id}-known`,
        kind: 'attribute',
        attribute: a.id,
        because: `${a.id} is one of those that the normals show.`,
      }),
    ),
    ...interests.map(
      (of): RawRule => ({
        id: `colour-of-${of}`,
        kind: 'colour',
        of,
        ...(usual[of]! > 1 ? { forEach: 'instance' } : {}),
        because: `${of} has the colour that it has on the normals.`,
      }),
    ),
  ];
}

/** All candidates, the more fundamental kinds first; ids are unique and valid names. */
export function candidateRules(file: RuleFile, normals: readonly Scene[]): RawRule[] {
  const facts = factsOf(file, normals);
  const seen = new Set<string>();
  return [...existence(facts), ...amounts(facts), ...places(facts), ...looks(facts)].map((rule) => {
    let id = rule.id.slice(0, 60);
    for (let n = 2; seen.has(id); n++) id = `${rule.id.slice(0, 56)}-${n}`;
    seen.add(id);
    return { ...rule, id };
  });
}
