/** Fills an empty service with the demo product: pictures, rules, a profile, inspections. A crash resumes where it was. */
import { compileRules, generateDemo, images, LogsadError } from '../../src/index.ts';
import type { Service } from '../service.ts';
import { addBatch, addInspection, putImage, type StoredImage } from '../storage/inspections.ts';
import {
  addProfile,
  addRules,
  createProduct,
  getProfile,
  listProfiles,
  productVersions,
  putNormal,
  setLive,
} from '../storage/products.ts';
import { first } from '../storage/sql.ts';

export type DemoOptions = NonNullable<Parameters<typeof generateDemo>[0]>;

/** Far fewer pictures than `logsad demo`: a service should be ready soon, also on a machine that is busy. */
export const DEMO_PICTURES: DemoOptions = { train: 8, validation: 2, good: 3, logical: 4, structural: 3 };
const AUTHOR = 'demo';
const LOOK_MS = 300;

/** Resolves when the product can inspect and its first inspections are done. */
export async function seedDemo(service: Service, options: DemoOptions = DEMO_PICTURES): Promise<void> {
  const { sql, queue } = service;
  const { product, tests } = await seedPictures(service, options);
  const [profile] = await listProfiles(sql, product);
  let version = profile?.version;
  if (version === undefined || profile?.state === 'failed') {
    version = await sql.transaction(async (tx) => {
      const made = await addProfile(tx, { product, rules: 1, request: {}, author: AUTHOR });
      await queue.send(tx, 'learn', `${product}/${made}`);
      return made;
    });
  }
  await until(service, async () => {
    const { state, error } = await getProfile(sql, product, version);
    if (state === 'failed') throw new LogsadError('PRODUCT_NOT_READY', { product, reason: error!.message, remedy: '' });
    return state === 'ready';
  });
  const any = await first(sql, 'SELECT 1 FROM inspections WHERE product = $1 LIMIT 1', [product]);
  if (any === undefined) await seedInspections(service, product, version, tests);
  await until(service, async () => {
    const text = `SELECT count(*)::int AS n FROM inspections WHERE product = $1 AND state IN ('queued', 'running')`;
    return (await first<{ n: number }>(sql, text, [product]))!.n === 0;
  });
}

async function until(service: Service, done: () => Promise<boolean>): Promise<void> {
  while (!service.stopping.aborted && !(await done())) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

interface Kept {
  readonly name: string;
  readonly image: StoredImage;
}

/** Product, rule file and normals; the pictures to inspect come back without a row yet. */
async function seedPictures(service: Service, options: DemoOptions): Promise<{ product: string; tests: Kept[] }> {
  const { sql } = service;
  const tests: Kept[] = [];
  let product = '';
  for await (const file of generateDemo(options, images)) {
    if (service.stopping.aborted) break;
    if (file.path === 'rules.yaml') product = await seedRules(service, new TextDecoder().decode(file.bytes));
    const [, set, kind, name] = /^(train|validation|test)\/(\w+)\/(.+)$/.exec(file.path) ?? [];
    if (!name) continue;
    const image = await keep(service, file.bytes);
    if (set === 'test') {
      tests.push({ name: `${kind}-${name}`, image });
      continue;
    }
    const normal =
      set === 'train'
        ? ({ name, purpose: 'normal' } as const)
        : ({ name: `validation-${name}`, purpose: 'calibration' } as const);
    await sql.transaction(async (tx) => {
      await putImage(tx, image);
      await putNormal(tx, product, { ...normal, image: image.digest });
    });
  }
  return { product, tests };
}

/** The product and its first, live rule file, unless they are there; returns the product's id. */
async function seedRules({ sql }: Service, text: string): Promise<string> {
  const { product, title } = compileRules(text, 'rules.yaml').file;
  await sql.transaction(async (tx) => {
    if (await first(tx, 'SELECT id FROM products WHERE id = $1', [product])) return;
    await createProduct(tx, product, title ?? product);
    const why = 'the demo product, generated';
    await setLive(tx, product, await addRules(tx, { product, text, author: AUTHOR, why }));
  });
  return product;
}

async function keep({ blobs }: Service, bytes: Uint8Array): Promise<StoredImage> {
  const blob = await blobs.put(bytes);
  const { width, height } = await images.size(blobs.pathOf(blob.digest));
  return { ...blob, width, height, type: 'image/jpeg' };
}

/** Sound and defective parts as one batch. */
async function seedInspections({ sql, queue }: Service, product: string, profile: number, tests: readonly Kept[]) {
  const { liveRules } = await productVersions(sql, product);
  const versions = { rules: liveRules ?? 1, profile };
  await sql.transaction(async (tx) => {
    const batch = await addBatch(tx, product, AUTHOR);
    for (const { name, image } of tests) {
      await putImage(tx, image);
      const made = { product, name, image: image.digest, batch, ...versions, author: AUTHOR };
      await queue.send(tx, 'inspect', await addInspection(tx, made));
    }
  });
}
