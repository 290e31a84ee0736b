/**
 * An engine process without models, for suites about losing processes: it answers in milliseconds, dies of pictures named
 * `poison` and hangs on those named `hang`. For those named `full` or `handles` the machine is at fault, twice each; those
 * named `gone` are not to be found. What it learns says for which grounding, and judges by no other.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { serveParent } from '../../../server/engine/parent.ts';
import type { Answer, Ask } from '../../../server/engine/protocol.ts';
import { openBlobs } from '../../../server/storage/blobs.ts';
import { compileRules, LogsadError } from '../../../src/index.ts';

const ANSWER_MS = 8;
const MACHINE_FAULTS = 2;
const LEARNT = 'learnt by the stub for ';

const faults = new Map<string, number>();
/** Throws the first times it is asked for a name. */
function machineFault(name: string): void {
  const count = faults.get(name) ?? 0;
  if (name.includes('gone')) throw new LogsadError('IMAGE_NOT_FOUND', { image: name, found: 'nothing there' });
  if (!/full|handles/.test(name) || count >= MACHINE_FAULTS) return;
  faults.set(name, count + 1);
  if (name.includes('full')) throw new LogsadError('DISK_FULL', { path: 'map.png', folder: '.', bytes: 1 });
  throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
}

/** From when to when it ran, in milliseconds. */
async function spanned(): Promise<readonly [number, number]> {
  const began = Date.now();
  await pause(ANSWER_MS);
  return [began, Date.now()];
}

const groundingOf = (rules: string): string => compileRules(rules, 'rules.yaml').digests.grounding;

async function learn(ask: Extract<Ask, { kind: 'learn' }>): Promise<Answer<'learn'>> {
  const text = `${LEARNT}${groundingOf(ask.rules)} with seed ${ask.seed}`;
  const { digest } = await openBlobs(ask.blobs).put(new TextEncoder().encode(text));
  return { blob: digest, facts: { normals: ask.normals.length, calibration: 0, models: [], worst: [], failures: [] } };
}

/** As the real one. Profiles of the seed were learnt by that, and are taken as they are, there or not. */
async function checkProfile({ rules, profile, product }: { rules: string; profile: string; product: string }) {
  const text = await readFile(profile, 'latin1').catch(() => '');
  if (!text.startsWith(LEARNT) || text.startsWith(`${LEARNT}${groundingOf(rules)}`)) return;
  throw new LogsadError('PROFILE_STALE', { what: 'frame changed', product });
}

process.on('disconnect', () => process.exit());
// Gone while this process was still starting: nobody will say so again.
if (!process.connected) process.exit();
serveParent({
  answer: async (ask) => {
    const request = ask as unknown as Ask;
    if (request.kind === 'learn') return (await learn(request)) as never;
    if (request.kind === 'inspect') await checkProfile(request.key);
    if (request.kind === 'fits') return null as never;
    if (request.kind === 'vet') return (await spanned()) as never;
    const { image = '' } = request as { readonly image?: string | { readonly name: string } };
    const name = typeof image === 'string' ? image : image.name;
    machineFault(name);
    if (name.includes('poison')) process.kill(process.pid, 'SIGKILL');
    if (name.includes('hang')) await pause(3_600_000);
    if (request.kind === 'small') return (await spanned()) as never;
    await pause(ANSWER_MS);
    const verdict = name.includes('bad') ? 'reject' : 'pass';
    const result = { schemaVersion: 1, image: name, score: 0.1, unit: 0.2, p: null, verdict, reviewReasons: [] };
    const empty = { detectors: {}, violations: [], measurements: [], timings: {}, fingerprint: {}, maps: [] };
    return {
      ...{ verdict, score: 0.1, unit: 0.2, p: null, cause: null, scene: '{}', maps: {} },
      body: JSON.stringify({ ...result, ...empty }),
    } as never;
  },
});
