/** From judged images to the figures of `evaluate --json`: pure arithmetic over records. */
import { parseCsv } from '../core/csv.ts';
import { LogsadError } from '../core/errors.ts';
import type { Verdict } from '../core/scene.ts';
import { GOOD, RANKING, type Ranking, rankingOf } from './ranking.ts';

export { GOOD };

export interface FirstCause {
  readonly rule: string;
  readonly kind: string;
  readonly interests: readonly string[];
  readonly margin: number;
  readonly message: string;
}

interface Fault {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

export interface ScoredImage {
  readonly image: string;
  readonly folder: string;
  readonly unit: number;
  readonly score: number;
  readonly verdict: Verdict;
  readonly p: number | null;
  /** Unit score per detector. */
  readonly detectors: Readonly<Record<string, number>>;
  readonly first: FirstCause | null;
  /** Judged with its own Scene left out of the learnt bounds: it is a normal of the profile. */
  readonly leftOut?: boolean;
  /** Its masks have a fault: it counts for no pixel metric. */
  readonly maskError?: Fault;
}

export type EvaluatedImage =
  | ScoredImage
  /** It gave exemplars: never scored. */
  | { readonly image: string; readonly folder: string; readonly excluded: true }
  | { readonly image: string; readonly folder: string; readonly error: Fault };

/** Which (kind, interest) pairs count as the right first cause, per defect group. */
export interface Causes {
  readonly groupOf: ReadonlyMap<string, string>;
  /** Null where no causes were given: groups are counted, causes are not. */
  readonly allowed: ReadonlyMap<string, readonly { readonly kind: string; readonly interest: string }[]> | null;
}

export interface Evaluation extends Ranking {
  readonly n: Readonly<Record<string, number>>;
  readonly causes: { readonly right: number; readonly of: number } | null;
  /** Defect group to first violated rule (`none` where the part went unnoticed) to number of parts. */
  readonly groups: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly detectors: Readonly<Record<string, Ranking>>;
  readonly reviews: Readonly<Record<string, number>>;
  readonly images: readonly (EvaluatedImage & { readonly group?: string; readonly causeRight?: boolean })[];
}

export const isScored = (r: EvaluatedImage): r is ScoredImage => 'unit' in r;

/**
 * All image figures over the scored records; excluded and unreadable images count nowhere but in `images`. `resamples` of the
 * bootstrap: 0 leaves the intervals out.
 */
export function summarise(records: readonly EvaluatedImage[], causes: Causes | null, resamples?: number): Evaluation {
  const scored = records.filter(isScored);
  const folders = [...new Set(scored.map((r) => r.folder))];
  const count = (keep: (r: ScoredImage) => boolean): Record<string, number> =>
    Object.fromEntries(folders.map((f) => [f, scored.filter((r) => r.folder === f && keep(r)).length]));
  const names = [...new Set(scored.flatMap((r) => Object.keys(r.detectors)))].sort();
  const grouped = scored.flatMap((r) => {
    const group = causes?.groupOf.get(r.image);
    return group === undefined ? [] : [{ r, group, right: isRight(r, causes!.allowed?.get(group) ?? []) }];
  });
  const noticed = grouped.filter(({ r }) => r.unit > RANKING.alarm);
  const groups: Record<string, Record<string, number>> = {};
  for (const { r, group } of grouped) {
    const rule = r.unit > RANKING.alarm ? (r.first?.rule ?? 'no rule') : 'none';
    groups[group] = { ...groups[group], [rule]: (groups[group]?.[rule] ?? 0) + 1 };
  }
  const figures = (score: (r: ScoredImage) => number): Ranking =>
    rankingOf(
      scored.map((r) => ({ folder: r.folder, score: score(r) })),
      resamples,
    );
  const judged = new Map(grouped.map((g) => [g.r.image, g]));
  return {
    n: count(() => true),
    ...figures((r) => r.unit),
    causes: causes?.allowed ? { right: noticed.filter((g) => g.right).length, of: noticed.length } : null,
    groups,
    detectors: Object.fromEntries(names.map((d) => [d, figures((r) => r.detectors[d] ?? 0)])),
    reviews: count((r) => r.verdict === 'review'),
    images: records.map((r) => {
      const g = judged.get(r.image);
      if (!g) return r;
      return { ...r, group: g.group, ...(causes?.allowed ? { causeRight: g.right && g.r.unit > RANKING.alarm } : {}) };
    }),
  };
}

/**
 * A rule that names several interests matches when any of them is listed; a listed `a+b` asks for exactly these two, in
 * either order.
 */
function isRight(r: ScoredImage, allowed: readonly { kind: string; interest: string }[]): boolean {
  const first = r.first;
  if (!first) return false;
  const joined = [...new Set(first.interests)].sort().join('+');
  return allowed.some(
    ({ kind, interest }) =>
      kind === first.kind &&
      (interest.includes('+') ? interest.split('+').sort().join('+') === joined : first.interests.includes(interest)),
  );
}

/**
 * Reads the two CSVs. `groups`: `file,defect_group`, a file being the name within its anomaly folder or `folder/name`;
 * `causes`: `defect_group,allowed_kind,allowed_interest`. Files that the dataset lacks are returned, not refused: one list
 * may serve several splits. @throws LogsadError CSV_INVALID at the line
 */
export function readCauses(
  groups: { readonly text: string; readonly file: string },
  causes: { readonly text: string; readonly file: string } | null,
  images: readonly { readonly name: string; readonly folder: string }[],
): Causes & { readonly unmatched: readonly string[] } {
  const columns = ['file', 'defect_group'] as const;
  const rows = parseCsv(groups.text, groups.file, columns);
  const groupOf = new Map<string, string>();
  const unmatched: string[] = [];
  const fault = (reason: string, file: string, line: number, expected: readonly string[]) =>
    new LogsadError('CSV_INVALID', { reason, columns: expected }, { place: { file, line, col: 1 } });
  for (const row of rows) {
    const hits = images.filter(
      (i) => i.name === row.values.file || (i.folder !== GOOD && i.name === `${i.folder}/${row.values.file}`),
    );
    if (hits.length > 1) {
      const where = hits.map((h) => h.name).join(' and ');
      throw fault(`${row.values.file} may be ${where}; write the folder too`, groups.file, row.line, columns);
    }
    if (hits[0]) groupOf.set(hits[0].name, row.values.defect_group);
    else unmatched.push(row.values.file);
  }
  const allowed = causes ? allowedCauses(causes.text, causes.file) : null;
  const bare = allowed && rows.find((r) => !allowed.has(r.values.defect_group));
  if (bare && causes) {
    throw fault(`group "${bare.values.defect_group}" has no cause in ${causes.file}`, groups.file, bare.line, columns);
  }
  return { groupOf, allowed, unmatched };
}

function allowedCauses(text: string, file: string): Map<string, { kind: string; interest: string }[]> {
  const allowed = new Map<string, { kind: string; interest: string }[]>();
  for (const { values } of parseCsv(text, file, ['defect_group', 'allowed_kind', 'allowed_interest'] as const)) {
    const list = allowed.get(values.defect_group) ?? [];
    list.push({ kind: values.allowed_kind, interest: values.allowed_interest });
    allowed.set(values.defect_group, list);
  }
  return allowed;
}
