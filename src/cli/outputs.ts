/** What `inspect`, `evaluate` and `demo` write beside their answer: overlays, scenes, and the report page. */
import { join } from 'node:path';
import type { DrawOptions, ImageRef, InspectionResult, LogsadError } from '../index.ts';
import { outputNames } from './options.ts';
import { createReportEntries } from './reportEntries.ts';

export interface OutputOptions {
  readonly overlay?: string;
  readonly scenes?: string;
  readonly report?: string;
}

export interface Outputs {
  /** Writes what belongs to one image. */
  add(image: ImageRef, result: InspectionResult): Promise<void>;
  addFault(image: ImageRef, error: LogsadError): void;
  /** Writes the report. */
  close(title: string, facts: readonly (readonly [string, string])[], notes?: readonly string[]): Promise<void>;
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
  const entries = createReportEntries(api.REPORT_LIMITS);
  return {
    async add(image, result) {
      if (options.overlay !== undefined) {
        const png = await api.overlayPng(image.path, result, api.images, draw);
        await api.files.writeAtomic(join(options.overlay, pngs.get(image.name)!), png);
      }
      if (options.scenes !== undefined) {
        await api.files.writeAtomic(join(options.scenes, scenes.get(image.name)!), `${JSON.stringify(result.scene)}\n`);
      }
      if (options.report !== undefined) {
        await entries.add(result, (index) => api.reportPicture(image.path, result, api.images, draw, index));
      }
    },
    addFault(image, error) {
      if (options.report !== undefined) entries.addFault(image.name, error.toJSON());
    },
    async close(title, facts, notes = []) {
      if (options.report === undefined) return;
      await api.files.writeAtomic(options.report, api.reportToHtml({ title, facts, notes }, entries.all));
    },
  };
}
