/** Faults of interests and attributes: what says how to find them, and whether it can. */
import { COLOUR_WORDS, colourRange } from '../ground/colourWords.ts';
import type { ColourSpec, InterestSpec } from './definition.ts';
import type { Path } from './document.ts';
import { nearest } from './faults.ts';
import { type Bench, checkCoordinates, resolve } from './names.ts';
import { record } from './normalise.ts';

function checkColour({ doc, faults }: Bench, colour: ColourSpec | undefined, path: Path): void {
  if (!colour) return;
  for (const word of colour.words) {
    if (colourRange(word)) continue;
    const words = Object.keys(COLOUR_WORDS);
    faults.push(
      doc.faultAt(path, {
        code: 'UNKNOWN_COLOUR',
        message: `${word.slice(0, 40)} is no colour word`,
        expected: `one of ${words.join(', ')}, also with dark, light or bright before it; or lab: [L, a, b]`,
        example: 'colour: dark red',
        didYouMean: nearest(word, words),
      }),
    );
  }
  if (colour.words.length === 0 && !colour.lab) {
    faults.push(
      doc.faultAt(path, {
        code: 'MISSING',
        message: 'neither colour words nor lab',
        expected: 'colour words, or lab with deltaE',
        example: 'colour: { lab: [40, 50, 30], deltaE: 12 }',
      }),
    );
  }
}

const SOURCE_KEY = { words: 'say', exemplars: 'exemplars', colour: 'colour' } as const;

export function checkInterest(bench: Bench, i: InterestSpec): void {
  const { doc, faults, options } = bench;
  const path = ['interests', i.id];
  if (i.parent !== undefined) resolve(bench, 'interest', i.parent, [...path, 'parent']);
  checkColour(bench, i.colour, [...path, 'colour']);
  i.exemplars.forEach((e, n) => {
    const at = [...path, 'exemplars', n];
    e.boxes.forEach((b, k) => {
      checkCoordinates(bench, b, [...at, 'boxes', k], 'the box');
    });
    e.points.forEach((p, k) => {
      checkCoordinates(bench, p, [...at, 'points', k], 'the point');
    });
    e.polygons.forEach((polygon, k) => {
      polygon.forEach((p, m) => {
        checkCoordinates(bench, p, [...at, 'polygons', k, m], 'the polygon');
      });
    });
    if (e.boxes.length + e.points.length + e.polygons.length + e.masks.length === 0) {
      faults.push(
        doc.faultAt(at, {
          code: 'MISSING',
          message: 'the exemplar shows nothing',
          expected: 'boxes, points, polygons or masks',
          example: '{ image: 000.jpg, boxes: [[0.1, 0.2, 0.4, 0.6]] }',
        }),
      );
    }
    checkExists(bench, e.image, [...at, 'image']);
  });
  const has = { words: i.say.length > 0, exemplars: i.exemplars.length > 0, colour: i.colour !== undefined };
  const free = i.source?.some((s) => s === 'clusters' || s === 'silhouette') ?? false;
  for (const s of i.source ?? []) {
    if (s === 'clusters' || s === 'silhouette' || has[s]) continue;
    faults.push(
      doc.faultAt([...path, 'source'], {
        code: 'NO_GROUNDING',
        message: `source asks for ${s}, but ${SOURCE_KEY[s]} is not given`,
        expected: `${SOURCE_KEY[s]} beside source`,
        example: `${SOURCE_KEY[s]}: ${s === 'words' ? '[label]' : s === 'colour' ? 'dark red' : '[{ image: 000.jpg, boxes: [[0.1, 0.2, 0.4, 0.6]] }]'}`,
      }),
    );
  }
  if (!has.words && !has.exemplars && !has.colour && !free) {
    faults.push(
      doc.faultAt(
        path,
        {
          code: 'NO_GROUNDING',
          message: `nothing says how to find ${i.id}`,
          expected: 'say, exemplars or colour; or source: silhouette or clusters',
          example: 'exemplars: [{ image: 000.jpg, boxes: [[0.1, 0.2, 0.4, 0.6]] }]',
        },
        'key',
      ),
    );
  }
  checkUnread(bench, i);
  const uses = (s: 'words' | 'exemplars' | 'colour'): boolean =>
    has[s] && (i.source === undefined || i.source.includes(s));
  if (
    options.models &&
    !options.models.includes('image-text') &&
    uses('words') &&
    !uses('exemplars') &&
    !uses('colour') &&
    !free
  ) {
    faults.push(
      doc.faultAt([...path, 'say'], {
        code: 'GROUNDING_IMPOSSIBLE',
        message: `${i.id} is given by words only, and no image-text model is installed`,
        expected: 'exemplars or colour beside say; or a model set with image-text (logsad models pull cpu)',
        example: 'exemplars: [{ image: 000.jpg, boxes: [[0.1, 0.2, 0.4, 0.6]] }]',
      }),
    );
  }
  if (options.models && !options.models.includes('dense') && uses('exemplars') && !uses('colour') && !uses('words')) {
    faults.push(
      doc.faultAt([...path, 'exemplars'], {
        code: 'GROUNDING_IMPOSSIBLE',
        message: `${i.id} is given by exemplars only, and no dense backbone is installed`,
        expected: 'colour beside exemplars, or an installed backbone (logsad models list)',
        example: 'colour: dark red',
      }),
    );
  }
}

