/** Where the anomalies are: maps of judged images against the masks of a data set, streamed into pixel metrics. */
import { COMPOSITION } from '../core/detect/index.ts';
import { LogsadError } from '../core/errors.ts';
import { emptyMask, type Mask } from '../core/grid/grid.ts';
import { createRandom } from '../core/grid/random.ts';
import { FUSED, imageMaps, type MapSize, maskAt } from '../core/metrics/maps.ts';
import {
  GOOD_TRUTH,
  type PixelFigures,
  PixelStream,
  type PixelTruth,
  STREAM,
  truthOf,
} from '../core/metrics/stream.ts';
import type { LabelledRef } from './evaluate.ts';
import type { Inspection } from './inspect.ts';
import type { ImageReader } from './ports.ts';
import { GOOD, RANKING } from './ranking.ts';

/** Side of the square maps of the published pixel figures (LogSAD 4.1). */
export const PAPER_SIDE = 256;

export type MapsAt = 'native' | typeof PAPER_SIDE;

/** A kind of defect and when it counts as found, by the value of its mask's pixels. */
export interface DefectKind {
  readonly name: string;
  readonly pixelValue: number;
  readonly saturation: { readonly threshold: number; readonly relative: boolean };
}

export interface LocaliseInput {
  readonly images: Pick<ImageReader, 'read'>;
  /** Of `defects_config.json`; null where the data set states none. */
  readonly defects: readonly DefectKind[] | null;
  readonly at: MapsAt;
  /** The rules are a detector of their own. */
  readonly composition: boolean;
}

type Range = readonly [low: number, high: number];
type Figure = 'auroc' | 'ap' | 'f1max' | 'aupro';

export interface MapFigures extends Readonly<Record<Figure, number | null>> {
  /** Each anomaly folder with the good images. */
  readonly folders: Readonly<Record<string, { readonly auroc: number | null; readonly aupro: number | null }>>;
  /** AU-sPRO at FPR 0.05: per anomaly folder and their mean; null where it cannot be said. */
  readonly spro: PixelFigures['spro'];
  readonly intervals: Readonly<Record<Figure, Range>> | null;
}

export interface Localisation {
  readonly maps: MapsAt;
  readonly images: { readonly good: number; readonly defective: number; readonly withoutMask: number };
  /** 8-connected defects. */
  readonly defects: number;
  readonly resamples: number;
  /** Why there is no sPRO, where there is none. */
  readonly sproNote: string | null;
  /** Per detector that has a map, `composition` and `fused`. */
  readonly of: Readonly<Record<string, MapFigures>>;
}

export interface Localiser {
  /** One judged image. @throws LogsadError DATASET_MASK, IMAGE_* of a mask; the image then counts for no pixel metric */
  add(image: LabelledRef, inspection: Inspection): Promise<void>;
  /** Null where no mask was met. `resamples` of the bootstrap over images, 0 for none. */
  finish(resamples?: number): Localisation | null;
}

interface Masked {
  readonly mask: Mask;
  /** The one value of its defective pixels. */
  readonly values: readonly number[];
}

async function readMask(path: string, size: MapSize, images: LocaliseInput['images']): Promise<Masked> {
  const { pixels } = await images.read(path);
  const fault = (reason: string): LogsadError => new LogsadError('DATASET_MASK', { mask: path, reason });
  const { width, height, data } = pixels;
  if (width !== size.width || height !== size.height)
    throw fault(`has ${width} x ${height} pixels, its image ${size.width} x ${size.height}`);
  const mask = emptyMask(height, width);
  const values = new Set<number>();
  for (let i = 0; i < mask.data.length; i++) {
    const v = Math.max(data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!);
    if (v === 0) continue;
    mask.data[i] = 1;
    values.add(v);
  }
  if (values.size === 0) throw fault('marks no pixel, though its image lies in a folder of anomalies');
  return { mask, values: [...values] };
}

/** The saturation of each mask's kind. @throws LogsadError DATASET_MASK */
function saturationsOf(paths: readonly string[], masks: readonly Masked[], defects: readonly DefectKind[]) {
  return masks.map(({ values }, i) => {
    const fault = (reason: string): LogsadError => new LogsadError('DATASET_MASK', { mask: paths[i], reason });
    if (values.length > 1) throw fault(`holds ${values.length} values; a mask of LOCO shows one defect by one value`);
    const kind = defects.find((d) => d.pixelValue === values[0]);
    if (!kind) throw fault(`holds the value ${values[0]}, which defects_config.json does not list`);
    return kind;
  });
}

