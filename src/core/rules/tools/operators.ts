/**
 * The operators of mutation testing on one Scene (issue C 4; FIELD E.2): what a wrong assembly would look like to the
 * rules, without a picture and without a model. Things are deleted, doubled, swapped, moved and scaled; stuff is
 * deleted, scaled and filled to another level; every interest is recoloured; every attribute is read as another value.
 * Likeness is not read anew: a kill never rests on the open set.
 */
import type { Random } from '../../grid/random.ts';
import type { Box, Instance, Scene } from '../../scene.ts';
import type { RuleFile } from '../definition.ts';
import { MUTATION } from './constants.ts';
import {
  duplicated,
  fits,
  levelled,
  moved,
  reattributed,
  recoloured,
  scaled,
  swapped,
  withChildren,
  without,
} from './edit.ts';

export const OPERATORS = ['delete', 'duplicate', 'swap', 're-attribute', 'move', 'area', 'colour', 'level'] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Mutant {
  readonly operator: Operator;
  /** Share, factor or deltaE; null where the operator has no size. Negative: to the left, up, or lower. */
  readonly size: number | null;
  /** Whether the size counts for the score. */
  readonly counted: boolean;
  /** What was changed, foremost first. */
  readonly interests: readonly string[];
  readonly image: string;
  /** "fruit moved right by 5 %". */
  readonly change: string;
  readonly scene: Scene;
}

export type Draft = Omit<Mutant, 'image' | 'counted'>;

const known = (scene: Scene, interest: string): Instance[] =>
  scene.instances.filter((i) => i.interest === interest && i.status === 'known');
const percent = (v: number): string => `${Number((100 * Math.abs(v)).toFixed(1))} %`;

/** Interests that a Scene can show, in the order of the file. */
export function seenInterests(file: RuleFile): string[] {
  return Object.values(file.interests).flatMap((i) => (i.role === 'background' ? [] : [i.id]));
}

function deletions(file: RuleFile, scene: Scene, random: Random): Draft[] {
  return seenInterests(file).flatMap((interest): Draft[] => {
    const all = known(scene, interest);
    if (all.length === 0) return [];
    const whole = file.interests[interest]!.form === 'stuff';
    const gone = whole ? all : [random.pick(all)];
    const ids = new Set(gone.flatMap((i) => [...withChildren(scene, i.id)]));
    return [
      {
        operator: 'delete',
        size: null,
        interests: [interest],
        change: `${interest} deleted`,
        scene: without(scene, ids),
      },
    ];
  });
}

const meets = (a: Box, b: Box): boolean => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/** Room for a second one beside the first: the nearest step right, left, down or up that meets none of its kind. */
function roomFor(scene: Scene, i: Instance, others: readonly Instance[], random: Random): [number, number] | null {
  const [w, h] = [1.1 * (i.box[2] - i.box[0]), 1.1 * (i.box[3] - i.box[1])];
  const sides = random.shuffle([
    [w, 0],
    [-w, 0],
    [0, h],
    [0, -h],
  ] as [number, number][]);
  for (let step = 1; step <= 4; step++) {
    for (const [dx, dy] of sides) {
      const b: Box = [i.box[0] + step * dx, i.box[1] + step * dy, i.box[2] + step * dx, i.box[3] + step * dy];
      if (fits(scene, b) && !others.some((o) => meets(o.box, b))) return [step * dx, step * dy];
    }
  }
  return null;
}

const things = (file: RuleFile): string[] => seenInterests(file).filter((id) => file.interests[id]!.form === 'thing');

function duplications(file: RuleFile, scene: Scene, random: Random): Draft[] {
  return things(file).flatMap((interest): Draft[] => {
    const all = known(scene, interest);
    if (all.length === 0) return [];
    const one = random.pick(all);
    const room = roomFor(scene, one, all, random);
    if (!room) return [];
    return [
      {
        operator: 'duplicate',
        size: null,
        interests: [interest],
        change: `a second ${interest} added`,
        scene: duplicated(scene, one.id, ...room),
      },
    ];
  });
}

/** Whether one interest lies in the other, over any number of steps. */
function related(file: RuleFile, a: string, b: string): boolean {
  const above = (id: string): string[] => {
    const out: string[] = [];
    for (let at: string | undefined = id; at !== undefined && !out.includes(at); at = file.interests[at]?.parent)
      out.push(at);
    return out;
  };
  return above(a).includes(b) || above(b).includes(a);
}

function swaps(file: RuleFile, scene: Scene, random: Random): Draft[] {
  const ids = things(file);
  const pairs = ids
    .flatMap((a, n) => ids.slice(n + 1).map((b) => [a, b] as const))
    .filter(([a, b]) => !related(file, a, b) && known(scene, a).length > 0 && known(scene, b).length > 0);
  const chosen = pairs.length <= MUTATION.swaps ? pairs : random.shuffle(pairs).slice(0, MUTATION.swaps);
  return chosen.map(([a, b]): Draft => {
    const [x, y] = [random.pick(known(scene, a)), random.pick(known(scene, b))];
    return {
      operator: 'swap',
      size: null,
      interests: [a, b],
      change: `${a} and ${b} swapped`,
      scene: swapped(scene, x.id, y.id),
    };
  });
}

