import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cholesky,
  choleskySolve,
  dot,
  matmul,
  ridge,
  squaredDistance,
  unitRows,
} from '../../../src/core/grid/linear.ts';
import { createRandom } from '../../../src/core/grid/random.ts';
import { fitGaussian, mahalanobis, principalBasis, project, symmetricEigen } from '../../../src/core/grid/spectral.ts';
import { npyFloats } from '../../support/npy.ts';
import { shared, sharedPath } from '../../support/shared.ts';

const draws = (n: number, seed: number): Float64Array => {
  const random = createRandom(seed);
  return Float64Array.from({ length: n }, () => random.normal());
};

/** G G' + I: symmetric and positive definite. */
function definite(n: number, seed: number): Float64Array {
  const g = draws(n * n, seed);
  return Float64Array.from({ length: n * n }, (_, i) => {
    const [r, c] = [Math.floor(i / n), i % n];
    return dot(g, r * n, g, c * n, n) + (r === c ? 1 : 0);
  });
}

const sizes = fc.integer({ min: 1, max: 20 });

describe('products', () => {
  it('matmul gives every inner product', () => {
    fc.assert(
      fc.property(sizes, sizes, sizes, fc.integer(), (n, m, k, seed) => {
        const a = draws(n * k, seed);
        const b = draws(m * k, seed + 1);
        const found = matmul(a, b, k);
        expect(found.length).toBe(n * m);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < m; j++) {
            let sum = 0;
            for (let c = 0; c < k; c++) sum += a[i * k + c]! * b[j * k + c]!;
            expect(found[i * m + j]).toBeCloseTo(sum, 4);
          }
        }
      }),
      { numRuns: 40 },
    );
    expect(() => matmul(new Float32Array(5), new Float32Array(4), 2)).toThrow(RangeError);
  });

  it('unit rows have length one, zero rows stay zero', () => {
    const rows = unitRows(Float32Array.of(3, 4, 0, 0, -2, 0), 2);
    expect([...rows]).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0, -1, 0]);
    expect(squaredDistance(rows, 0, rows, 4, 2)).toBeCloseTo(1.6 ** 2 + 0.8 ** 2, 5);
    expect(() => unitRows(new Float32Array(3), 2)).toThrow(RangeError);
  });
});

describe('solving', () => {
  it('Cholesky solves symmetric positive definite systems', () => {
    fc.assert(
      fc.property(sizes, fc.integer(), (n, seed) => {
        const a = definite(n, seed);
        const x = draws(n, seed + 7);
        const b = x.map((_, i) => dot(a, i * n, x, 0, n));
        const found = choleskySolve(cholesky(a, n), n, b);
        for (let i = 0; i < n; i++) expect(found[i]).toBeCloseTo(x[i]!, 7);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a matrix that is not positive definite', () => {
    expect(() => cholesky(Float64Array.of(1, 2, 2, 1), 2)).toThrow(/pivot 1/);
    expect(() => cholesky(new Float64Array(3), 2)).toThrow(RangeError);
  });

  it('ridge recovers weights, and shrinks them with lambda', () => {
    const [n, d, t] = [300, 6, 2];
    const x = draws(n * d, 1);
    const w = draws(d * t, 2);
    const y = Float64Array.from({ length: n * t }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += x[Math.floor(i / t) * d + k]! * w[k * t + (i % t)]!;
      return sum;
    });
    ridge(x, d, y, t, 1e-9).forEach((v, i) => {
      expect(v).toBeCloseTo(w[i]!, 6);
    });
    const shrunk = ridge(x, d, y, t, 300);
    expect(dot(shrunk, 0, shrunk, 0, d * t)).toBeLessThan(0.5 * dot(w, 0, w, 0, d * t));
  });
});

describe('spectra', () => {
  it('decompose symmetric matrices', () => {
    fc.assert(
      fc.property(sizes, fc.integer(), (n, seed) => {
        const a = definite(n, seed);
        const { values, vectors } = symmetricEigen(a, n);
        for (let i = 0; i < n; i++) {
          if (i > 0) expect(values[i]!).toBeLessThanOrEqual(values[i - 1]!);
          expect(dot(vectors, i * n, vectors, i * n, n)).toBeCloseTo(1, 9);
          for (let k = 0; k < n; k++) {
            expect(dot(a, k * n, vectors, i * n, n)).toBeCloseTo(values[i]! * vectors[i * n + k]!, 7);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('principal directions follow the spread', () => {
    const noise = draws(400, 3);
    const rows = Float64Array.from({ length: 400 }, (_, i) => {
      const r = i - (i % 2);
      return i % 2 === 0 ? 5 + 3 * noise[r]! + 0.1 * noise[r + 1]! : 1 + 4 * noise[r]!;
    });
    const basis = principalBasis(rows, 2, 1);
    expect(basis.directions[0]).toBeCloseTo(0.6, 1);
    expect(basis.directions[1]).toBeCloseTo(0.8, 1);
    const along = project(basis, rows);
    expect(along.length).toBe(200);
    expect(dot(along, 0, along, 0, 200) / 200).toBeCloseTo(basis.variances[0]!, 3);
  });

  it('Mahalanobis distance without shrinkage is invariant under scaling; shrinkage holds it finite', () => {
    const rows = draws(120, 9);
    const plain = fitGaussian(rows, 3, { shrinkage: 0 });
    const scaled = fitGaussian(
      rows.map((v, i) => v * [1, 10, 100][i % 3]!),
      3,
      { shrinkage: 0 },
    );
    expect(mahalanobis(scaled, [1, 20, -50])).toBeCloseTo(mahalanobis(plain, [1, 2, -0.5]), 8);
    // Two rows in three dimensions: singular unless shrunk.
    expect(() => fitGaussian(rows.slice(0, 6), 3, { shrinkage: 0 })).toThrow(RangeError);
    const few = fitGaussian(rows.slice(0, 12), 3);
    expect(few.shrinkage).toBeGreaterThan(0);
    expect(few.shrinkage).toBeLessThanOrEqual(1);
    expect(Number.isFinite(mahalanobis(few, [9, 9, 9]))).toBe(true);
    // Many rows with a pronounced shape need next to no shrinkage.
    const many = draws(9000, 4).map((v, i) => v * [1, 5, 9][i % 3]!);
    expect(fitGaussian(many, 3).shrinkage).toBeLessThan(0.01);
  });

  it.skipIf(shared('golden/patch') === null)('PaDiM distances of golden/patch (needs ../shared)', () => {
    const golden = JSON.parse(readFileSync(sharedPath('golden/patch/expected.json'), 'utf8'));
    const train = npyFloats(sharedPath('golden/patch/padim.train.npy'));
    const [images, cells, d] = train.shape as [number, number, number];
    const query = npyFloats(sharedPath('golden/patch/query_raw.npy'));
    const map = npyFloats(sharedPath('golden/patch/padim.map.npy')).data;
    let worst = 0;
    for (let cell = 0; cell < cells; cell++) {
      const rows = Float32Array.from({ length: images * d }, (_, i) => {
        return train.data[(Math.floor(i / d) * cells + cell) * d + (i % d)]!;
      });
      const model = fitGaussian(rows, d, { shrinkage: 0, floor: 0.01, ddof: 1 });
      const distance = mahalanobis(model, query.data, cell * query.shape[2]!);
      expect(Math.abs(distance - map[cell]!)).toBeLessThan(1e-4);
      worst = Math.max(worst, distance);
    }
    expect(Math.abs(worst - golden.padim.score)).toBeLessThan(1e-4);
  });
});
