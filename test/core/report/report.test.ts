import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inUnits } from '../../../src/app/pictures.ts';
import { encodeRuns } from '../../../src/core/grid/runs.ts';
import { firstCause, firstSentence, placeWords, wrap } from '../../../src/core/report/caption.ts';
import { contactSheet } from '../../../src/core/report/contactSheet.ts';
import { REPORT_LIMITS, reportToHtml } from '../../../src/core/report/html.ts';
import { type LabelRequest, placeLabels, textWidth } from '../../../src/core/report/labels.ts';
import { rangePlot } from '../../../src/core/report/plots.ts';
import { escapeXml, figure, looks, PALETTE } from '../../../src/core/report/style.ts';
import { drawScene, sceneToSvg } from '../../../src/core/report/svg.ts';
import { resultToText, table } from '../../../src/core/report/text.ts';
import type { InspectionResult, Instance, Measurement, Scene, Violation } from '../../../src/core/scene.ts';
import { learnScalar } from '../../../src/core/statistics.ts';

const GRID = { width: 8, height: 6 };

function instance(id: number, interest: string, x0: number, y0: number, x1: number, y1: number): Instance {
  const cells = Array.from({ length: GRID.width * GRID.height }, (_, i) => {
    const [x, y] = [i % GRID.width, Math.floor(i / GRID.width)];
    return Number(x >= x0 && x < x1 && y >= y0 && y < y1);
  });
  return {
    id,
    interest,
    status: 'known',
    mask: encodeRuns(cells),
    area: ((x1 - x0) * (y1 - y0)) / (GRID.width * GRID.height),
    box: [x0 / GRID.width, y0 / GRID.height, x1 / GRID.width, y1 / GRID.height],
    centroid: [(x0 + x1) / 2 / GRID.width, (y0 + y1) / 2 / GRID.height],
    orientation: 0,
    length: 0.1,
    width: 0.1,
    lab: [50, 0, 0],
    labStd: [1, 1, 1],
    feature: [],
    attributes: interest === 'cap' ? { colour: { value: 'red', margin: 1, distances: {} } } : {},
  };
}

const scene: Scene = {
  schema: 'logsad/scene/v1',
  image: 'a.jpg',
  frame: { imageWidth: 800, imageHeight: 600, box: [0, 0, 1, 1], width: 80, height: 60 },
  grid: GRID,
  variant: null,
  product: [0, 0, 1, 1],
  instances: [instance(0, 'bench', 0, 0, 8, 6), instance(1, 'pin', 1, 1, 2, 3), instance(2, 'cap', 5, 1, 7, 4)],
  unknown: [],
  quality: {},
  detectors: {},
};

const measurement: Measurement = {
  rule: 'two-pins',
  kind: 'count',
  interests: ['pin'],
  quantity: 'count',
  measured: 1,
  expected: { low: 2, high: 2, centre: 2, text: 'exactly 2' },
  margin: 4,
  violated: true,
  instances: [1],
};
const violation: Violation = {
  ...measurement,
  severity: 'reject',
  because: 'Two pins <hold> the cap.',
  message: '2 pins expected, 1 found.',
  file: 'rules.yaml',
  line: 12,
  col: 5,
  fingerprint: 'f',
  ghost: [0.3, 0.3, 0.5, 0.5],
};
const result: InspectionResult = {
  schemaVersion: 1,
  image: 'a.jpg',
  score: 0.8,
  unit: 4,
  p: 0.05,
  verdict: 'reject',
  reviewReasons: [],
  detectors: { composition: { score: 4, unit: 4 } },
  violations: [violation],
  measurements: [measurement],
  scene,
  timings: {},
  fingerprint: {},
};
const passing: InspectionResult = { ...result, verdict: 'pass', unit: 0.4, violations: [], image: 'b.jpg' };

