/**
 * Patch matching (Eq. 1, ALGORITHM 3): per stage the nearest neighbour by cosine in a bank of normal cells, mean over the
 * stages, pooled over the cells. The bank is a global greedy k-center coreset (core/detect/cover.ts).
 */
import { pickRows, type Rows, stack } from '../grid/cluster.ts';
import type { FeatureGrid, Mask } from '../grid/grid.ts';
import type { Random } from '../grid/random.ts';
import { stageScale } from '../ground/features.ts';
import type { DetectorReading } from '../scene.ts';
import { ALTER, ALTERATIONS } from './alter.ts';
import {
  type Candidates,
  candidateCells,
  chooseGrouped,
  chooseRows,
  projectCandidates,
  rowsOfCandidates,
} from './bank.ts';
import {
  type CellScale,
  type CellSpec,
  distanceMap,
  type GridSize,
  gridOf,
  joined,
  type Pool,
  poolMap,
} from './cells.ts';
import { COVER, drawProjection, projectRows } from './cover.ts';
import {
  type DetectContext,
  type Detection,
  type Detector,
  type Learning,
  largestAnswer,
  type Needs,
  type RowsOf,
  stagesAnswer,
} from './detector.ts';
import { readOptions } from './options.ts';
import {
  biasOf,
  PAPER,
  PATCH,
  PATCH_OPTIONS,
  type PatchModel,
  type PatchOptions,
  packPatch,
  unpackPatch,
} from './patchModel.ts';
import { type Place, placeColumns, placeRows, positions, spreadPlaces, tilesOf } from './places.ts';
import { scoredMask, structureReadings } from './within.ts';

function specOf(options: PatchOptions, context: DetectContext): CellSpec {
  const names = context.backbone!.stages.map((s) => s.name);
  const wanted = typeof options.stages === 'string' ? names : options.stages;
  const paper = options.preset === 'paper';
  return {
    stages: names.filter((n) => wanted.includes(n)),
    // Cells finer than the finest stage would only repeat it.
    stride: Math.max(
      PATCH.stride,
      ...context
        .backbone!.stages.filter((s) => wanted.includes(s.name))
        .map((s) => s.stride)
        .sort((a, b) => a - b)
        .slice(0, 1),
    ),
    side: paper ? PATCH.paperSide : null,
    alignCorners: paper,
    neighbourhood: options.neighbourhood === 3 ? 3 : 1,
    standardise: options.standardise,
    places: 0,
  };
}

const scoredCells = ({ file, masks, images }: DetectContext, image: number, size: GridSize, region: string) =>
  scoredMask(file, images[image]!.scene, size, region, masks);

const placesOf = (context: DetectContext, image: number, spec: CellSpec): Rows => {
  const { frame, scene } = context.images[image]!;
  return positions(frame, gridOf(frame, spec), scene.product);
};

/** How places enter the match; a window's tiles cover what the normals show. */
function placeOf(options: PatchOptions, places: readonly Rows[]): Place | null {
  if (options.position === 'free') return null;
  if (options.position === 'term') return { by: 'term', weight: options.weight };
  return { by: 'window', tiles: tilesOf(places, options.window) };
}

/** Channel statistics over a few normals, evenly spread over their order. */
function* learnScales(context: DetectContext, spec: CellSpec): Needs<CellScale[]> {
  const n = context.images.length;
  const count = Math.min(n, PATCH.scaleImages);
  const images = Array.from({ length: count }, (_, i) => Math.floor((i * n) / count));
  const found = stagesAnswer(yield { do: 'stages', images, names: spec.stages });
  return spec.stages.map((_, s) => stageScale(found.map((stages) => stages[s]!)));
}

function variantsOf(context: DetectContext, wanted: boolean): (string | null)[] | null {
  return wanted && context.file.variants ? context.images.map((i) => i.scene.variant) : null;
}

function readingOf(
  map: FeatureGrid,
  pool: Pool,
  scored: Mask | null,
  { file, masks, images }: DetectContext,
  image: number,
): DetectorReading {
  const peak = poolMap(map, { pool: 'max' }, scored);
  const within = structureReadings(map, file, images[image]!.scene, masks);
  return {
    ...(pool.pool === 'max' ? { score: peak } : { score: poolMap(map, pool, scored), peak }),
    ...(Object.keys(within).length > 0 ? { within } : {}),
  };
}

