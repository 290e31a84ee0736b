/**
 * The grounding model of one product and how it makes a Scene: pixel head -> labels -> candidates -> instances with
 * likeness, attributes, parents and variant. Learnt from labelled exemplars (head) and from all normals (the rest).
 */
import { type FeatureGrid, type LabelGrid, labelGrid, type Mask, zeros } from '../grid/grid.ts';
import { containment } from '../grid/runs.ts';
import type { AttributeSpec, InterestSpec, RuleFile } from '../rules/definition.ts';
import type { Instance, Scene, SceneFrame, UnknownRegion } from '../scene.ts';
import { median, type ScalarReference } from '../statistics.ts';
import { type AttributeModel, learnAttribute, readAttribute } from './attributes.ts';
import { normaliseStage } from './features.ts';
import type { FocusSize } from './focus.ts';
import { addLocalLogits, blurLogits, type PixelHead } from './head.ts';
import { type AreaMedians, type Candidate, type FrameView, findCandidates, productBox } from './instances.ts';
import { GROUND } from './constants.ts';
import { confidenceQuantiles, IGNORED_CELL, learnFloors, markUnknown, unknownRegions } from './openSet.ts';
import { type LikenessModel, learnLikeness, likenessOf } from './likeness.ts';

/** Everything that grounds interests in a new image. */
export interface GroundModel {
  readonly head: PixelHead;
  readonly medians: AreaMedians;
  readonly likeness: Readonly<Record<string, LikenessModel>>;
  readonly attributes: readonly AttributeModel[];
  /** Smallest winning logit that normals show, per class. */
  readonly floors: Readonly<Record<string, ScalarReference>>;
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
  readonly unknown: readonly UnknownRegion[];
  /** Low quantile of the winning logit per class (open set). */
  readonly confidence: Readonly<Record<string, number>>;
}

/** Interests in label order (those with pixels of their own), then silhouettes. */
export function classInterests(file: RuleFile): { classes: InterestSpec[]; all: InterestSpec[] } {
  const specs = Object.values(file.interests);
  const classes = specs.filter((s) => s.exemplars.length > 0 || s.colour !== undefined);
  const rest = specs.filter((s) => !classes.includes(s) && s.source?.includes('silhouette'));
  return { classes, all: [...classes, ...rest] };
}

/** Index and value of the largest logit per cell. */
export function argmax(logits: FeatureGrid): { labels: LabelGrid; confidence: FeatureGrid } {
  const { channels: k, data, height, width } = logits;
  const labels = labelGrid(height, width);
  const confidence = zeros(height, width);
  for (let i = 0; i < labels.data.length; i++) {
    let best = 0;
    for (let c = 1; c < k; c++) if (data[i * k + c]! > data[i * k + best]!) best = c;
    labels.data[i] = best;
    confidence.data[i] = data[i * k + best]!;
  }
  return { labels, confidence };
}

export interface ViewOptions {
  /** Learnt floors of the open set; while learning there are none yet. */
  readonly floors?: GroundModel['floors'];
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
  const { labels, confidence } = argmax(blurLogits(addLocalLogits(head, stageLogits, lab)));
  if (options.floors) markUnknown(head.classes, labels, confidence, options.floors);
  const { ignored } = options;
  if (ignored) {
    for (let i = 0; i < labels.data.length; i++) if (ignored.data[i]) labels.data[i] = IGNORED_CELL;
  }
  return { frame, labels, confidence, lab, stages: stages.map((s, i) => normaliseStage(s, head.stages[i]!)) };
}

/** What an image offers before it is compared with the normals. */
export function candidatesOf(file: RuleFile, image: string, view: FrameView, medians: AreaMedians): NormalCandidates {
  const { all, classes } = classInterests(file);
  return {
    image,
    frame: view.frame,
    grid: { width: view.labels.width, height: view.labels.height },
    product: productBox(all, view),
    candidates: findCandidates(all, view, medians),
    unknown: unknownRegions(view.frame, view.labels),
    confidence: confidenceQuantiles(
      classes.map((c) => c.id),
      view.labels,
      view.confidence,
    ),
  };
}

/** Median size per interest: of single instances for things, of the union for stuff. Specks against the largest left out. */
export function areaMedians(file: RuleFile, normals: readonly NormalCandidates[]): Record<string, number> {
  const out: Record<string, number> = {};
  for (const spec of Object.values(file.interests)) {
    const areas = normals.flatMap((n) => n.candidates.filter((c) => c.interest === spec.id).map((c) => c.cells));
    if (areas.length === 0) continue;
    const largest = Math.max(...areas);
    out[spec.id] = median(areas.filter((a) => a >= 0.25 * largest));
  }
  return out;
}

/** Learns medians, likeness and attributes from the candidates of all normals. */
export function learnGround(file: RuleFile, head: PixelHead, normals: readonly NormalCandidates[]): GroundModel {
  const medians = areaMedians(file, normals);
  const kept = normals.map((n) => ({
    ...n,
    candidates: n.candidates.filter((c) => largeEnough(file.interests[c.interest]!, c, medians)),
  }));
  const likeness: Record<string, LikenessModel> = {};
  for (const spec of Object.values(file.interests)) {
    const mine = kept.flatMap((n) =>
      n.candidates.filter((c) => c.interest === spec.id).map((instance) => ({ image: n.image, instance })),
    );
    if (mine.length > 0) likeness[spec.id] = learnLikeness(spec.id, spec.form, mine);
  }
  const attributes = Object.values(file.attributes).flatMap((a) => learnOne(a, kept) ?? []);
  const floors = learnFloors(
    head.classes,
    normals.map((n) => n.confidence),
  );
  return { head, medians, likeness, attributes, floors };
}

function largeEnough(spec: InterestSpec, c: Candidate, medians: AreaMedians): boolean {
  return spec.form === 'stuff' || spec.clean.minArea !== undefined || c.cells >= GROUND.minThingArea * (medians[spec.id] ?? 0);
}

function learnOne(spec: AttributeSpec, normals: readonly NormalCandidates[]): AttributeModel | null {
  const mine = (n: NormalCandidates) => n.candidates.filter((c) => c.interest === spec.of);
  const seeds = new Map(
    Object.entries(spec.values).map(([value, v]) => [
      value,
      normals.filter((n) => v.exemplars.includes(n.image)).flatMap(mine),
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
  const raw = kept.map(({ cells: _, ...c }, id): Instance => {
    const reference = model.likeness[c.interest];
    const likeness = reference ? likenessOf(reference, c, without) : undefined;
    const attributes = Object.fromEntries(
      model.attributes.filter((a) => a.of === c.interest).map((a) => [a.attribute, readAttribute(a, c)]),
    );
    return {
      ...c,
      id,
      status: likeness && likeness.value > 1 ? 'unknown' : 'known',
      attributes,
      ...(likeness ? { likeness } : {}),
      grounding: ['exemplars'],
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
    unknown: found.unknown,
    quality: {},
    detectors: {},
  };
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
function variantOf(file: RuleFile, instances: readonly Instance[]): string | null {
  const by = file.variants?.by;
  if (by === undefined) return null;
  const of = file.attributes[by]?.of;
  const mine = instances.filter((i) => i.interest === of).sort((a, b) => b.area - a.area);
  return mine[0]?.attributes[by]?.value ?? null;
}
