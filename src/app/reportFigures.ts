/** From an evaluation and an inspector to what the report page shows beside its cards. */
import { scoresOf } from '../core/calibrate.ts';
import { rank, rocCurve } from '../core/metrics/image.ts';
import { measurementKey, type ReportNormals } from '../core/report/cards.ts';
import type { RocSeries } from '../core/report/charts.ts';
import type { ReportFigures, ReportTable } from '../core/report/html.ts';
import { figure } from '../core/report/style.ts';
import type { Combination } from './combinations.ts';
import { type EvaluatedImage, type Evaluation, GOOD, isScored, type ScoredImage } from './evaluation.ts';
import type { Inspector } from './inspect.ts';
import { type Localisation, vandScore } from './localise.ts';
import { RANKING, type Ranking, type Rate } from './ranking.ts';
import { pixelRows, three } from './tables.ts';

export const REPORT_FIGURES = {
  /** Values of normals drawn per plot; more would be one grey bar. */
  values: 240,
  /** Histograms: the fused score and so many detectors. */
  histograms: 4,
  /** ROC curves: all anomalies and so many folders. */
  curves: 4,
} as const;

type Range = readonly [number, number];

const share = (r: Rate | undefined): string => (r ? `${r.n} of ${r.of}` : '–');
const within = (r: Range | undefined): string => (r ? `${r[0].toFixed(3)} to ${r[1].toFixed(3)}` : '–');

/** What the normals say: which were set aside, whether they fall into groups, and what rate they allow. */
export function calibrationNotes({ calibration }: Pick<Inspector, 'calibration'>): string[] {
  const { setAside, twoGroups, allows } = calibration;
  const notes = setAside.map(
    (s) =>
      `Set aside among the normals: ${s.image} (unit ${figure(s.unit)}). ${s.reason.replace(/\.$/, '')}; it moved no bound, look at it.`,
  );
  for (const g of twoGroups)
    notes.push(
      `The normals fall into two groups by ${g.detector}: ${g.sizes[0]} around ${figure(g.centres[0])} and ${g.sizes[1]} around ${figure(g.centres[1])}. A variant may be missing from the rule file, or there are too few shots.`,
    );
  if (allows.n > 0)
    notes.push(
      `${allows.n} normals can promise a false-alarm rate of ${figure(100 * allows.smallestRate)} % at best (conformal: 1 of ${allows.n + 1}).`,
    );
  return notes;
}

/** What every normal measured, for the plots of the page; each normal judged by bounds it did not set. */
export function reportNormals({ profile, calibration }: Pick<Inspector, 'profile' | 'calibration'>): ReportNormals {
  const scenes = [...profile.normals, ...profile.calibration].map((r) => r.scene);
  const values = new Map<string, number[]>();
  for (const [i, scene] of scenes.entries()) {
    for (const m of calibration.judged(scene, i).rules.measurements) {
      if (m.skipped !== undefined || typeof m.measured !== 'number') continue;
      const list = values.get(measurementKey(m)) ?? [];
      if (list.length < REPORT_FIGURES.values) list.push(m.measured);
      values.set(measurementKey(m), list);
    }
  }
  const detectors = Object.entries(calibration.judge.detectors).map(([name, bounds]) => {
    return [name, { scores: scoresOf(name, scenes).slice(0, REPORT_FIGURES.values), bounds }] as const;
  });
  return { values, detectors: Object.fromEntries(detectors) };
}

function rocOf(good: readonly ScoredImage[], bad: readonly ScoredImage[]): Pick<RocSeries, 'points' | 'alarm'> {
  const all = [...good, ...bad];
  const ranked = rank(
    all.map((r) => r.folder !== GOOD),
    all.map((r) => r.unit),
  );
  const over = (list: readonly ScoredImage[]): number =>
    list.filter((r) => r.unit > RANKING.alarm).length / list.length;
  return {
    points: rocCurve(ranked).map((p) => [p.falsePositiveRate, p.truePositiveRate] as const),
    alarm: [over(good), over(bad)],
  };
}

