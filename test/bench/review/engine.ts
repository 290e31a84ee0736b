/**
 * The engine process of the review benchmark: pictures are known by their digest and their Scenes by an earlier run
 * (scenes.ts), everything else is the real thing.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Desk } from '../../../server/engine/desk.ts';
import { serveParent } from '../../../server/engine/parent.ts';
import type { Answer, Ask, AskOf } from '../../../server/engine/protocol.ts';
import { openBlobs } from '../../../server/storage/blobs.ts';
import * as logsad from '../../../src/index.ts';
import { cacheNote, type SeenPart } from './scenes.ts';

const folder = readFileSync(cacheNote(process.ppid), 'utf8');
const desk = new Desk();
let taught: logsad.Profile | null = null;
let last: { readonly rules: string; readonly judge: logsad.Rejudge } | null = null;
let parts: Map<string, SeenPart> | null = null;

async function judgeOf({ rules, profile: path, product }: AskOf<'inspect'>['key']): Promise<logsad.Rejudge> {
  if (last?.rules === rules) return last.judge;
  taught ??= await logsad.loadProfile(path);
  const compiled = logsad.compileRules(rules, `${product}/rules.yaml`);
  const judge = last ? logsad.rejudgeEdit(last.judge, compiled, taught) : logsad.openRejudge(compiled, taught);
  last = { rules, judge };
  return judge;
}

async function inspect({ key, image }: AskOf<'inspect'>): Promise<Answer<'inspect'>> {
  parts ??= new Map(
    (JSON.parse(readFileSync(join(folder, 'parts.json'), 'utf8')) as SeenPart[]).map((p) => [p.name, p]),
  );
  const part = parts.get(image.name)!;
  const { verdict, unit, violations, measurements } = (await judgeOf(key)).judge(part);
  const body = {
    schemaVersion: 1,
    image: image.name,
    score: unit / (1 + unit),
    unit,
    p: null,
    verdict,
    violations,
    measurements,
  };
  const rest = { reviewReasons: [], detectors: {}, timings: {}, fingerprint: {}, maps: [] };
  return {
    ...{ verdict, unit, p: null, score: body.score, maps: {}, scene: JSON.stringify(part.scene) },
    cause: violations[0] ? `${violations[0].rule}: ${violations[0].message}` : null,
    body: JSON.stringify({ ...body, ...rest }),
  };
}

/** The kept profile, under the name that the product has here. */
async function learn({ blobs, product }: AskOf<'learn'>): Promise<Answer<'learn'>> {
  const profile = await logsad.loadProfile(join(folder, 'product.profile'));
  const bytes = logsad.encodeProfile({ ...profile, stamp: { ...profile.stamp, product } });
  const { digest } = await openBlobs(blobs).put(bytes);
  return { blob: digest, facts: { normals: 0, calibration: 0, models: [], worst: [], failures: [] } };
}

process.on('disconnect', () => process.exit());
serveParent({
  answer: async (ask, onProgress) => {
    const request = ask as Ask;
    if (request.kind === 'inspect') return (await inspect(request)) as never;
    if (request.kind === 'learn') return (await learn(request)) as never;
    return desk.answer(ask, onProgress);
  },
});
