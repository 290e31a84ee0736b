/** Every combination of detectors scored from one pass, as LogSAD's Tables 6 to 8: the fused score is a maximum of units. */
import { CALIBRATE } from '../core/calibrate.ts';
import { COMPOSITION } from '../core/detect/index.ts';
import { LogsadError } from '../core/errors.ts';
import type { ScoredImage } from './evaluation.ts';
import { RANKING, type Ranking, rankingOf } from './ranking.ts';

export interface Combination extends Ranking {
  readonly detectors: readonly string[];
}

/** The names asked for, each once, in the order given. @throws LogsadError USAGE on a name that no detector bears */
export function chosenDetectors(asked: string, known: readonly string[]): string[] {
  const names = [...new Set(asked.split(',').map((n) => n.trim()))].filter((n) => n !== '');
  const strange = names.filter((n) => !known.includes(n));
  const expected = `the rule file has ${known.join(', ')}`;
  if (names.length === 0)
    throw new LogsadError('USAGE', { reason: `--detectors names no detector; ${expected}`, command: 'evaluate' });
  if (strange.length > 0)
    throw new LogsadError('USAGE', {
      reason: `--detectors: unknown ${strange.join(', ')}; ${expected}`,
      command: 'evaluate',
    });
  return names;
}

/** All non-empty subsets, the small ones first. */
export function subsets(names: readonly string[]): string[][] {
  const all = Array.from({ length: 2 ** names.length - 1 }, (_, bits) => names.filter((_, i) => ((bits + 1) >> i) & 1));
  return all.sort((a, b) => a.length - b.length);
}

/**
 * Figures of every combination. `paper`: all parts that a rule flags tie above the rest, as in Eq. 5.
 * `resamples` 0 leaves the bootstrap out.
 */
export function combine(
  images: readonly ScoredImage[],
  names: readonly string[],
  paper: boolean,
  resamples?: number,
): Combination[] {
  const unit = (r: ScoredImage, name: string): number => {
    const u = r.detectors[name] ?? 0;
    return paper && name === COMPOSITION && u > RANKING.alarm ? CALIBRATE.flagged : u;
  };
  return subsets(names).map((detectors) => ({
    detectors,
    ...rankingOf(
      images.map((r) => ({ folder: r.folder, score: Math.max(...detectors.map((d) => unit(r, d))) })),
      resamples,
    ),
  }));
}