export function createLocaliser(input: LocaliseInput): Localiser {
  const { at, defects } = input;
  const streams = new Map<string, PixelStream>();
  const kinds = new Set<number>();
  const counts = { masked: 0, withoutMask: 0 };

  const truth = async (image: LabelledRef, native: MapSize, size: MapSize): Promise<PixelTruth | null> => {
    if (image.folder === GOOD) return GOOD_TRUTH;
    const paths = image.masks ?? [];
    if (paths.length === 0) return null;
    const masks: Masked[] = [];
    for (const path of paths) masks.push(await readMask(path, native, input.images));
    const found = defects && saturationsOf(paths, masks, defects);
    for (const k of found ?? []) kinds.add(k.pixelValue);
    // Saturations in pixels hold at the annotation's own size only.
    const saturations = at === 'native' ? (found?.map((k) => k.saturation) ?? null) : null;
    try {
      return truthOf(
        masks.map((m) => maskAt(m.mask, size)),
        saturations,
      );
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new LogsadError('DATASET_MASK', { mask: paths.join(', '), reason: cause.message }, { cause });
    }
  };

  return {
    async add(image, { result, maps }) {
      const { imageWidth, imageHeight } = result.scene.frame;
      const native = { width: imageWidth, height: imageHeight };
      const size = at === 'native' ? native : { width: at, height: at };
      const known = await truth(image, native, size);
      if (!known) {
        counts.withoutMask++;
        return;
      }
      if (known.union) counts.masked++;
      const rules = input.composition ? COMPOSITION : null;
      for (const [name, map] of Object.entries(imageMaps(result.scene, result.violations, maps, size, rules))) {
        const stream = streams.get(name) ?? new PixelStream();
        streams.set(name, stream);
        stream.add(image.folder, map.data, known);
      }
    },
    finish(resamples = STREAM.resamples) {
      if (counts.masked === 0 || streams.size === 0) return null;
      const union = defects !== null && defects.length > 1 && counts.masked > 1 && kinds.size === 1;
      const sproNote =
        defects === null
          ? 'no defects_config.json states from when a defect counts as found'
          : at !== 'native'
            ? 'saturations are stated in pixels of the native size'
            : union
              ? `every mask holds the one value ${[...kinds][0]} though defects_config.json lists ${defects.length} kinds: they are unions, which say nothing of saturation`
              : null;
      const named = [...streams].sort(([a], [b]) => Number(b === FUSED) - Number(a === FUSED) || (a < b ? -1 : 1));
      const found = named.map(([name, stream]) => {
        if (sproNote !== null) stream.dropSaturations();
        return [name, stream.figures(), figuresOf(stream, resamples)] as const;
      });
      const { images, defects: regions } = found[0]![1];
      return {
        maps: at,
        images: { ...images, withoutMask: counts.withoutMask },
        defects: regions,
        resamples,
        sproNote,
        of: Object.fromEntries(found.map(([name, , figures]) => [name, figures])),
      };
    },
  };
}

function figuresOf(stream: PixelStream, resamples: number): MapFigures {
  const f = stream.figures();
  const drawn = resamples > 0 ? stream.intervals(createRandom(RANKING.seed), resamples) : null;
  const finite = (v: number): number | null => (Number.isFinite(v) ? v : null);
  const range = (k: Figure): Range => [drawn![k].low, drawn![k].high];
  return {
    auroc: finite(f.auroc),
    ap: finite(f.ap),
    f1max: finite(f.f1max),
    aupro: finite(f.aupro),
    folders: Object.fromEntries(
      Object.entries(f.folders).map(([name, v]) => [name, { auroc: finite(v.auroc), aupro: finite(v.aupro) }]),
    ),
    spro: f.spro,
    intervals: drawn && { auroc: range('auroc'), ap: range('ap'), f1max: range('f1max'), aupro: range('aupro') },
  };
}

/**
 * Score of the VAND challenge (2023) for one product: harmonic mean of image F1-max and pixel F1-max. Over several products
 * the challenge averages these. Null where either is unknown.
 */
export function vandScore(imageF1: number | null, pixelF1: number | null | undefined): number | null {
  if (imageF1 === null || pixelF1 === null || pixelF1 === undefined) return null;
  return imageF1 + pixelF1 === 0 ? 0 : (2 * imageF1 * pixelF1) / (imageF1 + pixelF1);
}
