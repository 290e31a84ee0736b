/** The figures of an evaluation as tables for a terminal. */
import { table } from '../core/report/text.ts';
import type { Combination } from './combinations.ts';
import { type Evaluation, GOOD } from './evaluation.ts';
import { type Localisation, vandScore } from './localise.ts';
import type { Ranking } from './ranking.ts';
import type { ShotFigures, Spread } from './sweep.ts';

/** A share to three decimals; a dash where there is none. */
export const three = (v: number | null | undefined): string => (v === null || v === undefined ? '–' : v.toFixed(3));
const share = (r: { n: number; of: number } | undefined): string => (r ? `${r.n}/${r.of}` : '–');

const range = (r: readonly [number, number] | undefined): string =>
  r === undefined ? '' : `${r[0].toFixed(3)} to ${r[1].toFixed(3)}`;

/** Anomalies that raise the alarm, of all folders together. */
const foundOf = (detected: Ranking['detected']): string => {
  const rates = Object.values(detected);
  return share({ n: rates.reduce((n, r) => n + r.n, 0), of: rates.reduce((n, r) => n + r.of, 0) });
};

/** Scores per detector, what was found per folder, first causes per defect group. */
export function evaluationToText(e: Evaluation): string {
  const anomalies = Object.keys(e.n).filter((f) => f !== GOOD);
  const blocks: string[][][] = [];
  blocks.push([
    ['folder', 'images', 'alarms', 'reviews', 'AUROC'],
    ...Object.keys(e.n).map((f) => {
      const alarms = f === GOOD ? e.falseAlarms : e.detected[f];
      return [f, String(e.n[f]), share(alarms), String(e.reviews[f] ?? 0), f === GOOD ? '' : three(e.auroc[f])];
    }),
  ]);
  const scores = { fused: e, ...e.detectors };
  blocks.push([
    ['detector', 'found', 'false alarms', 'AUROC', ...anomalies, 'AP', 'F1-max'],
    ...Object.entries(scores).map(([name, r]) => [
      name,
      foundOf(r.detected),
      share(r.falseAlarms),
      three(r.auroc.all),
      ...anomalies.map((f) => three(r.auroc[f])),
      three(r.ap),
      three(r.f1max),
    ]),
  ]);
  if (Object.keys(e.groups).length > 0) {
    blocks.push([
      ['defect group', 'parts', 'first violated rule'],
      ...Object.entries(e.groups).map(([g, rules]) => [
        g,
        String(Object.values(rules).reduce((a, b) => a + b, 0)),
        Object.entries(rules)
          .sort((a, b) => b[1] - a[1])
          .map(([rule, n]) => `${rule} ${n}`)
          .join(', '),
      ]),
    ]);
  }
  const lines = blocks.map((b) => table(b));
  if (e.falseAlarms.ci) {
    const [low, high] = e.falseAlarms.ci.map((v) => `${(100 * v).toFixed(1)} %`);
    lines.push(
      `false alarms ${share(e.falseAlarms)}; the true rate lies between ${low} and ${high} (95 %, Clopper-Pearson)`,
    );
  }
  if (e.intervals) {
    const { auroc, ap, f1max, resamples } = e.intervals;
    lines.push(
      `fused, 95 % bootstrap over images (${resamples} draws): AUROC ${range(auroc.all)}, AP ${range(ap)}, F1-max ${range(f1max)}`,
    );
  }
  if (Object.keys(e.detected).length > 1)
    lines.push(`fused AUROC, mean over the anomaly folders: ${three(e.aurocMean)}`);
  if (e.causes) lines.push(`right first cause ${e.causes.right}/${e.causes.of} of the detected`);
  const excluded = e.images.filter((i) => 'excluded' in i).length;
  const leftOut = e.images.filter((i) => 'leftOut' in i).length;
  if (excluded > 0) lines.push(`${excluded} images gave exemplars and are not scored`);
  if (leftOut > 0) lines.push(`${leftOut} images are normals of the profile; each was judged with itself left out`);
  return lines.join('\n\n');
}

/** Every combination of detectors: AUROC per folder, AP, F1-max, false alarms. */
export function combinationsToText(combinations: readonly Combination[]): string {
  const folders = Object.keys(combinations[0]?.detected ?? {});
  return table([
    ['detectors', 'AUROC', ...folders, 'mean', 'AP', 'F1-max', 'false alarms'],
    ...combinations.map((c) => [
      c.detectors.join(' + '),
      three(c.auroc.all),
      ...folders.map((f) => three(c.auroc[f])),
      three(c.aurocMean),
      three(c.ap),
      three(c.f1max),
      share(c.falseAlarms),
    ]),
  ]);
}

