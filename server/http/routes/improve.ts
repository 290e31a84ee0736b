/** From reviews to better rules: offers, replays over stored parts, pictures that become normals, trends. */
import { Type } from 'typebox';
import { LogsadError } from '../../../src/index.ts';
import { LIMITS } from '../../config.ts';
import type { PartText, ReviewKey } from '../../engine/protocol.ts';
import {
  closed,
  NewNormal,
  Normal,
  Offers,
  type Replay,
  ReplayPage,
  ReplayRequest,
  Trends,
  words,
} from '../../schemas.ts';
import type { Service } from '../../service.ts';
import { getInspection } from '../../storage/inspections.ts';
import { getRules, listNormals, listRules, lockProduct, productVersions, putNormal } from '../../storage/products.ts';
import { getProfile } from '../../storage/profiles.ts';
import { getPart, otherParts, type PartRow, reviewedParts } from '../../storage/review.ts';
import { trends } from '../../storage/trends.ts';
import { endpoint } from '../endpoint.ts';
import { audited, byId, inProduct, json } from './common.ts';

/** The live rules with the profile they are judged by. @throws LogsadError NOT_FOUND, PRODUCT_NOT_READY */
async function keyOf({ sql, blobs }: Service, product: string): Promise<ReviewKey & { readonly version: number }> {
  const { liveRules, readyProfile } = await productVersions(sql, product);
  if (liveRules === null || readyProfile === null) {
    const reason = liveRules === null ? 'no rule file is live' : 'no profile that fits the live rules is ready';
    const remedy = 'accept a rule file and learn a profile first';
    throw new LogsadError('PRODUCT_NOT_READY', { product, reason, remedy });
  }
  const [{ text }, { blob }] = await Promise.all([
    getRules(sql, product, liveRules),
    getProfile(sql, product, readyProfile),
  ]);
  return { product, rules: text, profile: blobs.pathOf(blob!), version: liveRules };
}

const partOf = ({ seq: _, ...part }: PartRow): PartText => part;

const APPROXIMATE =
  'The edit changes what is looked for. The stored Scenes show what the live rules look for: learning anew shows the rest.';

/** Above every number that a part can have. */
const MOST_SEQ = 999_999_999_999_999;

interface Span {
  /** Parts that nobody reviewed, at most. */
  readonly limit: number;
  /** `next` of the answer before. */
  readonly after: string | undefined;
  readonly signal: AbortSignal;
}

/** Reviewed parts first, then the newest others, page by page: neither side holds more than a page. */
async function replayed(service: Service, product: string, text: string, span: Span): Promise<ReplayPage> {
  const key = await keyOf(service, product);
  let sum: Replay | null = null;
  const judge = async (rows: readonly PartRow[]): Promise<void> => {
    const ask = { kind: 'replay' as const, key, text, parts: rows.map(partOf) };
    const { replay: r, approximate } = await service.engines.review(ask);
    sum = {
      judged: (sum?.judged ?? 0) + r.judged,
      reviewed: (sum?.reviewed ?? 0) + r.reviewed,
      fixes: [...(sum?.fixes ?? []), ...r.fixes],
      breaks: [...(sum?.breaks ?? []), ...r.breaks],
      changes: [...(sum?.changes ?? []), ...r.changes].slice(0, LIMITS.replayNamed),
      changed: (sum?.changed ?? 0) + r.changed,
      approximate,
      note: approximate ? APPROXIMATE : null,
    };
  };
  const [kind, seq] = span.after?.split('-') ?? [];
  let before = seq === undefined ? null : Number(seq);
  if (kind !== 'other') {
    // One more than is judged tells whether any are left.
    const rows = await reviewedParts(service.sql, product, LIMITS.reviewedParts + 1, before);
    const page = rows.slice(0, LIMITS.reviewedParts);
    await judge(page);
    if (page.length < rows.length) return { ...sum!, next: `reviewed-${page.at(-1)!.seq}` };
    before = null;
  }
  for (let left = span.limit; left > 0 && !span.signal.aborted; ) {
    const size = Math.min(left, LIMITS.replayPage);
    const rows: PartRow[] = await otherParts(service.sql, product, before, size);
    if (rows.length > 0 || sum === null) await judge(rows);
    if (rows.length < size) return { ...sum!, next: null };
    left -= rows.length;
    before = rows.at(-1)!.seq;
  }
  if (sum === null) await judge([]);
  return { ...sum!, next: `other-${before ?? MOST_SEQ}` };
}

