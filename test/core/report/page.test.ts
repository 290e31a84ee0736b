import { describe, expect, it } from 'vitest';
import { calibrationNotes } from '../../../src/app/reportFigures.ts';
import { grid } from '../../../src/core/grid/grid.ts';
import { measurementKey, type ReportNormals } from '../../../src/core/report/cards.ts';
import { histogramChart, rocChart } from '../../../src/core/report/charts.ts';
import { heatOf, heatPicture } from '../../../src/core/report/heat.ts';
import { type ReportFigures, reportToHtml, sectionOf } from '../../../src/core/report/html.ts';
import { rangePlot } from '../../../src/core/report/plots.ts';
import { STYLES } from '../../../src/core/report/styles.ts';
import { createTally, type Label } from '../../../src/core/report/tally.ts';
import type { InspectionResult, Measurement, Verdict, Violation } from '../../../src/core/scene.ts';

const measurement: Measurement = {
  rule: 'level',
  kind: 'extent',
  interests: ['liquid'],
  quantity: 'top',
  measured: 0.3,
  expected: { low: 0.4, high: 0.5, centre: 0.45, text: '0.4 to 0.5' },
  margin: 3,
  violated: true,
  instances: [],
};
const violation: Violation = {
  ...measurement,
  severity: 'reject',
  because: 'The bottle is full.',
  message: 'level 0.3, expected 0.4 to 0.5',
  file: 'r.yaml',
  line: 4,
  col: 2,
  fingerprint: 'f',
};
function part(image: string, unit: number, verdict: Verdict, patch = 0.5): InspectionResult {
  const bad = unit > 1;
  return {
    image,
    unit,
    score: unit / (1 + unit),
    p: 0.1,
    allows: { n: 9, smallestRate: 0.1 },
    verdict,
    reviewReasons: [],
    detectors: { patch: { score: patch / 10, unit: patch } },
    violations: bad ? [violation] : [],
    measurements: [bad ? measurement : { ...measurement, measured: 0.46, margin: unit, violated: false }],
    scene: { variant: null, frame: { imageWidth: 300, imageHeight: image === 'missed.png' ? 600 : 200 } },
  } as unknown as InspectionResult;
}
const border = { n: 9, centre: 0.02, sigma: 0.01, tolerance: 0.08, low: -Infinity, high: 0.1, setAside: [] };
const normals: ReportNormals = {
  values: new Map([[measurementKey(measurement), [0.44, 0.45, 0.47]]]),
  detectors: {
    patch: { scores: [0.01, 0.02, 0.05], bounds: { pooled: border, variants: {}, paper: { mean: 0, sd: 1 } } },
  },
};
const figures: ReportFigures = {
  tiles: [{ value: '1 of 2', name: 'false alarms', tone: 'reject' }],
  tables: [{ title: 'Detectors', columns: ['detector', 'AUROC'], rows: [['<patch>', '0.900']] }],
  roc: [
    {
      name: 'bent',
      points: [
        [0, 0],
        [0, 1],
        [1, 1],
      ],
      alarm: [0.5, 1],
      value: 'AUROC 1.000',
    },
  ],
  histograms: [{ name: 'fused', good: [0.2, 1.5], anomalies: [3, 0.5] }],
  notes: ['2 images gave exemplars'],
};
const entry = (r: InspectionResult, label: Label) => ({ result: r, picture: `<svg aria-label="${r.image}"/>`, label });

