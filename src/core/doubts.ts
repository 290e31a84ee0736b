/** When a verdict would be a guess: reasons to send a picture to a person instead (`review`). */
import { NO_NORMALS } from './rules/kind.ts';
import { NO_MAP } from './rules/kinds/structure.ts';
import type { Measurement, Scene } from './scene.ts';

/** Aspect ratios this far apart show another camera, crop or turn. */
const ASPECT_SHARE = 0.03;

/**
 * @param measurements of every rule on the scene
 * @param normals scenes the profile learnt from
 */
export function doubtsOf(scene: Scene, measurements: readonly Measurement[], normals: readonly Scene[]): string[] {
  const doubts: string[] = [];
  if (measurements.length > 0 && measurements.every((m) => m.skipped !== undefined)) {
    doubts.push(`cannot judge: no rule applies (${measurements[0]!.skipped})`);
  }
  for (const m of measurements) {
    // No map of this picture, or a rule that came after learning, of whose place no normal has a map.
    if (m.kind === 'structure' && (m.skipped === NO_MAP || m.skipped === NO_NORMALS))
      doubts.push(`cannot judge ${m.rule}: ${NO_MAP}`);
    // A rule that came after learning: nobody read the normals' print.
    if (m.kind === 'text' && m.skipped === NO_NORMALS)
      doubts.push(`cannot judge ${m.rule}: no print was read on the normals: learn the profile again`);
  }
  const aspect = (s: Scene): number => s.frame.imageWidth / s.frame.imageHeight;
  const own = aspect(scene);
  if (normals.length > 0 && normals.every((n) => Math.abs(own / aspect(n) - 1) > ASPECT_SHARE)) {
    doubts.push(
      `cannot judge: the picture is ${scene.frame.imageWidth} x ${scene.frame.imageHeight}, of another shape than the normals`,
    );
  }
  return doubts;
}
