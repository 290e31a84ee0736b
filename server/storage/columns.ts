/** How rows become answers: times as ISO text, so that both databases give the same strings. */
import { LogsadError } from '../../src/index.ts';

export const iso = (column: string, name: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "${name}"`;

/** JSON that was stored as text. */
export const parsed = <T>(text: string | null): T | null => (text === null ? null : (JSON.parse(text) as T));

/** What there is. @throws LogsadError NOT_FOUND where there is none */
export function found<T>(row: T | null | undefined, what: string): T {
  if (row === undefined || row === null) throw new LogsadError('NOT_FOUND', { what });
  return row;
}

/** Rows are numbered up to this: what the integers of either database hold. */
export const LARGEST_SEQ = 2 ** 31 - 1;

/** A page of a list: its rows and the cursor of the next one. */
export interface Page<T> {
  readonly items: T[];
  readonly next: string | null;
}

export interface PageRequest {
  readonly limit: number;
  /** Rows after this one, in the order of the list. */
  readonly after: number | null;
}

/** `rows` were asked for with one more than the limit; `seq` of the last shown one is where the next page starts. */
export function page<R extends { seq: number | string }, T>(rows: R[], limit: number, shape: (row: R) => T): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(shape), next: rows.length > limit && last ? encodeCursor(Number(last.seq)) : null };
}

export const encodeCursor = (seq: number): string => Buffer.from(`s${seq}`).toString('base64url');

/** @throws LogsadError REQUEST_INVALID */
export function decodeCursor(text: string): number {
  const match = /^s(\d{1,10})$/.exec(Buffer.from(text, 'base64url').toString());
  if (!match || Number(match[1]) > LARGEST_SEQ)
    throw new LogsadError('REQUEST_INVALID', { reason: 'cursor: expected one that a list gave' });
  return Number(match[1]);
}
