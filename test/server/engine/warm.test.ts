/** Inspectors kept warm. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { WarmInspectors } from '../../../server/engine/warm.ts';
import type { Inspector } from '../../../src/index.ts';

function bench() {
  const opened: string[] = [];
  const closed: string[] = [];
  const open = (name: string) => async (): Promise<Inspector> => {
    opened.push(name);
    await turn();
    return { [Symbol.asyncDispose]: async () => void closed.push(name) } as unknown as Inspector;
  };
  return { opened, closed, open };
}
const nothing = async (): Promise<void> => undefined;

it('two same requests at a time open one inspector', async () => {
  const { opened, open } = bench();
  const warm = new WarmInspectors(2);
  await Promise.all([warm.use('a', open('a'), nothing), warm.use('a', open('a'), nothing)]);
  expect(opened).toEqual(['a']);
});

it('one that is in use is let go only when its last user is done', async () => {
  const { closed, open } = bench();
  const warm = new WarmInspectors(1);
  let end = (): void => undefined;
  const held = warm.use('a', open('a'), () => new Promise<void>((resolve) => (end = resolve)));
  await warm.use('b', open('b'), nothing);
  await turn();
  expect(closed).toEqual([]);
  end();
  await held;
  await turn();
  expect(closed).toEqual(['a']);
});

it('one that could not be opened is tried again', async () => {
  const { opened, open } = bench();
  const warm = new WarmInspectors(1);
  const fails = async (): Promise<Inspector> => Promise.reject(new Error('no profile'));
  await expect(warm.use('a', fails, nothing)).rejects.toThrow('no profile');
  await warm.use('a', open('a'), nothing);
  expect(opened).toEqual(['a']);
});
