/** What a report keeps of a batch: no more than its page shows, so that memory does not grow with features and masks. */
import type { InspectionResult, ReportEntry, ReportLabel, ReportPictures, ReportSection } from '../index.ts';

interface Shown {
  readonly at: number;
  readonly unit: number;
}

export interface ReportEntries {
  /** In the order they came. */
  readonly all: readonly ReportEntry[];
  /**
   * Keeps one result; `draw` is called only if its picture may be shown, with a number of its own, and whether a small
   * picture will do.
   */
  add(
    result: InspectionResult,
    draw: (index: number, small: boolean) => Promise<ReportPictures>,
    label?: ReportLabel,
  ): Promise<void>;
  addFault(image: string, error: { code: string; message: string; fix: string }): void;
}

/** Without what the page never shows: what was seen, and the measurements of a part that has no card. */
function slim(result: InspectionResult, card: boolean): InspectionResult {
  const detectors = Object.entries(result.detectors).map(([name, { evidence: _, ...d }]) => [name, d]);
  return {
    ...result,
    measurements: card ? result.measurements : [],
    scene: { ...result.scene, instances: [], unknown: [], detectors: {} },
    detectors: card ? Object.fromEntries(detectors) : {},
  };
}

/**
 * `limits`: REPORT_LIMITS of the page, which shows the worst of every section up to a number and names the rest; `sectionOf`:
 * where the page puts a part.
 */
export function createReportEntries(
  limits: { readonly cards: number; readonly thumbnails: number },
  sectionOf: (result: InspectionResult, label: ReportLabel) => ReportSection,
): ReportEntries {
  const all: ReportEntry[] = [];
  const shown = new Map<ReportSection, Shown[]>();

  const hide = (at: number): void => {
    const entry = all[at]!;
    if (!('result' in entry)) return;
    const { heat: _, ...rest } = entry;
    all[at] = { ...rest, result: slim(entry.result, false), picture: '' };
  };

  return {
    all,
    async add(result, draw, label = null) {
      const section = sectionOf(result, label);
      const small = section === 'pass';
      const rivals = shown.get(section) ?? [];
      shown.set(section, rivals);
      const most = small ? limits.thumbnails : limits.cards;
      const at = all.length;
      // The page sorts by unit (missed parts from the lowest) and keeps the order of equals: the last in line makes room.
      const rating = section === 'missed' ? -result.unit : result.unit;
      const least = rivals.reduce((a, r, i) => (r.unit <= (rivals[a]?.unit ?? Infinity) ? i : a), 0);
      const full = rivals.length >= most;
      if (full && !(rating > (rivals[least]?.unit ?? Infinity))) {
        all.push({ result: slim(result, false), picture: '', label });
        return;
      }
      const pictures = await draw(at, small);
      all.push({ result: slim(result, !small), ...pictures, label });
      if (full) hide(rivals.splice(least, 1)[0]!.at);
      rivals.push({ at, unit: rating });
    },
    addFault(image, error) {
      all.push({ image, error });
    },
  };
}
