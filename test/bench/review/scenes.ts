/**
 * The Scenes of a data set, segmented once and kept in the temporary folder for as long as rules (but for their bounds),
 * models and engine stay what they are: what a review changes is judged again without any model.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as logsad from '../../../src/index.ts';
import { learnProduct } from '../support.ts';

export interface SeenPart {
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  readonly good: boolean;
  readonly scene: logsad.Scene;
}

export interface SeenProduct {
  /** Folder of the cache: `product.profile`, `parts.json`. */
  readonly folder: string;
  readonly profile: string;
  readonly parts: readonly SeenPart[];
}

/** Where the process of a service notes the folder for its engine processes. */
export const cacheNote = (service: number): string => join(tmpdir(), `logsad-review-of-${service}`);

/** Learns `rules` from train (and validation as calibration) and inspects the whole of `test`, or reads what an earlier run kept. */
export async function seenProduct(rules: string, data: string): Promise<SeenProduct> {
  const text = await logsad.files.readText(join(rules, 'rules.yaml'));
  const { digests } = logsad.compileRules(text, 'rules.yaml');
  const key = createHash('sha256').update(`${digests.grounding} ${logsad.ENGINE} ${data}`).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), `logsad-review-${key}`);
  const at = { folder, profile: join(folder, 'product.profile') };
  if (!existsSync(folder)) await see(rules, data, folder);
  return { ...at, parts: JSON.parse(readFileSync(join(folder, 'parts.json'), 'utf8')) as SeenPart[] };
}

async function see(rules: string, data: string, folder: string): Promise<void> {
  await using engine = await logsad.openEngine();
  const product = await learnProduct(engine, {
    rules,
    normals: join(data, 'train/good'),
    calibrate: join(data, 'validation/good'),
  });
  const { test } = await logsad.files.openDataset(data);
  const parts: SeenPart[] = [];
  for (const { path, folder: kind } of test) {
    const name = `${kind}-${path.split('/').at(-1)}`;
    const { scene } = await product.inspector.inspect({ name, path });
    parts.push({ name, path, sha256: await logsad.digestFile(path), good: kind === logsad.GOOD, scene });
    if (parts.length % 20 === 0) console.error(`segmented ${parts.length} of ${test.length}`);
  }
  const draft = `${folder}.draft-${process.pid}`;
  mkdirSync(draft, { recursive: true });
  await logsad.saveProfile(join(draft, 'product.profile'), product.profile);
  writeFileSync(join(draft, 'parts.json'), JSON.stringify(parts));
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
}