describe('sceneToSvg', () => {
  it('outlines what was seen where it was seen', () => {
    const { svg, width, height } = drawScene(scene, null, { quiet: ['bench'], longSide: 800 });
    expect([width, height]).toEqual([800, 600]);
    expect(svg.match(/data-instance="\d+"/g)).toEqual(['data-instance="1"', 'data-instance="2"']);
    // The pin covers columns 1 to 2 and rows 1 to 3 of 8 x 6 cells of 100 px: its corners are control points.
    for (const corner of ['Q100 100', 'Q200 100', 'Q200 300', 'Q100 300']) expect(svg).toContain(corner);
    expect(svg).toContain('>cap · red</text>');
  });

  it('follows a frame that shows part of the image', () => {
    const svg = sceneToSvg({ ...scene, frame: { ...scene.frame, box: [0.5, 0.5, 1, 1] } }, null, { longSide: 800 });
    expect(svg).toContain('Q450 350');
  });

  it('hatches what a violation points at, shows the ghost, and says so', () => {
    const svg = sceneToSvg(scene, result, { quiet: ['bench'], caption: true, idPrefix: 'p7' });
    expect(svg).toContain('fill="url(#p7-violation)"');
    expect(svg).toContain('>pin: two-pins</text>');
    expect(svg).toContain('>pin expected here</text>');
    expect(svg).toContain('REJECT');
    expect(svg).toContain('Two pins &lt;hold&gt; the cap.');
    expect(sceneToSvg(scene, passing, {})).not.toContain(PALETTE.violation.concat('" stroke-width="4.5'));
  });

  it('shows a quiet interest as soon as it is accused, and draws unknown regions', () => {
    const accused = { ...result, violations: [{ ...violation, instances: [0] }] };
    expect(sceneToSvg(scene, accused, { quiet: ['bench'] })).toContain('data-instance="0"');
    const cells = scene.instances[1]!;
    const strange = {
      ...scene,
      unknown: [{ mask: cells.mask, area: 0.1, box: cells.box, centroid: cells.centroid, distance: 3 }],
    };
    expect(sceneToSvg(strange, null)).toContain('>unknown</text>');
  });

  it('is the same text for the same scene', () => {
    expect(sceneToSvg(scene, result, { caption: true })).toBe(
      sceneToSvg(structuredClone(scene), structuredClone(result), { caption: true }),
    );
  });
});

describe('looks', () => {
  it('gives every interest of a product its own colour or dash', () => {
    const names = Array.from({ length: 15 }, (_, i) => `i${i}`);
    const kinds = new Set([...looks(names).values()].map((l) => `${l.colour} ${l.dash}`));
    expect(kinds.size).toBe(15);
    expect(looks(names).get('i3')).toEqual(looks([...names].reverse()).get('i3'));
  });
});

describe('placeLabels', () => {
  const bounds = { x: 0, y: 0, width: 960, height: 720 };
  const request = fc.record({
    text: fc.string({ minLength: 1, maxLength: 18 }),
    anchor: fc.record({
      x: fc.integer({ min: 0, max: 900 }),
      y: fc.integer({ min: 0, max: 700 }),
      width: fc.integer({ min: 2, max: 300 }),
      height: fc.integer({ min: 2, max: 300 }),
    }),
    important: fc.boolean(),
  });

  it('covers no other label and never leaves the picture, while there is room', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 16 }), (requests: LabelRequest[]) => {
        const placed = placeLabels(requests, bounds, 16);
        expect(placed.map((p) => p.index).sort((a, b) => a - b)).toEqual(requests.map((_, i) => i));
        for (const [i, a] of placed.entries()) {
          expect(a.x >= 0 && a.y >= 0 && a.x + a.width <= 960 && a.y + a.height <= 720).toBe(true);
          for (const b of placed.slice(i + 1)) {
            const apart =
              a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
            expect(apart).toBe(true);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('connects a label that had to move away', () => {
    const anchor = { x: 400, y: 300, width: 10, height: 10 };
    const many = Array.from({ length: 30 }, (): LabelRequest => ({ text: 'washer', anchor, important: false }));
    expect(placeLabels(many, bounds, 16).some((p) => p.leader !== null)).toBe(true);
  });
});

describe('wrap', () => {
  it('keeps lines within the width and all words in order, as long as they fit', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { maxLength: 40 }), (words) => {
        const lines = wrap(words.join(' '), 200, 16, 100);
        expect(lines.join(' ')).toBe(words.join(' '));
        for (const l of lines) expect(l.includes(' ') ? 0.88 * textWidth(l, 16) : 0).toBeLessThanOrEqual(200);
      }),
    );
  });
});

