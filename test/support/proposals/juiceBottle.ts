/** Juice bottle: answers for the photographs of ../shared/data and for a drawn stand-in. Rules are the same for both. */
import type { Description, Drawn, RuleReply } from '../../../src/core/propose/replies.ts';
import { disc, FINE, grain, order, type Product, type Replies, rect, shift, stuff, svg, things } from './kit.ts';

/** The five descriptions are those of issue C, in the words of an instruction sheet. */
const INSTRUCTIONS = `# Juice bottle

The bottle is filled with one of three juices: cherry, orange or banana. Every bottle is filled to the same level.

Each bottle carries exactly one label with the picture of a fruit. The fruit icon on the upper label matches the liquid.
The text label sits below the fruit label. Each bottle carries exactly one text label. Both labels are in place, attached to
the front of the bottle. Exactly one fruit is printed in the middle of the upper label.

The juice must not be older than two days.
`;

type Xy = readonly [number, number];

/** The same answer for any four or three pictures: what is drawn differs. */
function description(
  drawn: Readonly<Record<string, readonly Drawn[]>>,
  values: Readonly<Record<string, readonly string[]>>,
  captions: Description['captions'],
): Description {
  const of = (name: string): Drawn[] => [...drawn[name]!];
  const value = (name: string, synonyms: string[]) => ({ name, synonyms, images: [...values[name]!] });
  const common = { colour: [], crowded: false };
  return {
    captions,
    title: 'Juice bottle, three flavours',
    object: 'juice bottle',
    interests: [
      {
        ...common,
        name: 'background',
        form: 'stuff',
        role: 'background',
        synonyms: ['black background'],
        exemplars: of('background'),
      },
      {
        ...common,
        name: 'glass',
        form: 'stuff',
        role: 'part',
        synonyms: ['glass', 'bottle neck'],
        exemplars: of('glass'),
      },
      { ...common, name: 'juice', form: 'stuff', role: 'part', synonyms: ['juice', 'liquid'], exemplars: of('juice') },
      {
        ...common,
        name: 'fruit label',
        form: 'thing',
        role: 'part',
        synonyms: ['upper label'],
        exemplars: of('fruit label'),
      },
      {
        ...common,
        name: 'text label',
        form: 'thing',
        role: 'part',
        synonyms: ['lower label'],
        exemplars: of('text label'),
      },
      {
        ...common,
        name: 'fruit',
        form: 'thing',
        role: 'part',
        parent: 'fruit label',
        synonyms: ['fruit icon'],
        exemplars: of('fruit'),
      },
    ],
    attributes: [
      {
        name: 'flavour',
        of: 'juice',
        values: [
          value('cherry', ['dark red juice']),
          value('orange', ['yellow juice']),
          value('banana', ['whitish juice']),
        ],
      },
      {
        name: 'icon',
        of: 'fruit',
        values: [value('cherry', ['cherries']), value('orange', ['an orange']), value('banana', ['bananas'])],
      },
    ],
    variants: 'flavour',
    unsure: ['Whether the level is measured at the rim of the juice or at its middle.'],
  };
}

const SAID = {
  level: 'Every bottle is filled to the same level.',
  juices: 'The bottle is filled with one of three juices: cherry, orange or banana.',
  fruitLabel: 'Each bottle carries exactly one label with the picture of a fruit.',
  fits: 'The fruit icon on the upper label matches the liquid.',
  below: 'The text label sits below the fruit label.',
  textLabel: 'Each bottle carries exactly one text label.',
  place: 'Both labels are in place, attached to the front of the bottle.',
  fruit: 'Exactly one fruit is printed in the middle of the upper label.',
} as const;

