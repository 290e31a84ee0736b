/** Drawn stand-ins for the other four categories, with the answers of a careful model. None is a photograph. */
import type { DescribedInterest, Drawn, RuleReply, RulesReply } from '../../../src/core/propose/replies.ts';
import { disc, FINE, grain, order, type Product, type Replies, rect, shift, stuff, svg, things } from './kit.ts';

type Quad = readonly [number, number, number, number];
type Xy = readonly [number, number];
type Part = Partial<Omit<DescribedInterest, 'name' | 'synonyms' | 'exemplars'>>;

/** What a model draws, the same on each picture it is shown: boxes `[x, y, w, h]` or clicks `[x, y]` in pixels. */
const drawnOn = (images: readonly string[], size: Product['size']) => ({
  boxes: (...boxes: readonly Quad[]): Drawn[] => images.map((image) => things(image, boxes, size)),
  clicks: (...points: readonly Xy[]): Drawn[] => images.map((image) => stuff(image, points, size)),
});

const thing = (name: string, synonym: string, exemplars: Drawn[], more: Part = {}): DescribedInterest => ({
  name,
  form: 'thing',
  role: 'part',
  synonyms: [synonym],
  colour: [],
  crowded: false,
  exemplars,
  ...more,
});
const area = (name: string, synonym: string, exemplars: Drawn[], more: Part = {}): DescribedInterest =>
  thing(name, synonym, exemplars, { form: 'stuff', ...more });
const ground = (name: string, synonym: string, exemplars: Drawn[]): DescribedInterest =>
  area(name, synonym, exemplars, { role: 'background' });

const count = (id: string, of: string, equals: number, because: string): RuleReply => ({
  id,
  kind: 'count',
  of,
  equals,
  because,
});
const place = (id: string, of: string, relativeTo: string, because: string): RuleReply => ({
  id,
  kind: 'position',
  of,
  relativeTo,
  because,
});
/** Three rows of five pushpins, in compartments of the box or of the whole picture. */
const fifteenPins = (where: string): RulesReply => ({
  rules: [
    count('fifteen-pins', 'pushpin', 15, 'There are fifteen pushpins in all.'),
    {
      id: 'one-per-compartment',
      kind: 'layout',
      of: 'pushpin',
      in: where,
      rows: 3,
      columns: 5,
      perCell: 1,
      because: 'Each compartment of the box contains exactly one pushpin.',
    },
  ],
  left: [{ sentence: 'The pins are clean.', why: 'What dirt would look like is not said.' }],
});

// --- breakfast box ---------------------------------------------------------------------------------------------------

const BREAKFAST = { width: 320, height: 240 } as const;
const BREAKFAST_SHOWN = ['000.png', '001.png', '002.png'];
const breakfast = drawnOn(BREAKFAST_SHOWN, BREAKFAST);

