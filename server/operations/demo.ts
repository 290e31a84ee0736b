/** Fills an empty service with the demo product: pictures, rules, a profile, inspections. A crash resumes where it was. */
import { compileRules, generateDemo, images, LogsadError } from '../../src/index.ts';
import type { Service } from '../service.ts';
import { addBatch, addInspection, putImage, type StoredImage } from '../storage/inspections.ts';
import { addRules, createProduct, productVersions, putNormal, setLive } from '../storage/products.ts';
import { addProfile, getProfile, listProfiles } from '../storage/profiles.ts';
import { first, type Sql } from '../storage/sql.ts';

export type DemoOptions = NonNullable<Parameters<typeof generateDemo>[0]>;

/** Far fewer pictures than `logsad demo`: a service should be ready soon, also on a machine that is busy. */
export const DEMO_PICTURES: DemoOptions = { train: 8, validation: 2, good: 3, logical: 4, structural: 3 };
const AUTHOR = 'demo';
const LOOK_MS = 300;
/** The setting that says so. */
const SEEDED = 'demo';

/** Resolves when the product can inspect and its first inspections are done. */
export async function seedDemo(service: Service, options: DemoOptions = DEMO_PICTURES): Promise<void> {
  const { sql } = service;
  if (await isSeeded(sql)) return;
  const { product, tests } = await seedPictures(service, options);
  if (product === null) return;
  await seedProfile(service, product);
  const any = await first(sql, 'SELECT 1 FROM inspections WHERE product = $1 LIMIT 1', [product]);
  if (any === undefined && !service.stopping.aborted) await seedInspections(service, product, tests);
  await until(service, async () => {
    const text = `SELECT count(*)::int AS n FROM inspections WHERE product = $1 AND state IN ('queued', 'running')`;
    return (await first<{ n: number }>(sql, text, [product]))!.n === 0;
  });
  if (service.stopping.aborted) return;
  await sql.query('INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING', [SEEDED, product]);
}

/** Whether it was done before: from then on the product is the engineer's. Services that are older left no mark. */
async function isSeeded(sql: Sql): Promise<boolean> {
  if (await first(sql, 'SELECT 1 FROM settings WHERE key = $1', [SEEDED])) return true;
  const older = `SELECT 1 FROM profiles p JOIN rule_files r ON r.product = p.product AND r.version = 1
    WHERE p.author = $1 AND r.author = $1 AND p.state IN ('ready', 'retired')
      AND (EXISTS (SELECT 1 FROM inspections i WHERE i.product = p.product)
        OR EXISTS (SELECT 1 FROM rule_files e WHERE e.product = p.product AND e.version > 1)) LIMIT 1`;
  return (await first(sql, older, [AUTHOR])) !== undefined;
}

/** Resolves when one is ready; learns with the live rules where none is on its way. */
async function seedProfile(service: Service, product: string): Promise<void> {
  const { sql, queue } = service;
  const known = await listProfiles(sql, product);
  if (known.some((p) => p.state === 'ready')) return;
  const open = known.find((p) => p.state === 'queued' || p.state === 'running');
  const version =
    open?.version ??
    (await sql.transaction(async (tx) => {
      const { liveRules } = await productVersions(tx, product);
      const made = await addProfile(tx, { product, rules: liveRules ?? 1, request: {}, author: AUTHOR });
      await queue.send(tx, 'learn', `${product}/${made}`);
      return made;
    }));
  await until(service, async () => {
    const { state, error } = await getProfile(sql, product, version);
    if (state === 'failed') throw new LogsadError('PRODUCT_NOT_READY', { product, reason: error!.message, remedy: '' });
    return state === 'ready';
  });
}

async function until(service: Service, done: () => Promise<boolean>): Promise<void> {
  while (!service.stopping.aborted && !(await done())) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

interface Kept {
  readonly name: string;
  readonly image: StoredImage;
}

/**
 * Product, rule file and normals; the pictures to inspect come back without a row yet. No product where somebody else made
 * one of that name.
 */
async function seedPictures(
  service: Service,
  options: DemoOptions,
): Promise<{ product: string | null; tests: Kept[] }> {
  const { sql } = service;
  const tests: Kept[] = [];
  let product: string | null = null;
  let learnt = false;
  for await (const file of generateDemo(options, images)) {
    if (service.stopping.aborted) break;
    if (file.path === 'rules.yaml') {
      product = await seedRules(service, new TextDecoder().decode(file.bytes));
      learnt = product !== null && (await listProfiles(sql, product)).length > 0;
    }
    const [, set, kind, name] = /^(train|validation|test)\/(\w+)\/(.+)$/.exec(file.path) ?? [];
    if (!name) continue;
    if (product === null) break;
    const made = product;
    const image = await keep(service, file.bytes);
    if (set === 'test') {
      tests.push({ name: `${kind}-${name}`, image });
      continue;
    }
    // The normals are all there before the first learning; whoever took one out since wants it out.
    if (learnt) continue;
    const normal =
      set === 'train'
        ? ({ name, purpose: 'normal' } as const)
        : ({ name: `validation-${name}`, purpose: 'calibration' } as const);
    await sql.transaction(async (tx) => {
      await putImage(tx, image);
      await putNormal(tx, made, { ...normal, image: image.digest });
    });
  }
  return { product, tests };
}

/** The product and its first, live rule file, unless they are there; the product's id, null where it is not the demo's. */
async function seedRules({ sql }: Service, text: string): Promise<string | null> {
  const { product, title } = compileRules(text, 'rules.yaml').file;
  return sql.transaction(async (tx) => {
    if (await first(tx, 'SELECT id FROM products WHERE id = $1', [product])) {
      const own = 'SELECT 1 FROM rule_files WHERE product = $1 AND version = 1 AND author = $2';
      return (await first(tx, own, [product, AUTHOR])) ? product : null;
    }
    await createProduct(tx, product, title ?? product);
    const why = 'the demo product, generated';
    await setLive(tx, product, await addRules(tx, { product, text, author: AUTHOR, why }));
    return product;
  });
}

async function keep({ blobs }: Service, bytes: Uint8Array): Promise<StoredImage> {
  const blob = await blobs.put(bytes);
  const { width, height } = await images.size(blobs.pathOf(blob.digest));
  return { ...blob, width, height, type: 'image/jpeg' };
}

/** Sound and defective parts as one batch. */
async function seedInspections({ sql, queue }: Service, product: string, tests: readonly Kept[]) {
  const { liveRules, readyProfile } = await productVersions(sql, product);
  if (liveRules === null || readyProfile === null) {
    const reason = 'no profile that fits the live rules is ready';
    throw new LogsadError('PRODUCT_NOT_READY', { product, reason, remedy: 'learn one' });
  }
  const versions = { rules: liveRules, profile: readyProfile };
  await sql.transaction(async (tx) => {
    const batch = await addBatch(tx, product, AUTHOR);
    for (const { name, image } of tests) {
      await putImage(tx, image);
      const made = { product, name, image: image.digest, batch, ...versions, author: AUTHOR };
      await queue.send(tx, 'inspect', await addInspection(tx, made));
    }
  });
}
