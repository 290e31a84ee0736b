/**
 * Started with few handles: uses them all up, asks both kinds of processes for something, gives them back, and asks again.
 * Prints what became of it; what nobody caught would end it.
 */
import { closeSync, openSync } from 'node:fs';
import { EngineDied, EngineHost } from '../../../server/engine/host.ts';
import { InferenceHost } from '../../../src/adapters/inference/host.ts';
import { LogsadError } from '../../../src/index.ts';

const engine = new EngineHost(new URL('./stubEngine.ts', import.meta.url));
const fits = (): Promise<unknown> => engine.ask({ kind: 'fits', rules: '', profile: '' }, { deadlineMs: 60_000 });
const nothing = { dims: [0], data: new Float32Array(0) };

const named = (error: unknown): string => {
  if (error instanceof EngineDied) return `EngineDied, started ${error.started}: ${error.message}`;
  return error instanceof LogsadError ? `${error.code}: ${error.message}` : String(error);
};
const fate = (work: Promise<unknown>): Promise<string> => work.then(() => 'answered', named);

function takeAll(): number[] {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    return taken;
  }
}

// Once before: what resolves modules has read their folders then, and only the process itself wants handles.
const before = await fate(fits());
engine.stop();
await using inference = new InferenceHost();
const taken = takeAll();
const engineWithout = await fate(fits());
const inferenceWithout = await fate(inference.put('a', nothing));
for (const handle of taken) closeSync(handle);
const after = await fate(fits());
engine.stop();
console.log(JSON.stringify({ before, engineWithout, inferenceWithout, after }));
