/** Batches over a fake inspector: what one image's fault does to the others. */
import { describe, expect, it } from 'vitest';
import { type BatchItem, inspectAll, STOP_AFTER } from '../../src/app/batch.ts';
import { evaluate } from '../../src/app/evaluate.ts';
import { type Inspector, openInspector } from '../../src/app/inspect.ts';
import type { Deps } from '../../src/app/learn.ts';
import { collectFaults, stopGently } from '../../src/cli/faultsOfImages.ts';
import { createReportEntries } from '../../src/cli/reportEntries.ts';
import { type ErrorCode, LogsadError } from '../../src/core/errors.ts';
import type { Profile } from '../../src/core/profile.ts';
import { sectionOf } from '../../src/core/report/html.ts';
import type { InspectionResult, Scene } from '../../src/core/scene.ts';
import { compiledToy, TOY_RULES, toyNormals } from '../support/toyProduct.ts';

const resultOf = (image: string, unit = 0.5, verdict: InspectionResult['verdict'] = 'pass'): InspectionResult =>
  ({
    image,
    unit,
    verdict,
    score: 0,
    p: null,
    detectors: {},
    violations: [],
    reviewReasons: [],
    measurements: [{ rule: 'r' }],
    scene: { instances: [{ feature: [1, 2] }], unknown: [], detectors: {} },
  }) as unknown as InspectionResult;

/** What was judged from the profile, without which sha256. */
const leftOut: string[] = [];

/** Fails on images whose name is an error code. */
const inspector = {
  inspect: async ({ name }: { name: string }) => {
    const code = name.split(' ')[0]!;
    if (/^[A-Z_]+$/.test(code)) throw new LogsadError(code as ErrorCode, {});
    return resultOf(name);
  },
  judge: (scene: Scene, { without }: { without?: string } = {}) => {
    leftOut.push(`${scene.image} ${without}`);
    return resultOf(scene.image);
  },
} as unknown as Inspector;

const refs = (...names: string[]) => names.map((name) => ({ name, path: name, folder: 'good' }));
const collect = async (names: string[]): Promise<{ seen: string[]; thrown: unknown }> => {
  const seen: string[] = [];
  try {
    for await (const item of inspectAll(inspector, refs(...names))) seen.push(shown(item));
  } catch (thrown) {
    return { seen, thrown };
  }
  return { seen, thrown: null };
};
const shown = (item: BatchItem): string => ('error' in item ? item.error.code : item.image.name);

describe('a batch', () => {
  it('goes on after an image that the models cannot take', async () => {
    const { seen, thrown } = await collect([
      'a',
      'INFERENCE_TIMEOUT',
      'INFERENCE_MEMORY',
      'b',
      'INFERENCE_CRASHED',
      'c',
    ]);
    expect(seen).toEqual(['a', 'INFERENCE_TIMEOUT', 'INFERENCE_MEMORY', 'b', 'INFERENCE_CRASHED', 'c']);
    expect(thrown).toBeNull();
  });

  it('stops after three of them in a row, having shown them, and at once where the machine is at fault', async () => {
    const bad = Array.from({ length: STOP_AFTER }, (_, i) => `INFERENCE_TIMEOUT ${i}`);
    const { seen, thrown } = await collect(['a', ...bad, 'b', 'c']);
    expect(seen).toEqual(['a', ...bad.map(() => 'INFERENCE_TIMEOUT')]);
    expect(thrown).toMatchObject({ code: 'INFERENCE_TIMEOUT', exit: 3 });
    expect(await collect(['a', 'INFERENCE_UNAVAILABLE', 'b'])).toMatchObject({
      seen: ['a'],
      thrown: { code: 'INFERENCE_UNAVAILABLE' },
    });
  });

  it('on the command line, leaves the outputs to be written and the code to be that of the machine', async () => {
    const faults = collectFaults();
    const seen: string[] = [];
    const names = ['a', 'IMAGE_EMPTY', 'INFERENCE_UNAVAILABLE', 'b'];
    for await (const item of stopGently(inspectAll(inspector, refs(...names)), faults)) {
      seen.push(shown(item));
      if ('error' in item) faults.add(item.error);
    }
    expect([seen, faults.exit, faults.stopped?.code]).toEqual([['a', 'IMAGE_EMPTY'], 2, 'INFERENCE_UNAVAILABLE']);
    faults.add(new LogsadError('INFERENCE_TIMEOUT', {}));
    faults.add(new LogsadError('IMAGE_EMPTY', {}));
    expect(faults.exit).toBe(3);
  });
});

