/** Products, their rule files and the pictures they learn from. */
import { createHash } from 'node:crypto';
import type { Static } from 'typebox';
import { compileRules, LogsadError } from '../../src/index.ts';
import type { Normal, Product, RuleFile, RuleFileText } from '../schemas.ts';
import { found, iso } from './columns.ts';
import { first, type Queryable } from './sql.ts';

type ProductRow = Static<typeof Product>;
type RuleRow = Static<typeof RuleFile>;
type RuleTextRow = Static<typeof RuleFileText>;
type NormalRow = Static<typeof Normal>;

/** The profile in use fits the live rules; while none are live, it is the one that became ready or was chosen last. */
const VERSIONS = `(SELECT version FROM rule_files r WHERE r.product = p.id AND r.state = 'live') AS "liveRules",
  (SELECT f.version FROM profiles f JOIN rule_files l ON l.product = f.product AND l.version = f.rules_version
     LEFT JOIN rule_files r ON r.product = f.product AND r.state = 'live'
     WHERE f.product = p.id AND f.state = 'ready' AND (r.version IS NULL OR r.grounding = l.grounding)
     ORDER BY f.turn DESC, f.version DESC LIMIT 1) AS "readyProfile"`;
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

const RULES = `product, version, state, digest, grounding, author, why, ${iso('created_at', 'createdAt')}`;

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

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Digest of all that learning depends on; of a text that this version cannot read, of the text itself. */
export function groundingOf(text: string): string {
  try {
    return compileRules(text, 'rules.yaml').digests.grounding;
  } catch (error) {
    if (error instanceof LogsadError) return sha256(text);
    throw error;
  }
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
  await tx.query(
    `INSERT INTO rule_files (product, version, state, text, digest, grounding, author, why)
     VALUES ($1, $2, 'draft', $3, $4, $5, $6, $7)`,
    [
      ...[rules.product, newest + 1, rules.text, sha256(rules.text)],
      ...[groundingOf(rules.text), rules.author, rules.why],
    ],
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
