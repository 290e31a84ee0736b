/**
 * Logical defects of the demo kit: every part is sound, but the kit is not what the instructions say. Each defect turns
 * a correct state into a wrong one, names the polygons where the picture departs from the rule, and says which kinds
 * of rule count as having named its cause.
 */
import type { Random } from '../core/grid/random.ts';
import { all, between, type DefectedKit, replaced, sign, swap } from './change.ts';
import { place, rectangle } from './geometry.ts';
import { PRINTABLE } from './glyphs.ts';
import { BAYS, type KitState, LABEL_TEXT, type Part, SIZE, VARIANTS } from './kit.ts';
import { leadOutline, levelY, printArea, regionsOf } from './outlines.ts';

export interface LogicalDefect {
  readonly name: string;
  /** `[kind, interests]` of rules that name this cause; agreements join both interests with "+". */
  readonly causes: readonly (readonly [kind: string, interest: string])[];
  /** Only a rule that reads the print can find it. */
  readonly needsText?: true;
  readonly apply: (state: KitState, random: Random) => DefectedKit;
}

/** Least and largest departures, chosen to be plain to the eye yet not gross. */
const DEPARTURE = {
  level: [0.07, 0.2],
  label: { along: [16, 34], across: [22, 34], angle: [0.3, 1.5] },
} as const;

function missing(kind: 'screw' | 'washer' | 'nut' | 'label'): LogicalDefect['apply'] {
  return (state, random) => replaced(state, `a ${kind} is missing`, [random.pick(all(state, kind)), []]);
}

function extraWasher(state: KitState, random: Random): DefectedKit {
  const [x0, y0, x1, y1] = BAYS.washers;
  const first = all(state, 'washer')[0]!;
  const centre = { x: (x0 + x1) / 2 + 4 * random.normal(), y: (y0 + y1) / 2 + 4 * random.normal(), angle: 0 };
  return replaced(state, 'five washers lie in their bay', [first, [first, { ...first, pose: centre }]]);
}

function extraNut(state: KitState, random: Random): DefectedKit {
  const last = all(state, 'nut').at(-1)!;
  const beside = (dx: number): Part => ({
    ...last,
    pose: { ...last.pose, x: last.pose.x + dx, angle: random.next() * 360 },
  });
  return replaced(state, 'four nuts lie in their bay', [last, [beside(-50), beside(48)]]);
}

function swappedBays(state: KitState): DefectedKit {
  const dx = BAYS.nuts[0] - BAYS.washers[0];
  const move = (part: Part, by: number): readonly [Part, readonly Part[]] => [
    part,
    [{ ...part, pose: { ...part.pose, x: part.pose.x + by } }],
  ];
  return replaced(
    state,
    'washers and nuts lie in each other’s bay',
    ...all(state, 'washer').map((p) => move(p, dx)),
    ...all(state, 'nut').map((p) => move(p, -dx)),
  );
}

function mixedBays(state: KitState, random: Random): DefectedKit {
  const washer = random.pick(all(state, 'washer'));
  const nut = random.pick(all(state, 'nut'));
  return replaced(
    state,
    'a washer and a nut have changed places',
    [washer, [{ ...washer, pose: nut.pose }]],
    [nut, [{ ...nut, pose: washer.pose }]],
  );
}

function wrongCap(state: KitState, random: Random): DefectedKit {
  const vial = all(state, 'vial')[0]!;
  const colour = random.pick(VARIANTS.filter((v) => v !== state.variant));
  return {
    state: swap(state, new Map([[vial, [{ ...vial, colour }]]])),
    polygons: regionsOf(vial).cap ?? [],
    note: `the cap is ${colour}, the plug ${state.variant}`,
  };
}

function wrongLevel(state: KitState, random: Random): DefectedKit {
  const vial = all(state, 'vial')[0]!;
  const by = sign(random) * between(random, DEPARTURE.level);
  const level = vial.level + by;
  const half = SIZE.vial.width / 2 - SIZE.vial.wall;
  const strip = rectangle(-half, levelY(Math.max(level, vial.level)), half, levelY(Math.min(level, vial.level)));
  return {
    state: swap(state, new Map([[vial, [{ ...vial, level }]]])),
    polygons: [place(strip, vial.pose)],
    note: `the vial is filled to ${level.toFixed(2)} instead of ${vial.level.toFixed(2)}`,
  };
}

function wrongLength(state: KitState, random: Random): DefectedKit {
  const part = random.pick(all(state, 'screw').filter((s) => s.length === SIZE.screw.long));
  const cut = SIZE.screw.long - SIZE.screw.short;
  const a = (part.pose.angle * Math.PI) / 180;
  const pose = { ...part.pose, x: part.pose.x - (cut / 2) * Math.cos(a), y: part.pose.y - (cut / 2) * Math.sin(a) };
  const kit = replaced(state, 'a short screw lies where a long one belongs', [
    part,
    [{ ...part, pose, length: SIZE.screw.short }],
  ]);
  const half = part.length / 2;
  return { ...kit, polygons: [place(rectangle(half - cut, -SIZE.screw.shank, half, SIZE.screw.shank), part.pose)] };
}