const breakfastBox: Product = {
  name: 'breakfast-box',
  instructions: `The box holds exactly two tangerines and one nectarine on the left. On the right there is cereal, and below it banana
chips and almonds. The ratio of banana chips to almonds is fixed. The relative position of all parts is fixed. The food is
fresh.`,
  size: BREAKFAST,
  shown: BREAKFAST_SHOWN,
  draw(index, random) {
    const d = (): number => shift(index, BREAKFAST_SHOWN.length, random, 1.5);
    const body =
      rect(0, 0, 320, 240, '#20242b') +
      rect(16, 14, 288, 212, '#e9e9e4', 'rx="12"') +
      rect(158, 18, 4, 204, '#b9bab5') +
      disc(56 + d(), 58 + d(), 28, '#f08a1c') +
      disc(122 + d(), 118 + d(), 28, '#f08a1c') +
      disc(60 + d(), 176 + d(), 32, '#b8322c') +
      rect(170, 24 + d(), 126, 96, '#9a6a34', 'rx="8"') +
      rect(170, 128 + d(), 70, 90, '#e8d28a', 'rx="8"') +
      rect(248, 128 + d(), 48, 90, '#4f2c16', 'rx="8"');
    return svg(320, 240, body + grain(320, 240, random, 400));
  },
  replies: {
    describe: {
      captions: BREAKFAST_SHOWN.map((image) => ({
        image,
        caption: 'An open box with fruit on the left and dry food on the right.',
      })),
      title: 'Breakfast box',
      object: 'breakfast box',
      interests: [
        ground('table', 'dark table', breakfast.clicks([8, 40], [8, 120], [8, 200], [312, 60], [312, 180])),
        area(
          'box',
          'white box',
          breakfast.clicks([125, 45], [130, 190], [30, 116], [100, 60], [140, 65], [66, 108], [120, 165], [145, 205]),
        ),
        thing('tangerine', 'mandarin', breakfast.boxes([28, 30, 56, 56], [94, 90, 56, 56])),
        thing('nectarine', 'red fruit', breakfast.boxes([28, 144, 64, 64])),
        area('cereal', 'muesli', breakfast.clicks([190, 50], [230, 70], [275, 45], [200, 100], [270, 100])),
        area(
          'banana chips',
          'dried banana',
          breakfast.clicks([190, 150], [220, 150], [205, 172], [190, 200], [220, 200]),
        ),
        area('almonds', 'nuts', breakfast.clicks([262, 150], [282, 150], [272, 172], [262, 200], [282, 200])),
      ],
      attributes: [],
      unsure: ['How much cereal there must be.'],
    },
    correct: FINE,
    rules: {
      rules: [
        count('two-tangerines', 'tangerine', 2, 'The box holds exactly two tangerines'),
        count('one-nectarine', 'nectarine', 1, 'The box holds exactly two tangerines and one nectarine on the left.'),
        order(
          'fruit-left-of-cereal',
          'tangerine',
          'cereal',
          'x',
          'exactly two tangerines and one nectarine on the left',
        ),
        order('nectarine-left-of-cereal', 'nectarine', 'cereal', 'x', 'one nectarine on the left'),
        { id: 'cereal-there', kind: 'presence', of: 'cereal', because: 'On the right there is cereal' },
        order('chips-below-cereal', 'cereal', 'banana-chips', 'y', 'below it banana chips and almonds'),
        order('almonds-below-cereal', 'cereal', 'almonds', 'y', 'below it banana chips and almonds'),
        {
          id: 'chips-to-almonds',
          kind: 'area',
          of: 'banana-chips',
          relativeTo: 'almonds',
          because: 'The ratio of banana chips to almonds is fixed.',
        },
        place('chips-place', 'banana-chips', 'product', 'The relative position of all parts is fixed.'),
        place('almonds-place', 'almonds', 'banana-chips', 'The relative position of all parts is fixed.'),
      ],
      left: [{ sentence: 'The food is fresh.', why: 'Freshness is no number, place or area that a photograph shows.' }],
    },
    better: {
      'fruit-left-of-cereal': place(
        'fruit-left-of-cereal',
        'tangerine',
        'cereal',
        'exactly two tangerines and one nectarine on the left',
      ),
      'nectarine-left-of-cereal': place('nectarine-left-of-cereal', 'nectarine', 'cereal', 'one nectarine on the left'),
      'chips-below-cereal': place('chips-below-cereal', 'banana-chips', 'cereal', 'below it banana chips and almonds'),
      'almonds-below-cereal': place('almonds-below-cereal', 'almonds', 'cereal', 'below it banana chips and almonds'),
    },
  },
};

// --- screw bag -------------------------------------------------------------------------------------------------------

const BAG = { width: 320, height: 240 } as const;
const BAG_SHOWN = ['000.png', '001.png', '002.png'];
const bag = drawnOn(BAG_SHOWN, BAG);
const hexagon = (x: number, y: number, r: number): string =>
  `<path d="${[0, 1, 2, 3, 4, 5].map((k) => `${k === 0 ? 'M' : 'L'}${(x + r * Math.cos((k * Math.PI) / 3)).toFixed(1)} ${(y + r * Math.sin((k * Math.PI) / 3)).toFixed(1)}`).join('')}Z" fill="#b98d2f"/>${disc(x, y, r * 0.42, '#d9dbd6')}`;