/** What a careful model writes down from these sentences: nothing that they do not say. */
export const JUICE_RULES: RuleReply[] = [
  { id: 'juice-present', kind: 'presence', of: 'juice', because: 'The bottle is filled with one of three juices' },
  { id: 'fill-level', kind: 'extent', of: 'juice', edge: 'top', relativeTo: 'product', because: SAID.level },
  { id: 'same-amount', kind: 'area', of: 'juice', because: SAID.level },
  { id: 'one-fruit-label', kind: 'count', of: 'fruit-label', equals: 1, because: SAID.fruitLabel },
  { id: 'icon-fits-juice', kind: 'agreement', between: ['flavour', 'icon'], because: SAID.fits },
  order('fruit-label-above-text', 'fruit-label', 'text-label', 'y', SAID.below),
  { id: 'one-text-label', kind: 'count', of: 'text-label', equals: 1, because: SAID.textLabel },
  { id: 'fruit-label-place', kind: 'position', of: 'fruit-label', relativeTo: 'product', because: SAID.place },
  { id: 'text-label-place', kind: 'position', of: 'text-label', relativeTo: 'product', because: SAID.place },
  { id: 'one-fruit', kind: 'count', of: 'fruit', equals: 1, because: SAID.fruit },
  { id: 'fruit-on-label', kind: 'inside', of: 'fruit', in: 'fruit-label', because: SAID.fruit },
  { id: 'fruit-in-the-middle', kind: 'position', of: 'fruit', relativeTo: 'fruit-label', because: SAID.fruit },
];
const LEFT = [{ sentence: 'The juice must not be older than two days.', why: 'Age cannot be seen on a photograph.' }];

// --- the photographs: 400 x 800 pixels, read off the pictures by hand ------------------------------------------------------

export const PHOTO_SIZE = { width: 400, height: 800 } as const;
export const PHOTOS = ['000.jpg', '002.jpg', '004.jpg', '009.jpg'] as const;

const BOXES: Readonly<
  Record<string, Readonly<Record<(typeof PHOTOS)[number], readonly [number, number, number, number]>>>
> = {
  'fruit label': {
    '000.jpg': [114, 353, 136, 134],
    '002.jpg': [115, 354, 139, 135],
    '004.jpg': [129, 364, 137, 133],
    '009.jpg': [145, 358, 137, 132],
  },
  'text label': {
    '000.jpg': [119, 604, 135, 64],
    '002.jpg': [120, 615, 136, 66],
    '004.jpg': [129, 627, 137, 62],
    '009.jpg': [150, 626, 138, 61],
  },
  fruit: {
    '000.jpg': [150, 397, 53, 49],
    '002.jpg': [157, 395, 57, 51],
    '004.jpg': [173, 404, 47, 53],
    '009.jpg': [181, 402, 53, 47],
  },
};
/** Five clicks per class and picture, in the middle of what they name; the bottle stands a little elsewhere on each. */
const CLICKS: Readonly<Record<string, readonly Xy[]>> = {
  juice: [
    [182, 235],
    [145, 320],
    [225, 318],
    [150, 548],
    [225, 556],
  ],
  glass: [
    [150, 85],
    [212, 85],
    [182, 120],
    [155, 160],
    [208, 160],
  ],
};
const FAR: readonly Xy[] = [
  [40, 150],
  [355, 150],
  [40, 500],
  [355, 550],
  [200, 775],
];
const OFFSET: Readonly<Record<string, Xy>> = {
  '000.jpg': [0, 0],
  '002.jpg': [0, 0],
  '004.jpg': [5, 6],
  '009.jpg': [12, 0],
};

function photographed(): Record<string, Drawn[]> {
  const clicks = (name: string): Drawn[] =>
    PHOTOS.map((image) => {
      const [dx, dy] = OFFSET[image]!;
      return stuff(
        image,
        CLICKS[name]!.map(([x, y]): Xy => [x + dx, y + dy]),
        PHOTO_SIZE,
      );
    });
  const boxes = (name: string): Drawn[] => PHOTOS.map((image) => things(image, [BOXES[name]![image]], PHOTO_SIZE));
  return {
    background: PHOTOS.map((image) => stuff(image, FAR, PHOTO_SIZE)),
    glass: clicks('glass'),
    juice: clicks('juice'),
    'fruit label': boxes('fruit label'),
    'text label': boxes('text label'),
    fruit: boxes('fruit'),
  };
}

