/** PatchCore, SPADE, PaDiM and smoothing on golden/patch; the LogSAD part of it is in golden.test.ts. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halfNorms } from '../../../src/core/detect/cover.ts';
import { distancesOf, meanRow, nearestRows, reweighted } from '../../../src/core/detect/euclid.ts';
import { fitPlaces, leftOutDistances, placeDistances } from '../../../src/core/detect/placeGaussians.ts';
import type { Rows } from '../../../src/core/grid/cluster.ts';
import { unitRows } from '../../../src/core/grid/linear.ts';
import { createRandom } from '../../../src/core/grid/random.ts';
import { gaussianSmooth } from '../../../src/core/grid/smooth.ts';
import { absolute } from '../../support/errors.ts';
import { npyFloats, npyGrid, npyRows } from '../../support/npy.ts';
import { searchRows } from '../../support/plainNeeds.ts';
import { shared, sharedPath } from '../../support/shared.ts';

const golden = (name: string): string => sharedPath('golden', 'patch', name);
/** golden/patch states none: float32 values of the size of ten against float64. */
const TOLERANCE = 2e-5;
const worst: Record<string, number> = {};
function near(what: string, got: ArrayLike<number>, want: ArrayLike<number>, tolerance = TOLERANCE): void {
  const error = absolute(got, want);
  worst[what] = Math.max(worst[what] ?? 0, error);
  expect(error, what).toBeLessThan(tolerance);
}

const bag = (data: Float32Array, d: number): Rows => ({ data, height: data.length / d, width: 1, channels: d });

/** The first `d` columns. */
function columns(rows: { data: Float32Array; channels: number }, d: number): Rows {
  const c = rows.channels;
  return bag(
    Float32Array.from({ length: (rows.data.length / c) * d }, (_, i) => rows.data[Math.floor(i / d) * c + (i % d)]!),
    d,
  );
}

describe.skipIf(shared('golden/patch') === null)('golden/patch, baselines (needs ../shared/golden)', () => {
  const expected = JSON.parse(shared('golden/patch') ? readFileSync(golden('expected.json'), 'utf8') : '{}');

  it('PatchCore: patch scores, neighbours, weight and image score', () => {
    const [query, bank] = [columns(npyGrid(golden('query_raw.npy')), 32), columns(npyRows(golden('bank_raw.npy')), 32)];
    const scores = distancesOf(query, searchRows(query, bank, halfNorms(bank)).largest);
    near('PatchCore patches', scores, npyFloats(golden('patchcore.patch_scores.npy')).data);
    const { max_patch: at, nn, neighbours, s_star: star, weight, score } = expected.patchcore;
    expect(scores.indexOf(Math.max(...scores))).toBe(at);
    expect(nearestRows(query, at, bank, 1)[0]!.index).toBe(nn);
    expect(nearestRows(bank, nn, bank, 9).map((r) => r.index)).toEqual(neighbours);
    const got = reweighted(query, scores, bank, 9);
    near('PatchCore image', [got.worst, got.weight, got.score], [star, weight, score]);
    expect(reweighted(query, scores, bank, 1).score).toBe(got.worst);
    const [q, b] = [query, bank].map((r) => bag(unitRows(r.data, 32), 32)) as [Rows, Rows];
    const unit = reweighted(q, distancesOf(q, searchRows(q, b, halfNorms(b)).largest), b, 9);
    const { s_star, weight: w, score: s } = expected.patchcore_unit;
    near('PatchCore image, unit rows', [unit.worst, unit.weight, unit.score], [s_star, w, s], 1e-6);
  });

  it('SPADE: neighbours, image score, maps of one and two neighbours', () => {
    const query = columns(npyGrid(golden('query_raw.npy')), 32);
    const { data, shape } = npyFloats(golden('spade.gallery.npy'));
    const cells = shape[1]!;
    const images = Array.from({ length: shape[0]! }, (_, i) =>
      bag(data.slice(i * cells * 32, (i + 1) * cells * 32), 32),
    );
    const globals = bag(Float32Array.from(images.flatMap((g) => [...meanRow(g).data])), 32);
    const near3 = nearestRows(meanRow(query), 0, globals, expected.spade.K);
    expect(near3.map((r) => r.index)).toEqual(expected.spade.neighbours);
    near('SPADE image', [near3.reduce((s, r) => s + r.distance, 0) / near3.length], [expected.spade.image_score]);
    const gallery = bag(Float32Array.from(near3.flatMap((r) => [...images[r.index]!.data])), 32);
    for (const kappa of [1, 2]) {
      const { ranked } = searchRows(query, gallery, halfNorms(gallery), kappa);
      const each = ranked.map((l) => distancesOf(query, l));
      const map = each[0]!.map((_, i) => each.reduce((s, e) => s + e[i]!, 0) / kappa);
      near(`SPADE map, ${kappa}`, map, npyFloats(golden(`spade.map_kappa${kappa}.npy`)).data);
    }
  });

  it('PaDiM: Mahalanobis per place', () => {
    const { data, shape } = npyFloats(golden('padim.train.npy'));
    const [n, places, d] = shape as [number, number, number];
    const images = Array.from({ length: n }, (_, i) => bag(data.slice(i * places * d, (i + 1) * places * d), d));
    const map = placeDistances(columns(npyGrid(golden('query_raw.npy')), d), fitPlaces(images));
    near('PaDiM map', map, npyFloats(golden('padim.map.npy')).data);
    near('PaDiM image', [Math.max(...map)], [expected.padim.score]);
  });

  it('Gaussian of four cells as scipy', () => {
    near(
      'smoothing',
      gaussianSmooth(npyGrid(golden('smooth.input.npy')), 4).data,
      npyFloats(golden('smooth.sigma4_scipy.npy')).data,
      2e-6,
    );
  });

  it('worst absolute errors', () => {
    const figures = Object.entries(worst).map(([k, v]) => `${k} ${v.toExponential(1)}`);
    process.stdout.write(`golden/patch, baselines: ${figures.join(', ')}\n`);
    expect(Object.keys(worst)).toHaveLength(9);
  });
});

describe('PaDiM without one normal', () => {
  it('by rank one equals fitting the others', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 3, max: 9 }),
        fc.integer({ min: 1, max: 5 }),
        (seed, n, d) => {
          const random = createRandom(seed);
          const images = Array.from({ length: n }, () =>
            bag(
              Float32Array.from({ length: 3 * d }, () => random.normal()),
              d,
            ),
          );
          const got = leftOutDistances(images)!;
          images.forEach((image, i) => {
            const want = placeDistances(image, fitPlaces(images.filter((_, j) => j !== i)));
            want.forEach((w, p) => {
              expect(Math.abs(got[i]![p]! - w) / Math.max(1, w)).toBeLessThan(2e-3);
            });
          });
        },
      ),
      { numRuns: 60 },
    );
    expect(leftOutDistances([bag(new Float32Array(2), 1), bag(new Float32Array(2), 1)])).toBeNull();
  });

  it('smoothing keeps a constant and the sum', () => {
    const flat = { data: new Float32Array(35).fill(3), height: 5, width: 7, channels: 1 };
    expect(absolute(gaussianSmooth(flat, 2).data, flat.data)).toBeLessThan(1e-6);
    expect(gaussianSmooth(flat, 0)).toBe(flat);
  });
});
