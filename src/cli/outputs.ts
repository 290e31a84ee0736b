/** What `inspect`, `evaluate` and `demo` write beside their answer: overlays, scenes, and the report page. */
import { join } from 'node:path';
import type {
  DrawOptions,
  ImageRef,
  Inspection,
  InspectionResult,
  Inspector,
  LogsadError,
  ReportFigures,
} from '../index.ts';
import { outputNames } from './options.ts';
import { createReportEntries } from './reportEntries.ts';

export interface OutputOptions {
  readonly overlay?: string;
  readonly scenes?: string;
  readonly report?: string;
}

/** An image, and the folder that says whether it is good, where there are labels. */
export type OutputImage = ImageRef & { readonly folder?: string };

export interface ReportRest {
  readonly inspector: Inspector;
  readonly figures?: ReportFigures;
}

export interface Outputs {
  /** Writes what belongs to one image; `maps` for the report. */
  add(image: OutputImage, result: InspectionResult, maps?: Inspection['maps']): Promise<void>;
  addFault(image: ImageRef, error: LogsadError): void;
  /** Writes the report. */
  close(title: string, facts: readonly (readonly [string, string])[], rest: ReportRest): Promise<void>;
  /** What was asked for and where it is: `overlays`, `scenes`, `report`. */
  written(): Record<string, string>;
}

type Api = typeof import('../index.ts');

/** Checks that everything can be written before the first image is looked at. @throws LogsadError as writeAtomic */
export async function openOutputs(
  api: Api,
  images: readonly ImageRef[],
  options: OutputOptions,
  draw: DrawOptions,
): Promise<Outputs> {
  const names = images.map((i) => i.name);
  const pngs = outputNames(names, '.png');
  const scenes = outputNames(names, '.scene.json');
  if (options.overlay !== undefined) await api.files.checkWritable(join(options.overlay, 'overlay.png'));
  if (options.scenes !== undefined) await api.files.checkWritable(join(options.scenes, 'scene.json'));
  if (options.report !== undefined) await api.files.checkWritable(options.report);
  const entries = createReportEntries(api.REPORT_LIMITS, api.sectionOf);
  const tally = api.createTally();
  return {
    async add(image, result, maps = {}) {
      if (options.overlay !== undefined) {
        const png = await api.overlayPng(image.path, result, api.images, draw);
        await api.files.writeAtomic(join(options.overlay, pngs.get(image.name)!), png);
      }
      if (options.scenes !== undefined) {
        await api.files.writeAtomic(join(options.scenes, scenes.get(image.name)!), `${JSON.stringify(result.scene)}\n`);
      }
      if (options.report === undefined) return;
      const label = image.folder === undefined ? null : image.folder === api.GOOD ? 'good' : 'anomaly';
      tally.add(result, label);
      const pictures = (index: number, small: boolean) =>
        api.reportPictures(image.path, { result, maps }, api.images, { ...draw, index, small });
      await entries.add(result, pictures, label);
    },
    addFault(image, error) {
      if (options.report !== undefined) entries.addFault(image.name, error.toJSON());
    },
    async close(title, facts, { inspector, figures }) {
      if (options.report === undefined) return;
      const page = {
        title,
        facts,
        tally,
        notes: api.calibrationNotes(inspector),
        normals: api.reportNormals(inspector),
        ...(figures ? { figures } : {}),
      };
      await api.files.writeAtomic(options.report, api.reportToHtml(page, entries.all));
    },
    written: () => ({
      ...(options.overlay === undefined ? {} : { overlays: options.overlay }),
      ...(options.scenes === undefined ? {} : { scenes: options.scenes }),
      ...(options.report === undefined ? {} : { report: options.report }),
    }),
  };
}
