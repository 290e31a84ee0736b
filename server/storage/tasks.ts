/** Authoring work of products: vetting, mutants, mining and proposals, with what came of them. */
import { randomUUID } from 'node:crypto';
import type { Fault, NewTask, Task } from '../schemas.ts';
import { found, iso, type Page, type PageRequest, page, parsed } from './columns.ts';
import { first, type Queryable } from './sql.ts';

const TASK = `seq::int AS seq, id::text AS id, product, kind, state, progress, error, author,
  ${iso('created_at', 'createdAt')}, ${iso('finished_at', 'finishedAt')}`;

interface Row extends Omit<Task, 'progress' | 'error' | 'result'> {
  readonly seq: number;
  readonly progress: string | null;
  readonly error: string | null;
}

const shape = ({ seq: _, progress, error, ...rest }: Row): Task => ({
  ...rest,
  progress: parsed(progress),
  error: parsed(error),
  result: null,
});

export async function addTask(tx: Queryable, product: string, request: NewTask, author: string): Promise<string> {
  const id = randomUUID();
  await tx.query(
    `INSERT INTO tasks (id, product, kind, state, request, author) VALUES ($1, $2, $3, 'queued', $4, $5)`,
    [id, product, request.kind, JSON.stringify(request), author],
  );
  return id;
}

/** The task without its result, which is text already. @throws LogsadError NOT_FOUND */
export async function getTask(
  sql: Queryable,
  id: string,
): Promise<{ readonly task: Task; readonly result: string | null }> {
  const text = `SELECT ${TASK}, result FROM tasks WHERE id = $1`;
  const { result, ...row } = found(
    await first<Row & { readonly result: string | null }>(sql, text, [id]),
    `task ${id}`,
  );
  return { task: shape(row), result };
}

/** Newest first. */
export async function listTasks(sql: Queryable, product: string, { limit, after }: PageRequest): Promise<Page<Task>> {
  const text = `SELECT ${TASK} FROM tasks WHERE product = $1 AND ($2::bigint IS NULL OR seq < $2) ORDER BY seq DESC LIMIT $3`;
  return page(await sql.query<Row>(text, [product, after, limit + 1]), limit, shape);
}

/** What a worker needs; null where nothing is left to do. */
export async function beginTask(sql: Queryable, id: string): Promise<{ product: string; request: NewTask } | null> {
  const row = await first<{ product: string; request: string }>(
    sql,
    `UPDATE tasks SET state = 'running' WHERE id = $1 AND state IN ('queued', 'running') RETURNING product, request`,
    [id],
  );
  return row ? { product: row.product, request: JSON.parse(row.request) as NewTask } : null;
}

export async function progressTask(sql: Queryable, id: string, progress: object): Promise<void> {
  const text = `UPDATE tasks SET progress = $2 WHERE id = $1 AND state IN ('queued', 'running')`;
  await sql.query(text, [id, JSON.stringify(progress)]);
}

/** Counts a try whose engine process died; how many there were. */
export async function countTaskTry(sql: Queryable, id: string): Promise<number> {
  const text = 'UPDATE tasks SET attempts = attempts + 1 WHERE id = $1 RETURNING attempts';
  return (await first<{ attempts: number }>(sql, text, [id]))?.attempts ?? 0;
}

export type TaskOutcome = { readonly result: string } | { readonly error: Fault };

/** Once: false where the outcome stands already. */
export async function finishTask(tx: Queryable, id: string, outcome: TaskOutcome): Promise<boolean> {
  const done = 'result' in outcome;
  const rows = await tx.query(
    `UPDATE tasks SET state = $2, result = $3, error = $4, finished_at = now()
     WHERE id = $1 AND state IN ('queued', 'running') RETURNING id`,
    [id, done ? 'done' : 'failed', done ? outcome.result : null, done ? null : JSON.stringify(outcome.error)],
  );
  return rows.length > 0;
}