describe('reportToHtml', () => {
  const head = { title: 'Box & lid', facts: [['rules', 'rules.yaml']] as const };
  const entries = [
    { result, picture: '<svg/>' },
    { result: passing, picture: '<img alt="">' },
    { image: '<bad>.jpg', error: { code: 'IMAGE_EMPTY', message: 'it is empty', fix: 'copy it again' } },
  ];
  const page = reportToHtml(head, entries);

  it('says what, why, where, and what could not be read', () => {
    for (const part of [
      'Two pins &lt;hold&gt; the cap.',
      '2 pins expected, 1 found.',
      'rules.yaml:12:5',
      'Box &amp; lid',
      'IMAGE_EMPTY',
      '&lt;bad&gt;.jpg',
    ]) {
      expect(page).toContain(part);
    }
  });

  it('needs no script and nothing from outside', () => {
    expect(page).not.toMatch(/<script|https?:|<link/);
  });

  it('stays bounded for large batches', () => {
    const many = Array.from({ length: REPORT_LIMITS.cards + 5 }, (_, i) => ({
      result: { ...result, image: `${i}.jpg`, unit: i },
      picture: '<svg class="card-picture"/>',
    }));
    const long = reportToHtml(head, many);
    expect(long.match(/card-picture/g)).toHaveLength(REPORT_LIMITS.cards);
    expect(long).toContain('5 more without pictures');
    // The worst come first, the mildest are the ones without a picture.
    expect(long.indexOf(`${REPORT_LIMITS.cards + 4}.jpg`)).toBeLessThan(
      long.indexOf('>0.jpg') === -1 ? long.indexOf('0.jpg:') : long.indexOf('>0.jpg'),
    );
  });
});

describe('small parts', () => {
  it('escapes markup and drops what XML forbids', () => {
    expect(escapeXml('<a href="x">\u0000\'&')).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;');
  });

  it('writes figures shortly and never as NaN', () => {
    expect([0.123456, 15, 1234.5, null, 'red', Number.POSITIVE_INFINITY].map(figure)).toEqual([
      '0.123',
      '15',
      '1235',
      '–',
      'red',
      '∞',
    ]);
  });

  it('plots a number against its range, a word not at all', () => {
    expect(rangePlot(measurement)).toContain('class="dot bad"');
    expect(rangePlot({ ...measurement, measured: 'red' })).toBe('');
    expect(rangePlot({ ...measurement, expected: { low: null, high: null, centre: null, text: 'any' } })).toBe('');
    fc.assert(
      fc.property(
        fc.float({ noNaN: true }),
        fc.option(fc.float({ noNaN: true, noDefaultInfinity: true })),
        (m, low) => {
          fc.pre(Number.isFinite(m));
          expect(
            rangePlot({ ...measurement, measured: m, expected: { low, high: 1, centre: null, text: '' } }),
          ).not.toContain('NaN');
        },
      ),
    );
  });

  it('draws rulers from 0 to 1 around every picture of the contact sheet', () => {
    const sheet = contactSheet(
      Array.from({ length: 4 }, (_, i) => ({ name: `${i}.jpg`, href: 'data:,', width: 400, height: 300 })),
    );
    expect(sheet.svg.match(/>\.5<\/text>/g)).toHaveLength(8);
    expect(sheet.svg.match(/<image /g)).toHaveLength(4);
  });

  it('prints results as lines that end in the place of the rule', () => {
    expect(resultToText(result)).toBe(
      'reject  a.jpg  unit 4  p 0.05\n        2 pins expected, 1 found.\n          Two pins <hold> the cap. [rules.yaml:12]',
    );
    expect(resultToText(passing)).toBe('pass    b.jpg  unit 0.4  p 0.05');
    expect(
      table([
        ['a', 'b'],
        ['long', '10'],
      ]),
    ).toBe('a      b\nlong  10');
  });
});

