/** The tables of the service, as numbered steps. A step that was released is never edited: add another. */
import { LogsadError } from '../../src/index.ts';
import { groundingOf } from './products.ts';
import type { Queryable, Sql } from './sql.ts';

const STEPS: readonly string[] = [
  `
CREATE TABLE products (
  id text PRIMARY KEY, title text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE images (
  digest text PRIMARY KEY, bytes integer NOT NULL, width integer NOT NULL, height integer NOT NULL,
  type text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE rule_files (
  product text NOT NULL REFERENCES products, version integer NOT NULL,
  state text NOT NULL CHECK (state IN ('draft', 'proposed', 'live', 'retired')),
  text text NOT NULL, digest text NOT NULL, author text NOT NULL, why text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (product, version));
CREATE UNIQUE INDEX rule_files_live ON rule_files (product) WHERE state = 'live';
CREATE TABLE normals (
  product text NOT NULL REFERENCES products, name text NOT NULL, image text NOT NULL REFERENCES images,
  purpose text NOT NULL CHECK (purpose IN ('normal', 'calibration', 'exemplar')),
  created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (product, name));
CREATE TABLE profiles (
  product text NOT NULL REFERENCES products, version integer NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'running', 'ready', 'failed')),
  rules_version integer NOT NULL, request text NOT NULL, blob text, facts text, progress text, error text,
  attempts integer NOT NULL DEFAULT 0, author text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz, PRIMARY KEY (product, version));
CREATE TABLE batches (
  id uuid PRIMARY KEY, product text NOT NULL REFERENCES products, author text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE inspections (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE, id uuid PRIMARY KEY,
  product text NOT NULL REFERENCES products, name text NOT NULL, image text NOT NULL REFERENCES images,
  batch uuid REFERENCES batches, state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
  rules_version integer NOT NULL, profile_version integer NOT NULL, attempts integer NOT NULL DEFAULT 0,
  author text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz);
CREATE INDEX inspections_product ON inspections (product, seq);
CREATE INDEX inspections_batch ON inspections (batch) WHERE batch IS NOT NULL;
CREATE INDEX inspections_open ON inspections (seq) WHERE state IN ('queued', 'running');
CREATE TABLE results (
  inspection uuid PRIMARY KEY REFERENCES inspections ON DELETE CASCADE,
  verdict text, score double precision, unit double precision, p double precision, cause text,
  body text, scene text, maps text, error text, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE reviews (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE, id uuid PRIMARY KEY,
  inspection uuid NOT NULL REFERENCES inspections ON DELETE CASCADE, violation text,
  verdict text NOT NULL CHECK (verdict IN ('ok', 'nok', 'unknown')), comment text NOT NULL, author text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(), undone_by text, undone_at timestamptz);
CREATE INDEX reviews_inspection ON reviews (inspection, seq);
CREATE TABLE idempotency (
  actor text NOT NULL, key text NOT NULL, fingerprint text NOT NULL, subject text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (actor, key));
CREATE TABLE tokens (
  id text PRIMARY KEY, name text NOT NULL, role text NOT NULL CHECK (role IN ('viewer', 'reviewer', 'engineer', 'admin')),
  salt text NOT NULL, hash text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), revoked_at timestamptz);
CREATE TABLE sessions (
  hash text PRIMARY KEY, token text NOT NULL REFERENCES tokens, csrf text NOT NULL, expires_at timestamptz NOT NULL);
CREATE TABLE events (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL, product text, subject text NOT NULL,
  data text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE webhooks (
  id uuid PRIMARY KEY, url text NOT NULL, secret text NOT NULL, kinds text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE deliveries (
  id uuid PRIMARY KEY, webhook uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE, event bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'delivered', 'failed')), attempts integer NOT NULL DEFAULT 0,
  status integer, reason text, created_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz);
CREATE INDEX deliveries_webhook ON deliveries (webhook, created_at);
CREATE TABLE audit (
  seq integer PRIMARY KEY, at text NOT NULL, actor text NOT NULL, action text NOT NULL, subject text NOT NULL,
  detail text NOT NULL, previous text NOT NULL, hash text NOT NULL);
CREATE TABLE settings (key text PRIMARY KEY, value text NOT NULL);
CREATE TABLE leases (job uuid PRIMARY KEY, queue text NOT NULL, holder integer NOT NULL);
CREATE SEQUENCE holders AS integer CYCLE;
`,
  `
CREATE TABLE tasks (
  seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE, id uuid PRIMARY KEY, product text NOT NULL REFERENCES products,
  kind text NOT NULL CHECK (kind IN ('vet', 'mutate', 'mine', 'propose')),
  state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')), request text NOT NULL, progress text,
  result text, error text, attempts integer NOT NULL DEFAULT 0, author text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz);
CREATE INDEX tasks_product ON tasks (product, seq);
CREATE INDEX reviews_counting ON reviews (inspection) WHERE violation IS NULL AND undone_at IS NULL;
`,
  // What of a product was counted, kept by the database itself in the transaction that changes it. Several rows a product,
  // by connection: whoever counts at the same time does not wait for others.
  `
CREATE TABLE tallies (
  product text NOT NULL REFERENCES products, shard integer NOT NULL, inspections integer NOT NULL, failed integer NOT NULL,
  pass integer NOT NULL, review integer NOT NULL, reject integer NOT NULL, PRIMARY KEY (product, shard));
CREATE FUNCTION tally(text, integer, integer, integer, integer, integer) RETURNS void LANGUAGE sql AS $$
  INSERT INTO tallies AS t VALUES ($1, pg_backend_pid() % 16, $2, $3, $4, $5, $6) ON CONFLICT (product, shard) DO UPDATE
  SET inspections = t.inspections + $2, failed = t.failed + $3, pass = t.pass + $4, review = t.review + $5, reject = t.reject + $6 $$;
CREATE FUNCTION tally_inspections() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM tally(product, count(*)::int, 0, 0, 0, 0) FROM fresh GROUP BY product ORDER BY product; RETURN NULL; END $$;
CREATE FUNCTION tally_results() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM tally(i.product, 0, sum((r.error IS NOT NULL)::int)::int, sum(coalesce(r.verdict = 'pass', false)::int)::int,
    sum(coalesce(r.verdict = 'review', false)::int)::int, sum(coalesce(r.verdict = 'reject', false)::int)::int)
    FROM fresh r JOIN inspections i ON i.id = r.inspection GROUP BY i.product ORDER BY i.product; RETURN NULL; END $$;
CREATE FUNCTION tally_gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM tally(OLD.product, -1, -coalesce(max((r.error IS NOT NULL)::int), 0), -coalesce(max((r.verdict = 'pass')::int), 0),
    -coalesce(max((r.verdict = 'review')::int), 0), -coalesce(max((r.verdict = 'reject')::int), 0))
    FROM results r WHERE r.inspection = OLD.id; RETURN OLD; END $$;
CREATE TRIGGER tallied AFTER INSERT ON inspections REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tally_inspections();
CREATE TRIGGER tallied AFTER INSERT ON results REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tally_results();
CREATE TRIGGER untallied BEFORE DELETE ON inspections FOR EACH ROW EXECUTE FUNCTION tally_gone();
CREATE FUNCTION tally_anew() RETURNS void LANGUAGE sql AS $$
  DELETE FROM tallies; INSERT INTO tallies SELECT i.product, 0, count(*), count(r.error), count(*) FILTER (WHERE r.verdict = 'pass'),
  count(*) FILTER (WHERE r.verdict = 'review'), count(*) FILTER (WHERE r.verdict = 'reject')
  FROM inspections i LEFT JOIN results r ON r.inspection = i.id GROUP BY i.product $$;
SELECT tally_anew();
`,
  // Which profile judges: one of the grounding of the live rules, of these the one whose turn came last. See `fillIn`.
  `
ALTER TABLE rule_files ADD COLUMN grounding text;
ALTER TABLE profiles ADD COLUMN turn integer;
ALTER TABLE profiles DROP CONSTRAINT profiles_state_check;
ALTER TABLE profiles ADD CONSTRAINT profiles_state_check
  CHECK (state IN ('queued', 'running', 'ready', 'failed', 'retired'));
`,
];

