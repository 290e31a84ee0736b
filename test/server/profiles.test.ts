/** Which profile judges while rules and profiles change: always one that fits the live rules. The engine is a stub. */
import { readFileSync } from 'node:fs';
import type { Static } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Serving } from '../../server/main.ts';
import type { Inspection, Product, Profile, RuleFileText } from '../../server/schemas.ts';
import { migrate } from '../../server/storage/migrations.ts';
import { Client, until } from './support/client.ts';
import { type Cluster, noPostgres, startCluster } from './support/postgres.ts';
import { PRODUCT, restored, type Seed, seed, start } from './support/seed.ts';

const API = '/api/v1';
const AT = `${API}/products/${PRODUCT}`;
const STUB = new URL('./support/stubEngine.ts', import.meta.url);
const LONG = { timeout: 120_000 };

describe.each(['pglite', 'postgres'] as const)('on %s', (kind) => {
  const missing = kind === 'postgres' ? noPostgres : null;
  describe.skipIf(missing !== null)(missing ?? 'the profile that judges', LONG, () => {
    let made: Seed;
    let cluster: Cluster | null = null;
    let place: Awaited<ReturnType<typeof restored>>;
    let serving: Serving;
    let client: Client;

    beforeAll(async () => {
      made = await seed();
      cluster = kind === 'postgres' ? await startCluster() : null;
      place = await restored(cluster?.database());
      serving = await start({ ...place, engineModule: STUB });
      client = new Client(serving.url, made.adminToken);
    }, 600_000);
    afterAll(async () => {
      await serving?.stop();
      cluster?.stop();
      place?.dispose();
    }, 60_000);

    const post = async <T>(path: string, json: object) => (await client.call<T>('POST', `${AT}${path}`, { json })).body;
    const inspect = async (): Promise<Inspection> => {
      const raw = { bytes: readFileSync(made.pictures[0]!), type: 'image/jpeg' };
      const answer = await client.call<{ inspection: Inspection }>('POST', `${AT}/inspections?wait=60`, { raw });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
      return answer.body.inspection;
    };
    const judgedBy = async (): Promise<unknown> => {
      const { rules, profile, state, error } = await inspect();
      return { rules, profile, state, error };
    };
    const product = async () => (await client.call<Static<typeof Product>>('GET', AT)).body;
    /** Saves version 1 with another frame. */
    const draft = async (long: number): Promise<Static<typeof RuleFileText>> => {
      const { body: one } = await client.call<Static<typeof RuleFileText>>('GET', `${AT}/rules/1`);
      const text = one.text.replace(/long: \d+/, `long: ${long}`);
      expect(text).not.toBe(one.text);
      return post('/rules', { text, why: 'another frame' });
    };
    const learn = async (json: object): Promise<Static<typeof Profile>> => {
      const { version } = await post<Static<typeof Profile>>('/profiles', json);
      const look = async () => (await client.call<Static<typeof Profile>>('GET', `${AT}/profiles/${version}`)).body;
      return until(look, (p) => p.state === 'ready' || p.state === 'failed');
    };
    const accept = (version: number, force = true) =>
      client.call<{ code?: string; detail?: string }>('POST', `${AT}/rules/${version}/accept`, {
        json: { why: 'x', force },
      });
    const use = (version: number) =>
      client.call<{ code?: string; detail?: string }>('POST', `${AT}/profiles/${version}/use`);

    it('stays with the live rules while another version is learnt, and comes with that when it is accepted', async () => {
      const { version, grounding } = await draft(600);
      expect(version).toBe(2);
      expect(grounding).not.toBe((await client.call<{ grounding: string }>('GET', `${AT}/rules/1`)).body.grounding);
      const unfit = await accept(2, false);
      expect(unfit.body).toMatchObject({ code: 'RULES_NOT_ACCEPTABLE' });
      expect(unfit.body.detail).toContain('learn a profile with this version first');

      const seen: Inspection[] = [];
      let going = true;
      const sender = (async () => {
        while (going) seen.push(await inspect());
      })();
      expect(await learn({ rules: 2 })).toMatchObject({ version: 2, state: 'ready' });
      expect(await product()).toMatchObject({ liveRules: 1, readyProfile: 1 });
      expect(await judgedBy()).toEqual({ rules: 1, profile: 1, state: 'done', error: null });
      const fits = await accept(2, false);
      expect(fits.body.detail ?? '').not.toContain('learn a profile');
      expect((await accept(2)).status).toBe(200);
      expect(await judgedBy()).toEqual({ rules: 2, profile: 2, state: 'done', error: null });
      going = false;
      await sender;
      expect(seen.length).toBeGreaterThan(0);
      expect(seen.filter((i) => i.state !== 'done' || i.rules !== i.profile)).toEqual([]);
    });

    it('goes back with the rules, and a version without one takes no pictures', async () => {
      expect((await accept(1)).status).toBe(200);
      expect(await judgedBy()).toMatchObject({ rules: 1, profile: 1, state: 'done' });
      const { version } = await draft(560);
      expect((await accept(version)).status).toBe(200);
      expect(await product()).toMatchObject({ liveRules: 3, readyProfile: null });
      const raw = { bytes: readFileSync(made.pictures[0]!), type: 'image/jpeg' };
      const refused = await client.call<{ code: string }>('POST', `${AT}/inspections`, { raw });
      expect([refused.status, refused.body.code]).toEqual([409, 'PRODUCT_NOT_READY']);
      expect((await accept(1)).status).toBe(200);
    });

    it('is the one that was learnt last, until somebody goes back to an older one', async () => {
      expect(await learn({ rules: 1, seed: 5 })).toMatchObject({ version: 3, state: 'ready' });
      expect(await judgedBy()).toMatchObject({ rules: 1, profile: 3 });
      expect((await use(1)).status).toBe(200);
      expect(await judgedBy()).toMatchObject({ rules: 1, profile: 1, state: 'done' });
      const entries = async (): Promise<number> =>
        (await client.call<{ entries: number }>('GET', `${API}/audit/verify`)).body.entries;
      const before = await entries();
      expect((await use(1)).status).toBe(200);
      expect(await entries()).toBe(before);
      expect((await use(2)).body).toMatchObject({ code: 'CONFLICT' });
      expect((await use(9)).status).toBe(404);
      expect((await use(3)).status).toBe(200);
      expect((await product()).readyProfile).toBe(3);
    });

    it('is found in tables of an older version, and beside rules that cannot be read any more', async () => {
      const { sql } = serving.service;
      await sql.query('UPDATE rule_files SET grounding = NULL');
      await sql.query(`UPDATE rule_files SET text = 'of another time' WHERE version = 3`);
      await sql.query('UPDATE profiles SET turn = NULL');
      await migrate(sql);
      expect(await product()).toMatchObject({ liveRules: 1, readyProfile: 3 });
      expect(await judgedBy()).toMatchObject({ rules: 1, profile: 3, state: 'done' });
    });
  });
});
