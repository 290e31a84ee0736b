/** Schemas of what a rule file defines before its rules: places, interests, attributes, segmentation. */
import { type TObject, type TProperties, type TSchema, Type } from 'typebox';
import { STRICT } from './kind.ts';

export const NAME_PATTERN = '^[A-Za-z][A-Za-z0-9_-]{0,63}$';
export const DETECTORS = [
  'patch',
  'interest',
  'composition',
  'winclip',
  'winclip-plus',
  'april-gan',
  'patchcore',
  'spade',
  'padim',
] as const;
export const SOURCES = ['words', 'exemplars', 'colour', 'clusters', 'silhouette'] as const;

export const choice = <T extends string>(values: readonly T[], description: string): TSchema =>
  Type.Union(
    values.map((v) => Type.Literal(v)),
    { description, examples: [values[0]] },
  );
export const Name = (description: string): TSchema => Type.String({ pattern: NAME_PATTERN, description });
/** One text or several. */
export const Texts = (description: string, example: string): TSchema =>
  Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })], {
    description,
    examples: [example, [example]],
  });
export const Strict = <P extends TProperties>(properties: P, description?: string): TObject<P> =>
  Type.Object(properties, { ...STRICT, ...(description ? { description } : {}) });
export const Table = (value: TSchema, description: string): TSchema =>
  Type.Record(Type.String({ pattern: NAME_PATTERN }), value, { ...STRICT, description });
export const Optional = Type.Optional;

const fraction = Type.Number({ description: 'a fraction of the image, 0 to 1' });
export const Point = Type.Array(fraction, {
  minItems: 2,
  maxItems: 2,
  description: '[x, y], fractions of the image',
  examples: [[0.5, 0.25]],
});
export const Box = Type.Array(fraction, {
  minItems: 4,
  maxItems: 4,
  description: '[left, top, right, bottom], fractions of the image',
  examples: [[0.1, 0.2, 0.4, 0.6]],
});
const Polygon = Type.Array(Point, {
  minItems: 3,
  description: 'at least three [x, y] points',
  examples: [
    [
      [0.1, 0.1],
      [0.9, 0.1],
      [0.5, 0.9],
    ],
  ],
});

export const ShapeSchema = Type.Union(
  [
    Strict({ box: Box }),
    Strict({ polygon: Polygon }),
    Strict({
      mask: Type.String({
        minLength: 1,
        description: 'a PNG beside the rule file, white = inside',
        examples: ['bay.png'],
      }),
    }),
    Strict({
      interest: Type.String({ minLength: 1, 'x-ref': 'interest', description: 'the boxes of its instances' }),
      grow: Optional(
        Type.Number({
          minimum: -0.5,
          maximum: 0.5,
          description: 'grown on every side by so much of the long side',
          examples: [0.02],
        }),
      ),
    }),
    Strict({ region: Type.String({ minLength: 1, 'x-ref': 'place', description: 'another region by name' }) }),
  ],
  {
    description: 'a box, a polygon, a mask, an interest (optionally grown) or another region',
    examples: [{ box: [0.1, 0, 0.9, 1] }],
  },
);

const ColourSchema = Type.Union(
  [
    Type.String({ minLength: 1 }),
    Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
    Strict({
      words: Optional(Texts('colour words', 'dark red')),
      lab: Optional(
        Type.Array(Type.Number(), {
          minItems: 3,
          maxItems: 3,
          description: 'CIE Lab of the colour (D65)',
          examples: [[40, 50, 30]],
        }),
      ),
      deltaE: Optional(
        Type.Number({ exclusiveMinimum: 0, maximum: 200, description: 'radius around it', examples: [12] }),
      ),
    }),
  ],
  {
    description: 'colour words, or a Lab colour with a radius',
    examples: ['dark red', { lab: [40, 50, 30], deltaE: 12 }],
  },
);

export const ExemplarSchema = Strict(
  {
    image: Type.String({ minLength: 1, description: 'file name in the folder of normals', examples: ['000.jpg'] }),
    boxes: Optional(
      Type.Array(Box, {
        minItems: 1,
        description: 'tight around whole things: a list of [left, top, right, bottom]',
        examples: [[[0.1, 0.2, 0.4, 0.6]]],
      }),
    ),
    points: Optional(
      Type.Array(Point, {
        minItems: 1,
        description: 'clicks on stuff: a list of [x, y]',
        examples: [
          [
            [0.5, 0.25],
            [0.5, 0.75],
          ],
        ],
      }),
    ),
    polygons: Optional(Type.Array(Polygon, { minItems: 1, description: 'outlines: a list of lists of [x, y]' })),
    masks: Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description: 'PNG files beside the rule file',
        examples: [['cap.png']],
      }),
    ),
  },
  'what a normal image shows of it: boxes, points, polygons or masks',
);