/** Settings that nothing would read. */
function checkUnread({ doc, faults }: Bench, i: InterestSpec): void {
  const path = ['interests', i.id];
  const words = i.say.length > 0 && (i.source?.some((s) => s === 'words' || s === 'clusters') ?? true);
  if (i.minSimilarity !== undefined && !words) {
    faults.push(
      doc.faultAt(
        [...path, 'minSimilarity'],
        {
          code: 'MISSING',
          message: `minSimilarity is how alike to the words a place must be, but ${i.id} is not found by words`,
          expected: 'say beside minSimilarity, and no source that leaves words out',
          example: `say: [${i.id}]`,
        },
        'key',
      ),
    );
  }
  const setting = (['split', 'merge'] as const).find((k) => i.instances[k] !== undefined && i.instances[k] !== 'none');
  if (i.form === 'stuff' && setting !== undefined) {
    faults.push(
      doc.faultAt(
        [...path, 'instances', setting],
        {
          code: 'WRONG_FORM',
          message: `${i.id} is stuff, one mass: it has no instances to ${setting}`,
          expected: 'form: thing, or no instances',
          example: 'form: thing',
        },
        'key',
      ),
    );
  }
}

function checkExists({ doc, faults, options }: Bench, image: string, path: Path): void {
  if (image === '' || options.exemplarExists === undefined || options.exemplarExists(image)) return;
  faults.push(
    doc.faultAt(path, {
      code: 'EXEMPLAR_MISSING',
      message: `${image.slice(0, 80)} is no image of the normals`,
      expected: 'the file name of an image in the folder of normals',
      example: 'image: 000.jpg',
    }),
  );
}

export function checkAttribute(bench: Bench, id: string): void {
  const { doc, faults, options } = bench;
  const a = bench.file.attributes[id]!;
  const path = ['attributes', id];
  if (a.of !== '') resolve(bench, 'interest', a.of, [...path, 'of']);
  const values = Object.entries(a.values);
  if (values.length === 0 && record(record(record(bench.doc.value).attributes)[id]).values !== undefined) {
    faults.push(
      doc.faultAt([...path, 'values'], {
        code: 'MISSING',
        message: `${id} has no values`,
        expected: 'at least two values to tell apart',
        example: 'values: { red: { exemplars: [000.jpg] }, blue: { exemplars: [001.jpg] } }',
      }),
    );
  }
  if (a.absent !== undefined && values.length > 0 && !Object.hasOwn(a.values, a.absent)) {
    const names = Object.keys(a.values);
    faults.push(
      doc.faultAt([...path, 'absent'], {
        code: 'UNKNOWN_VALUE',
        message: `${a.absent.slice(0, 60)} is no value of ${id}`,
        expected: `one of ${names.join(', ')}`,
        example: `absent: ${names[0]}`,
        didYouMean: nearest(a.absent, names),
      }),
    );
  }
  for (const [value, v] of values) {
    const at = [...path, 'values', value];
    checkColour(bench, v.colour, [...at, 'colour']);
    v.exemplars.forEach((image, i) => {
      checkExists(bench, image, [...at, 'exemplars', i]);
    });
    if (v.say.length === 0 && v.exemplars.length === 0 && !v.colour) {
      faults.push(
        doc.faultAt(
          at,
          {
            code: 'NO_GROUNDING',
            message: `nothing says what ${value} looks like`,
            expected: 'say, exemplars or colour',
            example: `${value}: { exemplars: [000.jpg] }`,
          },
          'key',
        ),
      );
    } else if (options.models && !options.models.includes('image-text') && v.exemplars.length === 0 && !v.colour) {
      faults.push(
        doc.faultAt([...at, 'say'], {
          code: 'GROUNDING_IMPOSSIBLE',
          message: `${value} is given by words only, and no image-text model is installed`,
          expected: 'exemplars or colour beside say',
          example: `${value}: { exemplars: [000.jpg] }`,
        }),
      );
    }
  }
}
