/** The standard normal distribution, to the precision that bounds need. */

/** Inverse of the standard normal distribution function, p in (0, 1); absolute error below 1e-8 (bisection). */
export function probit(p: number): number {
  let low = -40;
  let high = 40;
  for (let i = 0; i < 80; i++) {
    const mid = (low + high) / 2;
    if (normalCdf(mid) < p) low = mid;
    else high = mid;
  }
  return (low + high) / 2;
}

/** Standard normal distribution function by the series (|x| < 6) or the continued fraction of Laplace. */
export function normalCdf(x: number): number {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (Math.abs(x) < 6) {
    let term = x;
    let sum = x;
    for (let k = 3; k < 200 && Math.abs(term) > 1e-18 * Math.abs(sum); k += 2) {
      term *= (x * x) / k;
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let fraction = Math.abs(x);
  for (let k = 60; k >= 1; k--) fraction = Math.abs(x) + k / fraction;
  return x > 0 ? 1 - density / fraction : density / fraction;
}

/**
 * Quantile of Student's t: exact for one and two degrees of freedom, else the expansion in 1/df about the normal quantile
 * (Fisher and Cornish 1960; within 1 % from 3 degrees on for p up to 0.99).
 */
export function studentQuantile(p: number, df: number): number {
  if (df === 1) return Math.tan(Math.PI * (p - 0.5));
  if (df === 2) return (2 * p - 1) / Math.sqrt(2 * p * (1 - p));
  const z = probit(p);
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduce((sum, term, k) => sum + term / df ** (k + 1), z);
}

/**
 * How many sigmas above the mean of n values of a normal distribution the next one lies with probability `rate`: the upper
 * end of the classical prediction interval, t(n-1) sqrt(1 + 1/n), wide for few. Infinity for fewer than two values.
 */
export function predictionFactor(n: number, rate: number): number {
  return n < 2 ? Number.POSITIVE_INFINITY : studentQuantile(1 - rate, n - 1) * Math.sqrt(1 + 1 / n);
}