/**
 * Judges every normal without itself: its own rows are hidden and the nearest rows of other images stand in for them. A
 * coreset merely robbed of these rows would leave holes that no bank learnt without the image would have. Some normals are
 * judged in other focus and light as well.
 */
function* leaveOneOut(
  context: DetectContext,
  model: PatchModel,
  substitutes: Substitutes | null,
  alter: boolean,
): Needs<(DetectorReading | null)[]> {
  const readings: (DetectorReading | null)[] = [];
  const n = context.images.length;
  const step = Math.max(1, Math.ceil(n / ALTER.normals));
  const banks = model.bank.map((_, s) => `patch/own/${s}`);
  for (const [s, rows] of model.bank.entries())
    yield { do: 'keep', name: banks[s]!, rows: substitutes ? stack([rows, substitutes.rows[s]!]) : rows };
  for (let i = 0; i < n; i++) {
    yield { do: 'progress', stage: 'leave one out', done: i, total: n };
    const bias = leftOutBias(model, context.images[i]!.scene.variant, i, substitutes?.sources ?? null);
    if (!bias.some((b) => b === 0)) {
      readings.push(null);
      continue;
    }
    const size = gridOf(context.images[i]!.frame, model.spec);
    const scored = scoredCells(context, i, size, model.region);
    const read = (cosines: readonly Float32Array[]): DetectorReading =>
      readingOf(distanceMap(cosines, size, scored), model.pool, scored, context, i);
    const places = model.place && placeRows('query', placesOf(context, i, model.spec), model.place);
    const of: RowsOf = { image: i, spec: model.spec, scales: model.scales, places };
    const reading = read(largestAnswer(yield { do: 'match', of, banks, bias }));
    if (!alter || i % step !== 0) {
      readings.push(reading);
      continue;
    }
    const altered: DetectorReading[] = [];
    for (const alteration of ALTERATIONS)
      altered.push(read(largestAnswer(yield { do: 'match', of: { ...of, alteration }, banks, bias })));
    readings.push({ ...reading, altered: largestOf(altered) });
  }
  for (const name of banks) yield { do: 'drop', name };
  return readings;
}

/** The largest of each number over readings of one picture. */
function largestOf(readings: readonly DetectorReading[]): DetectorReading {
  const most = (value: (r: DetectorReading) => number): number => readings.reduce((m, r) => Math.max(m, value(r)), 0);
  const { peak, within } = readings[0]!;
  return {
    score: most((r) => r.score),
    ...(peak === undefined ? {} : { peak: most((r) => r.peak ?? 0) }),
    ...(within === undefined
      ? {}
      : { within: Object.fromEntries(Object.keys(within).map((key) => [key, most((r) => r.within?.[key] ?? 0)])) }),
  };
}

/** Rows of other images, one for every row of the bank in the same order, and which normal each came from. */
interface Substitutes {
  readonly rows: readonly Rows[];
  readonly sources: Int32Array;
}

/**
 * The bias `[m]`, `[2 m]` with substitutes, that hides one normal's rows and shows their substitutes, which stand behind the
 * bank. What hides a bank row hides a substitute: the normal itself, or another variant where this one has rows enough.
 */
export function leftOutBias(
  model: Pick<PatchModel, 'sources' | 'variants'>,
  variant: string | null,
  image: number,
  substitutes: Int32Array | null,
): Float32Array {
  const own = biasOf(model, variant, image);
  if (!substitutes) return own;
  const behind = biasOf({ ...model, sources: substitutes }, variant, image);
  const both = new Float32Array(2 * own.length).fill(PATCH.hidden);
  both.set(own);
  for (let r = 0; r < own.length; r++) if (model.sources[r] === image) both[own.length + r] = behind[r]!;
  return both;
}

