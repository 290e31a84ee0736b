/** Inspections: pictures in, verdicts out, with everything behind a verdict. */
import { randomUUID } from 'node:crypto';
import { Type } from 'typebox';
import { LogsadError } from '../../../src/index.ts';
import { LIMITS } from '../../config.ts';
import {
  Batch,
  closed,
  type Fault,
  Inspection,
  Lists,
  NewBatch,
  ProductId,
  Result,
  Scene,
  Submitted,
  Uuid,
  words,
} from '../../schemas.ts';
import type { Service } from '../../service.ts';
import { found, parsed } from '../../storage/columns.ts';
import {
  addBatch,
  addInspection,
  getBatch,
  getInspected,
  getInspection,
  getResult,
  listInspections,
  putImage,
  type StoredImage,
} from '../../storage/inspections.ts';
import { getRules, productVersions } from '../../storage/products.ts';
import { once } from '../../storage/settings.ts';
import { type Call, endpoint } from '../endpoint.ts';
import { keepPicture } from '../uploads.ts';
import { byId, digestOf, inProduct, json, pageOf, paging } from './common.ts';

/** What a new inspection is judged by: stays with it, whatever goes live meanwhile. */
async function versionsOf(service: Service, product: string): Promise<{ rules: number; profile: number }> {
  const { liveRules, readyProfile } = await productVersions(service.sql, product);
  if (liveRules === null) {
    const remedy = `accept a version with POST /api/v1/products/${product}/rules/VERSION/accept`;
    throw new LogsadError('PRODUCT_NOT_READY', { product, reason: 'no rule file is live', remedy });
  }
  if (readyProfile === null) {
    const remedy = `learn one with POST /api/v1/products/${product}/profiles`;
    throw new LogsadError('PRODUCT_NOT_READY', {
      product,
      reason: 'no profile that fits the live rules is ready',
      remedy,
    });
  }
  return { rules: liveRules, profile: readyProfile };
}

type AnyCall = Call<{ readonly product: string }, unknown, unknown>;

interface Fresh {
  readonly id: string;
  readonly name: string;
  readonly image: StoredImage;
  readonly versions: Awaited<ReturnType<typeof versionsOf>>;
}

/** Stores and queues an inspection under its id, unless the same request was made before: then `subject` is that one's. */
function submit(call: AnyCall, { id, name, image, versions }: Fresh): ReturnType<typeof once> {
  const { service, params, principal, idempotencyKey: key } = call;
  const { product } = params;
  const fingerprint = digestOf('inspect', product, image.digest);
  return service.sql.transaction((tx) =>
    once(tx, { actor: principal.tokenId, key, fingerprint }, async () => {
      await putImage(tx, image);
      const made = { product, name, image: image.digest, batch: null, ...versions, author: principal.name };
      await addInspection(tx, made, id);
      await service.queue.send(tx, 'inspect', id);
      return id;
    }),
  );
}

/** The result as the API shows it, null while there is none. */
async function resultText(service: Service, id: string): Promise<string | null> {
  const { body } = await getResult(service.sql, id);
  return body;
}

const Instant = Type.String({
  pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d)(T([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,6})?)?Z)?$',
  description: 'ISO 8601, UTC',
});
/** The 31st of February is none. @throws LogsadError REQUEST_INVALID */
function instant(text: string): string {
  const at = new Date(text);
  if (!Number.isNaN(at.getTime()) && at.toISOString().slice(0, 10) === text.slice(0, 10)) return at.toISOString();
  throw new LogsadError('REQUEST_INVALID', { reason: `expected a day of the calendar, found '${text}'` });
}

const WaitQuery = closed({
  wait: Type.Optional(
    Type.Number({ minimum: 0, maximum: LIMITS.longestWaitMs / 1000, description: 'seconds to wait for the verdict' }),
  ),
});

