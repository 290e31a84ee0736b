/** Products, their rule files, the pictures they learn from, and the profiles that were learnt. */
import { createHash } from 'node:crypto';
import type { Static } from 'typebox';
import { LogsadError } from '../../src/index.ts';
import type {
  Fault,
  LearnRequest,
  Normal,
  Product,
  Profile,
  ProfileFacts,
  RuleFile,
  RuleFileText,
} from '../schemas.ts';
import { found, iso, parsed } from './columns.ts';
import { first, type Queryable } from './sql.ts';

type ProductRow = Static<typeof Product>;
type RuleRow = Static<typeof RuleFile>;
type RuleTextRow = Static<typeof RuleFileText>;
type NormalRow = Static<typeof Normal>;
type ProfileRow = Static<typeof Profile>;

const VERSIONS = `(SELECT version FROM rule_files r WHERE r.product = p.id AND r.state = 'live') AS "liveRules",
  (SELECT max(version) FROM profiles f WHERE f.product = p.id AND f.state = 'ready') AS "readyProfile"`;
const PRODUCT = `p.id, p.title, ${iso('p.created_at', 'createdAt')}, ${VERSIONS},
  (SELECT count(*)::int FROM normals n WHERE n.product = p.id) AS normals,
  (SELECT coalesce(sum(t.inspections), 0)::int FROM tallies t WHERE t.product = p.id) AS inspections`;

export function listProducts(sql: Queryable): Promise<ProductRow[]> {
  return sql.query<ProductRow>(`SELECT ${PRODUCT} FROM products p ORDER BY p.id`);
}

/** @throws LogsadError NOT_FOUND */
export async function getProduct(sql: Queryable, id: string): Promise<ProductRow> {
  const row = await first<ProductRow>(sql, `SELECT ${PRODUCT} FROM products p WHERE p.id = $1`, [id]);
  return found(row, `product '${id}'`);
}

/** What a product works by; asked for at every inspection, so nothing is counted here. */
export interface ProductVersions {
  readonly liveRules: number | null;
  readonly readyProfile: number | null;
}

/** @throws LogsadError NOT_FOUND */
export async function productVersions(sql: Queryable, id: string): Promise<ProductVersions> {
  const row = await first<ProductVersions>(sql, `SELECT ${VERSIONS} FROM products p WHERE p.id = $1`, [id]);
  return found(row, `product '${id}'`);
}

/** @throws LogsadError CONFLICT */
export async function createProduct(tx: Queryable, id: string, title: string): Promise<void> {
  const made = await tx.query('INSERT INTO products (id, title) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id', [
    id,
    title,
  ]);
  if (made.length === 0) {
    throw new LogsadError('CONFLICT', { reason: `product '${id}' exists`, remedy: 'choose another id' });
  }
}

/** Waits for whoever changes the same product, until the transaction ends. @throws LogsadError NOT_FOUND */
export async function lockProduct(tx: Queryable, id: string): Promise<void> {
  found(await first(tx, 'SELECT id FROM products WHERE id = $1 FOR UPDATE', [id]), `product '${id}'`);
}

// --- rule files ------------------------------------------------------------------------------------------------------

const RULES = `product, version, state, digest, author, why, ${iso('created_at', 'createdAt')}`;

export function listRules(sql: Queryable, product: string): Promise<RuleRow[]> {
  return sql.query<RuleRow>(`SELECT ${RULES} FROM rule_files WHERE product = $1 ORDER BY version DESC`, [product]);
}

/** @throws LogsadError NOT_FOUND */
export async function getRules(sql: Queryable, product: string, version: number): Promise<RuleTextRow> {
  const row = await first<RuleTextRow>(
    sql,
    `SELECT ${RULES}, text FROM rule_files WHERE product = $1 AND version = $2`,
    [product, version],
  );
  return found(row, `version ${version} of the rules of '${product}'`);
}

export interface NewRuleFile {
  readonly product: string;
  readonly text: string;
  readonly author: string;
  readonly why: string;
  /** The newest version the author has seen. */
  readonly base?: number;
}

/** Appends a draft. @throws LogsadError CONFLICT when somebody else was faster, NOT_FOUND */
export async function addRules(tx: Queryable, rules: NewRuleFile): Promise<number> {
  await lockProduct(tx, rules.product);
  const row = await first<{ newest: number }>(
    tx,
    'SELECT coalesce(max(version), 0) AS newest FROM rule_files WHERE product = $1',
    [rules.product],
  );
  const newest = row!.newest;
  if (rules.base !== undefined && rules.base !== newest) {
    throw new LogsadError('CONFLICT', {
      reason: `version ${newest} was saved since version ${rules.base}, which this draft starts from`,
      remedy: `look at version ${newest}, carry your change over, and save with base ${newest}`,
    });
  }
  const digest = createHash('sha256').update(rules.text).digest('hex');
  await tx.query(
    `INSERT INTO rule_files (product, version, state, text, digest, author, why) VALUES ($1, $2, 'draft', $3, $4, $5, $6)`,
    [rules.product, newest + 1, rules.text, digest, rules.author, rules.why],
  );
  return newest + 1;
}

/** Makes one version the live one and retires the one before; call it with the product locked. */
export async function setLive(tx: Queryable, product: string, version: number): Promise<void> {
  await tx.query(`UPDATE rule_files SET state = 'retired' WHERE product = $1 AND state = 'live' AND version <> $2`, [
    product,
    version,
  ]);
  await tx.query(`UPDATE rule_files SET state = 'live' WHERE product = $1 AND version = $2`, [product, version]);
}

