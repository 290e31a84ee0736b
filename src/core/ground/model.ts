/**
 * The grounding model of one product and how it makes a Scene: pixel head -> labels -> candidates -> instances with
 * likeness, attributes, parents and variant. Learnt from labelled exemplars (head) and from all normals (the rest).
 */
import { type FeatureGrid, type LabelGrid, labelGrid, type Mask } from '../grid/grid.ts';
import { containment } from '../grid/runs.ts';
import type { AttributeSpec, InterestSpec, RuleFile } from '../rules/definition.ts';
import type { Grounding, Instance, Scene, SceneFrame } from '../scene.ts';
import { median } from '../statistics.ts';
import { type AttributeModel, learnAttribute, readAttribute } from './attributes.ts';
import { membership } from './colourWords.ts';
import { GROUND } from './constants.ts';
import { normaliseStage } from './features.ts';
import type { FocusSize } from './focus.ts';
import { addLocalLogits, blurLogits, type PixelHead } from './head.ts';
import {
  type AreaMedians,
  type Candidate,
  type FrameView,
  findCandidates,
  IGNORED_CELL,
  productBox,
} from './instances.ts';
import { type LikenessModel, learnLikeness, likenessOf } from './likeness.ts';

/** Everything that grounds interests in a new image. */
export interface GroundModel {
  readonly head: PixelHead;
  readonly medians: AreaMedians;
  readonly likeness: Readonly<Record<string, LikenessModel>>;
  readonly attributes: readonly AttributeModel[];
  /** Size of the box that follows the product, where `frame.focus` asks for it. */
  readonly focus?: FocusSize | null;
}

/** What one normal image offered, before any model of instances existed. */
export interface NormalCandidates {
  readonly image: string;
  readonly frame: SceneFrame;
  readonly grid: { readonly width: number; readonly height: number };
  readonly product: Scene['product'];
  readonly candidates: readonly Candidate[];
}

/** Interests in label order (those with pixels of their own), then silhouettes. */
export function classInterests(file: RuleFile): { classes: InterestSpec[]; all: InterestSpec[] } {
  const specs = Object.values(file.interests);
  const classes = specs.filter((s) => s.exemplars.length > 0 || s.colour !== undefined);
  const rest = specs.filter((s) => !classes.includes(s) && s.source?.includes('silhouette'));
  return { classes, all: [...classes, ...rest] };
}

/** Index of the largest logit per cell, the first of equals. */
export function argmax(logits: FeatureGrid): LabelGrid {
  const { channels: k, data, height, width } = logits;
  const labels = labelGrid(height, width);
  for (let i = 0; i < labels.data.length; i++) {
    let best = 0;
    for (let c = 1; c < k; c++) if (data[i * k + c]! > data[i * k + best]!) best = c;
    labels.data[i] = best;
  }
  return labels;
}

export interface ViewOptions {
  /** Cells that are never looked at. */
  readonly ignored?: Mask | null;
}

/**
 * Labels a frame.
 * @param stageLogits sum of the upsampled stage projections `[gh, gw, K]` (overwritten)
 */
export function viewFrame(
  head: PixelHead,
  frame: SceneFrame,
  stages: readonly FeatureGrid[],
  lab: FeatureGrid,
  stageLogits: FeatureGrid,
  options: ViewOptions = {},
): FrameView {
  const labels = argmax(blurLogits(addLocalLogits(head, stageLogits, lab)));
  const { ignored } = options;
  if (ignored) {
    for (let i = 0; i < labels.data.length; i++) if (ignored.data[i]) labels.data[i] = IGNORED_CELL;
  }
  return { frame, labels, lab, stages: stages.map((s, i) => normaliseStage(s, head.stages[i]!)) };
}

/** What an image offers before it is compared with the normals. */
export function candidatesOf(file: RuleFile, image: string, view: FrameView, medians: AreaMedians): NormalCandidates {
  const { all } = classInterests(file);
  return {
    image,
    frame: view.frame,
    grid: { width: view.labels.width, height: view.labels.height },
    product: productBox(all, view),
    candidates: findCandidates(all, view, medians),
  };
}

/** Median size per interest: of single instances for things, of the union for stuff. Specks against the largest left out. */
export function areaMedians(file: RuleFile, normals: readonly NormalCandidates[]): Record<string, number> {
  const out: Record<string, number> = {};
  for (const spec of Object.values(file.interests)) {
    const areas = normals.flatMap((n) => n.candidates.filter((c) => c.interest === spec.id).map((c) => c.cells));
    if (areas.length > 0) out[spec.id] = sizeOf(areas);
  }
  return out;
}

/** Sizes below this share of the largest say nothing about the usual one: specks. */
const SPECK = 0.25;

/** The usual one of some sizes: their median, specks left out. */
export function sizeOf(areas: readonly number[]): number {
  const largest = areas.reduce((a, b) => Math.max(a, b), 0);
  return median(areas.filter((a) => a >= SPECK * largest));
}

/**
 * Learns medians, likeness and attributes from the candidates of all normals.
 * @param relit candidates of some normals under other light
 */
