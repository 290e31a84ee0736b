/**
 * Seeded randomness. `core` never draws on its own: a generator arrives as an argument, so the same seed gives the same
 * bytes on every machine. sfc32 (Doty-Humphrey's "small fast counting" generator, 128 bit state, period >= 2^32, passes
 * PractRand) whose state is filled by splitmix32 from one 32-bit seed.
 */
export interface Random {
  /** Uniform in [0, 1), 32 bits of it. */
  next(): number;
  /** Uniform integer in [0, n). @throws RangeError unless n is a positive integer. */
  int(n: number): number;
  /** Standard normal deviate (Box-Muller, both halves used). */
  normal(): number;
  /** A new array in random order (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
  /** One of `items`. @throws RangeError when there are none. */
  pick<T>(items: readonly T[]): T;
}

const UINT32 = 2 ** 32;
/** Draws thrown away after seeding, so that close seeds do not give close first numbers. */
const WARM_UP = 12;

/** splitmix32: one 32-bit state, a Weyl sequence with a mixing function; used only to fill the state of sfc32. */
function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

function sfc32(seed: number): () => number {
  const fill = splitmix32(seed);
  let a = fill() | 0;
  let b = fill() | 0;
  let c = fill() | 0;
  let counter = 1;
  return () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
}

/** A generator of its own for `seed` (only the low 32 bits count). */
export function createRandom(seed: number): Random {
  const bits = sfc32(seed);
  for (let i = 0; i < WARM_UP; i++) bits();
  let spare: number | null = null;
  const next = (): number => bits() / UINT32;
  const int = (n: number): number => {
    if (!Number.isInteger(n) || n < 1) throw new RangeError(`random: int(${n}) needs a positive integer`);
    return Math.floor(next() * n);
  };
  const normal = (): number => {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    // 1 - next() lies in (0, 1], so the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return {
    next,
    int,
    normal,
    shuffle: (items) => {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = int(i + 1);
        const kept = out[i]!;
        out[i] = out[j]!;
        out[j] = kept;
      }
      return out;
    },
    pick: (items) => items[int(items.length)]!,
  };
}
