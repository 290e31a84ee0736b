/** Shapes of the rule file (regions, ignore) as cells of a frame. Interest-relative shapes have no cells before a Scene. */
import { toCellX, toCellY } from '../frame.ts';
import { emptyMask, type Mask } from '../grid/grid.ts';
import { eachInBox, eachInPolygon, maskOnto } from '../grid/shapes.ts';
import type { RuleFile, Shape } from '../rules/definition.ts';
import type { Box, SceneFrame } from '../scene.ts';

/**
 * Cells covered by any of the shapes on a `[height, width]` grid over the frame; null where there are none.
 * @param files decoded mask files by name
 */
export function shapesMask(
  shapes: readonly Shape[],
  file: RuleFile,
  frame: SceneFrame,
  height: number,
  width: number,
  files: ReadonlyMap<string, Mask> = new Map(),
): Mask | null {
  if (shapes.length === 0) return null;
  const out = emptyMask(height, width);
  const paint = (shape: Shape, depth: number): void => {
    if ('box' in shape) {
      const [x0, y0, x1, y1] = shape.box;
      const cells = [
        toCellX(frame, x0, width),
        toCellY(frame, y0, height),
        toCellX(frame, x1, width),
        toCellY(frame, y1, height),
      ] as const;
      eachInBox(width, height, cells, (i) => {
        out.data[i] = 1;
      });
    } else if ('polygon' in shape) {
      const cells = shape.polygon.map(([x, y]): [number, number] => [
        toCellX(frame, x, width),
        toCellY(frame, y, height),
      ]);
      eachInPolygon(width, height, cells, (i) => {
        out.data[i] = 1;
      });
    } else if ('mask' in shape) {
      const mask = files.get(shape.mask);
      if (mask) paintMask(mask, out, frame);
    } else if ('region' in shape && depth < 8) {
      if (shape.region === 'image') out.data.fill(1);
      const named = Object.hasOwn(file.regions, shape.region) ? file.regions[shape.region] : undefined;
      if (named) paint(named, depth + 1);
    }
  };
  for (const s of shapes) paint(s, 0);
  return out;
}

/**
 * The box around a shape that is the same in every picture; null where it has none: an empty or unread mask, or a shape
 * that follows an interest.
 * @param files decoded mask files by name
 */
export function shapeBox(shape: Shape, file: RuleFile, files: ReadonlyMap<string, Mask> = new Map()): Box | null {
  if ('box' in shape) return shape.box;
  if ('polygon' in shape) {
    const xs = shape.polygon.map((p) => p[0]);
    const ys = shape.polygon.map((p) => p[1]);
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }
  if ('mask' in shape) return maskBox(files.get(shape.mask));
  if (!('region' in shape)) return null;
  // The compiler has refused regions that lead in a circle.
  if (Object.hasOwn(file.regions, shape.region)) return shapeBox(file.regions[shape.region]!, file, files);
  return shape.region === 'image' ? [0, 0, 1, 1] : null;
}

/** Bounding box of a mask over the whole image, fractions; null where it is empty. */
function maskBox(mask: Mask | undefined): Box | null {
  if (!mask) return null;
  let [x0, y0, x1, y1] = [mask.width, mask.height, 0, 0];
  mask.data.forEach((v, i) => {
    if (!v) return;
    const x = i % mask.width;
    const y = Math.floor(i / mask.width);
    x0 = Math.min(x0, x);
    y0 = Math.min(y0, y);
    x1 = Math.max(x1, x + 1);
    y1 = Math.max(y1, y + 1);
  });
  return x1 > x0 ? [x0 / mask.width, y0 / mask.height, x1 / mask.width, y1 / mask.height] : null;
}

/** Marks the cells of `out`, a grid over the frame, that a mask file covers; the file shows the whole image. */
export function paintMask(mask: Mask, out: Mask, frame: SceneFrame): void {
  const [x0, y0, x1, y1] = frame.box;
  if (x0 === 0 && y0 === 0 && x1 === 1 && y1 === 1) {
    maskOnto(mask, out.height, out.width).data.forEach((v, i) => {
      if (v) out.data[i] = 1;
    });
    return;
  }
  for (let y = 0; y < out.height; y++) {
    const sy = Math.min(mask.height - 1, Math.floor((y0 + ((y1 - y0) * (y + 0.5)) / out.height) * mask.height));
    for (let x = 0; x < out.width; x++) {
      const sx = Math.min(mask.width - 1, Math.floor((x0 + ((x1 - x0) * (x + 0.5)) / out.width) * mask.width));
      if (mask.data[sy * mask.width + sx]) out.data[y * out.width + x] = 1;
    }
  }
}