/** The newest step this version knows. */
export const SCHEMA_VERSION = STEPS.length;

const MIGRATION_LOCK = 7300;

/** Fills in what no statement can tell of rows that an older version wrote, here or into a backup. */
export async function fillIn(tx: Queryable): Promise<void> {
  const old = await tx.query<{ product: string; version: number; text: string }>(
    'SELECT product, version, text FROM rule_files WHERE grounding IS NULL',
  );
  for (const { product, version, text } of old)
    await tx.query('UPDATE rule_files SET grounding = $3 WHERE product = $1 AND version = $2', [
      product,
      version,
      groundingOf(text),
    ]);
  await tx.query(`UPDATE profiles SET turn = version WHERE turn IS NULL AND state = 'ready'`);
}

/** Brings the tables up to date; safe when several processes start at once. @throws LogsadError DATABASE_VERSION */
export async function migrate(sql: Sql): Promise<void> {
  await sql.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1, 0)', [MIGRATION_LOCK]);
    await tx.query('CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY, at timestamptz DEFAULT now())');
    const [row] = await tx.query<{ version: number | null }>('SELECT max(version) AS version FROM migrations');
    const found = row?.version ?? 0;
    if (found > SCHEMA_VERSION) throw new LogsadError('DATABASE_VERSION', { found, known: SCHEMA_VERSION });
    for (let version = found + 1; version <= SCHEMA_VERSION; version++) {
      for (const statement of STEPS[version - 1]!.split(/;\s*\n/)) if (statement.trim()) await tx.query(statement);
      await tx.query('INSERT INTO migrations (version) VALUES ($1)', [version]);
    }
    await fillIn(tx);
  });
}