export const UnitSchema = Type.String({
  pattern: '^(fraction|(px|cells)@[1-9][0-9]{0,4})$',
  description: 'fraction (default), px@N or cells@N: the image counted as N x N',
  examples: ['px@448'],
});
const Amount = (description: string): TSchema => Type.Number({ minimum: 0, description, examples: [0.01] });

export const InterestSchema = Strict({
  form: choice(['thing', 'stuff'], 'thing: instances that are counted; stuff: one mass, such as a liquid'),
  role: Optional(choice(['part', 'background'], 'background is what the product stands out from')),
  parent: Optional(Type.String({ minLength: 1, 'x-ref': 'interest', description: 'the interest it lies in' })),
  say: Optional(Texts('words for it (needs an image-text model)', 'fruit label')),
  exemplars: Optional(
    Type.Array(ExemplarSchema, {
      minItems: 1,
      description: 'where it is on one to four normal images',
      examples: [[{ image: '000.jpg', boxes: [[0.1, 0.2, 0.4, 0.6]] }]],
    }),
  ),
  colour: Optional(ColourSchema),
  source: Optional(
    Type.Union([choice(SOURCES, 'a grounding'), Type.Array(choice(SOURCES, 'a grounding'), { minItems: 1 })], {
      description: `groundings to use: ${SOURCES.join(', ')}; default: all that are given`,
      examples: ['exemplars'],
    }),
  ),
  minSimilarity: Optional(
    Type.Number({ minimum: -1, maximum: 1, description: 'words: cells less similar than this are not it' }),
  ),
  clean: Optional(
    Strict({
      open: Optional(Amount('opening, side of the kernel')),
      close: Optional(Amount('closing')),
      erode: Optional(Amount('erosion')),
      dilate: Optional(Amount('dilation')),
      minArea: Optional(Amount('components up to this are dropped')),
      unit: Optional(UnitSchema),
    }),
  ),
  instances: Optional(
    Strict({
      split: Optional(
        choice(
          ['none', 'area', 'distance'],
          'how merged instances are told apart: by area against the median of the normals, or at necks (distance)',
        ),
      ),
      merge: Optional(
        Type.Number({
          minimum: 0,
          maximum: 1,
          description: 'components nearer than this (of the long side) are one instance',
          examples: [0.01],
        }),
      ),
    }),
  ),
});

export const ValueSchema = Strict({
  say: Optional(Texts('words for the value', 'red liquid')),
  exemplars: Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: 'images of the normals that show it',
      examples: [['000.jpg']],
    }),
  ),
  colour: Optional(ColourSchema),
});

export const AttributeSchema = Strict({
  of: Type.String({ minLength: 1, 'x-ref': 'interest', description: 'the interest it is read off' }),
  values: Table(ValueSchema, 'values by name'),
  absent: Optional(
    Type.String({ minLength: 1, description: 'the value it counts as where its interest is not found; default: none' }),
  ),
});

const VOTED = choice(['words', 'clusters'] as const, 'a source');
export const SegmentationSchema = Strict(
  {
    clusters: Optional(
      Type.Integer({ minimum: 2, maximum: 256, description: 'clusters of the codebook (source: clusters)' }),
    ),
    minCells: Optional(
      Type.Integer({
        minimum: 0,
        description: 'pieces of a cluster up to so many cells of the token grid take no part in naming it',
      }),
    ),
    minRegion: Optional(
      Type.Integer({ minimum: 0, description: 'regions up to so many pixels of a 448 px frame become background' }),
    ),
    vote: Optional(
      Type.Array(VOTED, {
        description: 'sources whose map the proposals of a mask model decide by majority; default: both',
        examples: [['words']],
      }),
    ),
    uncovered: Optional(
      choice(['vote', 'background'], 'what no proposal covers: one region that votes like any other, or background'),
    ),
    silhouette: Optional(
      choice(
        ['background', 'largest-proposal'],
        'what a silhouette is the rest of: the background classes (default), or the largest proposal',
      ),
    ),
  },
  'how words become masks; matters only where an image-text model grounds',
);
