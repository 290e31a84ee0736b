/** Where the anomaly map lies: structural defects of the drawn product against their exact masks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../src/index.ts';
import { localiseDemo } from '../support/localise.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine[Symbol.asyncDispose]());

describe('maps of structural defects', () => {
  it('two of each kind, none larger than 2 % of the picture, are found where they are', async () => {
    const { patch, fused, defects, largest } = await localiseDemo(engine, { train: 10, good: 2, structural: 14 });
    expect(defects).toBe(14);
    expect(largest).toBeLessThanOrEqual(0.02);
    for (const m of [patch, fused]) {
      expect(m.auroc).toBeGreaterThanOrEqual(0.95);
      expect(m.aupro[0]!).toBeGreaterThanOrEqual(0.8);
    }
    console.log(
      `demo localisation: patch pixel AUROC ${patch.auroc.toFixed(4)}, AUPRO@0.3 ${patch.aupro[0]!.toFixed(4)}; fused ${fused.auroc.toFixed(4)}, ${fused.aupro[0]!.toFixed(4)}`,
    );
  }, 240_000);
});
