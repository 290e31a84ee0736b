/**
 * From labelled cells to instances: components of things (holes filled, children included, merged ones split), unions of
 * stuff, each with its geometry, colour and pooled feature. FINDINGS 3.
 */
import { cellArea, cellSize, toImageX, toImageY } from '../frame.ts';
import { quantileBox, shapeOf } from '../grid/extent.ts';
import type { FeatureGrid, LabelGrid, Mask } from '../grid/grid.ts';
import { emptyMask } from '../grid/grid.ts';
import { dilate, erode, fillHoles } from '../grid/morphology.ts';
import { components, maskOf, momentsOfRuns } from '../grid/regions.ts';
import type { InterestSpec } from '../rules/definition.ts';
import type { Box, Instance, SceneFrame } from '../scene.ts';
import { cleanMask, inCells, statedArea } from './cleaning.ts';
import { GROUND } from './constants.ts';
import { type Cut, cellsOfCut, cutRegion, runsOfCells, splitAtNecks, splitCut, wholeCut } from './cut.ts';
import { poolFeatures } from './pool.ts';

/** An instance before it is compared with the normals: no id, attributes or likeness yet. */
export type Candidate = Omit<Instance, 'id' | 'status' | 'attributes' | 'likeness' | 'parent'> & {
  readonly cells: number;
  /** Attributes that words told of it. */
  readonly readings?: Instance['attributes'];
};

/** Label of cells that the rule file says are never looked at. */
export const IGNORED_CELL = -1;

/** What an image offers to instances. */
export interface FrameView {
  readonly frame: SceneFrame;
  /** Class per cell in interest order, or IGNORED_CELL. */
  readonly labels: LabelGrid;
  readonly lab: FeatureGrid;
  /** Normalised stages. */
  readonly stages: readonly FeatureGrid[];
}

/** Median area of an interest's instances among normals, in cells; 0 where not yet known. */
export type AreaMedians = Readonly<Record<string, number>>;

/** Classes that belong to an interest's silhouette: itself and its descendants. */
function family(interests: readonly InterestSpec[], id: string): Set<number> {
  const wanted = new Set([id]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const s of interests) {
      if (s.parent !== undefined && wanted.has(s.parent) && !wanted.has(s.id)) {
        wanted.add(s.id);
        grown = true;
      }
    }
  }
  return new Set(interests.flatMap((s, i) => (wanted.has(s.id) ? [i] : [])));
}

/**
 * Geometry, colour and pooled feature of one mask.
 * @param nested classes of nested interests: their cells belong to the mask, but not to how the interest itself looks
 */
export function describe(interest: string, cut: Cut, view: FrameView, nested: ReadonlySet<number>): Candidate {
  const { frame, lab } = view;
  const { width, height } = cut;
  const inside = cellsOfCut(cut);
  const mask = runsOfCells(inside, width * height);
  const moments = momentsOfRuns(mask, width);
  const size = cellSize(frame, cut);
  const shape = shapeOf(moments, [size.x, size.y]);
  const { area: n } = moments;
  const bare = inside.filter((i) => !nested.has(view.labels.data[i]!));
  const cells = bare.length > 0 ? bare : inside;
  const sum = [0, 0, 0];
  const square = [0, 0, 0];
  for (const i of cells) {
    for (let c = 0; c < 3; c++) {
      const q = lab.data[i * 3 + c]!;
      sum[c]! += q;
      square[c]! += q * q;
    }
  }
  const m = cells.length;
  const labMean = sum.map((s) => s / m) as unknown as [number, number, number];
  const labStd = square.map((s, c) => Math.sqrt(Math.max(0, s / m - labMean[c]! ** 2))) as unknown as [
    number,
    number,
    number,
  ];
  const trim = quantileBox(cut.mask, GROUND.boxTrim, [cut.x0, cut.y0]);
  const box: Box = [
    toImageX(frame, trim[0], width),
    toImageY(frame, trim[1], height),
    toImageX(frame, trim[2], width),
    toImageY(frame, trim[3], height),
  ];
  return {
    interest,
    mask,
    cells: n,
    area: n * cellArea(frame, cut),
    box,
    centroid: [toImageX(frame, moments.centroid[0], width), toImageY(frame, moments.centroid[1], height)],
    orientation: shape.orientation,
    length: shape.length,
    width: shape.width,
    lab: labMean,
    labStd,
    feature: Array.from(poolFeatures(view.stages, cells, width, height)),
  };
}

/** Components large enough, those whose gap is below `gap` cells taken as one, each with the original cells only. */
function groups(mask: Mask, gap: number, least: number): Cut[] {
  // Closed before labelling, so that near components meet.
  const joined = gap > 0 ? dilate(mask, { shape: 'disc', radius: gap / 2 }) : mask;
  const parts = components(joined);
  // Holes are filled later, so only a region whose whole box is too small is surely too small.
  const possible = parts.regions.filter(({ box: [x0, y0, x1, y1] }) => (x1 - x0) * (y1 - y0) >= least);
  return possible.map((r) => cutRegion(parts, r, mask));
}