describe('the page of an evaluation', () => {
  const page = reportToHtml({ title: 't', facts: [['machine', 'm']], normals, figures, notes: ['9 normals'] }, [
    entry(part('caught.png', 3, 'reject'), 'anomaly'),
    entry(part('good.png', 0.2, 'pass'), 'good'),
    entry(part('wrong.png', 2, 'reject'), 'good'),
    { ...entry(part('missed.png', 0.6, 'pass', 0.9), 'anomaly'), heat: '<img alt="anomaly map">' },
  ]);
  const at = (text: string): number => {
    const i = page.indexOf(text);
    expect(i, text).toBeGreaterThan(-1);
    return i;
  };

  it('puts what was judged wrongly first, then what was caught', () => {
    const order = [
      '1 of 2',
      'ROC curves',
      'False alarms',
      'wrong.png</b>',
      'Missed',
      'missed.png</b>',
      'Rejected, rightly',
      'caught.png</b>',
      'Passed',
    ];
    const places = order.map(at);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('shows on a miss what came nearest, the detectors, and the map', () => {
    const card = page.slice(at('missed.png</b>'), at('Rejected, rightly'));
    expect(card).toContain('No rule fired. Nearest to a border:');
    expect(card).toContain('patch <span class="faint">unit 0.9</span>');
    expect(card).toContain('expected at most 0.1; 3 values of normals from 0.01 to 0.05');
    expect(page).toContain('<figure class="heat"><img alt="anomaly map">');
    // Upright pictures stand side by side.
    expect([page.match(/class="pictures tall"/g)!.length, page.match(/class="pictures"/g)!.length]).toEqual([1, 2]);
  });

  it('explains unit, p and score, and the rate that the normals allow', () => {
    for (const words of [
      '<dt>p</dt>',
      'Distance from the normals in tolerances',
      '9 normals allow no p below 0.1',
      'blue within tolerance',
    ])
      expect(page).toContain(words);
  });

  it('counts per rule on good parts and on anomalies', () => {
    expect(page).toMatch(
      /<td>level<\/td><td>The bottle is full\.<\/td><td class="n">2<\/td><td class="n wrong">1 of 2<\/td><td class="n">1 of 2<\/td>/,
    );
  });

  it('folds rules that never fired', () => {
    const quiet = reportToHtml({ title: 't', facts: [] }, [entry(part('a.png', 0.3, 'pass'), null)]);
    expect(quiet).toContain('No rule fired.');
    expect(quiet).toContain('1 rules that never fired');
    expect(page).not.toContain('never fired');
  });

  it('escapes tables and needs nothing from elsewhere', () => {
    expect(page).toContain('&lt;patch&gt;');
    expect(page).not.toMatch(/<script|https?:(?!\/\/www\.w3\.org)/);
  });

  it('says the same of a batch without labels, but for labels', () => {
    const plain = reportToHtml({ title: 't', facts: [] }, [entry(part('a.png', 3, 'reject'), null)]);
    expect(plain).toContain('Rejected <small>1');
    expect(plain).not.toMatch(/False alarms|rightly|on good/);
  });
});

describe('sections', () => {
  it.each([
    [2, 'reject', 'good', 'false alarm'],
    [0.9, 'review', 'anomaly', 'missed'],
    [2, 'reject', 'anomaly', 'reject'],
    [0.97, 'review', 'good', 'review'],
    [2, 'reject', null, 'reject'],
  ] as const)('unit %d, %s, %s: %s', (unit, verdict, label, section) => {
    expect(sectionOf({ unit, verdict }, label)).toBe(section);
  });
});

describe('tally', () => {
  it('keeps the largest margin on parts that are good, whatever fired elsewhere', () => {
    const tally = createTally();
    tally.add(part('a', 0.3, 'pass'), 'good');
    tally.add(part('b', 0.7, 'pass'), 'good');
    tally.add(part('c', 3, 'reject'), 'anomaly');
    expect(tally.rows()).toEqual([
      {
        rule: 'level',
        because: 'The bottle is full.',
        place: 'r.yaml:4:2',
        first: 1,
        fired: { all: 1, good: 0, anomaly: 1 },
        nearest: 0.7,
      },
    ]);
    expect(tally.parts).toEqual({ all: 3, good: 2, anomaly: 1 });
  });
});

describe('charts', () => {
  it('the histogram holds every part, good ones above the axis, and says how many raise an alarm', () => {
    const svg = histogramChart({ name: 'fused', good: [0, 0.2, 50], anomalies: [2] });
    expect(svg).toContain('1 of 3 good parts and 1 of 1 anomalies lie above unit 1');
    expect([svg.match(/class="good"/g)!.length, svg.match(/class="bad"/g)!.length]).toEqual([3, 1]);
  });

  it('the curve starts at no alarm and ends at all', () => {
    const svg = rocChart(figures.roc);
    expect(svg).toMatch(/class="curve s0" d="M44 270L44 10L304 10"/);
    expect(svg).toContain('aria-label="ROC curves: bent AUROC 1.000"');
  });

  it('normals are ticks on the axis of the plot, and widen it', () => {
    const bare = rangePlot(measurement);
    const withNormals = rangePlot(measurement, [0.44, 0.9]);
    expect([bare.includes('class="normals"'), withNormals.match(/v7/g)!.length]).toEqual([false, 2]);
  });
});

describe('heat', () => {
  it('leaves what is normal grey, and turns from blue to red at the border', () => {
    expect(heatOf(0.2)[3]).toBe(0);
    const [below, above] = [heatOf(0.99), heatOf(1.01)];
    expect(below[2]).toBeGreaterThan(below[0]);
    expect(above[0]).toBeGreaterThan(above[2]);
    expect(heatOf(1e9)).toEqual(heatOf(4));
    expect(heatOf(Number.NaN)[3]).toBe(0);
    const photo = grid(new Uint8Array(6).fill(100), 1, 2, 3);
    const { data } = heatPicture(photo, grid(Float32Array.of(0, 5), 1, 2));
    expect([...data.slice(0, 3)]).toEqual([72, 72, 72]);
    expect(data[3]).toBeGreaterThan(200);
    expect(() => heatPicture(photo, grid(new Float32Array(1), 1, 1))).toThrow(/photograph 2 x 1, map 1 x 1/);
  });
});

describe('calibrationNotes', () => {
  it('names the normals that were set aside, groups, and the rate that is allowed', () => {
    const notes = calibrationNotes({
      calibration: {
        setAside: [{ image: '7.jpg', unit: 3.2, reason: 'no cap was found' }],
        twoGroups: [{ detector: 'patch', centres: [0.1, 0.4], sizes: [6, 5], separation: 9 }],
        allows: { n: 11, smallestRate: 1 / 12 },
      },
    } as unknown as Parameters<typeof calibrationNotes>[0]);
    expect(notes[0]).toBe(
      'Set aside among the normals: 7.jpg (unit 3.2). no cap was found; it moved no bound, look at it.',
    );
    expect(notes[1]).toContain('two groups by patch: 6 around 0.1 and 5 around 0.4');
    expect(notes[2]).toBe('11 normals can promise a false-alarm rate of 8.33 % at best (conformal: 1 of 12).');
  });
});

/** Relative luminance of a #rgb or #rrggbb colour (WCAG 2). */
function luminance(hex: string): number {
  const full = hex.length === 4 ? [...hex.slice(1)].map((c) => c + c).join('') : hex.slice(1);
  const [r, g, b] = [0, 2, 4].map((i) => {
    const v = Number.parseInt(full.slice(i, i + 2), 16) / 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

describe('style', () => {
  const themes = [...STYLES.matchAll(/:root\{([^}]*)\}/g)].map((m) =>
    Object.fromEntries([...m[1]!.matchAll(/--([\w-]+):(#\w+)/g)].map((c) => [c[1]!, c[2]!])),
  );

  it.each([0, 1])('type of theme %d holds 4.5:1 against its ground', (i) => {
    const theme = themes[i]!;
    for (const ink of ['ink', 'faint', 'reject', 'review', 'pass', 'failed', 's0', 's1', 's2', 's3']) {
      for (const ground of ['page', 'paper', 'quote']) {
        const [a, b] = [luminance(theme[ink]!), luminance(theme[ground]!)].sort((p, q) => q - p) as [number, number];
        expect((a + 0.05) / (b + 0.05), `${ink} on ${ground}`).toBeGreaterThan(4.5);
      }
    }
  });
});
