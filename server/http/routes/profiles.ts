/** Profiles: learning as a job with progress. */
import { LogsadError } from '../../../src/index.ts';
import { announce } from '../../jobs/announce.ts';
import { closed, LearnRequest, Lists, NormalValues, Profile, Version } from '../../schemas.ts';
import { getRules, listNormals, listRules, lockProduct, productVersions } from '../../storage/products.ts';
import { addProfile, getProfile, listProfiles, shownProfile, useProfile } from '../../storage/profiles.ts';
import { once } from '../../storage/settings.ts';
import type { Queryable } from '../../storage/sql.ts';
import { endpoint } from '../endpoint.ts';
import { audited, digestOf, inProduct, inProductVersion, json, whole } from './common.ts';

export const profileRoutes = [
  endpoint({
    method: 'get',
    path: '/products/{product}/profiles',
    role: 'viewer',
    tag: 'profiles',
    summary: 'All profiles, newest first',
    params: inProduct,
    replies: { 200: Lists.profiles },
    handle: async ({ service, params }) => {
      await productVersions(service.sql, params.product);
      return json(whole((await listProfiles(service.sql, params.product)).map(shownProfile)));
    },
  }),
  endpoint({
    method: 'post',
    path: '/products/{product}/profiles',
    role: 'engineer',
    tag: 'profiles',
    summary: 'Learns from the normals, as a job: follow it by GET of its address or by events',
    params: inProduct,
    body: LearnRequest,
    idempotent: true,
    replies: { 202: Profile },
    handle: async (call) => {
      const { product } = call.params;
      const { sql, queue } = call.service;
      const { liveRules } = await productVersions(sql, product);
      const rules = call.body.rules ?? liveRules ?? (await listRules(sql, product))[0]?.version;
      if (rules === undefined) {
        throw new LogsadError('PRODUCT_NOT_READY', {
          product,
          reason: 'it has no rule file',
          remedy: 'save one first',
        });
      }
      await getRules(sql, product, rules);
      if (!(await listNormals(sql, product)).some((n) => n.purpose === 'normal')) {
        const remedy = `add photographs of good parts with PUT /api/v1/products/${product}/normals/NAME`;
        throw new LogsadError('PRODUCT_NOT_READY', { product, reason: 'it has no normals', remedy });
      }
      const author = call.principal.name;
      const key = { actor: call.principal.tokenId, key: call.idempotencyKey };
      const { subject: version } = await audited(
        call,
        { action: 'profile.learn', subject: product, detail: { rules } },
        async (tx) => {
          const fingerprint = digestOf('learn', product, call.body);
          const made = await once(tx, { ...key, fingerprint }, async () =>
            String(await addProfile(tx, { product, rules, request: call.body, author })),
          );
          if (!made.repeated) await queue.send(tx, 'learn', `${product}/${made.subject}`);
          return made;
        },
        (made) => !made.repeated,
      );
      const location = `/api/v1/products/${product}/profiles/${version}`;
      return json(shownProfile(await getProfile(sql, product, Number(version))), 202, { location });
    },
  }),
  endpoint({
    method: 'get',
    path: '/products/{product}/profiles/{version}',
    role: 'viewer',
    tag: 'profiles',
    summary: 'One profile: state, progress, what it rests on',
    params: inProductVersion,
    replies: { 200: Profile },
    handle: async ({ service, params }) =>
      json(shownProfile(await getProfile(service.sql, params.product, params.version))),
  }),
  endpoint({
    method: 'post',
    path: '/products/{product}/profiles/{version}/use',
    role: 'engineer',
    tag: 'profiles',
    summary: 'Lets an older profile that fits the live rules judge again: the way back from what was learnt since',
    params: inProductVersion,
    replies: { 200: Profile },
    handle: async (call) => {
      const { product, version } = call.params;
      const { sql, queue } = call.service;
      const act = { action: 'profile.use', subject: product, detail: { version } };
      const work = async (tx: Queryable): Promise<boolean> => {
        await lockProduct(tx, product);
        if (!(await takesTurn(tx, product, version))) return false;
        const data = { author: call.principal.name };
        await announce(tx, queue, { kind: 'profile.used', product, subject: `${product}/${version}`, data });
        return true;
      };
      await audited(call, act, work, (changed) => changed);
      return json(shownProfile(await getProfile(sql, product, version)));
    },
  }),
  endpoint({
    method: 'get',
    path: '/products/{product}/profiles/{version}/measurements',
    role: 'viewer',
    tag: 'profiles',
    summary: 'What every normal of a profile measures by a version of the rules, for plots; no model runs',
    params: inProductVersion,
    query: closed({ rules: Version }),
    replies: { 200: NormalValues },
    handle: async ({ service: { sql, blobs, engines }, params: { product, version }, query }) => {
      const [{ text }, { blob }] = await Promise.all([
        getRules(sql, product, query.rules),
        getProfile(sql, product, version),
      ]);
      if (blob === null) throw new LogsadError('NOT_FOUND', { what: `what profile ${version} of '${product}' learnt` });
      const key = { product, rules: text, profile: blobs.pathOf(blob) };
      return json({ items: await engines.review({ kind: 'normals', key }) });
    },
  }),
];

/** False where the profile judges already. @throws LogsadError NOT_FOUND, CONFLICT of one that cannot judge */
async function takesTurn(tx: Queryable, product: string, version: number): Promise<boolean> {
  const { state, rules } = await getProfile(tx, product, version);
  if (state !== 'ready') {
    throw new LogsadError('CONFLICT', { reason: `profile ${version} is ${state}`, remedy: 'choose one that is ready' });
  }
  const { liveRules, readyProfile } = await productVersions(tx, product);
  if (readyProfile === version) return false;
  const [own, live] = [await getRules(tx, product, rules), liveRules && (await getRules(tx, product, liveRules))];
  if (live && live.grounding !== own.grounding) {
    const remedy = `accept version ${rules} of the rules, or one that finds parts as it does: the profile comes with it`;
    throw new LogsadError('CONFLICT', { reason: `profile ${version} does not fit the live rules`, remedy });
  }
  await useProfile(tx, product, version);
  return true;
}