export function learnGround(
  file: RuleFile,
  head: PixelHead,
  normals: readonly NormalCandidates[],
  relit: readonly NormalCandidates[] = [],
): GroundModel {
  const medians = areaMedians(file, normals);
  const large = (n: NormalCandidates): NormalCandidates => ({
    ...n,
    candidates: n.candidates.filter((c) => largeEnough(file.interests[c.interest]!, c, medians)),
  });
  const kept = normals.map(large);
  const relitKept = relit.map(large);
  const instancesOf = (list: readonly NormalCandidates[], id: string) =>
    list.flatMap((n) =>
      n.candidates.filter((c) => c.interest === id).map((instance) => ({ image: n.image, instance })),
    );
  const likeness: Record<string, LikenessModel> = {};
  for (const spec of Object.values(file.interests)) {
    const mine = instancesOf(kept, spec.id);
    if (mine.length > 0) likeness[spec.id] = learnLikeness(spec.id, spec.form, mine, instancesOf(relitKept, spec.id));
  }
  const attributes = Object.values(file.attributes).flatMap((a) => learnOne(a, kept) ?? []);
  return { head, medians, likeness, attributes };
}

function largeEnough(spec: InterestSpec, c: Candidate, medians: AreaMedians): boolean {
  return (
    spec.form === 'stuff' ||
    spec.clean.minArea !== undefined ||
    c.cells >= GROUND.minThingArea * (medians[spec.id] ?? 0)
  );
}

/** An instance whose mean colour belongs to a value's colour at least this much is an example of the value. */
const COLOUR_SEED = 0.6;

function learnOne(spec: AttributeSpec, normals: readonly NormalCandidates[]): AttributeModel | null {
  const mine = (n: NormalCandidates) => n.candidates.filter((c) => c.interest === spec.of);
  const seeds = new Map(
    Object.entries(spec.values).map(([value, v]) => [
      value,
      [
        ...normals.filter((n) => v.exemplars.includes(n.image)).flatMap(mine),
        // A colour grounds a value by the normals that clearly have it.
        ...(v.colour ? normals.flatMap(mine).filter((c) => membership(v.colour!, ...c.lab) > COLOUR_SEED) : []),
      ],
    ]),
  );
  return learnAttribute(spec.id, spec.of, seeds, normals.flatMap(mine));
}

/**
 * The Scene of one image.
 * @param without image whose own instances do not serve as references (a normal judging itself)
 */
export function buildScene(file: RuleFile, model: GroundModel, found: NormalCandidates, without?: string): Scene {
  const kept = found.candidates.filter((c) => largeEnough(file.interests[c.interest]!, c, model.medians));
  const raw = kept.map(({ cells: _, readings, ...c }, id): Instance => {
    const reference = model.likeness[c.interest];
    const likeness = reference ? likenessOf(reference, c, without) : undefined;
    const learnt = Object.fromEntries(
      model.attributes.filter((a) => a.of === c.interest).map((a) => [a.attribute, readAttribute(a, c)]),
    );
    const attributes = { ...readings, ...learnt };
    return {
      ...c,
      id,
      status: likeness && likeness.value > 1 ? 'unknown' : 'known',
      attributes,
      ...(likeness ? { likeness } : {}),
      grounding: c.grounding ?? groundingOf(file.interests[c.interest]!),
    };
  });
  const instances = raw.map((i) => withParent(file, i, raw));
  return {
    schema: 'logsad/scene/v1',
    image: found.image,
    frame: found.frame,
    grid: found.grid,
    variant: variantOf(file, instances),
    product: found.product,
    instances,
    unknown: [],
    quality: {},
    detectors: {},
  };
}

/** Which of the groundings given could be used here: words need an image-text model. */
function groundingOf(spec: InterestSpec): Grounding[] {
  if (spec.exemplars.length === 0 && !spec.colour) return ['silhouette'];
  return [
    ...(spec.exemplars.length > 0 ? (['exemplars'] as const) : []),
    ...(spec.colour ? (['colour'] as const) : []),
  ];
}

/** Nested interests name the instance of the parent interest that holds most of them. */
function withParent(file: RuleFile, child: Instance, all: readonly Instance[]): Instance {
  const parent = file.interests[child.interest]?.parent;
  if (parent === undefined) return child;
  let best: Instance | undefined;
  let most = 0.5;
  for (const p of all) {
    if (p.interest !== parent) continue;
    const share = containment(child.mask, p.mask);
    if (share > most) {
      most = share;
      best = p;
    }
  }
  return best ? { ...child, parent: best.id } : child;
}

/** Value of the `variants.by` attribute on its largest instance. */
export function variantOf(file: RuleFile, instances: readonly Instance[]): string | null {
  const by = file.variants?.by;
  if (by === undefined) return null;
  const of = file.attributes[by]?.of;
  const mine = instances.filter((i) => i.interest === of).sort((a, b) => b.area - a.area);
  return mine[0]?.attributes[by]?.value ?? file.attributes[by]?.absent ?? null;
}
