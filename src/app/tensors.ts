/** Between the Grids of the core and the tensors of the inference port; no value is copied. */
import type { Rows } from '../core/grid/cluster.ts';
import { type FeatureGrid, grid, type RgbImage } from '../core/grid/grid.ts';
import type { Tensor } from './ports.ts';

/** `[h, w, 3]` bytes as `[1, h, w, 3]`. */
export const imageTensor = ({ data, height, width }: RgbImage): Tensor => ({ dims: [1, height, width, 3], data });

/** `[n, 1, d]` as `[n, d]`. */
export const rowsTensor = (r: Rows): Tensor => ({ dims: [r.height * r.width, r.channels], data: r.data });

export const vectorTensor = (data: Float32Array): Tensor => ({ dims: [data.length], data });

/** `[1, h, w, c]` floats as a grid. */
export const asGrid = ({ data, dims }: Tensor): FeatureGrid => grid(data as Float32Array, dims[1]!, dims[2]!, dims[3]!);

/** `[n, d]` floats as rows. */
export const asRows = ({ data, dims }: Tensor): Rows => grid(data as Float32Array, dims[0]!, 1, dims[1]!);
