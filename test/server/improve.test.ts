/** From a review to a better rule file over HTTP: offers, replays, pictures that become normals, history, trends. */

import type { Static } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Serving } from '../../server/main.ts';
import type { Inspection, Offers, Replay, RuleFileText, Task, Trends } from '../../server/schemas.ts';
import { Client, until } from './support/client.ts';
import { PRODUCT, restored, seed, start } from './support/seed.ts';

const API = '/api/v1';
const AT = `${API}/products/${PRODUCT}`;

/** Engine processes start from the sources here, one after the other: long on a busy machine. */
const LONG = { timeout: 300_000 };

describe('reviews that become rules', LONG, () => {
  let place: Awaited<ReturnType<typeof restored>>;
  let serving: Serving;
  let client: Client;
  let inspections: Inspection[];
  /** One that a rule speaks of, where it is rejected: a detector's alarm has no bound to widen. */
  const of = (verdict: string): Inspection =>
    inspections.find((i) => i.verdict === verdict && (verdict !== 'reject' || !i.cause!.startsWith('patch: ')))!;
  const review = (i: Inspection, verdict: 'ok' | 'nok') =>
    client.call('POST', `${API}/inspections/${i.id}/reviews`, { json: { verdict } });
  const offers = async (i: Inspection, query = '') =>
    (await client.call<Static<typeof Offers>>('GET', `${API}/inspections/${i.id}/offers${query}`)).body;
  const rules = async (version: number) =>
    (await client.call<Static<typeof RuleFileText>>('GET', `${AT}/rules/${version}`)).body;

  beforeAll(async () => {
    const made = await seed();
    place = await restored();
    serving = await start(place);
    client = new Client(serving.url, made.adminToken);
    inspections = (await client.call<{ items: Inspection[] }>('GET', `${API}/inspections?product=${PRODUCT}`)).body
      .items;
  }, 600_000);
  afterAll(async () => {
    await serving?.stop();
    place?.dispose();
  }, 60_000);

  it('says why a part is no pass, by a rule or by a detector', async () => {
    for (const i of inspections) {
      expect(i.cause === null).toBe(i.verdict === 'pass');
      const { body } = await client.call<{ sentence: string }>('GET', `${API}/inspections/${i.id}/result`);
      expect(body.sentence).not.toBe('');
      if (i.cause !== null) expect(body.sentence).toContain(i.cause.slice(i.cause.indexOf(': ') + 2));
    }
  });

  it('offers nothing before anybody said anything', async () => {
    expect(await offers(of('reject'))).toMatchObject({ situation: 'none', items: [], rules: 1, base: 1 });
    const unknown = await client.call('GET', `${API}/inspections/00000000-0000-4000-8000-000000000000/offers`);
    expect(unknown.status).toBe(404);
  });

  it('answers a false alarm with a rule file that passes the part, and says so before it is accepted', async () => {
    const alarm = of('reject');
    await review(alarm, 'ok');
    const found = await offers(alarm);
    expect(found.situation).toBe('false-alarm');
    const best = found.items.find((o) => o.text !== null && o.needs.length === 0 && o.replay!.fixes.length > 0)!;
    const lint = await client.call<{ errors: number }>('POST', `${AT}/rules/lint`, { json: { text: best.text } });
    expect(lint.body.errors).toBe(0);
    const { body: replay } = await client.call<Replay>('POST', `${AT}/replay`, { json: { text: best.text } });
    expect(replay).toMatchObject({ judged: 5, reviewed: 1, approximate: false, breaks: [] });
    expect(replay.fixes.map((f) => f.inspection)).toEqual([alarm.id]);
    const draft = { text: best.text, why: best.why, base: found.base };
    const { body: saved } = await client.call<{ version: number }>('POST', `${AT}/rules`, { json: draft });
    const accept = { json: { why: best.why, force: true } };
    expect((await client.call('POST', `${AT}/rules/${saved.version}/accept`, accept)).status).toBe(200);
    expect(await rules(saved.version)).toMatchObject({ state: 'live', author: 'admin', why: best.why });
    const stale = await client.call('POST', `${AT}/rules`, { json: { ...draft, base: 1 } });
    expect(stale.status).toBe(409);
  });

  it('says of the old rules what they would have done, and of one that cannot be read what is wrong', async () => {
    const { text } = await rules(1);
    const { body } = await client.call<Replay>('POST', `${AT}/replay`, { json: { text, limit: 0 } });
    expect(body).toMatchObject({ judged: 1, reviewed: 1, fixes: [] });
    expect(body.breaks).toHaveLength(1);
    const same = await client.call<Replay>('POST', `${AT}/replay`, { json: { text: (await rules(2)).text } });
    expect(same.body).toMatchObject({ judged: 5, changed: 0, fixes: [], breaks: [] });
    const broken = await client.call('POST', `${AT}/replay`, { json: { text: 'rules: [' } });
    expect(broken.body).toMatchObject({ code: 'RULES_INVALID' });
  });

  it('knows a miss by its review, or by what is asked', async () => {
    const sound = of('pass');
    expect((await offers(sound, '?as=nok')).situation).toBe('miss');
    expect((await offers(sound, '?as=ok')).situation).toBe('none');
    await review(sound, 'nok');
    expect((await offers(sound)).situation).toBe('miss');
  });

  it('makes an inspected picture a normal, once however often it is asked', async () => {
    const at = `${API}/inspections/${of('pass').id}/normal`;
    const first = await client.call<{ name: string; image: string }>('POST', at, { json: {} });
    expect(first.status).toBe(201);
    expect(first.body.image).toBe(of('pass').image);
    expect((await client.call('POST', at, { json: { name: first.body.name } })).status).toBe(200);
  });

  it('runs authoring as tasks that end with their result or with what is missing', async () => {
    const run = async (body: object): Promise<Task> => {
      const { status, body: task } = await client.call<Task>('POST', `${AT}/tasks`, { json: body });
      expect(status).toBe(202);
      const look = async () => (await client.call<Task>('GET', `${API}/tasks/${task.id}`)).body;
      return until(look, (t) => t.state === 'done' || t.state === 'failed', 240_000);
    };
    const vetted = (await run({ kind: 'vet', rules: 1 })).result as { text: string; rules: { rule: string }[] };
    expect(vetted.text).toContain('vetting:');
    expect(vetted.rules.length).toBeGreaterThan(3);
    const mined = await run({ kind: 'mine', rules: 1 });
    expect((mined.result as { text: string }).text).toContain('status: proposed');
    const silent = await run({ kind: 'propose', instructions: 'One board with four screws.' });
    expect(silent).toMatchObject({ state: 'failed', result: null, error: { code: 'LLM_NOT_CONFIGURED' } });
    expect((await client.call('POST', `${AT}/tasks`, { json: { kind: 'propose' } })).status).toBe(400);
    const list = await client.call<{ items: Task[] }>('GET', `${AT}/tasks?limit=2`);
    expect(list.body.items.map((t) => t.kind)).toEqual(['propose', 'mine']);
    const events = (await client.call<{ items: { action: string }[] }>('GET', `${API}/audit?limit=500`)).body.items;
    expect(events.some((e) => e.action === 'task.start')).toBe(true);
  });

  it('shows what a text finds on one normal without keeping anything', async () => {
    const { text } = await rules(1);
    const normals = await client.call<{ items: { name: string; purpose: string }[] }>('GET', `${AT}/normals`);
    const normal = normals.body.items.find((n) => n.purpose === 'normal')!.name;
    const { status, body } = await client.call<{
      scene: { instances: unknown[] };
      overlay: string;
      problems: string[];
    }>('POST', `${AT}/preview`, { json: { text, normal } });
    expect(status).toBe(200);
    expect(body.scene.instances.length).toBeGreaterThan(3);
    expect(body.overlay).toMatch(/^data:image\/png;base64,iVBOR/);
    for (const problem of body.problems) expect(problem).toMatch(/^line \d+: /);
    const none = await client.call('POST', `${AT}/preview`, { json: { text, normal: 'nothing.png' } });
    expect(none.status).toBe(404);
  });

  it('shows trends that add up, and rules with how often they fire', async () => {
    const { body } = await client.call<Trends>('GET', `${AT}/trends?bucket=hour`);
    const sum = (key: 'total' | 'pass' | 'reject'): number => body.buckets.reduce((n, b) => n + b[key], 0);
    expect([sum('total'), body.window]).toEqual([5, 5]);
    expect(sum('reject')).toBe(inspections.filter((i) => i.verdict === 'reject').length);
    expect(body.rules.length).toBeGreaterThan(0);
    expect(Math.max(...body.rules.map((r) => r.share))).toBeLessThanOrEqual(1);
    for (const d of body.drift) expect(d.series.reduce((n, s) => n + s.n, 0)).toBe(d.n);
    const rule = of('reject').cause!.split(': ')[0]!;
    const query = `product=${PRODUCT}&rule=${rule}&from=2020-01-01&to=2200-01-01`;
    const list = await client.call<{ items: Inspection[] }>('GET', `${API}/inspections?${query}`);
    expect(list.body.items.length).toBeGreaterThan(0);
    for (const i of list.body.items) expect(i.cause!.startsWith(`${rule}: `)).toBe(true);
    expect((await client.call('GET', `${API}/inspections?from=2026-02-31`)).status).toBe(400);
  });
});