export const inspectionRoutes = [
  endpoint({
    method: 'post',
    path: '/products/{product}/inspections',
    role: 'reviewer',
    tag: 'inspections',
    summary: 'Inspects one picture: the verdict (200), or a job to follow (202) when it takes longer than `wait`',
    params: inProduct,
    query: WaitQuery,
    upload: 'one',
    idempotent: true,
    replies: { 200: Submitted, 202: Submitted },
    handle: async (call) => {
      const { service } = call;
      const [upload] = call.uploads;
      // Asked before anything is kept.
      const versions = await versionsOf(service, call.params.product);
      const image = await keepPicture(upload!);
      const waitMs = call.query.wait === undefined ? LIMITS.waitMs : call.query.wait * 1000;
      // Listening starts before the job exists: its end cannot be missed.
      let id: string = randomUUID();
      const stop = new AbortController();
      const signal = AbortSignal.any([call.signal, stop.signal]);
      const over = service.bus.wait(
        ({ kind, subject }) => subject === id && (kind === 'inspection.done' || kind === 'inspection.failed'),
        waitMs,
        signal,
      );
      try {
        const { subject, repeated } = await submit(call, { id, name: upload!.name, image, versions });
        id = subject;
        // One that was asked for before may have ended before.
        const open = !repeated || ['queued', 'running'].includes((await getInspection(service.sql, id)).state);
        if (open && waitMs > 0) await over;
      } finally {
        stop.abort();
      }
      const { inspection, body } = await getInspected(service.sql, id);
      const location = { location: `/api/v1/inspections/${id}` };
      if (inspection.state !== 'done') {
        return json({ inspection, result: null }, inspection.state === 'failed' ? 200 : 202, location);
      }
      const text = `{"inspection":${JSON.stringify(inspection)},"result":${body}}`;
      return { status: 200, headers: location, text };
    },
  }),
  endpoint({
    method: 'post',
    path: '/products/{product}/batches',
    role: 'reviewer',
    tag: 'inspections',
    summary: 'Inspects many pictures as jobs; one that cannot be read is refused alone',
    params: inProduct,
    upload: 'many',
    idempotent: true,
    replies: { 202: NewBatch },
    handle: async (call) => {
      const { service, params, principal } = call;
      const versions = await versionsOf(service, params.product);
      const refused: { name: string; error: Fault }[] = [];
      const kept: { name: string; image: StoredImage }[] = [];
      for (const upload of call.uploads) {
        try {
          kept.push({ name: upload.name, image: await keepPicture(upload) });
        } catch (error) {
          if (!(error instanceof LogsadError) || error.exit !== 2) throw error;
          const { code, message, fix } = error;
          refused.push({ name: upload.name, error: { code, message, fix } });
        }
      }
      const key = { actor: principal.tokenId, key: call.idempotencyKey };
      const fingerprint = digestOf(
        'batch',
        params.product,
        call.uploads.map((u) => u.draft.digest),
      );
      const id = await service.sql.transaction(async (tx) => {
        const { subject } = await once(tx, { ...key, fingerprint }, async () => {
          const batch = await addBatch(tx, params.product, principal.name);
          // In one order for everybody: two batches with the same pictures wait for each other, and never both.
          for (const { image } of [...kept].sort((a, b) => (a.image.digest < b.image.digest ? -1 : 1)))
            await putImage(tx, image);
          for (const { name, image } of kept) {
            const made = { product: params.product, name, image: image.digest, batch, ...versions };
            await service.queue.send(tx, 'inspect', await addInspection(tx, { ...made, author: principal.name }));
          }
          return batch;
        });
        return subject;
      });
      const location = { location: `/api/v1/batches/${id}` };
      return json({ batch: await getBatch(service.sql, id), refused }, 202, location);
    },
  }),
  endpoint({
    method: 'get',
    path: '/batches/{id}',
    role: 'viewer',
    tag: 'inspections',
    summary: 'How far a batch is',
    params: byId,
    replies: { 200: Batch },
    handle: async ({ service, params }) => json(await getBatch(service.sql, params.id)),
  }),
  endpoint({
    method: 'get',
    path: '/inspections',
    role: 'viewer',
    tag: 'inspections',
    summary: 'Inspections, newest first',
    query: closed({
      ...paging,
      product: Type.Optional(ProductId),
      batch: Type.Optional(Uuid),
      state: Type.Optional(words(['queued', 'running', 'done', 'failed'])),
      verdict: Type.Optional(words(['pass', 'review', 'reject'])),
      review: Type.Optional(words(['ok', 'nok', 'unknown', 'none'])),
      rule: Type.Optional(Type.String({ maxLength: 200, description: 'a rule or detector that is the first cause' })),
      from: Type.Optional(Instant),
      to: Type.Optional(Instant),
    }),
    replies: { 200: Lists.inspections },
    handle: async ({ service, query: { from, to, ...query } }) => {
      const span = {
        ...(from === undefined ? {} : { from: instant(from) }),
        ...(to === undefined ? {} : { to: instant(to) }),
      };
      return json(await listInspections(service.sql, { ...query, ...span }, pageOf(query)));
    },
  }),
  endpoint({
    method: 'get',
    path: '/inspections/{id}',
    role: 'viewer',
    tag: 'inspections',
    summary: 'One inspection: state, verdict, first cause',
    params: byId,
    replies: { 200: Inspection },
    handle: async ({ service, params }) => json(await getInspection(service.sql, params.id)),
  }),
  endpoint({
    method: 'get',
    path: '/inspections/{id}/result',
    role: 'viewer',
    tag: 'inspections',
    summary: 'Violations, measurements, scores and timings',
    params: byId,
    replies: { 200: Result },
    handle: async ({ service, params }) => {
      const text = await resultText(service, params.id);
      return { text: found(text, `a verdict of inspection ${params.id}`) };
    },
  }),
  endpoint({
    method: 'get',
    path: '/inspections/{id}/scene',
    role: 'viewer',
    tag: 'inspections',
    summary: 'What was seen: instances, masks, attributes',
    params: byId,
    replies: { 200: Scene },
    handle: async ({ service, params }) => {
      const { scene } = await getResult(service.sql, params.id);
      return { text: found(scene, `a scene of inspection ${params.id}`) };
    },
  }),
  endpoint({
    method: 'get',
    path: '/inspections/{id}/overlay',
    role: 'viewer',
    tag: 'inspections',
    summary: 'The picture with what was found drawn into it',
    params: byId,
    replies: { 200: 'image/png' },
    handle: async ({ service, params }) => {
      const { sql, blobs, engines } = service;
      const i = await getInspection(sql, params.id);
      const { body, scene } = await getResult(sql, params.id);
      if (body === null || scene === null) throw new LogsadError('NOT_FOUND', { what: `a verdict of ${params.id}` });
      const { text: rules } = await getRules(sql, i.product, i.rules);
      const bytes = await engines.draw({ kind: 'overlay', rules, image: blobs.pathOf(i.image), body, scene });
      return { bytes, type: 'image/png' };
    },
  }),
  endpoint({
    method: 'get',
    path: '/inspections/{id}/maps/{detector}',
    role: 'viewer',
    tag: 'inspections',
    summary: 'Where a detector saw what: grey picture, 128 is the border of the normals',
    params: closed({ id: Uuid, detector: Type.String({ pattern: '^[a-z0-9-]{1,40}$' }) }),
    replies: { 200: 'image/png' },
    handle: async ({ service, params }) => {
      const maps = parsed<Record<string, string>>((await getResult(service.sql, params.id)).maps) ?? {};
      const known = Object.hasOwn(maps, params.detector) ? maps[params.detector]! : null;
      const digest = found(known, `a map of '${params.detector}'`);
      return { file: service.blobs.pathOf(digest), type: 'image/png', etag: digest };
    },
  }),
];
