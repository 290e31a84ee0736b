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
    // Patch matching alone on half as many normals as the demo has; with its rules and all normals: npm run bench -- localise.
    const { patch, defects, largest } = await localiseDemo(
      engine,
      { train: 15, good: 2, structural: 14 },
      () => 'schema: logsad/rules/v1\nproduct: sensor-kit\ndetectors: [patch]\n',
    );
    expect(defects).toBe(14);
    expect(largest).toBeLessThanOrEqual(0.02);
    expect(patch.auroc).toBeGreaterThanOrEqual(0.95);
    expect(patch.aupro[0]!).toBeGreaterThanOrEqual(0.8);
  }, 240_000);
});