/** A region told apart into the things it is made of, as `instances.split` asks; pieces that are mere specks are dropped. */
function parted(spec: InterestSpec, region: Cut, area: number, median: number, least: number): Cut[] {
  const { split } = spec.instances;
  if (split === 'distance') {
    const bodies = splitAtNecks(region, GROUND.splitNeck);
    const large = bodies.filter((b) => b.mask.data.reduce((n, v) => n + (v ? 1 : 0), 0) >= least);
    return large.length > 1 ? large : [region];
  }
  if (split !== 'area' || !(median > 0) || area < GROUND.splitArea * median) return [region];
  const many = Math.min(GROUND.maxSplit, area, Math.round(area / median));
  return many > 1 ? splitCut(region, many) : [region];
}

/** All candidates of one thing: components large enough against the median, holes filled, merged ones split. */
function things(
  spec: InterestSpec,
  mask: Mask,
  median: number,
  view: FrameView,
  nested: ReadonlySet<number>,
): Candidate[] {
  const gap = spec.instances.merge ? inCells(spec.instances.merge, 'fraction', mask) : 0;
  const least = Math.max(2, statedArea(spec, mask) ?? median * GROUND.minThingArea);
  const out: Cut[] = [];
  for (const part of groups(mask, gap, least)) {
    // What lies outside a region's box is no hole of it: the box alone gives the same holes as the grid.
    const filled = { ...part, mask: fillHoles(part.mask) };
    const area = filled.mask.data.reduce((n, v) => n + (v ? 1 : 0), 0);
    if (area < least) continue;
    out.push(...parted(spec, filled, area, median, least));
  }
  return out.map((c) => describe(spec.id, c, view, nested));
}

/** The union of a stuff's components that are large enough against the median (or its own largest). */
function stuff(
  spec: InterestSpec,
  mask: Mask,
  median: number,
  view: FrameView,
  nested: ReadonlySet<number>,
): Candidate[] {
  const parts = components(mask);
  if (parts.regions.length === 0) return [];
  const reference = median > 0 ? median : Math.max(...parts.regions.map((r) => r.area));
  const least = statedArea(spec, mask) ?? GROUND.minStuffArea * reference;
  const union = maskOf(parts, (r) => r.area >= least);
  return union.data.some((v) => v !== 0) ? [describe(spec.id, wholeCut(union), view, nested)] : [];
}

/** Mask of an interest before it is cut into instances. A silhouette is everything that is not background. */
export function interestMask(interests: readonly InterestSpec[], spec: InterestSpec, labels: LabelGrid): Mask {
  const out = emptyMask(labels.height, labels.width);
  if (spec.source?.length === 1 && spec.source[0] === 'silhouette') {
    const background = new Set(interests.flatMap((s, i) => (s.role === 'background' ? [i] : [])));
    for (let i = 0; i < out.data.length; i++)
      out.data[i] = background.has(labels.data[i]!) || labels.data[i] === IGNORED_CELL ? 0 : 1;
    return out;
  }
  const own = family(interests, spec.id);
  for (let i = 0; i < out.data.length; i++) out.data[i] = own.has(labels.data[i]!) ? 1 : 0;
  return out;
}

/**
 * All candidates of a frame, background excepted.
 * @param interests in label order, followed by those that have no class of their own (silhouettes)
 */
export function findCandidates(interests: readonly InterestSpec[], view: FrameView, medians: AreaMedians): Candidate[] {
  return interests.flatMap((spec) => {
    if (spec.role === 'background') return [];
    const mask = cleanMask(interestMask(interests, spec, view.labels), spec.clean);
    const median = medians[spec.id] ?? 0;
    const nested = family(interests, spec.id);
    nested.delete(interests.indexOf(spec));
    return spec.form === 'thing' ? things(spec, mask, median, view, nested) : stuff(spec, mask, median, view, nested);
  });
}

/** Bounding box of the product: the largest component of what is not background, eroded once, trimmed. */
export function productBox(interests: readonly InterestSpec[], view: FrameView): Box {
  const { labels, frame } = view;
  const background = new Set(interests.flatMap((s, i) => (s.role === 'background' ? [i] : [])));
  if (background.size === 0) return frame.box;
  const mask = emptyMask(labels.height, labels.width);
  for (let i = 0; i < mask.data.length; i++)
    mask.data[i] = background.has(labels.data[i]!) || labels.data[i] === IGNORED_CELL ? 0 : 1;
  const parts = components(erode(mask, { shape: 'square', radius: 1 }));
  if (parts.regions.length === 0) return frame.box;
  const largest = parts.regions.reduce((a, b) => (b.area > a.area ? b : a));
  const b = quantileBox(
    maskOf(parts, (r) => r.id === largest.id),
    GROUND.boxTrim / 2,
  );
  return [
    toImageX(frame, b[0], labels.width),
    toImageY(frame, b[1], labels.height),
    toImageX(frame, b[2], labels.width),
    toImageY(frame, b[3], labels.height),
  ];
}
