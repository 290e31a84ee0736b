/** Shapes of the rule file (regions, ignore) as cells of a frame. Interest-relative shapes have no cells before a Scene. */
import { toCellX, toCellY } from '../frame.ts';
import { emptyMask, type Mask } from '../grid/grid.ts';
import { eachInBox, eachInPolygon, maskOnto } from '../grid/shapes.ts';
import type { RuleFile, Shape } from '../rules/definition.ts';
import type { SceneFrame } from '../scene.ts';

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

/** A mask file covers the whole image; the frame may show a part of it. */
function paintMask(mask: Mask, out: Mask, frame: SceneFrame): void {
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