const screwBag: Product = {
  name: 'screw-bag',
  instructions: `Every bag holds exactly two washers, exactly two nuts, one long screw and one short screw.

Nothing else is in the bag.`,
  size: BAG,
  shown: BAG_SHOWN,
  draw(index, random) {
    const d = (): number => shift(index, BAG_SHOWN.length, random, 4);
    const washer = (x: number, y: number): string => disc(x, y, 20, '#46688f') + disc(x, y, 9, '#d9dbd6');
    const screw = (x: number, y: number, length: number): string =>
      rect(x, y - 9, 14, 18, '#3c3f44', 'rx="3"') + rect(x + 12, y - 5, length - 12, 10, '#3c3f44');
    const body =
      rect(0, 0, 320, 240, '#7a2f2f') +
      rect(14, 12, 292, 216, '#d9dbd6', 'rx="10"') +
      washer(62 + d(), 60 + d()) +
      washer(62 + d(), 178 + d()) +
      hexagon(132 + d(), 56 + d(), 22) +
      hexagon(132 + d(), 186 + d(), 22) +
      screw(178 + d() / 2, 84 + d(), 110) +
      screw(178 + d() / 2, 156 + d(), 66);
    return svg(320, 240, body + grain(320, 240, random, 400));
  },
  replies: {
    describe: {
      captions: BAG_SHOWN.map((image) => ({
        image,
        caption: 'A clear bag with two washers, two nuts and two screws.',
      })),
      title: 'Bag of screws',
      object: 'bag of screws',
      interests: [
        ground('table', 'red table', bag.clicks([6, 40], [6, 200], [160, 5], [314, 120], [160, 234])),
        area('bag', 'clear bag', bag.clicks([100, 120], [240, 40], [240, 205], [96, 96], [230, 122])),
        thing('washer', 'ring', bag.boxes([42, 40, 40, 40], [42, 158, 40, 40])),
        thing('nut', 'hexagonal nut', bag.boxes([110, 37, 44, 38], [110, 167, 44, 38])),
        thing('screw', 'bolt', bag.boxes([178, 75, 110, 18], [178, 147, 66, 18])),
      ],
      attributes: [],
      unsure: [],
    },
    correct: FINE,
    rules: {
      rules: [
        count('two-washers', 'washer', 2, 'Every bag holds exactly two washers'),
        count('two-nuts', 'nut', 2, 'exactly two nuts'),
        count('two-screws', 'screw', 2, 'one long screw and one short screw'),
        {
          id: 'long-and-short',
          kind: 'extent',
          of: 'screw',
          measure: 'length',
          multiset: true,
          because: 'one long screw and one short screw',
        },
        { id: 'nothing-else', kind: 'likeness', of: 'unknown', because: 'Nothing else is in the bag.' },
      ],
      left: [],
    },
  },
};

// --- pushpins --------------------------------------------------------------------------------------------------------

const PINS = { width: 410, height: 240 } as const;
const PINS_SHOWN = ['000.png', '001.png', '002.png'];
const pins = drawnOn(PINS_SHOWN, PINS);
const cell = (k: number): Xy => [12 + (k % 5) * 68, 12 + Math.floor(k / 5) * 73];

const pushpins: Product = {
  name: 'pushpins',
  instructions: `Each compartment of the box contains exactly one pushpin. There are fifteen pushpins in all. The pins are clean.`,
  size: PINS,
  shown: PINS_SHOWN,
  draw(index, random) {
    let body = rect(0, 0, 410, 240, '#c7ccd1');
    for (let k = 0; k < 15; k++) {
      const [x, y] = cell(k);
      const px = x + 32 + shift(index, PINS_SHOWN.length, random, 6);
      const py = y + 34 + shift(index, PINS_SHOWN.length, random, 6);
      body += rect(x, y, 64, 69, '#23262a') + disc(px, py, 10, '#f2c511') + rect(px - 2, py + 8, 4, 16, '#c8ccd0');
    }
    return svg(410, 240, body + grain(410, 240, random, 300));
  },
  replies: {
    describe: {
      captions: PINS_SHOWN.map((image) => ({
        image,
        caption: 'A box of fifteen compartments with one yellow pushpin in each.',
      })),
      title: 'Box of pushpins',
      object: 'box of pushpins',
      interests: [
        ground('wall', 'grey plastic wall', pins.clicks([380, 40], [378, 90], [382, 130], [378, 180], [380, 220])),
        area(
          'compartment',
          'dark compartment',
          pins.clicks(...[0, 3, 6, 9, 12, 14].map((k): Xy => [cell(k)[0] + 14, cell(k)[1] + 56])),
        ),
        thing('pushpin', 'pin', [], { colour: ['yellow'], crowded: true }),
      ],
      attributes: [],
      unsure: ['Whether a pin may lie across a wall.'],
    },
    correct: FINE,
    rules: fifteenPins('compartment'),
  },
};

// --- splicing connectors ---------------------------------------------------------------------------------------------

const SPLICE = { width: 400, height: 200 } as const;
const SPLICE_SHOWN = ['000.png', '001.png', '002.png'];
const splice = drawnOn(SPLICE_SHOWN, SPLICE);
const COLOURS = [
  { name: 'yellow', fill: '#e8c81a', clamps: 2 },
  { name: 'blue', fill: '#2456b8', clamps: 3 },
  { name: 'red', fill: '#c4211f', clamps: 5 },
] as const;
const CLAMP = 22;
/** Connector of so many clamps, upper left corner by its middle. */
const connector = (x: number, clamps: number): Quad => [x, 100 - (clamps * CLAMP) / 2 - 4, 62, clamps * CLAMP + 8];
const RIGHT = 298;
const LEFT_X = 40;

