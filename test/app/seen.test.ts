/** Detectors on the ground backbone take the stages that grounding has computed: the result must be the same. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRunner, type SeenStages } from '../../src/app/runner.ts';
import type { CellSpec } from '../../src/core/detect/cells.ts';
import { rowsAnswer } from '../../src/core/detect/detector.ts';
import { type Engine, openEngine } from '../../src/index.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine[Symbol.asyncDispose]());

it('rows from stages that were seen equal rows from the picture, of that backbone alone', async () => {
  const backbone = await engine.backbones.model('centernet');
  const size = { width: 96, height: 64 };
  const data = Uint8Array.from({ length: size.width * size.height * 3 }, (_, i) => (i * 31) % 241);
  const picture = { ...size, data, channels: 3 as const };
  const names = ['s8', 's16'];
  const found = await engine.inference.run(
    [{ graph: backbone.graph, feeds: { image: { dims: [1, 64, 96, 3], data } } }],
    names.map((n) => [0, n] as const),
  );
  const stages = Object.fromEntries(
    found.map((t, i) => [
      names[i]!,
      { data: t.data as Float32Array, height: t.dims[1]!, width: t.dims[2]!, channels: t.dims[3]! },
    ]),
  );
  const spec: CellSpec = {
    stages: names,
    stride: 8,
    side: null,
    alignCorners: false,
    neighbourhood: 1,
    standardise: false,
    places: 0,
  };
  const rowsBy = async (seen: SeenStages | null) => {
    const run = createRunner(engine, backbone, async () => picture, { seen });
    return run(
      (function* () {
        return rowsAnswer(yield { do: 'rows', of: [{ image: 0, spec, scales: [], places: null }] })[0]!;
      })(),
    );
  };
  const fresh = await rowsBy(null);
  const shared = await rowsBy({ backbone: 'centernet', stages });
  const other = await rowsBy({ backbone: 'another', stages: {} });
  for (const [s, rows] of fresh.entries()) {
    expect(shared[s]!.data).toEqual(rows.data);
    expect(other[s]!.data).toEqual(rows.data);
    expect(rows.height).toBe(96);
  }
});