export const improveRoutes = [
  endpoint({
    method: 'get',
    path: '/inspections/{id}/offers',
    role: 'reviewer',
    tag: 'reviews',
    summary: 'Better rule files that answer the review of a part, each tried on all reviewed parts; no model runs',
    params: byId,
    query: closed({
      as: Type.Optional(words(['ok', 'nok'])),
      violation: Type.Optional(Type.String({ maxLength: 200, description: 'fingerprint of the one false alarm' })),
    }),
    replies: { 200: Offers },
    handle: async ({ service, params, query }) => {
      const { sql, engines } = service;
      const { product } = await getInspection(sql, params.id);
      const row = await getPart(sql, params.id);
      if (!row) throw new LogsadError('NOT_FOUND', { what: `a scene of inspection ${params.id}` });
      const { version, ...key } = await keyOf(service, product);
      const review = query.as ?? (row.review === 'ok' || row.review === 'nok' ? row.review : null);
      const reviewed = (await reviewedParts(sql, product, LIMITS.reviewedParts)).map(partOf);
      const violation = query.violation ?? null;
      const found = await engines.review({
        kind: 'offers',
        key,
        part: { ...partOf(row), review },
        violation,
        reviewed,
      });
      const base = (await listRules(sql, product))[0]?.version ?? 0;
      return json({ inspection: params.id, product, rules: version, base, ...found });
    },
  }),
  endpoint({
    method: 'post',
    path: '/inspections/{id}/normal',
    role: 'engineer',
    tag: 'normals',
    summary: 'Makes an inspected picture a normal of its product; a profile learns from it when one is learnt next',
    params: byId,
    body: NewNormal,
    replies: { 200: Normal, 201: Normal },
    handle: async (call) => {
      const { sql } = call.service;
      const { product, image, name: given } = await getInspection(sql, call.params.id);
      const purpose = call.body.purpose ?? 'normal';
      const extension = /\.\w{2,5}$/.exec(given)?.[0] ?? '.png';
      const name = call.body.name ?? `review-${call.params.id.slice(0, 8)}${extension}`;
      const act = {
        action: 'normal.put',
        subject: `${product}/${name}`,
        detail: { image, purpose, from: call.params.id },
      };
      const made = await audited(call, act, async (tx) => {
        await lockProduct(tx, product);
        return putNormal(tx, product, { name, image, purpose });
      });
      return json(
        (await listNormals(sql, product)).find((n) => n.name === name),
        made ? 201 : 200,
      );
    },
  }),
  endpoint({
    method: 'post',
    path: '/products/{product}/replay',
    role: 'engineer',
    tag: 'rules',
    summary:
      'What another rule file would have said of stored parts: reviewed verdicts it fixes and breaks, others it changes',
    params: inProduct,
    body: ReplayRequest,
    replies: { 200: ReplayPage },
    handle: async ({ service, params, body, signal }) => {
      const span = { limit: body.limit ?? LIMITS.replayParts, after: body.after, signal };
      return json(await replayed(service, params.product, body.text, span));
    },
  }),
  endpoint({
    method: 'get',
    path: '/products/{product}/trends',
    role: 'viewer',
    tag: 'products',
    summary: 'Pass rate over time, fires per rule, and how far measurements moved from the normals',
    params: inProduct,
    query: closed({
      days: Type.Optional(Type.Integer({ minimum: 1, maximum: 366, default: 30 })),
      bucket: Type.Optional(words(['hour', 'day'])),
    }),
    replies: { 200: Trends },
    handle: async ({ service, params, query }) => {
      await productVersions(service.sql, params.product);
      const span = { days: query.days ?? LIMITS.trendDays, bucket: query.bucket ?? 'day' } as const;
      return json(await trends(service.sql, params.product, span));
    },
  }),
];