function* learn(context: DetectContext, given: PatchOptions, random: Random): Needs<Learning<PatchModel>> {
  const options = given.preset === 'paper' ? ({ ...given, ...PAPER } as PatchOptions) : given;
  const spec = specOf(options, context);
  const scales = spec.standardise ? yield* learnScales(context, spec) : [];
  const sizes = context.images.map(({ frame }) => gridOf(frame, spec));
  const candidates = candidateCells(
    sizes.map(({ width, height }) => width * height),
    sizes.map((size, i) => scoredCells(context, i, size, options.region)),
    PATCH.candidates,
  );
  const { sources } = candidates;
  const placed = options.position === 'free' ? [] : context.images.map((_, i) => placesOf(context, i, spec));
  const place = placeOf(options, placed);
  const at = place && pickPlaces(placed, candidates);
  const rowsOf = (image: number, only: Int32Array): RowsOf => ({ image, spec, scales, places: null, only });
  const channels = spec.stages.map((name) => context.backbone!.stages.find((s) => s.name === name)!.channels);
  const projection = drawProjection(at ? [...channels, at.channels] : channels, COVER.projected, random);
  const points = yield* projectCandidates(candidates, rowsOf, projection.slice(0, channels.length));
  if (at) add(points.data, projectRows([spreadPlaces(at, place)], projection.slice(channels.length)).data);
  const found =
    options.preset === 'paper'
      ? yield* chooseGrouped(points, sources, context.images.length, random, PATCH.hidden)
      : yield* chooseRows(points, sources, options.bank, random.int(points.height), PATCH.hidden);
  const all = Int32Array.from([...found.indices, ...(found.substitutes ?? [])]);
  const columns = at && placeRows('bank', pickRows(at, all), place);
  const both = (yield* rowsOfCandidates(candidates, rowsOf, all, channels)).map((rows) => joined(rows, columns));
  const m = found.indices.length;
  const part = (from: number, to: number): Rows[] =>
    both.map((r) => ({ ...r, data: r.data.slice(from * r.channels, to * r.channels), height: to - from }));
  const model: PatchModel = {
    spec: { ...spec, places: placeColumns(place) },
    scales,
    place,
    bank: part(0, m),
    sources: Int32Array.from(found.indices, (i) => sources[i]!),
    variants: variantsOf(context, options.variants),
    pool: options.pool === 'max' ? { pool: 'max' } : { pool: 'topQ', q: options.q },
    region: options.region,
    radius: found.radius,
  };
  const substitutes = found.substitutes && {
    rows: part(m, 2 * m),
    sources: found.substitutes.map((i) => sources[i]!),
  };
  return { model, readings: yield* leaveOneOut(context, model, substitutes, options.alter) };
}

function add(to: Float32Array, more: Float32Array): void {
  for (let i = 0; i < to.length; i++) to[i]! += more[i]!;
}

/** Where each candidate lies. */
function pickPlaces(placed: readonly Rows[], { sources, cells }: Candidates): Rows {
  const data = new Float32Array(2 * sources.length);
  for (let i = 0; i < sources.length; i++) {
    const from = placed[sources[i]!]!.data;
    data[2 * i] = from[2 * cells[i]!]!;
    data[2 * i + 1] = from[2 * cells[i]! + 1]!;
  }
  return { data, height: sources.length, width: 1, channels: 2 };
}

function* detect(context: DetectContext, model: PatchModel, prefix: string): Needs<Detection> {
  const { frame, scene } = context.images[0]!;
  const size = gridOf(frame, model.spec);
  const scored = scoredCells(context, 0, size, model.region);
  const banks = model.bank.map((_, s) => `${prefix}/${s}`);
  const bias = biasOf(model, scene.variant, context.without);
  const places = model.place && placeRows('query', placesOf(context, 0, model.spec), model.place);
  const of: RowsOf = { image: 0, spec: model.spec, scales: model.scales, places };
  const cosines = largestAnswer(yield { do: 'match', of, banks, bias });
  const map = distanceMap(cosines, size, scored);
  return { reading: readingOf(map, model.pool, scored, context, 0), map };
}

export const patch: Detector<PatchOptions, PatchModel> = {
  name: 'patch',
  dense: true,
  options: (given) => readOptions('patch', PATCH_OPTIONS, given),
  learn,
  *open(model, prefix) {
    for (const [s, rows] of model.bank.entries()) yield { do: 'keep', name: `${prefix}/${s}`, rows };
  },
  detect,
  pack: packPatch,
  unpack: unpackPatch,
};
