/**
 * The per-product pixel head: class-balanced one-hot ridge regression in closed form on unit-normed backbone stages, Lab
 * colour, position and colour-word memberships (FINDINGS 2.5). Inference is separable: every stage is projected to K
 * logits at its own stride and only the K logits are upsampled, which equals ridge on bilinearly upsampled features
 * (FINDINGS 2.6). The stage part is a matrix product and runs as a generated ONNX graph; `stageWeights` hands it over.
 */
import { type FeatureGrid, type LabelGrid, zeros } from '../grid/grid.ts';
import { cholesky, choleskySolve } from '../grid/linear.ts';
import type { Random } from '../grid/random.ts';
import type { ColourSpec } from '../rules/definition.ts';
import { membership } from './colourWords.ts';
import { GROUND } from './constants.ts';
import {
  COLOUR_TERMS,
  colourTerms,
  type FrameFeatures,
  normaliseStage,
  POSITION_TERMS,
  positionTerms,
  type StageScale,
  sampleStage,
  stageScale,
} from './features.ts';
import { UNLABELLED } from './labels.ts';

/** A fitted head. `weights` is `[dimension, classes]` row-major; rows: stages, colour, position, memberships, bias. */
export interface PixelHead {
  readonly classes: readonly string[];
  readonly stages: readonly (StageScale & { readonly channels: number })[];
  /** Colour groundings whose membership is a feature, in order. */
  readonly colours: readonly ColourSpec[];
  readonly weights: Float32Array;
}

export interface LabelledFrame {
  readonly features: FrameFeatures;
  readonly labels: LabelGrid;
}

const stageRows = (stages: readonly { channels: number }[]): number => stages.reduce((n, s) => n + s.channels, 0);

/** Rows of the head's weight matrix. */
export function headDimension(head: Pick<PixelHead, 'stages' | 'colours'>): number {
  return stageRows(head.stages) + COLOUR_TERMS + POSITION_TERMS + head.colours.length + 1;
}

/** The features of one cell that do not come from the backbone, written from `at` on: colour, position, membership, bias. */
function localTerms(
  lab: FeatureGrid,
  cell: number,
  colours: readonly ColourSpec[],
  out: Float64Array | Float32Array,
  at: number,
): void {
  const { width, height } = lab;
  const l = lab.data[cell * 3]!;
  const a = lab.data[cell * 3 + 1]!;
  const b = lab.data[cell * 3 + 2]!;
  colourTerms(l, a, b, out, at);
  const x = (2 * ((cell % width) + 0.5)) / width - 1;
  const y = (2 * (Math.floor(cell / width) + 0.5)) / height - 1;
  positionTerms(x, y, out, at + COLOUR_TERMS);
  const next = at + COLOUR_TERMS + POSITION_TERMS;
  for (let k = 0; k < colours.length; k++) out[next + k] = GROUND.membershipWeight * membership(colours[k]!, l, a, b);
  out[next + colours.length] = 1;
}

/**
 * Indices of the labelled cells, at most `maxCellsPerImage`, drawn evenly at random from the large classes: a cable
 * beside a large background loses none of its few.
 */
function labelledCells(labels: LabelGrid, random: Random): number[] {
  const classes = new Map<number, number[]>();
  labels.data.forEach((cls, i) => {
    if (cls === UNLABELLED) return;
    const cells = classes.get(cls);
    if (cells) cells.push(i);
    else classes.set(cls, [i]);
  });
  const chosen: number[] = [];
  let left: number = GROUND.maxCellsPerImage;
  const bySize = [...classes.values()].sort((a, b) => a.length - b.length);
  bySize.forEach((cells, n) => {
    const share = Math.floor(left / (bySize.length - n));
    const drawn = cells.length <= share ? cells : random.shuffle(cells).slice(0, share);
    chosen.push(...drawn);
    left -= drawn.length;
  });
  return chosen.sort((a, b) => a - b);
}

/**
 * Fits the head on labelled frames.
 * @param classes names in label order
 * @param scaleFrames frames whose channel statistics normalise the stages (the exemplars at gain 1)
 */
export function fitHead(
  classes: readonly string[],
  colours: readonly ColourSpec[],
  frames: readonly LabelledFrame[],
  scaleFrames: readonly FrameFeatures[],
  random: Random,
): PixelHead {
  const stages = scaleFrames[0]!.stages.map((s, i) => ({
    ...stageScale(scaleFrames.map((f) => f.stages[i]!)),
    channels: s.channels,
  }));
  const d = stageRows(stages) + COLOUR_TERMS + POSITION_TERMS + colours.length + 1;
  const k = classes.length;
  const count = new Float64Array(k);
  const chosen = frames.map((f) => labelledCells(f.labels, random));
  frames.forEach((f, i) => {
    for (const c of chosen[i]!) count[f.labels.data[c]!]!++;
  });
  const gram = new Float64Array(d * d);
  const right = new Float64Array(d * k);
  frames.forEach((f, i) => {
    accumulate(f, chosen[i]!, stages, colours, count, gram, right, d, k);
  });
  penalise(gram, d);
  const factor = cholesky(gram, d);
  const weights = new Float32Array(d * k);
  for (let c = 0; c < k; c++) {
    const column = choleskySolve(
      factor,
      d,
      Float64Array.from({ length: d }, (_, i) => right[i * k + c]!),
    );
    for (let i = 0; i < d; i++) weights[i * k + c] = column[i]!;
  }
  return { classes, stages, colours, weights };
}

