/** golden/segment as grids: its two run-length encodings, tensors and tables. */
import { readFileSync } from 'node:fs';
import { grid, type LabelGrid } from '../../src/core/grid/grid.ts';
import { npyGrid, npyRows } from './npy.ts';
import { sharedPath } from './shared.ts';

const at = (name: string): string => sharedPath('golden/segment', name);

export const segmentJson = <T>(name: string): T => JSON.parse(readFileSync(at(name), 'utf8')) as T;
export const segmentRows = (name: string) => npyRows(at(name));
export const segmentLabels = (name: string): LabelGrid => npyGrid<Int32Array>(at(name));

/** A label map from its flat list `value, length, value, length, ...`. */
export function mapOf(runs: readonly number[], height: number, width: number): LabelGrid {
  const data = new Int32Array(height * width);
  let from = 0;
  for (let i = 0; i < runs.length; i += 2) {
    data.fill(runs[i]!, from, from + runs[i + 1]!);
    from += runs[i + 1]!;
  }
  return grid(data, height, width);
}
