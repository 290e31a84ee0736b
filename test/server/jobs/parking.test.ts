import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createParking, PARKING, parkMs } from '../../../server/jobs/parking.ts';
import type { Job, Queue } from '../../../server/jobs/queue.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const job = (subject: string): Job => ({ id: `job of ${subject}`, queue: 'inspect', subject });

function parkingOn(release: (job: Job) => Promise<void> = async () => undefined) {
  const back: string[] = [];
  const errors: unknown[] = [];
  const queue = {
    release: async (j: Job) => {
      await release(j);
      back.push(j.subject);
    },
    settled: (j: Job) => void back.push(`settled ${j.subject}`),
  } as unknown as Queue;
  return { back, errors, parking: createParking(queue, (e) => errors.push(e)) };
}

it('waits longer after every fault of a job, and from the start again once it went well', async () => {
  expect([1, 2, 3, 7, 50].map(parkMs)).toEqual([1000, 2000, 4000, PARKING.longestMs, PARKING.longestMs]);
  const { back, parking } = parkingOn();
  for (const ms of [1000, 2000]) {
    await parking.park(job('a'));
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(back).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(back.splice(0)).toEqual(['a', 'settled a']);
  }
  parking.forget(job('a'));
  await parking.park(job('a'));
  await vi.advanceTimersByTimeAsync(1000);
  expect(back).toHaveLength(2);
});

it('holds the seat when too many are parked, so that a machine in trouble takes no more', async () => {
  const { parking } = parkingOn();
  for (let i = 0; i < PARKING.places; i++) await parking.park(job(String(i)));
  let free = false;
  const seat = parking.park(job('one more')).then(() => {
    free = true;
  });
  await vi.advanceTimersByTimeAsync(999);
  expect(free).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await seat;
});

it('puts everything back at the end, also when that fails: the lease is swept later', async () => {
  const { back, errors, parking } = parkingOn((j) =>
    j.subject === 'b' ? Promise.reject(new Error('away')) : Promise.resolve(),
  );
  await parking.park(job('a'));
  await parking.park(job('b'));
  await parking.clear();
  await parking.park(job('c'));
  expect(back).toEqual(['a', 'settled a', 'settled b', 'c', 'settled c']);
  expect(errors).toHaveLength(1);
});
