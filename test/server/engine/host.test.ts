/** An engine process that cannot be started, and what it is told of its service. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { environmentFor } from '../../../server/engine/environment.ts';
import { EngineDied, EngineHost } from '../../../server/engine/host.ts';
import { blameFor, lastFault } from '../../../server/jobs/faults.ts';

const script = fileURLToPath(new URL('../support/noHandles.ts', import.meta.url));
/** Modules need hundreds while they load. */
const FEW = 1024;

it.skipIf(process.platform === 'win32')(
  'no handles left: a process that cannot be started is the fault of the machine, and the next one starts',
  async () => {
    const limited = `ulimit -n ${FEW}; exec "$0" --import "$1" "$2"`;
    const args = ['-c', limited, process.execPath, import.meta.resolve('tsx'), script];
    const { stdout } = await promisify(execFile)('bash', args);
    const { engineWithout, inferenceWithout, ...rest } = JSON.parse(stdout) as Record<string, string>;
    expect(rest).toEqual({ before: 'answered', after: 'answered' });
    expect(engineWithout).toMatch(/^EngineDied, started false: .*EMFILE/);
    expect(inferenceWithout).toMatch(/^INFERENCE_UNAVAILABLE: .*EMFILE/);
  },
  120_000,
);

it('what a dying process wrote is for the log: the fault that is shown does not hold it', async () => {
  const host = new EngineHost(new URL('../support/talkingEngine.ts', import.meta.url));
  const error = await host
    .ask({ kind: 'fits', rules: '', profile: '' }, { deadlineMs: 60_000 })
    .catch((fault: unknown) => fault);
  expect(error).toBeInstanceOf(EngineDied);
  expect((error as EngineDied).lastWords).toContain('/srv/secret/place');
  expect(JSON.stringify(lastFault(error, 3))).not.toContain('secret');
  expect(lastFault(error, 3).message).toContain('exit code 7');
  expect(blameFor(error)).toBe('machine');
}, 120_000);

it('an ask that cannot be sent fails alone and at once', async () => {
  const host = new EngineHost(new URL('../support/stubEngine.ts', import.meta.url));
  const odd = { kind: 'fits', rules: () => 'no value', profile: '' } as never;
  await expect(host.ask(odd, { deadlineMs: 3_600_000 })).rejects.toThrow(/could not be cloned/);
  expect(host.busy).toBe(0);
  expect(await host.ask({ kind: 'fits', rules: '', profile: '' }, { deadlineMs: 60_000 })).toBeNull();
  host.stop();
}, 120_000);

it('engine processes see where things lie; keys are for the one that asks a language model', () => {
  const own = {
    ...{ PATH: '/bin', HOME: '/root', TMPDIR: '/tmp', LC_ALL: 'C', LOGSAD_MODELS: 'm', NODE_OPTIONS: '--x' },
    ...{ DATABASE_URL: 'postgres://u:pw@h/d', TOKEN: 't', AWS_SECRET_ACCESS_KEY: 'k', PGPASSWORD: 'p' },
    ...{ LOGSAD_LLM_KEY: 'key', LOGSAD_LLM_URL: 'http://llm', OPENAI_API_KEY: 'o', https_proxy: 'http://p' },
  };
  const engine = { PATH: '/bin', HOME: '/root', TMPDIR: '/tmp', LC_ALL: 'C', LOGSAD_MODELS: 'm', NODE_OPTIONS: '--x' };
  expect(environmentFor(own, 'engine')).toEqual({ ...engine, MALLOC_ARENA_MAX: '2' });
  const model = { LOGSAD_LLM_KEY: 'key', LOGSAD_LLM_URL: 'http://llm', OPENAI_API_KEY: 'o', https_proxy: 'http://p' };
  expect(environmentFor(own, 'model')).toEqual({ ...engine, ...model, MALLOC_ARENA_MAX: '2' });
});
