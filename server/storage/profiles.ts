/** The profiles that were learnt, and which of them judges. */
import type { Static } from 'typebox';
import type { Fault, LearnRequest, Profile, ProfileFacts } from '../schemas.ts';
import { found, iso, parsed } from './columns.ts';
import { lockProduct } from './products.ts';
import { first, type Queryable } from './sql.ts';

type ProfileRow = Static<typeof Profile>;

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

/** After every other of its product: among profiles that fit the same rules, the one whose turn is the last judges. */
const NEXT_TURN = '(SELECT coalesce(max(t.turn), 0) + 1 FROM profiles t WHERE t.product = $1)';

/** Once: false where the outcome stands already. */
export async function finishProfile(
  tx: Queryable,
  product: string,
  version: number,
  outcome: ProfileOutcome,
): Promise<boolean> {
  const ready = 'blob' in outcome;
  const rows = await tx.query(
    `UPDATE profiles SET state = $3, blob = $4, facts = $5, error = $6, finished_at = now(),
       turn = CASE WHEN $3 = 'ready' THEN ${NEXT_TURN} END
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

/** The profile that judges where rules of this grounding are live; null where none was learnt, or none is ready. */
export async function profileFor(sql: Queryable, product: string, grounding: string): Promise<number | null> {
  const row = await first<{ version: number }>(
    sql,
    `SELECT f.version FROM profiles f JOIN rule_files l ON l.product = f.product AND l.version = f.rules_version
     WHERE f.product = $1 AND f.state = 'ready' AND l.grounding = $2 ORDER BY f.turn DESC, f.version DESC LIMIT 1`,
    [product, grounding],
  );
  return row?.version ?? null;
}

/** Lets a ready profile judge again; call it with the product locked. */
export async function useProfile(tx: Queryable, product: string, version: number): Promise<void> {
  await tx.query(`UPDATE profiles SET turn = ${NEXT_TURN} WHERE product = $1 AND version = $2 AND state = 'ready'`, [
    product,
    version,
  ]);
}
