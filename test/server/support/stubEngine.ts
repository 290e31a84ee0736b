/**
 * An engine process without models, for suites about losing processes: it answers in milliseconds, dies of pictures named
 * `poison` and hangs on those named `hang`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { serveParent } from '../../../server/engine/parent.ts';

const ANSWER_MS = 8;

process.on('disconnect', () => process.exit());
serveParent({
  answer: async (ask) => {
    const request = ask as unknown as { kind: string; image?: { name: string } };
    if (request.kind === 'fits') return null as never;
    const name = request.image?.name ?? '';
    if (name.includes('poison')) process.kill(process.pid, 'SIGKILL');
    if (name.includes('hang')) await pause(3_600_000);
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