describe('evaluate', () => {
  const [one, two] = toyNormals(2);
  const profile = {
    normals: [{ image: 'n', sha256: 'n', scene: one! }],
    calibration: [{ image: 'c', sha256: 'c', scene: two! }],
  } as unknown as Profile;
  const input = (names: string[]) => ({
    inspector,
    profile,
    images: refs(...names),
    exemplars: new Set<string>(),
    digest: async (path: string) => path,
  });

  it('leaves normals and calibration images out of their own bounds, and says so', async () => {
    const results: string[] = [];
    const records = await evaluate(input(['n', 'c', 'x']), {
      onResult: async (image, r) => void results.push(`${image.name} ${r.image}`),
    });
    expect(records.map((r) => 'leftOut' in r && r.leftOut)).toEqual([true, true, false]);
    expect(results).toEqual(['n n', 'c c', 'x x']);
    expect(leftOut).toEqual([`${one!.image} n`, `${two!.image} c`]);
  });

  it('keeps the records so far when it stops', async () => {
    const bad = Array.from({ length: STOP_AFTER }, (_, i) => `INFERENCE_CRASHED ${i}`);
    const faults: string[] = [];
    const records = await evaluate(input(['x', 'INFERENCE_TIMEOUT', 'y', ...bad, 'z', 'z2']), {
      onFault: (_, e) => faults.push(e.code),
    });
    expect(records).toHaveLength(3 + STOP_AFTER);
    expect(faults).toEqual(['INFERENCE_TIMEOUT', ...bad.map(() => 'INFERENCE_CRASHED')]);
    await expect(evaluate(input(['x', 'INFERENCE_UNAVAILABLE']))).rejects.toMatchObject({ exit: 3 });
  });
});

describe('openInspector', () => {
  const proposed = compiledToy(TOY_RULES.replace('product: toy', 'product: toy\nstatus: proposed'));
  const profile = { stamp: { product: 'other', set: 's' } } as unknown as Profile;
  const deps = { backbones: { dense: async () => ({ id: 'b', digest: 'd' }) } } as unknown as Deps;

  it('refuses proposed rules unless they are to be measured', async () => {
    await expect(openInspector(proposed, profile, deps, { path: 'r.yaml' })).rejects.toMatchObject({
      code: 'RULES_PROPOSED',
      place: { file: 'r.yaml' },
    });
    await expect(openInspector(proposed, profile, deps, { proposed: true })).rejects.toMatchObject({
      code: 'PROFILE_PRODUCT',
    });
  });
});

describe('the entries of a report', () => {
  it('hold no more pictures than the page shows, those of the worst, and nothing of the scenes', async () => {
    const entries = createReportEntries({ cards: 2, thumbnails: 1 }, sectionOf);
    let drawn = 0;
    const add = (name: string, unit: number, verdict: InspectionResult['verdict']) =>
      entries.add(resultOf(name, unit, verdict), async (i) => {
        drawn++;
        return { picture: `<p${i}>` };
      });
    for (const [i, unit] of [3, 2, 5, 1, 2].entries()) await add(`r${i}`, unit, 'reject');
    await add('ok0', 0.2, 'pass');
    await add('ok1', 0.2, 'pass');
    entries.addFault('broken', { code: 'X', message: 'm', fix: 'f' });
    expect(entries.all.map((e) => ('picture' in e ? e.picture : e.error.code))).toEqual([
      '<p0>',
      '',
      '<p2>',
      '',
      '',
      '<p5>',
      '',
      'X',
    ]);
    expect(drawn).toBe(4);
    for (const e of entries.all) if ('result' in e) expect(e.result.scene.instances).toEqual([]);
    const kept = entries.all.map((e) => 'result' in e && e.result.measurements.length);
    expect(kept).toEqual([1, 0, 1, 0, 0, 0, 0, false]);
  });
});