function curves(scored: readonly ScoredImage[], e: Evaluation): RocSeries[] {
  const good = scored.filter((r) => r.folder === GOOD);
  const folders = Object.keys(e.detected);
  const all = scored.filter((r) => r.folder !== GOOD);
  if (good.length === 0 || all.length === 0) return [];
  const value = (f: string): string => `AUROC ${three(e.auroc[f])}`;
  const named = folders.length > 1 ? folders.slice(0, REPORT_FIGURES.curves) : [];
  return [
    { name: folders.length > 1 ? 'all anomalies' : folders[0]!, ...rocOf(good, all), value: value('all') },
    ...named.map((f) => ({
      name: f,
      ...rocOf(
        good,
        scored.filter((r) => r.folder === f),
      ),
      value: value(f),
    })),
  ];
}

function detectorTable(e: Evaluation, pixels: Localisation | null): ReportTable {
  const folders = Object.keys(e.detected);
  const named: [string, Ranking][] = [['fused', e], ...Object.entries(e.detectors)];
  const interval = e.intervals ? ', 95 %' : '';
  const found = (r: Ranking): string => {
    const rates = Object.values(r.detected);
    return `${rates.reduce((n, d) => n + d.n, 0)} of ${rates.reduce((n, d) => n + d.of, 0)}`;
  };
  return {
    title: 'Detectors',
    note: `Found: anomalies above unit 1 by this detector alone; false alarms: good parts above it. AUROC of all anomalies against the good parts, then per folder; AP is average precision; F1-max sees the labels. Intervals: 95 % bootstrap over images (${e.intervals?.resamples ?? 0} draws).`,
    columns: [
      'detector',
      'found',
      'false alarms',
      'AUROC',
      ...(interval ? ['95 %'] : []),
      ...folders,
      'AP',
      'F1-max',
      ...(pixels ? ['pixel AUROC', 'AUPRO@0.3'] : []),
    ],
    rows: named.map(([name, r]) => [
      name,
      found(r),
      share(r.falseAlarms),
      three(r.auroc.all),
      ...(interval ? [within(r.intervals?.auroc.all)] : []),
      ...folders.map((f) => three(r.auroc[f])),
      three(r.ap),
      three(r.f1max),
      ...(pixels ? [three(pixels.of[name]?.auroc), three(pixels.of[name]?.aupro)] : []),
    ]),
  };
}

function folderTable(e: Evaluation): ReportTable {
  return {
    title: 'Folders',
    columns: ['folder', 'images', 'alarms', 'to review', 'AUROC'],
    rows: Object.keys(e.n).map((f) => [
      f,
      String(e.n[f]),
      share(f === GOOD ? e.falseAlarms : e.detected[f]),
      String(e.reviews[f] ?? 0),
      f === GOOD ? '' : three(e.auroc[f]),
    ]),
  };
}

function pixelTable(pixels: Localisation, e: Evaluation): ReportTable {
  const { good, defective, withoutMask } = pixels.images;
  const all = Object.keys(Object.values(pixels.of)[0]?.folders ?? {});
  const folders = all.length > 1 ? all : [];
  const { head, rows } = pixelRows(
    pixels,
    within,
    folders.map((f) => [f, (m) => three(m.folders[f]?.aupro)]),
  );
  const vand = vandScore(e.f1max, pixels.of.fused?.f1max);
  const remarks = [
    `${good} good and ${defective} defective images, ${pixels.defects} defects, maps at ${pixels.maps === 'native' ? 'native size' : `${pixels.maps} pixels`}; intervals from ${pixels.resamples} draws of whole images.`,
    folders.length > 0 ? 'Columns named after folders: AUPRO@0.3 of that folder with the good images.' : '',
    vand === null ? '' : `VAND score ${three(vand)} (harmonic mean of image and pixel F1-max).`,
    pixels.sproNote === null ? '' : `No sPRO: ${pixels.sproNote}.`,
    withoutMask > 0 ? `${withoutMask} anomalous images have no mask.` : '',
  ];
  return {
    title: 'Where it looks: pixels',
    note: remarks.filter((r) => r !== '').join(' '),
    columns: ['map', 'AUROC', '95 %', ...head],
    rows,
  };
}

