/** Repeated runs of a product through the whole program: drawn normals in, scores of every test image out. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openInspector } from '../../src/app/inspect.ts';
import { learn } from '../../src/app/learn.ts';
import type { DecodedImage, ImageReader } from '../../src/app/ports.ts';
import { createRandom, type Random } from '../../src/core/grid/random.ts';
import { auroc, rank } from '../../src/core/metrics/image.ts';
import { mean, quantile, standardDeviation } from '../../src/core/statistics.ts';
import * as logsad from '../../src/index.ts';

/** Resamples of the images for an interval. */
const RESAMPLES = 1000;

/** Decodes every picture once: seeds and settings of one product look at the same frames. */
export function remembering(images: ImageReader): ImageReader {
  const known = new Map<string, Promise<DecodedImage>>();
  return {
    ...images,
    decode(bytes, name, options) {
      const key = JSON.stringify([name, options?.box, typeof options?.size === 'object' ? options.size : 'frame']);
      let found = known.get(key);
      if (!found) {
        found = images.decode(bytes, name, options);
        known.set(key, found);
      }
      return found;
    },
  };
}

export interface RunOf {
  readonly rules: logsad.ProductRules;
  /** Folder with `train/good` and `test`. */
  readonly dataset: string;
  readonly calibrate?: string;
  readonly shots?: number;
  readonly seed: number;
}

export interface Scored {
  readonly image: string;
  readonly anomaly: boolean;
  /** Unit of every detector, `composition` among them, and `fused`. */
  readonly units: Readonly<Record<string, number>>;
}

export interface Run {
  readonly scored: readonly Scored[];
  readonly normals: number;
  /** What the patch detector ran on. */
  readonly chosen: string;
}

/** Learns from drawn normals and scores the test images. */
export async function runOnce(engine: logsad.Engine, images: ImageReader, of: RunOf): Promise<Run> {
  const { compiled } = of.rules;
  const drawn = await logsad.gatherNormals(join(of.dataset, 'train/good'), compiled.file, {
    ...(of.shots === undefined ? {} : { shots: of.shots }),
    seed: of.seed,
  });
  const deps = { images, inference: engine.inference, backbones: engine.backbones };
  const calibration = of.calibrate ? (await logsad.gatherNormals(of.calibrate, compiled.file)).normals : [];
  const { profile } = await learn({ compiled, ...drawn, calibration, seed: of.seed }, deps);
  await using inspector = await openInspector(compiled, profile, deps);
  const { test } = await logsad.files.openDataset(of.dataset);
  const exemplars = logsad.exemplarDigests(profile, compiled.file);
  const records = await logsad.evaluate({ inspector, profile, images: test, exemplars, digest: logsad.digestFile });
  const scored = records.flatMap((r): Scored[] =>
    'unit' in r && r.unit !== undefined
      ? [
          {
            image: r.image,
            anomaly: r.folder !== 'good',
            units: { ...r.detectors, fused: r.unit },
          },
        ]
      : [],
  );
  const facts = profile.sections.patch?.facts as
    | { backbone: { id: string }; model: { spec: { stages: readonly string[] } } }
    | undefined;
  const chosen = facts ? `${facts.backbone.id} ${facts.model.spec.stages.join('+')}` : '';
  return { scored, normals: profile.normals.length, chosen };
}

export const aurocOf = (scored: readonly Scored[], by: string): number =>
  auroc(
    rank(
      scored.map((s) => s.anomaly),
      scored.map((s) => s.units[by] ?? 0),
    ),
  );

export interface Figure {
  readonly mean: number;
  /** Sample deviation over the seeds, null for one run. */
  readonly sd: number | null;
  /** 95 % bootstrap interval of the mean over seeds: images drawn with replacement within each class. */
  readonly low: number;
  readonly high: number;
}

/** Mean AUROC over runs on the same test images, with its intervals. */
export function figureOf(runs: readonly Run[], by: string, random: Random = createRandom(0)): Figure {
  const values = runs.map((r) => aurocOf(r.scored, by));
  const first = runs[0]!.scored;
  const classes = [true, false].map((c) => first.flatMap((s, i) => (s.anomaly === c ? [i] : [])));
  const resampled = Array.from({ length: RESAMPLES }, () => {
    const drawn = classes.flatMap((list) => list.map(() => random.pick(list)));
    return mean(
      runs.map((r) =>
        aurocOf(
          drawn.map((i) => r.scored[i]!),
          by,
        ),
      ),
    );
  });
  return {
    mean: mean(values),
    sd: values.length > 1 ? standardDeviation(values) : null,
    low: quantile(resampled, 0.025),
    high: quantile(resampled, 0.975),
  };
}

export function figureText({ mean: m, sd, low, high }: Figure): string {
  return `${m.toFixed(4)}${sd === null ? '' : ` ± ${sd.toFixed(4)}`} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

/**
 * A rule file of no rules around the options of patch matching, compiled from a temporary file.
 * @param options YAML after `name: patch`, such as `, backbone: auto`
 * @param long long side of the frame, pixels
 */
export async function patchRules(product: string, options: string, long: number): Promise<logsad.ProductRules> {
  const folder = mkdtempSync(join(tmpdir(), 'logsad-bench-'));
  try {
    const path = join(folder, 'rules.yaml');
    const lines = ['schema: logsad/rules/v1', `product: ${product}`, `frame: { long: ${long} }`];
    writeFileSync(path, [...lines, `detectors: [{ name: patch${options} }]`, ''].join('\n'));
    return await logsad.loadRules(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
