/** What people say of verdicts. */
import { LogsadError } from '../../../src/index.ts';
import { announce } from '../../jobs/announce.ts';
import { Lists, NewReview, Review } from '../../schemas.ts';
import { getInspection, getResult } from '../../storage/inspections.ts';
import { addReview, getReview, listReviews, undoReview } from '../../storage/reviews.ts';
import { once } from '../../storage/settings.ts';
import type { Queryable } from '../../storage/sql.ts';
import { endpoint } from '../endpoint.ts';
import { audited, byId, digestOf, json, whole } from './common.ts';

export const reviewRoutes = [
  endpoint({
    method: 'get',
    path: '/inspections/{id}/reviews',
    role: 'viewer',
    tag: 'reviews',
    summary: 'All reviews of an inspection, oldest first, undone ones too',
    params: byId,
    replies: { 200: Lists.reviews },
    handle: async ({ service, params }) => {
      await getInspection(service.sql, params.id);
      return json(whole(await listReviews(service.sql, params.id)));
    },
  }),
  endpoint({
    method: 'post',
    path: '/inspections/{id}/reviews',
    role: 'reviewer',
    tag: 'reviews',
    summary: 'OK, NOK or unknown, of the part or of one violation; `seen` tells when somebody else was faster',
    params: byId,
    body: NewReview,
    idempotent: true,
    replies: { 200: Review, 201: Review },
    handle: async (call) => {
      const { service, params, body, principal } = call;
      const inspection = await getInspection(service.sql, params.id);
      if (body.violation !== undefined) await checkViolation(call.service.sql, params.id, body.violation);
      const key = { actor: principal.tokenId, key: call.idempotencyKey };
      const act = { action: 'review.make', subject: params.id, detail: { ...body } };
      const make = async (tx: Queryable) => {
        const fingerprint = digestOf('review', params.id, body);
        const made = await once(tx, { ...key, fingerprint }, () => addReview(tx, params.id, body, principal.name));
        if (!made.repeated) {
          const data = { inspection: params.id, verdict: body.verdict, author: principal.name };
          const event = { kind: 'review.made' as const, product: inspection.product, subject: made.subject, data };
          await announce(tx, service.queue, event);
        }
        return made;
      };
      const { subject, repeated } = await audited(call, act, make, (made) => !made.repeated);
      return json(await getReview(service.sql, subject), repeated ? 200 : 201);
    },
  }),
  endpoint({
    method: 'post',
    path: '/reviews/{id}/undo',
    role: 'reviewer',
    tag: 'reviews',
    summary: 'Takes a review back; it stays in the history',
    params: byId,
    replies: { 200: Review },
    handle: async (call) => {
      const { service, params, principal } = call;
      const { inspection } = await getReview(service.sql, params.id);
      const { product } = await getInspection(service.sql, inspection);
      const undo = async (tx: Queryable): Promise<boolean> => {
        if (!(await undoReview(tx, params.id, principal.name))) return false;
        const data = { inspection, author: principal.name };
        await announce(tx, service.queue, { kind: 'review.undone', product, subject: params.id, data });
        return true;
      };
      await audited(call, { action: 'review.undo', subject: params.id }, undo, (done) => done);
      return json(await getReview(service.sql, params.id));
    },
  }),
];

/** A review of a violation that the result does not hold would be lost on everybody. */
async function checkViolation(sql: Parameters<typeof getResult>[0], id: string, fingerprint: string): Promise<void> {
  const { body } = await getResult(sql, id);
  const known = body === null ? [] : (JSON.parse(body) as { violations: { fingerprint: string }[] }).violations;
  if (known.some((v) => v.fingerprint === fingerprint)) return;
  throw new LogsadError('NOT_FOUND', { what: `violation '${fingerprint}' of inspection ${id}` });
}