function misplacedLabel(state: KitState, random: Random): DefectedKit {
  const label = all(state, 'label')[0]!;
  const d = DEPARTURE.label;
  const pose = {
    x: label.pose.x + sign(random) * between(random, d.along),
    y: label.pose.y - between(random, d.across),
    angle: label.pose.angle + sign(random) * between(random, d.angle),
  };
  return replaced(state, 'the label sticks beside its place', [label, [{ ...label, pose }]]);
}

function reversedVial(state: KitState): DefectedKit {
  const vial = all(state, 'vial')[0]!;
  return replaced(state, 'the vial lies with its cap down', [
    vial,
    [{ ...vial, pose: { ...vial.pose, angle: vial.pose.angle + 180 } }],
  ]);
}

function missingPlug(state: KitState): DefectedKit {
  const gone = state.parts.filter((p) => p.kind === 'plug' || p.kind === 'cable');
  const kit = replaced(state, 'plug and cable are missing', ...gone.map((p) => [p, []] as const));
  return { ...kit, polygons: [...kit.polygons, ...leadOutline(state.parts)] };
}

/** Another variant's text, one other letter (no zero: no reader tells it from an O), or two neighbours exchanged. */
function alteredText(text: string, random: Random): string {
  const how = random.int(3);
  if (how === 0) return random.pick(Object.values(LABEL_TEXT).filter((t) => t !== text));
  const letters = [...text];
  if (how === 1) {
    const at = random.int(letters.length);
    letters[at] = random.pick([...PRINTABLE].filter((c) => c !== text[at] && c !== '0'));
    return letters.join('');
  }
  const at = random.pick(letters.map((_, i) => i).filter((i) => i > 0 && letters[i] !== letters[i - 1]));
  [letters[at - 1], letters[at]] = [letters[at]!, letters[at - 1]!];
  return letters.join('');
}

function wrongText(state: KitState, random: Random): DefectedKit {
  const label = all(state, 'label')[0]!;
  const text = alteredText(label.text, random);
  const [old, now] = [[...label.text], [...text]];
  const polygons = Array.from({ length: Math.max(old.length, now.length) }, (_, i) => i)
    .filter((i) => old[i] !== now[i])
    .map((i) => printArea(label, i, i + 1));
  return {
    state: swap(state, new Map([[label, [{ ...label, text }]]])),
    polygons,
    note: `the label reads ${text} instead of ${label.text}`,
  };
}

/** Every logical defect the generator knows, in the order in which they are dealt out. */
export const LOGICAL_DEFECTS: readonly LogicalDefect[] = [
  {
    name: 'missing_washer',
    causes: [
      ['count', 'washer'],
      ['presence', 'washer'],
    ],
    apply: missing('washer'),
  },
  { name: 'wrong_cap_colour', causes: [['agreement', 'plug+cap']], apply: wrongCap },
  {
    name: 'wrong_fill_level',
    causes: [
      ['extent', 'gel'],
      ['area', 'gel'],
    ],
    apply: wrongLevel,
  },
  {
    name: 'wrong_screw_length',
    causes: [
      ['extent', 'screw'],
      ['area', 'screw'],
    ],
    apply: wrongLength,
  },
  { name: 'extra_nut', causes: [['count', 'nut']], apply: extraNut },
  {
    name: 'swapped_bays',
    causes: [
      ['count', 'washer'],
      ['count', 'nut'],
      ['order', 'washer'],
      ['order', 'nut'],
    ],
    apply: swappedBays,
  },
  {
    name: 'label_misplaced',
    causes: [
      ['position', 'label'],
      ['distance', 'label'],
    ],
    apply: misplacedLabel,
  },
  {
    name: 'missing_screw',
    causes: [
      ['count', 'screw'],
      ['presence', 'screw'],
    ],
    apply: missing('screw'),
  },
  {
    name: 'mixed_bays',
    causes: [
      ['count', 'washer'],
      ['count', 'nut'],
      ['order', 'washer'],
      ['order', 'nut'],
    ],
    apply: mixedBays,
  },
  {
    name: 'vial_reversed',
    causes: [
      ['order', 'cap'],
      // A cap seen upside down may be refused as unlike the normals': it then counts as missing.
      ['count', 'cap'],
      ['order', 'gel'],
      ['position', 'cap'],
      ['extent', 'gel'],
    ],
    apply: reversedVial,
  },
  { name: 'extra_washer', causes: [['count', 'washer']], apply: extraWasher },
  {
    name: 'missing_nut',
    causes: [
      ['count', 'nut'],
      ['presence', 'nut'],
    ],
    apply: missing('nut'),
  },
  {
    name: 'missing_label',
    causes: [
      ['count', 'label'],
      ['presence', 'label'],
    ],
    apply: missing('label'),
  },
  {
    name: 'missing_plug',
    causes: [
      ['count', 'plug'],
      ['presence', 'plug'],
      ['presence', 'cable'],
      ['area', 'cable'],
    ],
    apply: missingPlug,
  },
  { name: 'wrong_label_text', causes: [['text', 'label']], needsText: true, apply: wrongText },
];
