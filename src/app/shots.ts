/** Few-shot selection: which normals a run of `--shots N` learns from. */
import { createRandom } from '../core/grid/random.ts';
import type { ImageRef } from './learn.ts';

/**
 * `shots` of the images: those that carry exemplars first, for they must be looked at anyway, then a seeded draw of the
 * rest; in the order of the folder. All of them where `shots` is absent or not smaller.
 */
export function drawShots<R extends ImageRef>(
  all: readonly R[],
  exemplars: readonly string[],
  shots: number | undefined,
  seed: number,
): R[] {
  if (shots === undefined || shots >= all.length) return [...all];
  const drawn = all.filter((i) => exemplars.includes(i.name)).slice(0, shots);
  const rest = all.filter((i) => !exemplars.includes(i.name));
  drawn.push(
    ...createRandom(seed)
      .shuffle(rest)
      .slice(0, shots - drawn.length),
  );
  return all.filter((i) => drawn.includes(i));
}