/** Adds one frame's class-balanced normal equations: gram += w x x^T, right[:, class] += w x. */
function accumulate(
  frame: LabelledFrame,
  cells: readonly number[],
  stages: readonly StageScale[],
  colours: readonly ColourSpec[],
  count: Float64Array,
  gram: Float64Array,
  right: Float64Array,
  d: number,
  k: number,
): void {
  const { lab } = frame.features;
  const normalised = frame.features.stages.map((s, i) => normaliseStage(s, stages[i]!));
  const x = new Float64Array(d);
  for (const cell of cells) {
    const cls = frame.labels.data[cell]!;
    let at = 0;
    for (const stage of normalised) {
      sampleStage(stage, cell % lab.width, Math.floor(cell / lab.width), lab.width, lab.height, x, at);
      at += stage.channels;
    }
    localTerms(lab, cell, colours, x, at);
    const w = 1 / count[cls]!;
    for (let i = 0; i < d; i++) {
      const v = w * x[i]!;
      if (v === 0) continue;
      const row = i * d;
      for (let j = 0; j <= i; j++) gram[row + j]! += v * x[j]!;
      right[i * k + cls]! += v;
    }
  }
}

/** Mirrors the lower triangle and adds lambda times the mean diagonal; the bias (last row) stays unpenalised. */
function penalise(gram: Float64Array, d: number): void {
  let trace = 0;
  for (let i = 0; i < d; i++) {
    trace += gram[i * d + i]!;
    for (let j = 0; j < i; j++) gram[j * d + i] = gram[i * d + j]!;
  }
  const lambda = (GROUND.ridge * trace) / d;
  for (let i = 0; i < d - 1; i++) gram[i * d + i]! += lambda;
  gram[d * d - 1]! += 1e-9 * trace;
}

/** The rows of stage `i`, `[channels, classes]`, for the generated head graph. */
export function stageWeights(head: PixelHead, i: number): Float32Array {
  const k = head.classes.length;
  const from = stageRows(head.stages.slice(0, i));
  return head.weights.slice(from * k, (from + head.stages[i]!.channels) * k);
}

/**
 * Adds the colour, position, membership and bias part to the summed stage logits.
 * @param stageLogits `[gh, gw, K]`, sum of the upsampled stage projections; overwritten
 * @returns logits `[gh, gw, K]`
 */
export function addLocalLogits(head: PixelHead, stageLogits: FeatureGrid, lab: FeatureGrid): FeatureGrid {
  const { width, height } = lab;
  const k = head.classes.length;
  const from = stageRows(head.stages);
  const w = head.weights;
  const out = stageLogits.data;
  // Position is a sum of a function of x and one of y: worked out once per column and row.
  const [columns, rows] = [new Float32Array(width * k), new Float32Array(height * k)];
  const position = from + COLOUR_TERMS;
  const bias = headDimension(head) - 1;
  const place = new Float32Array(POSITION_TERMS);
  for (let x = 0; x < width; x++) {
    positionTerms((2 * (x + 0.5)) / width - 1, 0, place, 0);
    for (let c = 0; c < k; c++) {
      columns[x * k + c] = place[0]! * w[position * k + c]! + place[2]! * w[(position + 2) * k + c]! + w[bias * k + c]!;
    }
  }
  for (let y = 0; y < height; y++) {
    positionTerms(0, (2 * (y + 0.5)) / height - 1, place, 0);
    for (let c = 0; c < k; c++) {
      rows[y * k + c] = place[1]! * w[(position + 1) * k + c]! + place[3]! * w[(position + 3) * k + c]!;
    }
  }
  const colour = w.subarray(from * k, position * k);
  const terms = new Float32Array(COLOUR_TERMS);
  for (let y = 0, cell = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, cell++, at += k) {
      colourTerms(lab.data[cell * 3]!, lab.data[cell * 3 + 1]!, lab.data[cell * 3 + 2]!, terms, 0);
      for (let c = 0; c < k; c++) {
        let sum = columns[x * k + c]! + rows[y * k + c]!;
        for (let i = 0; i < COLOUR_TERMS; i++) sum += terms[i]! * colour[i * k + c]!;
        out[at + c]! += sum;
      }
    }
  }
  addMemberships(head, stageLogits, lab, position + POSITION_TERMS);
  return stageLogits;
}

/** The part of colour-word memberships, where the rule file asks for them. */
function addMemberships(head: PixelHead, logits: FeatureGrid, lab: FeatureGrid, from: number): void {
  const k = head.classes.length;
  head.colours.forEach((spec, j) => {
    const w = head.weights.subarray((from + j) * k, (from + j + 1) * k);
    for (let cell = 0; cell < lab.width * lab.height; cell++) {
      const m =
        GROUND.membershipWeight *
        membership(spec, lab.data[cell * 3]!, lab.data[cell * 3 + 1]!, lab.data[cell * 3 + 2]!);
      if (m === 0) continue;
      for (let c = 0; c < k; c++) logits.data[cell * k + c]! += m * w[c]!;
    }
  });
}

/** 3x3 binomial blur of every channel, borders repeated. Steadies the argmax at no cost in position (FINDINGS 2.6). */
export function blurLogits(logits: FeatureGrid): FeatureGrid {
  const { width: w, height: h, channels: c, data } = logits;
  const tmp = zeros(h, w, c);
  const out = zeros(h, w, c);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const at = (y * w + x) * c;
      const left = x > 0 ? at - c : at;
      const right = x < w - 1 ? at + c : at;
      for (let k = 0; k < c; k++) tmp.data[at + k] = (data[left + k]! + 2 * data[at + k]! + data[right + k]!) / 4;
    }
  }
  const row = w * c;
  for (let y = 0; y < h; y++) {
    const up = y > 0 ? -row : 0;
    const down = y < h - 1 ? row : 0;
    for (let i = y * row, end = i + row; i < end; i++) {
      out.data[i] = (tmp.data[i + up]! + 2 * tmp.data[i]! + tmp.data[i + down]!) / 4;
    }
  }
  return out;
}
