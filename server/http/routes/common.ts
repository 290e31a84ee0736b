/** What several routes share: parameters, pages, transactions that leave an audit entry. */
import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import { LIMITS } from '../../config.ts';
import { closed, ProductId, Uuid, Version } from '../../schemas.ts';
import { type Act, appendAudit } from '../../storage/audit.ts';
import { decodeCursor, type Page, type PageRequest } from '../../storage/columns.ts';
import type { Queryable } from '../../storage/sql.ts';
import type { Call, Reply } from '../endpoint.ts';

export const inProduct = closed({ product: ProductId });
export const byId = closed({ id: Uuid });
export const inProductVersion = closed({ product: ProductId, version: Version });

export const paging = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.longestPage, default: LIMITS.pageSize })),
  cursor: Type.Optional(Type.String({ maxLength: 64 })),
};
export const PageQuery = closed(paging);

/** @throws LogsadError REQUEST_INVALID for a cursor that no list gave */
export function pageOf(query: { readonly limit?: number; readonly cursor?: string }): PageRequest {
  return {
    limit: query.limit ?? LIMITS.pageSize,
    after: query.cursor === undefined ? null : decodeCursor(query.cursor),
  };
}

/** A list that is short by nature, as one page. */
export function whole<T>(items: readonly T[]): Page<T> {
  return { items: [...items], next: null };
}

export const json = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Reply => ({
  json: body,
  status,
  headers,
});

export const digestOf = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** One transaction with its audit entry, or neither; no entry where `changed` says that nothing was done (a repeat). */
export function audited<T>(
  { service, principal }: Pick<Call<unknown, unknown, unknown>, 'service' | 'principal'>,
  act: Omit<Act, 'actor'>,
  work: (tx: Queryable) => Promise<T>,
  changed: (result: T) => boolean = () => true,
): Promise<T> {
  return service.sql.transaction(async (tx) => {
    const result = await work(tx);
    if (changed(result)) await appendAudit(tx, { ...act, actor: principal.name });
    return result;
  });
}
