/** Drawing boxes, discs and polygons into cells. Coordinates are in cell units: cell i spans [i, i + 1). */
import type { Mask } from './grid.ts';

/** Calls `visit` for every cell whose centre lies in the box. */
export function eachInBox(
  width: number,
  height: number,
  box: readonly [number, number, number, number],
  visit: (index: number, x: number, y: number) => void,
): void {
  const x0 = Math.max(0, Math.ceil(box[0] - 0.5));
  const y0 = Math.max(0, Math.ceil(box[1] - 0.5));
  const x1 = Math.min(width - 1, Math.ceil(box[2] - 0.5) - 1);
  const y1 = Math.min(height - 1, Math.ceil(box[3] - 0.5) - 1);
  for (let y = y0; y <= y1; y++) for (let x = x0; x <= x1; x++) visit(y * width + x, x, y);
}

/** Calls `visit` for every cell whose centre lies in the disc; at least for the cell that holds its centre. */
export function eachInDisc(
  width: number,
  height: number,
  cx: number,
  cy: number,
  radiusX: number,
  radiusY: number,
  visit: (index: number, x: number, y: number) => void,
): void {
  const home =
    Math.min(height - 1, Math.max(0, Math.floor(cy))) * width + Math.min(width - 1, Math.max(0, Math.floor(cx)));
  eachInBox(width, height, [cx - radiusX, cy - radiusY, cx + radiusX + 1e-9, cy + radiusY + 1e-9], (i, x, y) => {
    const dx = (x + 0.5 - cx) / radiusX;
    const dy = (y + 0.5 - cy) / radiusY;
    if (i !== home && dx * dx + dy * dy <= 1) visit(i, x, y);
  });
  visit(home, home % width, Math.floor(home / width));
}

/** Calls `visit` for every cell whose centre lies in the polygon (even-odd rule). */
export function eachInPolygon(
  width: number,
  height: number,
  polygon: readonly (readonly [number, number])[],
  visit: (index: number, x: number, y: number) => void,
): void {
  for (let y = 0; y < height; y++) {
    const cy = y + 0.5;
    const cuts: number[] = [];
    for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
      const [xi, yi] = polygon[i]!;
      const [xj, yj] = polygon[j]!;
      if (yi > cy !== yj > cy) cuts.push(xi + ((cy - yi) * (xj - xi)) / (yj - yi));
    }
    cuts.sort((a, b) => a - b);
    for (let k = 0; k + 1 < cuts.length; k += 2) {
      const from = Math.max(0, Math.ceil(cuts[k]! - 0.5));
      const to = Math.min(width - 1, Math.ceil(cuts[k + 1]! - 0.5) - 1);
      for (let x = from; x <= to; x++) visit(y * width + x, x, y);
    }
  }
}

/** Nearest-neighbour copy of a mask onto a `[height, width]` grid. */
export function maskOnto(mask: Mask, height: number, width: number): Mask {
  const data = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    const sy = Math.min(mask.height - 1, Math.floor(((y + 0.5) * mask.height) / height));
    for (let x = 0; x < width; x++) {
      const sx = Math.min(mask.width - 1, Math.floor(((x + 0.5) * mask.width) / width));
      data[y * width + x] = mask.data[sy * mask.width + sx]! ? 1 : 0;
    }
  }
  return { data, height, width, channels: 1 };
}
