/** What the benchmarks share: medians, tables, photographs, a learnt and evaluated product. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as logsad from '../../src/index.ts';
import { shared } from '../support/shared.ts';
import { sharedModels } from '../support/sharedModels.ts';

export const median = (v: readonly number[]): number =>
  [...v].sort((a, b) => a - b)[Math.floor(v.length / 2)] ?? Number.NaN;

/** Markdown table, first column left, others right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** Milliseconds of `work`, median over `times` runs after one warm-up. */
export async function timed(times: number, work: () => Promise<unknown> | unknown): Promise<number> {
  await work();
  const out: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await work();
    out.push(performance.now() - start);
  }
  return median(out);
}

/** Folder of a data set under ../shared/data, or null with a printed reason. */
export function photographs(name: string): string | null {
  const path = shared(`data/${name}`);
  if (path === null) console.log(`skipped: ../shared/data/${name} is not on this machine`);
  return path;
}

/** Those that the arguments name; all where they name none. */
export function asked<T>(all: readonly T[], args: readonly string[], nameOf: (t: T) => string): T[] {
  const named = all.filter((t) => args.includes(nameOf(t)));
  return named.length > 0 ? named : [...all];
}

/** An engine that also has the models of ../shared, where this machine does. */
export async function withSharedModels(
  work: (engine: logsad.Engine, has: { readonly shared: boolean }) => Promise<void>,
): Promise<void> {
  const extra = sharedModels();
  if (extra) process.env.LOGSAD_MODELS = extra.path;
  try {
    await using engine = await logsad.openEngine();
    await work(engine, { shared: extra !== null });
  } finally {
    extra?.remove();
  }
}

/** A temporary folder with copies of some files; removed by `dispose`. */
export function folderOf(from: string, names: readonly string[]): { path: string; dispose: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'logsad-bench-'));
  for (const n of names) cpSync(join(from, n), join(path, n));
  return { path, dispose: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Product {
  readonly rules: logsad.ProductRules;
  readonly profile: logsad.Profile;
  readonly inspector: logsad.Inspector;
}

export interface LearnFrom {
  readonly rules: string;
  readonly normals: string;
  readonly calibrate?: string;
  readonly exemplars?: string;
}

export async function learnProduct(engine: logsad.Engine, from: LearnFrom): Promise<Product> {
  const rules = await logsad.loadRules(from.rules);
  const { file } = rules.compiled;
  const { normals, exemplars } = await logsad.gatherNormals(from.normals, file);
  const drawn = from.exemplars ? (await logsad.gatherNormals(from.exemplars, file)).exemplars : [];
  const calibration = from.calibrate ? (await logsad.gatherNormals(from.calibrate, file)).normals : [];
  const { profile } = await engine.learn(rules, { normals, exemplars: [...exemplars, ...drawn], calibration });
  return { rules, profile, inspector: await engine.inspector(rules, profile) };
}

export interface EvaluateFrom {
  readonly dataset: string;
  readonly groups?: string;
  readonly causes?: string;
  readonly onResult?: (image: logsad.LabelledRef, result: logsad.InspectionResult) => void;
}

export async function evaluateProduct(
  { rules, profile, inspector }: Product,
  from: EvaluateFrom,
): Promise<logsad.Evaluation> {
  const { test } = await logsad.files.openDataset(from.dataset);
  const records = await logsad.evaluate(
    {
      inspector,
      profile,
      images: test,
      exemplars: logsad.exemplarDigests(profile, rules.compiled.file),
      digest: logsad.digestFile,
    },
    from.onResult ? { onResult: async (i, r) => from.onResult!(i, r) } : {},
  );
  const read = async (file: string) => ({ text: await logsad.files.readText(file), file });
  const causes =
    from.groups === undefined
      ? null
      : logsad.readCauses(await read(from.groups), from.causes ? await read(from.causes) : null, test);
  return logsad.summarise(records, causes);
}

/** One row of figures as the product table prints them. */
export function figures(e: logsad.Evaluation): string[] {
  const share = (r: { n: number; of: number }): string => `${r.n}/${r.of}`;
  const composition = e.detectors.composition;
  const detected = Object.values(e.detected).map(share).join(', ');
  return [
    (composition?.auroc.all ?? Number.NaN).toFixed(4),
    share(composition?.falseAlarms ?? e.falseAlarms),
    Object.values(composition?.detected ?? e.detected)
      .map(share)
      .join(', '),
    (e.auroc.all ?? Number.NaN).toFixed(4),
    share(e.falseAlarms),
    detected,
    e.causes ? `${e.causes.right}/${e.causes.of}` : '',
  ];
}

export const FIGURES = [
  'comp. AUROC',
  'comp. FA',
  'comp. found',
  'fused AUROC',
  'fused FA',
  'fused found',
  'right cause',
];
