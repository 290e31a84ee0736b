/**
 * The one door to a database. PGlite (embedded) and PostgreSQL stand behind it and see the same SQL; nothing else of the
 * service knows which of the two it talks to.
 */

export type Value = string | number | boolean | null | Date | readonly string[] | readonly number[];

export interface Queryable {
  /** Runs one statement with `$1`-style values; JSON goes in as text with a `::jsonb` cast. */
  query<R extends object = Record<string, unknown>>(text: string, values?: readonly Value[]): Promise<R[]>;
}

export interface Sql extends Queryable, AsyncDisposable {
  readonly kind: 'pglite' | 'postgres';
  /**
   * All of `work` or nothing of it; committed when it resolves. Statements of others never slip in between. Where the
   * database undid it for the sake of others, `work` runs once more: what it does besides statements must bear that.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Runs several statements without values, as one round trip. */
  script(text: string): Promise<void>;
  /** Calls `onNotice` for every `pg_notify(channel, payload)` of any process, across reconnects. */
  listen(channel: string, onNotice: (payload: string) => void): Promise<void>;
  /**
   * Takes the session's advisory lock `(LEASE_LOCK, key)` and keeps it until the process ends, whatever way it ends:
   * others see in `pg_locks` that this holder lives. Taken anew after a reconnect.
   */
  hold(key: number): Promise<void>;
}

/** First number of the advisory locks by which holders of jobs show that they live. */
export const LEASE_LOCK = 7301;
/** Serialises what must have one order: appended events and audit entries. Held until the transaction ends. */
export const ORDER_LOCK = 7302;

/** Takes the order lock inside a transaction. */
export async function inOrder(tx: Queryable, chain: number): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1, $2)', [ORDER_LOCK, chain]);
}

/** The first row, or undefined. */
export async function first<R extends object>(
  sql: Queryable,
  text: string,
  values: readonly Value[] = [],
): Promise<R | undefined> {
  return (await sql.query<R>(text, values))[0];
}