// --- normals ---------------------------------------------------------------------------------------------------------

export function listNormals(sql: Queryable, product: string): Promise<NormalRow[]> {
  return sql.query<NormalRow>(
    `SELECT name, image, purpose, ${iso('created_at', 'createdAt')} FROM normals WHERE product = $1 ORDER BY name`,
    [product],
  );
}

/** True where the name is new. */
export async function putNormal(
  tx: Queryable,
  product: string,
  normal: Pick<NormalRow, 'name' | 'image' | 'purpose'>,
): Promise<boolean> {
  const rows = await tx.query<{ made: boolean }>(
    `INSERT INTO normals (product, name, image, purpose) VALUES ($1, $2, $3, $4)
     ON CONFLICT (product, name) DO UPDATE SET image = $3, purpose = $4, created_at = now() RETURNING xmax = 0 AS made`,
    [product, normal.name, normal.image, normal.purpose],
  );
  return rows[0]!.made;
}

/** @throws LogsadError NOT_FOUND */
export async function removeNormal(tx: Queryable, product: string, name: string): Promise<void> {
  const gone = await tx.query('DELETE FROM normals WHERE product = $1 AND name = $2 RETURNING name', [product, name]);
  found(gone[0], `normal '${name}' of '${product}'`);
}

// --- profiles --------------------------------------------------------------------------------------------------------

const PROFILE = `product, version, state, rules_version AS rules, progress, facts, error, author,
  ${iso('created_at', 'createdAt')}, ${iso('finished_at', 'finishedAt')}, request, blob, attempts`;

interface RawProfile extends Omit<ProfileRow, 'progress' | 'facts' | 'error'> {
  readonly progress: string | null;
  readonly facts: string | null;
  readonly error: string | null;
  readonly request: string;
  readonly blob: string | null;
  readonly attempts: number;
}

/** With what only the service itself needs. */
export interface StoredProfile extends ProfileRow {
  readonly request: LearnRequest;
  readonly blob: string | null;
  readonly attempts: number;
}

const profileOf = (r: RawProfile): StoredProfile => ({
  ...r,
  progress: parsed(r.progress),
  facts: parsed(r.facts),
  error: parsed(r.error),
  request: JSON.parse(r.request) as LearnRequest,
});

/** Without what is the service's own affair. */
export function shownProfile({ request: _, blob: __, attempts: ___, ...shown }: StoredProfile): ProfileRow {
  return shown;
}

export async function listProfiles(sql: Queryable, product: string): Promise<StoredProfile[]> {
  const rows = await sql.query<RawProfile>(`SELECT ${PROFILE} FROM profiles WHERE product = $1 ORDER BY version DESC`, [
    product,
  ]);
  return rows.map(profileOf);
}

/** @throws LogsadError NOT_FOUND */
export async function getProfile(sql: Queryable, product: string, version: number): Promise<StoredProfile> {
  const row = await first<RawProfile>(sql, `SELECT ${PROFILE} FROM profiles WHERE product = $1 AND version = $2`, [
    product,
    version,
  ]);
  return profileOf(found(row, `profile ${version} of '${product}'`));
}

export interface NewProfile {
  readonly product: string;
  readonly rules: number;
  readonly request: LearnRequest;
  readonly author: string;
}

export async function addProfile(tx: Queryable, { product, rules, request, author }: NewProfile): Promise<number> {
  await lockProduct(tx, product);
  const [row] = await tx.query<{ version: number }>(
    `INSERT INTO profiles (product, version, state, rules_version, request, author)
     SELECT $1, coalesce(max(version), 0) + 1, 'queued', $2, $3, $4 FROM profiles WHERE product = $1 RETURNING version`,
    [product, rules, JSON.stringify(request), author],
  );
  return row!.version;
}

export async function progressProfile(
  sql: Queryable,
  product: string,
  version: number,
  progress: { readonly stage: string; readonly done: number; readonly total: number },
): Promise<void> {
  await sql.query(
    `UPDATE profiles SET state = 'running', progress = $3 WHERE product = $1 AND version = $2 AND state IN ('queued', 'running')`,
    [product, version, JSON.stringify(progress)],
  );
}

/** Counts a try whose engine process died; how many there were. */
export async function countProfileTry(sql: Queryable, product: string, version: number): Promise<number> {
  const [row] = await sql.query<{ attempts: number }>(
    'UPDATE profiles SET attempts = attempts + 1 WHERE product = $1 AND version = $2 RETURNING attempts',
    [product, version],
  );
  return row?.attempts ?? 0;
}

export type ProfileOutcome = { readonly blob: string; readonly facts: ProfileFacts } | { readonly error: Fault };

/** Once: false where the outcome stands already. */
export async function finishProfile(
  tx: Queryable,
  product: string,
  version: number,
  outcome: ProfileOutcome,
): Promise<boolean> {
  const ready = 'blob' in outcome;
  const rows = await tx.query(
    `UPDATE profiles SET state = $3, blob = $4, facts = $5, error = $6, finished_at = now()
     WHERE product = $1 AND version = $2 AND state IN ('queued', 'running') RETURNING version`,
    [
      product,
      version,
      ready ? 'ready' : 'failed',
      ready ? outcome.blob : null,
      ready ? JSON.stringify(outcome.facts) : null,
      ready ? null : JSON.stringify(outcome.error),
    ],
  );
  return rows.length > 0;
}
