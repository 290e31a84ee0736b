/** Places of the rule file on a detector's grid, and a map pooled inside them: what `structure` rules measure (Eq. 1). */
import { emptyMask, type FeatureGrid, type Mask } from '../grid/grid.ts';
import { forEachSpan } from '../grid/runs.ts';
import { shapesMask } from '../ground/place.ts';
import type { RuleFile, RuleSpec, Shape } from '../rules/definition.ts';
import type { Box, Instance, Scene } from '../scene.ts';
import { structureKey } from '../structureKey.ts';
import { type GridSize, resizeMap } from './cells.ts';

/** A `top` pool is the mean of this share of the largest values. */
const TOP = 0.01;
/** Regions that name regions: the compiler refuses circles. */
const DEPTH = 8;

const knownOf = (scene: Scene, interest: string): readonly Instance[] =>
  scene.instances.filter((i) => i.interest === interest && i.status === 'known');

/** A shape without references to what is found in the picture: boxes stand for interests and for the product. */
function resolved(shape: Shape, file: RuleFile, scene: Scene, depth = 0): readonly Shape[] {
  if ('interest' in shape) {
    const { imageWidth, imageHeight } = scene.frame;
    const long = Math.max(imageWidth, imageHeight);
    const [gx, gy] = [((shape.grow ?? 0) * long) / imageWidth, ((shape.grow ?? 0) * long) / imageHeight];
    return knownOf(scene, shape.interest).map(({ box: [x0, y0, x1, y1] }) => ({
      box: [x0 - gx, y0 - gy, x1 + gx, y1 + gy] as Box,
    }));
  }
  if (!('region' in shape) || depth > DEPTH) return [shape];
  const { region } = shape;
  if (Object.hasOwn(file.regions, region)) return resolved(file.regions[region]!, file, scene, depth + 1);
  if (region === 'product') return [{ box: scene.product }];
  return Object.hasOwn(file.interests, region) ? resolved({ interest: region }, file, scene, depth + 1) : [shape];
}

/** As `shapesMask`, with shapes that follow an interest or the product where the scene shows them; null for no shapes. */
export function sceneMask(
  shapes: readonly Shape[],
  file: RuleFile,
  scene: Scene,
  { width, height }: GridSize,
  masks: ReadonlyMap<string, Mask>,
): Mask | null {
  if (shapes.length === 0) return null;
  const found = shapes.flatMap((s) => resolved(s, file, scene));
  return shapesMask(found, file, scene.frame, height, width, masks) ?? emptyMask(height, width);
}

/** Cells that count: inside the region ('' for everywhere), outside what the file ignores; null for all. */
export function scoredMask(
  file: RuleFile,
  scene: Scene,
  size: GridSize,
  region: string,
  masks: ReadonlyMap<string, Mask>,
): Mask | null {
  const ignored = sceneMask(file.ignore, file, scene, size, masks);
  const inside = region === '' ? null : sceneMask([{ region }], file, scene, size, masks);
  if (!ignored && !inside) return null;
  const out = emptyMask(size.height, size.width);
  for (let i = 0; i < out.data.length; i++) out.data[i] = (!inside || inside.data[i]) && !ignored?.data[i] ? 1 : 0;
  return out;
}

/** All `structure` rules of a file, those inside combinators too. */
export function structureRules(rules: readonly RuleSpec[]): readonly RuleSpec[] {
  return rules.flatMap((r) => [...(r.kind === 'structure' ? [r] : []), ...structureRules(r.rules)]);
}

function pooled(values: Float32Array, pool: unknown): number {
  const sorted = Float64Array.from(values).sort();
  const n = pool === 'mean' ? sorted.length : pool === 'top' ? Math.max(1, Math.floor(TOP * sorted.length)) : 1;
  let sum = 0;
  for (let i = sorted.length - n; i < sorted.length; i++) sum += sorted[i]!;
  return sum / n;
}

/**
 * Per place of a `structure` rule (`structureKey`) its map value: the map, on the scene's grid, pooled over the instances of `of`, over `region`, or
 * over everything. A rule whose place is not in the picture has none.
 */
export function structureReadings(
  map: FeatureGrid,
  file: RuleFile,
  scene: Scene,
  masks: ReadonlyMap<string, Mask>,
): Readonly<Record<string, number>> {
  const rules = structureRules(file.rules);
  if (rules.length === 0) return {};
  const { data } = resizeMap(map, scene.grid);
  const out: Record<string, number> = {};
  for (const { params } of rules) {
    const key = structureKey(params);
    if (Object.hasOwn(out, key)) continue;
    let inside: Mask | null = null;
    if (typeof params.of === 'string') {
      const mask = emptyMask(scene.grid.height, scene.grid.width);
      for (const i of knownOf(scene, params.of))
        forEachSpan(i.mask, mask.width, (row, x0, x1) =>
          mask.data.fill(1, row * mask.width + x0, row * mask.width + x1),
        );
      inside = mask;
    } else if (typeof params.region === 'string') {
      inside = sceneMask([{ region: params.region }], file, scene, scene.grid, masks);
    }
    const values = inside ? data.filter((_, i) => inside.data[i]) : data;
    if (values.length > 0) out[key] = pooled(values, params.pool);
  }
  return out;
}
