/**
 * Training of APRIL-GAN's linear layers on features that are already there: four small layers, so the gradient is written
 * out by hand and the two big products of a step (tokens x weights, gradients x tokens) are needs, met beside the features
 * or by plain loops. Adam as in Kingma and Ba (2015), with the published settings.
 */
import { bag, type Rows, stack } from '../grid/cluster.ts';
import { type FeatureGrid, grid, type Mask } from '../grid/grid.ts';
import { dot } from '../grid/linear.ts';
import type { Random } from '../grid/random.ts';
import { mapLoss } from './adapterLoss.ts';
import { type Adapter, APRIL, withBias } from './adapters.ts';
import { type Needs, productsAnswer } from './detector.ts';

export const TRAINING = {
  rate: 1e-3,
  betas: [0.5, 0.999],
  epsilon: 1e-8,
  /** Samples a step averages over: 8 in the published script, 16 in the paper. */
  batch: 8,
  /** Share of the samples that are replaced by a mosaic of four. */
  mosaic: 0.2,
  epochs: 3,
} as const;

/** Patch tokens of one square picture and where it is defective. */
export interface TrainingSample {
  readonly stages: readonly FeatureGrid[];
  /** At the size the loss is taken at. */
  readonly mask: Mask;
}

/** A layer with the moments of its gradient; changed in place by every step. */
interface Trained extends Adapter {
  readonly moments: readonly [Float64Array, Float64Array];
}

export interface TrainingState {
  readonly layers: readonly Trained[];
  steps: number;
}

/** Layers from `widths[s]` channels to `d`, drawn as torch draws a Linear: uniform within 1 / sqrt(width). */
export function freshAdapters(widths: readonly number[], d: number, random: Random): Adapter[] {
  return widths.map((c) => {
    const draw = (n: number): Float32Array =>
      Float32Array.from({ length: n }, () => (2 * random.next() - 1) / Math.sqrt(c));
    return { weight: { data: draw(c * d), height: d, width: 1, channels: c }, bias: draw(d) };
  });
}

export function trainingState(adapters: readonly Adapter[]): TrainingState {
  const layers = adapters.map(({ weight, bias }): Trained => {
    const n = weight.data.length + bias.length;
    const copy = { ...weight, data: weight.data.slice() };
    return { weight: copy, bias: bias.slice(), moments: [new Float64Array(n), new Float64Array(n)] };
  });
  return { layers, steps: 0 };
}

/** Rows as columns, `[d, 1, n]`. */
function turned({ data, height, channels }: Rows): Rows {
  const out = new Float32Array(data.length);
  for (let i = 0; i < height; i++) for (let k = 0; k < channels; k++) out[k * height + i] = data[i * channels + k]!;
  return { data: out, height: channels, width: 1, channels: height };
}

/** Difference of the two texts: all that the loss sees of them. */
function directionOf(texts: Rows): Float32Array {
  const d = texts.channels;
  return texts.data.subarray(d, 2 * d).map((v, i) => v - texts.data[i]!);
}

export interface Gradient {
  readonly weight: Float32Array;
  readonly bias: Float64Array;
}

/**
 * Loss, mean over the samples and summed over the stages, and its gradient for every layer. With z = W x + b and
 * l = 100 z . t / |z| (t the difference of the texts): dl/dz = 100 (t / |z| - (z . t) z / |z|^3), dW = sum g x', db = sum g.
 */
export function* lossAndGradient(
  adapters: readonly Adapter[],
  samples: readonly TrainingSample[],
  texts: Rows,
): Needs<{ loss: number; gradients: Gradient[] }> {
  const t = directionOf(texts);
  const d = texts.channels;
  const gradients: Gradient[] = [];
  let loss = 0;
  for (const [s, adapter] of adapters.entries()) {
    const x = stack(samples.map(({ stages }) => bag(stages[s]!.data, stages[s]!.channels)));
    const products = productsAnswer(yield { do: 'products', a: { rows: x }, b: { rows: adapter.weight } });
    const z = withBias(products, adapter.bias);
    const g = new Float32Array(z.length);
    const bias = new Float64Array(d);
    let at = 0;
    for (const { stages, mask } of samples) {
      const { height, width } = stages[s]!;
      const n = height * width;
      const lengths = Float64Array.from(
        { length: n },
        (_, i) => Math.sqrt(dot(z, (at + i) * d, z, (at + i) * d, d)) || 1,
      );
      const along = Float64Array.from({ length: n }, (_, i) => dot(z, (at + i) * d, t, 0, d));
      const logits = Float32Array.from(along, (v, i) => (APRIL.scale * v) / lengths[i]!);
      const found = mapLoss(grid(logits, height, width), mask);
      loss += found.loss / samples.length;
      for (let i = 0; i < n; i++) {
        const outer = (APRIL.scale * found.gradient.data[i]!) / samples.length / lengths[i]!;
        const inner = along[i]! / lengths[i]! ** 2;
        const row = (at + i) * d;
        for (let k = 0; k < d; k++) {
          g[row + k] = outer * (t[k]! - inner * z[row + k]!);
          bias[k]! += g[row + k]!;
        }
      }
      at += n;
    }
    const rows: Rows = { data: g, height: at, width: 1, channels: d };
    const weight = productsAnswer(yield { do: 'products', a: { rows: turned(rows) }, b: { rows: turned(x) } });
    gradients.push({ weight, bias });
  }
  return { loss, gradients };
}

/** One step of Adam over a batch; changes the layers of `state`. The loss before the step. */
export function* trainStep(
  state: TrainingState,
  samples: readonly TrainingSample[],
  texts: Rows,
  rate: number = TRAINING.rate,
): Needs<number> {
  const { loss, gradients } = yield* lossAndGradient(state.layers, samples, texts);
  state.steps++;
  const [b1, b2] = TRAINING.betas;
  const unbias = [1 - b1 ** state.steps, 1 - b2 ** state.steps] as const;
  state.layers.forEach(({ weight, bias, moments: [m, v] }, s) => {
    const { weight: gw, bias: gb } = gradients[s]!;
    const step = (values: Float32Array, gradient: ArrayLike<number>, from: number): void => {
      for (let i = 0; i < values.length; i++) {
        const g = gradient[i]!;
        m[from + i] = b1 * m[from + i]! + (1 - b1) * g;
        v[from + i] = b2 * v[from + i]! + (1 - b2) * g * g;
        values[i]! -= (rate * (m[from + i]! / unbias[0])) / (Math.sqrt(v[from + i]! / unbias[1]) + TRAINING.epsilon);
      }
    };
    step(weight.data, gw, 0);
    step(bias, gb, weight.data.length);
  });
  return loss;
}

/** The layers of a state as adapters. */
export const adaptersIn = ({ layers }: TrainingState): Adapter[] =>
  layers.map(({ weight, bias }) => ({ weight, bias }));