/**
 * Pixel metrics per map, one row each under its column's head.
 * @param more columns between AUPRO and sPRO, one value per map
 */
export function pixelRows(
  { of }: Localisation,
  interval: (r: readonly [number, number] | undefined) => string,
  more: readonly (readonly [head: string, cell: (m: Localisation['of'][string]) => string])[] = [],
): { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const spro = Object.values(of).some((m) => m.spro);
  return {
    head: ['AP', 'F1-max', 'AUPRO@0.3', '95 %', ...more.map(([name]) => name), ...(spro ? ['AU-sPRO@0.05'] : [])],
    rows: Object.entries(of).map(([name, m]) => [
      name,
      three(m.auroc),
      interval(m.intervals?.auroc),
      three(m.ap),
      three(m.f1max),
      three(m.aupro),
      interval(m.intervals?.aupro),
      ...more.map(([, cell]) => cell(m)),
      ...(spro ? [three(m.spro?.mean[m.spro.limits.indexOf(0.05)])] : []),
    ]),
  };
}

/** Pixel metrics per map, and what they rest on. */
export function localisationToText(l: Localisation, imageF1: number | null): string {
  const { head, rows } = pixelRows(l, range);
  const { good, defective, withoutMask } = l.images;
  const size = l.maps === 'native' ? 'native size' : `${l.maps} x ${l.maps} pixels`;
  const lines = [
    table([['map', 'pixel AUROC', '95 %', ...head], ...rows]),
    `pixels of ${good} good and ${defective} defective images with ${l.defects} defects, maps at ${size}${l.resamples > 0 ? `; intervals from ${l.resamples} draws of whole images` : ''}`,
  ];
  const folders = Object.keys(Object.values(l.of)[0]?.folders ?? {});
  if (folders.length > 1) {
    const head = ['pixel AUROC / AUPRO@0.3 by folder', ...folders];
    const cells = Object.entries(l.of).map(([name, m]) => [
      name,
      ...folders.map((f) => `${three(m.folders[f]?.auroc)} / ${three(m.folders[f]?.aupro)}`),
    ]);
    lines.push('', table([head, ...cells]), '');
  }
  const vand = vandScore(imageF1, l.of.fused?.f1max);
  if (vand !== null) lines.push(`VAND score ${three(vand)}: harmonic mean of image F1-max and pixel F1-max, fused`);
  if (l.sproNote !== null) lines.push(`no sPRO: ${l.sproNote}`);
  if (withoutMask > 0) lines.push(`${withoutMask} anomalous images have no mask and count for image metrics only`);
  return lines.join('\n');
}

const spread = (s: Spread | undefined): string =>
  s === undefined ? '–' : s.sd === null ? s.mean.toFixed(3) : `${s.mean.toFixed(3)} ± ${s.sd.toFixed(3)}`;

/** Mean and sample standard deviation over the seeds, one table per number of shots. */
export function shotsToText(sweep: readonly ShotFigures[]): string {
  const figures = Object.keys(sweep[0]?.figures ?? {});
  const columns = ['auroc.all', 'ap', 'f1max', 'falseAlarms'];
  const folders = [...new Set(figures.flatMap((f) => /^fused\.auroc\.(.+)$/.exec(f)?.[1] ?? []))].filter(
    (f) => f !== 'all',
  );
  const names = [...new Set(figures.flatMap((f) => /^(?!pixels\.)(.+)\.auroc\.all$/.exec(f)?.[1] ?? []))];
  const maps = [...new Set(figures.flatMap((f) => /^pixels\.(.+)\.auroc$/.exec(f)?.[1] ?? []))];
  const blocks = sweep.map(({ shots, draws, alike, figures: f }) => {
    const rows = names.map((n) => [
      n,
      spread(f[`${n}.auroc.all`]),
      ...folders.map((x) => spread(f[`${n}.auroc.${x}`])),
      ...columns.slice(1).map((c) => spread(f[`${n}.${c}`])),
    ]);
    const head = [
      `${shots} shots, ${draws.length} seeds${alike ? ', one draw' : ''}`,
      'AUROC',
      ...folders,
      'AP',
      'F1-max',
      'false alarm rate',
    ];
    const pixels = maps.map((m) => [
      m,
      ...['auroc', 'ap', 'f1max', 'aupro', 'spro'].map((c) => spread(f[`pixels.${m}.${c}`])),
    ]);
    const below =
      pixels.length > 0
        ? `\n\n${table([['map', 'pixel AUROC', 'AP', 'F1-max', 'AUPRO@0.3', 'AU-sPRO@0.05'], ...pixels])}`
        : '';
    return `${table([head, ...rows])}${below}`;
  });
  return `${blocks.join('\n\n')}\n\nmean ± sample standard deviation over the seeds`;
}