function reattributions(file: RuleFile, scene: Scene, random: Random): Draft[] {
  return Object.values(file.attributes).flatMap((a): Draft[] => {
    const carriers = known(scene, a.of).filter((i) => (i.attributes[a.id]?.value ?? null) !== null);
    if (carriers.length === 0) return [];
    const one = random.pick(carriers);
    const was = one.attributes[a.id]!.value!;
    return Object.keys(a.values)
      .filter((v) => v !== was)
      .map((v): Draft => {
        const read = reattributed(scene, one.id, a.id, v);
        // The variant is read off the largest instance of its interest.
        const decides = file.variants?.by === a.id && carriers.every((c) => c.area <= one.area);
        return {
          operator: 're-attribute',
          size: null,
          interests: [a.of],
          change: `${a.id} of ${a.of} read as ${v} instead of ${was}`,
          scene: decides ? { ...read, variant: v } : read,
        };
      });
  });
}

const DIRECTIONS = [
  [1, 0, 'right'],
  [-1, 0, 'left'],
  [0, 1, 'down'],
  [0, -1, 'up'],
] as const;

function moves(file: RuleFile, scene: Scene, random: Random): Draft[] {
  return things(file).flatMap((interest) => {
    const all = known(scene, interest);
    if (all.length === 0) return [];
    const one = random.pick(all);
    return MUTATION.move.flatMap((share) =>
      DIRECTIONS.flatMap(([x, y, name]): Draft[] => {
        const b: Box = [one.box[0] + share * x, one.box[1] + share * y, one.box[2] + share * x, one.box[3] + share * y];
        if (!fits(scene, b)) return [];
        return [
          {
            operator: 'move',
            size: share,
            interests: [interest],
            change: `${interest} moved ${name} by ${percent(share)}`,
            scene: moved(scene, one.id, share * x, share * y),
          },
        ];
      }),
    );
  });
}

function areas(file: RuleFile, scene: Scene, random: Random): Draft[] {
  return seenInterests(file).flatMap((interest) => {
    const all = known(scene, interest);
    if (all.length === 0) return [];
    const one = random.pick(all);
    return MUTATION.area.map(
      (factor): Draft => ({
        operator: 'area',
        size: factor,
        interests: [interest],
        change: `area of ${interest} x ${factor}`,
        scene: scaled(scene, one.id, factor),
      }),
    );
  });
}

/** A direction in Lab, uniform on the sphere, that keeps the lightness between 0 and 100. */
function labShift(lightness: number, deltaE: number, random: Random): [number, number, number] {
  const v = [random.normal(), random.normal(), random.normal()] as const;
  const norm = Math.hypot(...v);
  if (norm === 0) return [0, deltaE, 0];
  const [l, a, b] = v.map((c) => (c * deltaE) / norm) as [number, number, number];
  return lightness + l < 0 || lightness + l > 100 ? [-l, a, b] : [l, a, b];
}

function colours(file: RuleFile, scene: Scene, random: Random): Draft[] {
  return seenInterests(file).flatMap((interest) => {
    const all = known(scene, interest);
    if (all.length === 0) return [];
    const one = random.pick(all);
    return MUTATION.colour.map((d): Draft => {
      const shift = labShift(one.lab[0], d, random);
      const shown = shift.map((c) => `${c < 0 ? '-' : '+'}${Math.abs(c).toFixed(0)}`).join(' ');
      return {
        operator: 'colour',
        size: d,
        interests: [interest],
        change: `${interest} recoloured by deltaE ${d} (Lab ${shown})`,
        scene: recoloured(scene, one.id, shift),
      };
    });
  });
}

function levels(file: RuleFile, scene: Scene): Draft[] {
  return seenInterests(file)
    .filter((id) => file.interests[id]!.form === 'stuff')
    .flatMap((interest) => {
      const all = known(scene, interest);
      if (all.length === 0) return [];
      // The surface belongs to the uppermost piece.
      const one = all.reduce((a, b) => (b.box[1] < a.box[1] ? b : a));
      const height = one.box[3] - one.box[1];
      return MUTATION.level.flatMap((share) =>
        [share, -share].flatMap((by): Draft[] => {
          if (one.box[1] - by < scene.frame.box[1] || -by > MUTATION.lowest * height) return [];
          return [
            {
              operator: 'level',
              size: share,
              interests: [interest],
              change: `top edge of ${interest} ${by > 0 ? 'raised' : 'lowered'} by ${percent(share)}`,
              scene: levelled(scene, one.id, by),
            },
          ];
        }),
      );
    });
}

/** What each operator makes of a Scene. */
export const APPLY: Readonly<Record<Operator, (file: RuleFile, scene: Scene, random: Random) => Draft[]>> = {
  delete: deletions,
  duplicate: duplications,
  swap: swaps,
  're-attribute': reattributions,
  move: moves,
  area: areas,
  colour: colours,
  level: levels,
};
