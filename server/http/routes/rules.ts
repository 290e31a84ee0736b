/** Rule files: drafts, checks, acceptance, history and comparison. */
import type { Static } from 'typebox';
import { compileRules, LogsadError, lintRules, maskNames, objections } from '../../../src/index.ts';
import { LIMITS } from '../../config.ts';
import { EngineDied } from '../../engine/host.ts';
import { announce } from '../../jobs/announce.ts';
import {
  Accepted,
  AcceptRequest,
  closed,
  Lint,
  LintRequest,
  Lists,
  NewRules,
  RuleFileText,
  RulesDiff,
  Version,
  VetRequest,
  Vetting,
} from '../../schemas.ts';
import type { Service } from '../../service.ts';
import { newestScenes } from '../../storage/inspections.ts';
import { addRules, getRules, listRules, lockProduct, productVersions, setLive } from '../../storage/products.ts';
import { getProfile, listProfiles, profileFor } from '../../storage/profiles.ts';
import { endpoint } from '../endpoint.ts';
import { audited, inProduct, inProductVersion, json, whole } from './common.ts';

/** @throws LogsadError RULES_INVALID with every fault, RULES_NEED_FILES, REQUEST_INVALID for another product */
function compiled(product: string, text: string) {
  const rules = compileRules(text, `${product}/rules.yaml`);
  const masks = maskNames(rules.file);
  if (masks.length > 0) throw new LogsadError('RULES_NEED_FILES', { files: masks });
  if (rules.file.product !== product) {
    throw new LogsadError('REQUEST_INVALID', {
      reason: `text: expected the rules of product '${product}', found those of '${rules.file.product}'`,
    });
  }
  return rules;
}

export const ruleRoutes = [
  endpoint({
    method: 'get',
    path: '/products/{product}/rules',
    role: 'viewer',
    tag: 'rules',
    summary: 'All versions of the rule file, newest first, with author and reason',
    params: inProduct,
    replies: { 200: Lists.rules },
    handle: async ({ service, params }) => {
      await productVersions(service.sql, params.product);
      return json(whole(await listRules(service.sql, params.product)));
    },
  }),
  endpoint({
    method: 'post',
    path: '/products/{product}/rules',
    role: 'engineer',
    tag: 'rules',
    summary: 'Saves a draft; a file with faults is refused with all of them',
    params: inProduct,
    body: NewRules,
    replies: { 201: RuleFileText },
    handle: async (call) => {
      const { product } = call.params;
      const { text, why, base } = call.body;
      await productVersions(call.service.sql, product);
      compiled(product, text);
      const author = call.principal.name;
      const version = await audited(call, { action: 'rules.draft', subject: product, detail: { why } }, (tx) =>
        addRules(tx, { product, text, why, author, ...(base === undefined ? {} : { base }) }),
      );
      const location = `/api/v1/products/${product}/rules/${version}`;
      return json(await getRules(call.service.sql, product, version), 201, { location });
    },
  }),
  endpoint({
    method: 'post',
    path: '/products/{product}/rules/lint',
    role: 'engineer',
    tag: 'rules',
    summary: 'Every fault of a rule file with its place and what would be right; nothing is saved',
    params: inProduct,
    body: LintRequest,
    replies: { 200: Lint },
    handle: async ({ params, body }) => {
      const faults = lintRules(body.text, `${params.product}/rules.yaml`);
      const errors = faults.filter((f) => f.severity === 'error').length;
      return json({ errors, warnings: faults.length - errors, faults });
    },
  }),
  endpoint({
    method: 'get',
    path: '/products/{product}/rules/{version}',
    role: 'viewer',
    tag: 'rules',
    summary: 'One version with its text',
    params: inProductVersion,
    replies: { 200: RuleFileText },
    handle: async ({ service, params }) => json(await getRules(service.sql, params.product, params.version)),
  }),
  endpoint({
    method: 'post',
    path: '/products/{product}/rules/{version}/accept',
    role: 'engineer',
    tag: 'rules',
    summary: 'Makes a version the live one, with the profile that fits it. What was asked for before keeps its version',
    params: inProductVersion,
    body: AcceptRequest,
    replies: { 200: Accepted },
    handle: async (call) => {
      const { product, version } = call.params;
      const { sql, queue } = call.service;
      const reasons = await objectionsTo(call.service, await getRules(sql, product, version));
      if (reasons.length > 0 && call.body.force !== true) {
        throw new LogsadError('RULES_NOT_ACCEPTABLE', { product, file: `version ${version}`, reasons });
      }
      const { why } = call.body;
      const detail = { version, why, forced: reasons };
      await audited(call, { action: 'rules.accept', subject: product, detail }, async (tx) => {
        await lockProduct(tx, product);
        await setLive(tx, product, version);
        const data = { version, why, author: call.principal.name };
        await announce(tx, queue, { kind: 'rules.live', product, subject: `${product}/${version}`, data });
      });
      const { text: _, ...rules } = await getRules(sql, product, version);
      return json({ rules, objections: reasons });
    },
  }),
  endpoint({
    method: 'post',
    path: '/products/{product}/rules/{version}/vet',
    role: 'engineer',
    tag: 'rules',
    summary: 'Runs every rule on the normals of the ready profile and on mutants, within two minutes; no model runs',
    params: inProductVersion,
    body: VetRequest,
    replies: { 200: Vetting },
    handle: async (call) => {
      const { product, version } = call.params;
      const rules = await getRules(call.service.sql, product, version);
      const { body, text } = await vetted(call.service, rules, call.body.seed ?? 0);
      let saved: number | null = null;
      if (call.body.save === true) {
        const why = `vetting of version ${version}`;
        const author = call.principal.name;
        saved = await audited(call, { action: 'rules.vet', subject: product, detail: { version } }, (tx) =>
          addRules(tx, { product, text, why, author }),
        );
      }
      return { text: `{"version":${version},"saved":${saved},"vetting":${body}}` };
    },
  }),
  endpoint({
    method: 'get',
    path: '/products/{product}/rules/{version}/diff',
    role: 'viewer',
    tag: 'rules',
    summary: 'Which verdicts of the newest inspections change from another version to this one; no model runs',
    params: inProductVersion,
    query: closed({ from: Version }),
    replies: { 200: RulesDiff },
    handle: async ({ service, params: { product, version }, query: { from } }) => {
      const { sql, blobs, engines } = service;
      const [a, b] = await Promise.all([getRules(sql, product, from), getRules(sql, product, version)]);
      const scenes = await newestScenes(sql, product, LIMITS.diffScenes);
      const { readyProfile } = await productVersions(sql, product);
      const blob = readyProfile === null ? null : (await getProfile(sql, product, readyProfile)).blob;
      const profile = blob === null ? null : blobs.pathOf(blob);
      const found = await engines.review({ kind: 'diff', from: a.text, to: b.text, profile, scenes });
      return json({ from, to: version, scenes: scenes.length, ...found });
    },
  }),
];

