/** Figures of one score over labelled images: what `evaluate` says of the fused score, a detector, or a combination. */
import { createRandom } from '../core/grid/random.ts';
import { auroc, averagePrecision, f1Max, rank } from '../core/metrics/image.ts';
import { bootstrapRanking, IMAGE_BOOTSTRAP } from '../core/metrics/imageIntervals.ts';
import { clopperPearson } from '../core/metrics/intervals.ts';

/** The folder of good parts. */
export const GOOD = 'good';

export const RANKING = {
  /** Alarm above this unit score, whatever the verdict. */
  alarm: 1,
  /** Confidence of the interval around the rate of false alarms. */
  confidence: 0.95,
  /** Seed of the bootstrap. */
  seed: 0,
} as const;

type Range = readonly [low: number, high: number];

export interface Rate {
  readonly n: number;
  readonly of: number;
  readonly rate: number | null;
}

export interface Ranking {
  /** `all`: every anomaly against the good images (LogSAD's convention); then one entry per anomaly folder. */
  readonly auroc: Readonly<Record<string, number | null>>;
  /** Mean over the anomaly folders: LOCO's convention. */
  readonly aurocMean: number | null;
  readonly ap: number | null;
  /** Largest F1 over all thresholds: an oracle, it sees the labels. */
  readonly f1max: number | null;
  readonly falseAlarms: Rate & { readonly ci: Range | null };
  readonly detected: Readonly<Record<string, Rate>>;
  /** 95 % bootstrap over images (drawn within each class); null where a class is empty or none was asked for. */
  readonly intervals: {
    readonly resamples: number;
    readonly auroc: Readonly<Record<string, Range>>;
    readonly ap: Range;
    readonly f1max: Range;
  } | null;
}

export interface LabelledScore {
  readonly folder: string;
  readonly score: number;
}

/** All figures of one score. `resamples` 0 leaves the intervals out. */
export function rankingOf(images: readonly LabelledScore[], resamples: number = IMAGE_BOOTSTRAP.resamples): Ranking {
  const good = images.filter((r) => r.folder === GOOD);
  const folders = [...new Set(images.map((r) => r.folder))].filter((f) => f !== GOOD);
  const of = (f: string): LabelledScore[] => images.filter((r) => r.folder === f);
  const anomalies = images.filter((r) => r.folder !== GOOD);
  const against = (bad: readonly LabelledScore[]) => {
    if (good.length === 0 || bad.length === 0) return null;
    const all = [...good, ...bad];
    return { labels: all.map((r) => r.folder !== GOOD), scores: all.map((r) => r.score) };
  };
  const ranked = (bad: readonly LabelledScore[]) => {
    const set = against(bad);
    return set && rank(set.labels, set.scores);
  };
  const all = ranked(anomalies);
  const areas = folders.map((f) => {
    const r = ranked(of(f));
    return [f, r && auroc(r)] as const;
  });
  const known = areas.flatMap(([, a]) => a ?? []);
  const alarms = (list: readonly LabelledScore[]): Rate => {
    const n = list.filter((r) => r.score > RANKING.alarm).length;
    return { n, of: list.length, rate: list.length === 0 ? null : n / list.length };
  };
  const falseAlarms = alarms(good);
  const { low, high } = clopperPearson(falseAlarms.n, falseAlarms.of, RANKING.confidence);
  const boot = (bad: readonly LabelledScore[]) => {
    const set = against(bad);
    return set && bootstrapRanking(set.labels, set.scores, createRandom(RANKING.seed), resamples);
  };
  const whole = boot(anomalies);
  const range = (i: { low: number; high: number }): Range => [i.low, i.high];
  return {
    auroc: { all: all && auroc(all), ...Object.fromEntries(areas) },
    aurocMean: known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length,
    ap: all && averagePrecision(all),
    f1max: all && f1Max(all).f1,
    falseAlarms: { ...falseAlarms, ci: falseAlarms.of === 0 ? null : [low, high] },
    detected: Object.fromEntries(folders.map((f) => [f, alarms(of(f))])),
    intervals: whole && {
      resamples,
      auroc: {
        all: range(whole.auroc),
        ...Object.fromEntries(folders.flatMap((f) => boot(of(f)) ?? []).map((b, i) => [folders[i]!, range(b.auroc)])),
      },
      ap: range(whole.ap),
      f1max: range(whole.f1max),
    },
  };
}