function combinationTable(combinations: readonly Combination[]): ReportTable {
  const folders = Object.keys(combinations[0]!.detected);
  return {
    title: 'Combinations of detectors',
    note: 'Fused by the largest unit.',
    columns: ['detectors', 'AUROC', ...folders, 'AP', 'F1-max', 'false alarms'],
    rows: combinations.map((c) => [
      c.detectors.join(' + '),
      three(c.auroc.all),
      ...folders.map((f) => three(c.auroc[f])),
      three(c.ap),
      three(c.f1max),
      share(c.falseAlarms),
    ]),
  };
}

function groupTable(e: Evaluation): ReportTable {
  return {
    title: 'Defect groups',
    ...(e.causes ? { note: `Right first cause on ${e.causes.right} of ${e.causes.of} detected parts.` } : {}),
    columns: ['defect group', 'parts', 'first violated rule'],
    rows: Object.entries(e.groups).map(([group, rules]) => [
      group,
      String(Object.values(rules).reduce((a, b) => a + b, 0)),
      Object.entries(rules)
        .sort((a, b) => b[1] - a[1])
        .map(([rule, n]) => `${rule} ${n}`)
        .join(', '),
    ]),
  };
}

/** Tiles, tables and charts of an evaluation. */
export function reportFigures(
  records: readonly EvaluatedImage[],
  e: Evaluation,
  pixels: Localisation | null,
  combinations: readonly Combination[],
): ReportFigures {
  const scored = records.filter(isScored);
  const missed = Object.values(e.detected).reduce((n, r) => n + r.of - r.n, 0);
  const anomalies = Object.values(e.detected).reduce((n, r) => n + r.of, 0);
  const excluded = records.filter((r) => 'excluded' in r).length;
  const leftOut = scored.filter((r) => r.leftOut).length;
  const notes = [
    ...(excluded > 0 ? [`${excluded} images gave exemplars and are not scored.`] : []),
    ...(leftOut > 0 ? [`${leftOut} images are normals of the profile; each was judged with itself left out.`] : []),
    ...(e.falseAlarms.ci
      ? [
          `False alarms ${share(e.falseAlarms)}: the true rate lies between ${e.falseAlarms.ci.map((v) => `${(100 * v).toFixed(1)} %`).join(' and ')} (95 %, Clopper-Pearson).`,
        ]
      : []),
  ];
  const split = (value: (r: ScoredImage) => number) => ({
    good: scored.filter((r) => r.folder === GOOD).map(value),
    anomalies: scored.filter((r) => r.folder !== GOOD).map(value),
  });
  const names = Object.keys(e.detectors).slice(0, REPORT_FIGURES.histograms);
  return {
    tiles: [
      { value: share(e.falseAlarms), name: 'false alarms', tone: e.falseAlarms.n > 0 ? 'reject' : 'pass' },
      { value: `${missed} of ${anomalies}`, name: 'missed', tone: missed > 0 ? 'reject' : 'pass' },
      { value: three(e.auroc.all), name: `AUROC (${within(e.intervals?.auroc.all)})`, tone: 'all' },
      ...(pixels?.of.fused
        ? [{ value: three(pixels.of.fused.aupro), name: 'AUPRO@0.3 of the fused map', tone: 'all' }]
        : []),
    ],
    tables: [
      folderTable(e),
      detectorTable(e, pixels),
      ...(combinations.length > 0 ? [combinationTable(combinations)] : []),
      ...(pixels ? [pixelTable(pixels, e)] : []),
      ...(Object.keys(e.groups).length > 0 ? [groupTable(e)] : []),
    ],
    roc: curves(scored, e),
    histograms:
      scored.length === 0
        ? []
        : [
            { name: 'fused', ...split((r) => r.unit) },
            ...(names.length > 1 ? names.map((d) => ({ name: d, ...split((r) => r.detectors[d] ?? 0) })) : []),
          ],
    notes,
  };
}
