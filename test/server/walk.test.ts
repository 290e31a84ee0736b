/**
 * The API from an empty shelf to a reviewed verdict, over real HTTP with the real models; on both databases. Every answer
 * is checked against the OpenAPI file (support/client.ts).
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Serving } from '../../server/main.ts';
import { Client, until } from './support/client.ts';
import { type Cluster, noPostgres, startCluster } from './support/postgres.ts';
import { PRODUCT, restored, type Seed, seed, start } from './support/seed.ts';

const API = '/api/v1';
type Json = Record<string, never>;

describe.each(['pglite', 'postgres'] as const)('on %s', (kind) => {
  describe.skipIf(kind === 'postgres' && noPostgres !== null)(
    kind === 'postgres' && noPostgres ? noPostgres : 'the whole way',
    () => {
      let cluster: Cluster | null = null;
      let place: Awaited<ReturnType<typeof restored>>;
      let serving: Serving;
      let client: Client;
      let made: Seed;
      const picture = (i = 0) => ({ bytes: readFileSync(made.pictures[i]!), type: 'image/jpeg' });
      const inspect = (i = 0, headers: Record<string, string> = {}, query = '') =>
        client.call<{ inspection: Json; result: Json }>('POST', `${API}/products/${PRODUCT}/inspections${query}`, {
          raw: picture(i),
          headers,
        });

      beforeAll(async () => {
        made = await seed();
        cluster = kind === 'postgres' ? await startCluster() : null;
        place = await restored(cluster?.database());
        serving = await start({ ...place, allowPrivateWebhooks: true });
        client = new Client(serving.url, made.adminToken);
      }, 300_000);
      afterAll(async () => {
        await serving?.stop();
        cluster?.stop();
        place?.dispose();
      }, 60_000);

      it('is ready with the demo product, its normals and inspections', async () => {
        expect((await client.call('GET', '/readyz')).status).toBe(200);
        const { body } = await client.call<Json>('GET', `${API}/products/${PRODUCT}`);
        expect(body).toMatchObject({ liveRules: 1, readyProfile: 1, normals: 8, inspections: 5 });
        const list = await client.call<{ items: Json[] }>('GET', `${API}/inspections?product=${PRODUCT}`);
        expect(list.body.items.map((i) => i.state)).toEqual(Array(5).fill('done'));
        expect(new Set(list.body.items.map((i) => i.verdict)).has('reject' as never)).toBe(true);
      });

      it('inspects a picture while the client waits, with everything behind the verdict', async () => {
        const { status, body } = await inspect(2, { 'x-image-name': '../part 7.jpg' }, '?wait=60');
        expect(status).toBe(200);
        expect(body.inspection).toMatchObject({ state: 'done', name: 'part 7.jpg', product: PRODUCT });
        const at = `${API}/inspections/${body.inspection.id}`;
        const scene = await client.call<{ instances: unknown[] }>('GET', `${at}/scene`);
        expect(scene.body.instances.length).toBeGreaterThan(3);
        const image = await client.call('GET', `${at}/image`);
        expect(Buffer.from(image.bytes).equals(readFileSync(made.pictures[2]!))).toBe(true);
        const overlay = await client.call('GET', `${at}/overlay`);
        expect(Buffer.from(overlay.bytes).subarray(1, 4).toString()).toBe('PNG');
        const small = await client.call('GET', `${at}/image?long=64`);
        expect(Buffer.from(small.bytes).subarray(8, 12).toString()).toBe('WEBP');
        const { body: result } = await client.call<{ maps: string[] }>('GET', `${at}/result`);
        for (const name of result.maps) expect((await client.call('GET', `${at}/maps/${name}`)).status).toBe(200);
        expect((await client.call('GET', `${at}/maps/nothing`)).status).toBe(404);
        const { etag } = Object.fromEntries(image.headers);
        const again = await client.call('GET', `${at}/image`, { headers: { 'if-none-match': etag! } });
        expect(again.status).toBe(304);
      });

      it('gives a job when the client does not wait, and repeats a key without doing it twice', async () => {
        const key = { 'idempotency-key': `k-${kind}` };
        const [first, second] = await Promise.all([inspect(1, key, '?wait=0'), inspect(1, key, '?wait=0')]);
        expect([first.status, second.status].every((s) => s === 202 || s === 200)).toBe(true);
        expect(second.body.inspection.id).toBe(first.body.inspection.id);
        const reused = await inspect(3, key, '?wait=0');
        expect(reused.status).toBe(409);
        expect(reused.body).toMatchObject({ code: 'IDEMPOTENCY_REUSED' });
        const at = first.headers.get('location')!;
        const done = await until(
          () => client.call<Json>('GET', at),
          (a) => a.body.state === ('done' as never),
        );
        expect(done.body.verdict).toBeTruthy();
      });

      it('takes a batch, refusing alone what is no picture', async () => {
        const form = new FormData();
        for (const i of [0, 2]) form.append('image', new Blob([readFileSync(made.pictures[i]!)]), `p${i}.jpg`);
        form.append('image', new Blob(['no picture at all']), 'notes.txt');
        const { status, body } = await client.call<{ batch: Json; refused: Json[] }>(
          'POST',
          `${API}/products/${PRODUCT}/batches`,
          { form },
        );
        expect(status).toBe(202);
        expect(body.refused).toMatchObject([{ name: 'notes.txt', error: { code: 'IMAGE_NOT_AN_IMAGE' } }]);
        const at = `${API}/batches/${body.batch.id}`;
        const done = await until(
          () => client.call<{ done: number }>('GET', at),
          (a) => a.body.done === 2,
        );
        expect(done.body).toMatchObject({ total: 2, failed: 0 });
        const list = await client.call<{ items: Json[]; next: string | null }>(
          'GET',
          `${API}/inspections?batch=${body.batch.id}&limit=1`,
        );
        expect(list.body.items).toHaveLength(1);
        const next = await client.call<{ items: Json[]; next: null }>(
          'GET',
          `${API}/inspections?batch=${body.batch.id}&limit=1&cursor=${list.body.next}`,
        );
        expect(next.body.items[0]!.id).not.toBe(list.body.items[0]!.id);
        expect(next.body.next).toBeNull();
      });

      it('reports a damaged picture as a failed inspection, not as a fault of the service', async () => {
        const whole = readFileSync(made.pictures[0]!);
        const cut = { bytes: whole.subarray(0, Math.floor(whole.length / 2)), type: 'image/jpeg' };
        const path = `${API}/products/${PRODUCT}/inspections?wait=60`;
        const { status, body } = await client.call<{ inspection: Json }>('POST', path, { raw: cut });
        expect(status).toBe(200);
        expect(body.inspection).toMatchObject({ state: 'failed', error: { code: 'IMAGE_UNREADABLE' } });
        expect((await client.call('GET', `${API}/inspections/${body.inspection.id}/result`)).status).toBe(404);
      });

      it('drafts, lints, compares and accepts rules; each inspection keeps the version it was asked under', async () => {
        const at = `${API}/products/${PRODUCT}/rules`;
        const { body: one } = await client.call<{ text: string }>('GET', `${at}/1`);
        const lint = await client.call<{ errors: number }>('POST', `${at}/lint`, {
          json: { text: `${one.text}\nbogus: 1` },
        });
        expect(lint.body.errors).toBe(1);
        const bad = await client.call('POST', at, { json: { text: 'product: [', why: 'x' } });
        expect(bad.body).toMatchObject({ status: 422, code: 'RULES_INVALID' });
        const edited = one.text.replace('title: Sensor kit', 'title: Sensor kit (edited)');
        const draft = await client.call<{ version: number }>('POST', at, {
          json: { text: edited, why: 'a name', base: 1 },
        });
        expect(draft.body).toMatchObject({ version: 2, state: 'draft', author: 'admin' });
        const late = await client.call('POST', at, { json: { text: edited, why: 'slower', base: 1 } });
        expect(late.status).toBe(409);
        const diff = await client.call<Json>('GET', `${at}/2/diff?from=1`);
        expect(diff.body).toMatchObject({ changed: {}, changes: [] });
        const refused = await client.call('POST', `${at}/2/accept`, { json: { why: 'ok' } });
        expect(refused.body).toMatchObject({ code: 'RULES_NOT_ACCEPTABLE' });
        const before = await inspect(0, {}, '?wait=0');
        await client.call('POST', `${at}/2/accept`, { json: { why: 'ok', force: true } });
        const after = await inspect(0, {}, '?wait=60');
        expect(before.body.inspection.rules).toBe(1);
        expect(after.body.inspection).toMatchObject({ rules: 2, state: 'done' });
        const { body: history } = await client.call<{ items: Json[] }>('GET', at);
        expect(history.items.map((r) => [r.version, r.state])).toEqual([
          [2, 'live'],
          [1, 'retired'],
        ]);
      });

      it('vets a version on the normals it was learnt from; what it saves can be accepted', async () => {
        const at = `${API}/products/${PRODUCT}/rules`;
        type Vetted = { saved: number; vetting: { normals: number; rules: { rule: string; advice: string }[] } };
        const { status, body } = await client.call<Vetted>('POST', `${at}/2/vet`, { json: { save: true } });
        expect(status).toBe(200);
        expect(body.vetting.normals).toBe(6);
        expect(body.vetting.rules.length).toBeGreaterThan(3);
        const { body: draft } = await client.call<{ state: string; text: string }>('GET', `${at}/${body.saved}`);
        expect(draft.state).toBe('draft');
        expect(draft.text).toMatch(/^vetting:/m);
        const accepted = await client.call<{ code?: string }>('POST', `${at}/${body.saved}/accept`, {
          json: { why: 'vetted' },
        });
        // So few normals may well lead to advice; what is no reason any more is that nobody vetted it.
        expect(JSON.stringify(accepted.body)).not.toMatch(/never been vetted|since it was vetted/);
        expect([200, 422]).toContain(accepted.status);
        if (accepted.status === 200) await client.call('POST', `${at}/2/accept`, { json: { why: 'x', force: true } });
      });

      it('reviews and takes back; a second reviewer who did not see the first is told', async () => {
        const { body: list } = await client.call<{ items: Json[] }>('GET', `${API}/inspections?verdict=reject`);
        const at = `${API}/inspections/${list.items[0]!.id}/reviews`;
        const first = await client.call<Json>('POST', at, { json: { verdict: 'ok', seen: null, comment: 'fine' } });
        expect(first.status).toBe(201);
        const second = await client.call<Json>('POST', at, { json: { verdict: 'nok', seen: null } });
        expect(second.body).toMatchObject({ status: 409, code: 'CONFLICT' });
        const third = await client.call<Json>('POST', at, { json: { verdict: 'nok', seen: first.body.id } });
        const undo = await client.call<Json>('POST', `${API}/reviews/${third.body.id}/undo`);
        expect(undo.body.undoneBy).toBe('admin');
        expect((await client.call<Json>('GET', `${API}/inspections/${list.items[0]!.id}`)).body.review).toBe('ok');
        const { body } = await client.call<Json>('GET', `${API}/products/${PRODUCT}/metrics`);
        expect(body).toMatchObject({ reviewed: 1, falseAlarms: 1, missed: 0 });
        const odd = await client.call('POST', at, { json: { verdict: 'ok', violation: 'no such' } });
        expect(odd.status).toBe(404);
      });

      it.skipIf(kind === 'postgres')(
        'learns a second profile as a job (once is enough: the engine sees no database) that tells how far it is',
        async () => {
          const at = `${API}/products/${PRODUCT}/profiles`;
          const asked = await client.call<Json>('POST', at, {
            json: { seed: 3 },
            headers: { 'idempotency-key': 'learn' },
          });
          expect(asked.body).toMatchObject({ version: 2, rules: 2 });
          const repeated = await client.call<Json>('POST', at, {
            json: { seed: 3 },
            headers: { 'idempotency-key': 'learn' },
          });
          expect(repeated.body.version).toBe(2);
          const done = await until(
            () => client.call<Json>('GET', `${at}/2`),
            (a) => !['queued', 'running'].includes(a.body.state),
            200_000,
          );
          expect(done.body).toMatchObject({ state: 'ready', error: null, facts: { normals: 6, calibration: 2 } });
          expect(done.body.progress).not.toBeNull();
          expect((await inspect(0, {}, '?wait=60')).body.inspection.profile).toBe(2);
        },
        240_000,
      );

      it('streams events and resumes them without gaps', async () => {
        const stop = new AbortController();
        const headers = { authorization: `Bearer ${made.adminToken}`, 'last-event-id': '0' };
        const response = await fetch(`${serving.url}${API}/events`, { headers, signal: stop.signal });
        expect(response.headers.get('content-type')).toBe('text/event-stream');
        const { body } = await inspect(1, {}, '?wait=60');
        let text = '';
        for await (const chunk of response.body!) {
          text += Buffer.from(chunk).toString();
          if (text.includes(String(body.inspection.id))) break;
        }
        stop.abort();
        const ids = [...text.matchAll(/^id: (\d+)$/gm)].map((m) => Number(m[1]));
        expect(ids).toEqual([...ids].sort((a, b) => a - b));
        expect(new Set(ids).size).toBe(ids.length);
        expect(text).toContain('event: rules.live');
      });

      it('keeps an audit chain that holds', async () => {
        const { body } = await client.call<{ intact: boolean; entries: number }>('GET', `${API}/audit/verify`);
        expect(body.intact).toBe(true);
        expect(body.entries).toBeGreaterThan(4);
      });
    },
  );
});
