/**
 * The demo product: what a careful model would say of its first three pictures. Where things lie is what a person drew in
 * docs/authoring.md; at first the model takes the coil for a part of the plug's bay and clicks beside it.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { DescribedInterest, Drawn, RuleReply } from '../../../src/core/propose/replies.ts';
import type { Replies } from './kit.ts';

interface Written {
  readonly form: 'thing' | 'stuff';
  readonly role?: 'background';
  readonly exemplars: readonly {
    readonly image: string;
    readonly boxes?: readonly (readonly number[])[];
    readonly points?: readonly (readonly number[])[];
  }[];
}

const guide = readFileSync(new URL('../../../docs/authoring.md', import.meta.url), 'utf8');
const listing = /^# file: kit\/rules\.yaml\n([\s\S]*?)^```$/m.exec(guide)![1]!;
const { interests } = parse(listing) as { interests: Record<string, Written> };

export const KIT_SHOWN = ['000.jpg', '001.jpg', '002.jpg'] as const;

export const KIT_INSTRUCTIONS = `Each kit lies in a foam tray and holds one plug with a coiled cable and one vial.
The vial is closed with a cap that has the colour of the plug, and it is filled with gel to the same level in every kit.
The plug lies in its bay at the upper right. One label lies in its recess at the lower left.
The kit was packed this week.
`;

const drawn = ({ exemplars }: Written): Drawn[] =>
  exemplars.map((e) => ({
    image: e.image,
    boxes: (e.boxes ?? []).map(([x0, y0, x1, y1]) => ({ x0: x0!, y0: y0!, x1: x1!, y1: y1! })),
    points: (e.points ?? []).map(([x, y]) => ({ x: x!, y: y! })),
  }));

const SYNONYMS: Readonly<Record<string, string[]>> = {
  bench: ['workbench'],
  foam: ['foam tray'],
  metal: ['metal parts'],
  coil: ['coiled cable'],
  plug: ['connector'],
  cap: ['screw cap'],
  glass: ['vial'],
  gel: ['filling'],
  label: ['printed label'],
};

const described = Object.entries(interests).map(
  ([name, i]): DescribedInterest => ({
    name,
    form: i.form,
    role: i.role ?? 'part',
    synonyms: SYNONYMS[name] ?? [],
    colour: [],
    crowded: false,
    exemplars: drawn(i),
  }),
);
/** Clicks on the foam above the coil, instead of on the coil. */
const BESIDE: Drawn[] = [
  {
    image: '000.jpg',
    boxes: [],
    points: [
      { x: 0.52, y: 0.5 },
      { x: 0.53, y: 0.6 },
      { x: 0.52, y: 0.72 },
    ],
  },
];

const value = (name: string, image: string) => ({ name, synonyms: [name], images: [image] });
const COLOURS = [value('red', '000.jpg'), value('blue', '001.jpg'), value('green', '002.jpg')];

const RULES: RuleReply[] = [
  { id: 'one-plug', kind: 'count', of: 'plug', equals: 1, because: 'Each kit lies in a foam tray and holds one plug' },
  { id: 'coil-present', kind: 'presence', of: 'coil', because: 'one plug with a coiled cable' },
  { id: 'one-cap', kind: 'count', of: 'cap', equals: 1, because: 'The vial is closed with a cap' },
  {
    id: 'cap-fits-plug',
    kind: 'agreement',
    between: ['plug-colour', 'cap-colour'],
    because: 'a cap that has the colour of the plug',
  },
  {
    id: 'fill-level',
    kind: 'extent',
    of: 'gel',
    edge: 'top',
    relativeTo: 'product',
    because: 'it is filled with gel to the same level in every kit',
  },
  {
    id: 'plug-place',
    kind: 'position',
    of: 'plug',
    relativeTo: 'product',
    because: 'The plug lies in its bay at the upper right.',
  },
  // Misread: there is one label. The normals will say so.
  {
    id: 'one-label',
    kind: 'count',
    of: 'label',
    equals: 2,
    because: 'One label lies in its recess at the lower left.',
  },
  {
    id: 'label-place',
    kind: 'position',
    of: 'label',
    relativeTo: 'plug',
    because: 'One label lies in its recess at the lower left.',
  },
];

export const KIT_REPLIES: Replies = {
  describe: {
    captions: [
      { image: '000.jpg', caption: 'A kit with a red plug and a red cap.' },
      { image: '001.jpg', caption: 'A kit with a blue plug and a blue cap.' },
      { image: '002.jpg', caption: 'A kit with a green plug and a green cap.' },
    ],
    title: 'Sensor kit',
    object: 'sensor kit',
    interests: described.map((i) => (i.name === 'coil' ? { ...i, exemplars: BESIDE } : i)),
    attributes: [
      { name: 'plug colour', of: 'plug', values: COLOURS },
      { name: 'cap colour', of: 'cap', values: COLOURS },
    ],
    unsure: ['Whether the small metal parts belong to the kit: the text does not name them.'],
  },
  correct: {
    fine: false,
    remarks: ['coil covers foam beside the cable'],
    redraw: [{ interest: 'coil', exemplars: described.find((i) => i.name === 'coil')!.exemplars }],
  },
  rules: {
    rules: RULES,
    left: [{ sentence: 'The kit was packed this week.', why: 'A photograph does not show when it was packed.' }],
  },
  better: {
    'one-label': {
      id: 'one-label',
      kind: 'count',
      of: 'label',
      equals: 1,
      because: 'One label lies in its recess at the lower left.',
    },
  },
};
