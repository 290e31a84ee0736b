/**
 * Answers about photographs: the splicing connectors on the panels of ../shared/data (pictures cut out of printed figures, no
 * LOCO result). A cable is thinner than the jitter is wide, so that clicks would miss it: a careful model names its colours.
 */
import type { DescribedInterest, Drawn } from '../../../src/core/propose/replies.ts';
import { FINE, type Replies } from './kit.ts';

/** Two yellow cables and the blue one: those that the answers speak of. */
export const SPLICE_PANELS = ['000.jpg', '001.jpg', '002.jpg'] as const;
export const SPLICE_PANEL_SIZE = { width: 512, height: 256 } as const;

type Quad = readonly [number, number, number, number];

const part = (name: string, rest: Partial<DescribedInterest>): DescribedInterest => ({
  name,
  form: 'thing',
  role: 'part',
  synonyms: [],
  colour: [],
  crowded: false,
  exemplars: [],
  ...rest,
});
const boxes = (image: string, list: readonly Quad[]): Drawn => ({
  image,
  boxes: list.map(([x0, y0, x1, y1]) => ({ x0, y0, x1, y1 })),
  points: [],
});
/** Wherever nothing lies in any of the pictures. */
const MESH = [0.04, 0.2, 0.35, 0.5, 0.65, 0.8, 0.96].flatMap((x) => [0.07, 0.2, 0.83, 0.94].map((y) => ({ x, y })));

export const SPLICE_REPLIES: Replies = {
  describe: {
    captions: [
      { image: '000.jpg', caption: 'Two connectors of two clamps each, joined by a yellow cable in the upper clamps.' },
      { image: '001.jpg', caption: 'Two connectors of three clamps each, joined by a blue cable in the upper clamps.' },
      { image: '002.jpg', caption: 'Two connectors of two clamps each, joined by a yellow cable in the lower clamps.' },
    ],
    title: 'Two connectors joined by a cable',
    object: 'spliced cable',
    interests: [
      part('mesh', {
        form: 'stuff',
        role: 'background',
        synonyms: ['metal mesh'],
        exemplars: SPLICE_PANELS.map((image) => ({ image, boxes: [], points: MESH })),
      }),
      part('connector', {
        synonyms: ['splicing connector'],
        exemplars: [
          boxes('000.jpg', [
            [0.105, 0.325, 0.272, 0.562],
            [0.7, 0.41, 0.865, 0.64],
          ]),
          boxes('001.jpg', [
            [0.108, 0.42, 0.27, 0.735],
            [0.752, 0.378, 0.913, 0.7],
          ]),
          boxes('002.jpg', [
            [0.077, 0.367, 0.24, 0.59],
            [0.717, 0.5, 0.88, 0.727],
          ]),
        ],
      }),
      part('cable', { synonyms: ['wire'], colour: ['yellow', 'blue'] }),
    ],
    attributes: [
      {
        name: 'cable colour',
        of: 'cable',
        values: [
          { name: 'yellow', synonyms: ['yellow cable'], images: ['000.jpg', '002.jpg'] },
          { name: 'blue', synonyms: ['blue cable'], images: ['001.jpg'] },
        ],
      },
    ],
    variants: 'cable colour',
    unsure: ['No picture shows a red cable with connectors of five clamps.'],
  },
  correct: FINE,
  rules: {
    rules: [
      { id: 'two-connectors', kind: 'count', of: 'connector', equals: 2, because: 'There are exactly two connectors' },
      {
        id: 'same-on-both-sides',
        kind: 'symmetry',
        of: 'connector',
        axis: 'x',
        because: 'both have the same number of clamps',
      },
      { id: 'one-cable', kind: 'count', of: 'cable', equals: 1, because: 'Exactly one cable joins them.' },
      {
        id: 'clamps-for-colour',
        kind: 'areaPerUnit',
        of: 'connector',
        by: 'cable-colour',
        units: { yellow: 2, blue: 3 },
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
};
