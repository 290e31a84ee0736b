/** Largest |got - want| relative to max(tiny, |want|). */
export function relative(got: ArrayLike<number>, want: ArrayLike<number>, tiny = 1e-12): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < got.length; i++) {
    const error = Math.abs(got[i]! - want[i]!) / Math.max(tiny, Math.abs(want[i]!));
    // Numbers below the smallest normal float32 were stored as 0.
    if (Math.abs(want[i]!) < 1.2e-38 && Math.abs(got[i]!) < 1.2e-38) continue;
    worst = Math.max(worst, error);
  }
  return worst;
}

/** Largest |got - want|. */
export function absolute(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < got.length; i++) worst = Math.max(worst, Math.abs(got[i]! - want[i]!));
  return worst;
}