describe('a reject by a detector alone', () => {
  const strongest = {
    mask: encodeRuns(Array.from({ length: 48 }, (_, i) => Number(i >= 40 && i < 42))),
    area: 2 / 48,
    box: [0, 5 / 6, 0.25, 1] as const,
    centroid: [0.125, 0.92] as const,
    distance: 0.8,
  };

  it('outlines the part of the map that carries it, and says where that is', () => {
    const by = { ...result, violations: [], fingerprint: { normals: 30 } };
    const alarmed = { ...by, detectors: { patch: { score: 1, unit: 1.95, strongest } } };
    const svg = sceneToSvg(scene, alarmed, { caption: true });
    expect(svg).toContain('>patch 1.95: unlike good parts</text>');
    expect(svg.match(/fill="url\(#logsad-unknown\)"/g)).toHaveLength(1);
    expect(firstSentence(alarmed)).toBe(
      'Looks unlike the 30 good parts at the lower left (outlined): 1.95 times as far from them as a good part may be (patch).',
    );
    const seen = { ...scene, unknown: [strongest] };
    const once = sceneToSvg(seen, { ...alarmed, scene: seen }, {});
    expect(once.match(/fill="url\(#logsad-unknown\)"/g)).toHaveLength(1);
    expect(once).toContain('>unknown</text>');
    expect(sceneToSvg(scene, { ...by, detectors: { patch: { score: 1, unit: 0.9 } } })).not.toContain('unlike');
  });

  it('points as a person does', () => {
    const at = (x: number, y: number, area = 0.1) => placeWords({ centroid: [x, y], area });
    expect([at(0.5, 0.5), at(0.1, 0.5), at(0.5, 0.9), at(0.9, 0.1), at(0.5, 0.5, 0.7)]).toEqual([
      'in the middle',
      'on the left',
      'at the bottom',
      'at the upper right',
      'over most of the picture',
    ]);
  });

  it('shows a map whose strongest place stands at the unit of its detector', () => {
    const map = { data: Float32Array.of(0, 1, 3), width: 3, height: 1, channels: 1 };
    const border = learnScalar([1, 1.1, 0.9, 1, 1.05], { floor: 0.1, oneSided: true });
    const { patch } = inUnits({ patch: { map, border } }, { detectors: { patch: { score: 1, unit: 1.95 } } });
    expect((3 - patch!.border.centre) / patch!.border.tolerance).toBeCloseTo(1.95, 9);
  });

  it('says which detector and by how much, in every form', async () => {
    const { detectorSentences } = await import('../../../src/core/report/caption.ts');
    const { resultToText } = await import('../../../src/core/report/text.ts');
    const result = {
      image: 'a.jpg',
      verdict: 'reject',
      unit: 5.6,
      score: 0.85,
      p: null,
      violations: [],
      reviewReasons: [],
      fingerprint: { normals: 30 },
      detectors: { composition: { score: 0.2, unit: 0.2 }, patch: { score: 0.4, unit: 5.6 } },
    } as unknown as import('../../../src/core/scene.ts').InspectionResult;
    expect(detectorSentences(result)).toEqual([
      'Looks unlike the 30 good parts: 5.6 times as far from them as a good part may be (patch).',
    ]);
    expect(firstSentence(result)).toContain('patch');
    expect(resultToText(result)).toContain('5.6 times as far');
    expect(firstCause(result)).toBe(`patch: ${firstSentence(result)}`);
    const doubt = 'the score 0.960 lies within 5 % of the border';
    const quiet = { ...result, detectors: {} };
    expect(firstCause({ ...quiet, verdict: 'review', reviewReasons: [doubt] })).toBe(`review: ${doubt}`);
    expect(firstCause({ ...quiet, verdict: 'pass' })).toBeNull();
  });
});