type Rules = Static<typeof RuleFileText>;

/** @throws LogsadError PRODUCT_NOT_READY without a profile, PROFILE_* of one that does not fit, VETTING_FAILED */
async function vetted({ sql, blobs, engines }: Service, { product, text, grounding }: Rules, seed: number) {
  const profile = (await profileFor(sql, product, grounding)) ?? (await productVersions(sql, product)).readyProfile;
  if (profile === null) {
    const remedy = `learn one with POST /api/v1/products/${product}/profiles`;
    throw new LogsadError('PRODUCT_NOT_READY', { product, reason: 'it has no profile', remedy });
  }
  const { blob } = await getProfile(sql, product, profile);
  try {
    return await engines.vet({ kind: 'vet', product, rules: text, profile: blobs.pathOf(blob!), seed });
  } catch (error) {
    if (!(error instanceof EngineDied)) throw error;
    throw new LogsadError('VETTING_FAILED', { reason: error.message }, { cause: error });
  }
}

/** Why a version should not go live as it is: its vetting, and that no profile would judge by it. */
async function objectionsTo({ sql, blobs, engines }: Service, { product, version, text, grounding }: Rules) {
  const reasons = [...objections(compiled(product, text))];
  const [profile, profiles] = [await profileFor(sql, product, grounding), await listProfiles(sql, product)];
  const learn = 'learn a profile with this version first';
  if (profile !== null) {
    const { blob } = await getProfile(sql, product, profile);
    const why = await engines.review({ kind: 'fits', rules: text, profile: blobs.pathOf(blob!) });
    if (why !== null) reasons.push(`${why}: ${learn}`);
  } else if (profiles.some((p) => p.state === 'ready')) {
    const what = 'frame, regions, ignore, interests, attributes, segmentation, variants and detectors';
    reasons.push(`no profile that is ready was learnt with the ${what} of version ${version}: ${learn}`);
  }
  return reasons;
}
