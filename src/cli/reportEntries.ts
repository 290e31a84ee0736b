/** What a report keeps of a batch: no more than its page shows, so that memory does not grow with features and masks. */
import type { InspectionResult, ReportEntry } from '../index.ts';

interface Shown {
  readonly at: number;
  readonly unit: number;
}

export interface ReportEntries {
  /** In the order they came. */
  readonly all: readonly ReportEntry[];
  /** Keeps one result; `draw` is called only if its picture may be shown, with a number of its own. */
  add(result: InspectionResult, draw: (index: number) => Promise<string>): Promise<void>;
  addFault(image: string, error: { code: string; message: string; fix: string }): void;
}

/** Without what the page never shows: what was seen, and the measurements of a part that has no card. */
function slim(result: InspectionResult, card: boolean): InspectionResult {
  return {
    ...result,
    measurements: card ? result.measurements : [],
    scene: { ...result.scene, instances: [], unknown: [], detectors: {} },
    detectors: {},
  };
}

/** `limits`: REPORT_LIMITS of the page, which shows the worst of every verdict up to a number and names the rest. */
export function createReportEntries(limits: { readonly cards: number; readonly thumbnails: number }): ReportEntries {
  const all: ReportEntry[] = [];
  const shown = { pass: [] as Shown[], review: [] as Shown[], reject: [] as Shown[] };

  const hide = (at: number): void => {
    const entry = all[at]!;
    if ('result' in entry) all[at] = { result: slim(entry.result, false), picture: '' };
  };

  return {
    all,
    async add(result, draw) {
      const pass = result.verdict === 'pass';
      const rivals = shown[result.verdict];
      const most = pass ? limits.thumbnails : limits.cards;
      const at = all.length;
      // The page sorts by unit and keeps the order of equals: the last of the smallest makes room.
      const least = rivals.reduce((a, r, i) => (r.unit <= (rivals[a]?.unit ?? Infinity) ? i : a), 0);
      const full = rivals.length >= most;
      if (full && !(result.unit > (rivals[least]?.unit ?? Infinity))) {
        all.push({ result: slim(result, false), picture: '' });
        return;
      }
      const picture = await draw(at);
      all.push({ result: slim(result, !pass), picture });
      if (full) hide(rivals.splice(least, 1)[0]!.at);
      rivals.push({ at, unit: result.unit });
    },
    addFault(image, error) {
      all.push({ image, error });
    },
  };
}