/** Answers about the photographs of ../shared/data/juice_bottle/train/good. */
export const PHOTO_REPLIES: Replies = {
  describe: description(photographed(), { cherry: ['004.jpg'], orange: ['000.jpg', '009.jpg'], banana: ['002.jpg'] }, [
    { image: '000.jpg', caption: 'A bottle of yellow juice with an orange on its upper label.' },
    { image: '002.jpg', caption: 'A bottle of whitish juice with bananas on its upper label.' },
    { image: '004.jpg', caption: 'A bottle of dark red juice with cherries on its upper label.' },
    { image: '009.jpg', caption: 'A bottle of yellow juice with an orange, a little brighter than the first.' },
  ]),
  correct: FINE,
  rules: { rules: JUICE_RULES, left: LEFT },
};

// --- the stand-in ----------------------------------------------------------------------------------------------------

const SIZE = { width: 200, height: 400 } as const;
const FLAVOURS = [
  { juice: '#7d1f1c', icon: '#c01818' },
  { juice: '#d9b32c', icon: '#ee8a12' },
  { juice: '#e6dfcb', icon: '#f3e04a' },
] as const;
const SHOWN = ['000.png', '001.png', '002.png'];

const same = <T>(make: (image: string) => T): T[] => SHOWN.map(make);
const clicks = (points: readonly Xy[]): Drawn[] => same((image) => stuff(image, points, SIZE));
const box = (b: readonly [number, number, number, number]): Drawn[] => same((image) => things(image, [b], SIZE));

export const juiceBottle: Product = {
  name: 'juice-bottle',
  instructions: INSTRUCTIONS,
  size: SIZE,
  shown: SHOWN,
  draw(index, random) {
    const flavour = FLAVOURS[index % FLAVOURS.length]!;
    const dx = shift(index, SHOWN.length, random, 3);
    const dy = shift(index, SHOWN.length, random, 1.5);
    const level = shift(index, SHOWN.length, random, 1);
    const body =
      rect(48, 110, 104, 250, '#3d464c', 'rx="16"') +
      rect(74, 34, 52, 90, '#3d464c', 'rx="6"') +
      rect(56, 150, 88, 200, flavour.juice, 'rx="10"') +
      rect(82, 96 + level, 36, 64 - level, flavour.juice) +
      rect(66, 180, 68, 66, '#e8c063') +
      rect(66, 296, 68, 34, '#f4e6b8') +
      rect(74, 306, 52, 5, '#3a2b12') +
      rect(74, 316, 40, 4, '#3a2b12') +
      (index % 3 === 0
        ? disc(94, 216, 8, flavour.icon) + disc(107, 216, 8, flavour.icon)
        : index % 3 === 1
          ? disc(100, 213, 12, flavour.icon)
          : `<path d="M86 203q14 28 30 8q-6 26 -22 16z" fill="${flavour.icon}" stroke="#5a4a10" stroke-width="1.5"/>`);
    return svg(
      SIZE.width,
      SIZE.height,
      `${rect(0, 0, SIZE.width, SIZE.height, '#0b0c0d')}<g transform="translate(${dx} ${dy})">${body}</g>${grain(SIZE.width, SIZE.height, random)}`,
    );
  },
  replies: {
    describe: description(
      {
        background: clicks([
          [20, 40],
          [180, 60],
          [20, 220],
          [180, 240],
          [100, 385],
        ]),
        glass: clicks([
          [84, 50],
          [116, 50],
          [100, 62],
          [84, 82],
          [116, 84],
        ]),
        juice: clicks([
          [100, 120],
          [70, 165],
          [130, 165],
          [75, 270],
          [125, 270],
        ]),
        'fruit label': box([66, 180, 68, 66]),
        'text label': box([66, 296, 68, 34]),
        fruit: box([86, 202, 29, 23]),
      },
      { cherry: ['000.png'], orange: ['001.png'], banana: ['002.png'] },
      SHOWN.map((image, i) => ({
        image,
        caption: `A bottle of ${['cherry', 'orange', 'banana'][i]} juice with its fruit on the label.`,
      })),
    ),
    correct: FINE,
    rules: { rules: JUICE_RULES, left: LEFT },
  },
};