const splicingConnectors: Product = {
  name: 'splicing-connectors',
  instructions: `There are exactly two connectors, and both have the same number of clamps. Exactly one cable joins them. The colour
of the cable sets the number of clamps: yellow two, blue three, red five. The cable ends in the same clamp position on both
sides.`,
  size: SPLICE,
  shown: SPLICE_SHOWN,
  draw(index, random) {
    const { fill, clamps } = COLOURS[index % COLOURS.length]!;
    const dy = shift(index, SPLICE_SHOWN.length, random, 2);
    const part = (x: number): string => {
      const [bx, by, w, h] = connector(x, clamps);
      let out = rect(bx, by, w, h, '#f1efe6', 'rx="4"');
      for (let k = 0; k < clamps; k++) out += rect(bx + 14, by + 6 + k * CLAMP, 34, CLAMP - 5, '#e07b1a');
      return out;
    };
    const body = `${part(LEFT_X)}${part(RIGHT)}${rect(LEFT_X + 62, 95, RIGHT - LEFT_X - 62, 10, fill)}`;
    return svg(
      400,
      200,
      `${rect(0, 0, 400, 200, '#4b5058')}<g transform="translate(0 ${dy})">${body}</g>${grain(400, 200, random, 400)}`,
    );
  },
  replies: {
    describe: {
      captions: SPLICE_SHOWN.map((image, i) => ({
        image,
        caption: `Two connectors joined by a ${COLOURS[i]!.name} cable.`,
      })),
      title: 'Two connectors joined by a cable',
      object: 'spliced cable',
      interests: [
        ground(
          'mesh',
          'grey ground',
          splice.clicks([15, 100], [385, 100], [200, 40], [200, 160], [150, 150], [250, 50]),
        ),
        thing(
          'connector',
          'splicing connector',
          SPLICE_SHOWN.map((i, k) =>
            things(i, [connector(LEFT_X, COLOURS[k]!.clamps), connector(RIGHT, COLOURS[k]!.clamps)], SPLICE),
          ),
        ),
        thing('cable', 'wire', splice.boxes([102, 95, 196, 10])),
      ],
      attributes: [
        {
          name: 'cable colour',
          of: 'cable',
          values: COLOURS.map((c, i) => ({ name: c.name, synonyms: [`${c.name} cable`], images: [SPLICE_SHOWN[i]!] })),
        },
      ],
      variants: 'cable colour',
      unsure: [],
    },
    correct: FINE,
    rules: {
      rules: [
        count('two-connectors', 'connector', 2, 'There are exactly two connectors'),
        {
          id: 'same-on-both-sides',
          kind: 'symmetry',
          of: 'connector',
          axis: 'x',
          because: 'both have the same number of clamps',
        },
        count('one-cable', 'cable', 1, 'Exactly one cable joins them.'),
        {
          id: 'clamps-for-colour',
          kind: 'areaPerUnit',
          of: 'connector',
          by: 'cable-colour',
          units: { yellow: 2, blue: 3, red: 5 },
          because: 'The colour of the cable sets the number of clamps: yellow two, blue three, red five.',
        },
        {
          id: 'same-clamp',
          kind: 'symmetry',
          of: 'cable',
          axis: 'x',
          measure: 'contact',
          to: 'connector',
          because: 'The cable ends in the same clamp position on both sides.',
        },
      ],
      left: [],
    },
  },
};

export const OTHERS: readonly Product[] = [breakfastBox, screwBag, pushpins, splicingConnectors];

// --- pushpins on the panels of ../shared/data: pictures cut out of printed figures, no LOCO result --------------------------

export const PANELS = ['000.jpg', '001.jpg', '002.jpg'] as const;
/** The panels have several sizes; the jitter is that of the smallest. */
export const PANEL_SIZE = { width: 224, height: 132 } as const;
const BORDER = [
  { x: 0.5, y: 0.02 },
  { x: 0.02, y: 0.5 },
  { x: 0.98, y: 0.5 },
  { x: 0.5, y: 0.98 },
  { x: 0.98, y: 0.98 },
];

/** A pushpin is yellow and nothing else is: a colour word grounds it, without a single box. */
export const PANEL_REPLIES: Replies = {
  describe: {
    captions: PANELS.map((image) => ({
      image,
      caption: 'A box of fifteen compartments with one yellow pushpin in each.',
    })),
    title: 'Box of pushpins',
    object: 'box of pushpins',
    interests: [
      ground(
        'outside',
        'black background',
        PANELS.map((image) => ({ image, boxes: [], points: BORDER })),
      ),
      thing('pushpin', 'pin', [], { colour: ['yellow', 'orange'], crowded: true }),
    ],
    attributes: [],
    unsure: [],
  },
  correct: FINE,
  rules: fifteenPins('image'),
};
