import { describe, expect, it } from 'vitest';
import { outputNames } from '../../src/cli/options.ts';
import { duration, progressMeter } from '../../src/cli/progress.ts';

function harness(interactive: boolean) {
  const said: string[] = [];
  let clock = 0;
  const terminal = { out: () => undefined, err: (t: string) => void said.push(t), interactive, columns: 60 };
  const meter = progressMeter(terminal, () => clock);
  return { said, meter, tick: (ms: number) => (clock += ms) };
}

describe('progressMeter', () => {
  it('prints at most one plain line every two seconds, with rate and time left', () => {
    const { said, meter, tick } = harness(false);
    for (let i = 0; i <= 100; i++) {
      meter.step({ stage: 'inspect', done: i, total: 100, item: `${i}.jpg` });
      tick(100);
    }
    expect(said).toHaveLength(5);
    expect(said[0]).toBe('inspect 20/100 (10/s, 8 s left) 20.jpg\n');
    expect(said.at(-1)).toBe('inspect 100/100 (10/s) 100.jpg\n');
  });

  it('says how long one takes where a second is too short for it', () => {
    const { said, meter, tick } = harness(false);
    for (let i = 0; i <= 2; i++) {
      meter.step({ stage: 'features', done: i, total: 12 });
      tick(16_000);
    }
    expect(said.at(-1)).toBe('features 2/12 (16 s each, 2 min 40 s left)\n');
  });

  it('is silent about stages that are over at once', () => {
    const { said, meter } = harness(false);
    meter.step({ stage: 'exemplars', done: 0, total: 2 });
    meter.step({ stage: 'exemplars', done: 2, total: 2 });
    expect(said).toEqual([]);
  });

  it('redraws one line on a terminal, no wider than it, and clears it', () => {
    const { said, meter, tick } = harness(true);
    for (let i = 0; i <= 10; i++) {
      meter.step({ stage: 'learn', done: i, total: 10, item: 'a-very-long-name-of-a-photograph-000123.jpg' });
      tick(100);
    }
    expect(said[0]).toContain(`\r\u001b[2K[${'.'.repeat(24)}] learn 0/10`);
    for (const s of said) expect(s.replaceAll('\r\u001b[2K', '').length).toBeLessThan(60);
    expect(said.at(-1)).toBe('\r\u001b[2K');
  });

  it('keeps the rate of stages that take turns, and one rhythm for all of them', () => {
    const { said, meter, tick } = harness(false);
    for (let i = 0; i <= 40; i++) {
      meter.step({ stage: 'normals', done: i, total: 100 });
      meter.step({ stage: 'other light', done: 2 * i, total: 200 });
      tick(250);
    }
    // Ten seconds: five lines, not one per turn; each with the rate of its own stage since it began.
    expect(said.length).toBeLessThanOrEqual(6);
    for (const line of said) expect(line).toMatch(/^normals \d+\/100 \(4\.[0-9]|^other light \d+\/200 \(8\.[0-9]/);
  });

  it('writes times as people do', () => {
    expect([0.4, 45, 200, 7500].map(duration)).toEqual(['0 s', '45 s', '3 min 20 s', '2 h 5 min']);
  });
});

describe('outputNames', () => {
  it('flattens paths and keeps names apart', () => {
    const names = outputNames(['good/1.jpg', 'bad/1.jpg', '../x/2.jpg', '3.jpg', '3.png'], '.png');
    expect([...names.values()]).toEqual(['good__1.png', 'bad__1.png', 'x__2.png', '3.jpg.png', '3.png.png']);
    expect(new Set(names.values()).size).toBe(5);
  });
});
