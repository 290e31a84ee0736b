/** Small pictures that are kept: within their bytes, each made once. */
import { expect, it } from 'vitest';
import { Thumbnails } from '../../../server/http/thumbnails.ts';

const of = (length: number) => async (): Promise<Uint8Array> => new Uint8Array(length);
const never = async (): Promise<Uint8Array> => {
  throw new Error('made anew');
};

it('keeps what fits the budget; what was asked for least lately goes first', async () => {
  const small = new Thumbnails(100);
  await small.get('a', of(40));
  await small.get('b', of(40));
  await small.get('a', never);
  await small.get('c', of(40));
  expect(small.bytes).toBe(80);
  await small.get('a', never);
  await small.get('c', never);
  await expect(small.get('b', never)).rejects.toThrow('made anew');
  expect((await small.get('large', of(101))).length).toBe(101);
  expect(small.bytes).toBe(0);
});

it('makes one picture once for all who wait, and tries again after a fault', async () => {
  const small = new Thumbnails();
  let made = 0;
  const count = async (): Promise<Uint8Array> => new Uint8Array(++made);
  await Promise.all([small.get('a', count), small.get('a', count), small.get('a', count)]);
  expect(made).toBe(1);
  await expect(small.get('b', never)).rejects.toThrow('made anew');
  expect((await small.get('b', count)).length).toBe(2);
});
