/**
 * Words to a Scene: what an image-text model (tokens, text vectors), a codebook (clusters) and a mask model (proposals)
 * say about one picture, put together as the rule file asks. The reference path of the paper (ALGORITHM 4-4.2); the
 * adapters run the models, this file has no part in it.
 */

import type { FeatureGrid, LabelGrid, Mask } from '../grid/grid.ts';
import { emptyMask, grid } from '../grid/grid.ts';
import { resizeNearest } from '../grid/nearest.ts';
import { encodeRuns } from '../grid/runs.ts';
import type { InterestSpec, RuleFile } from '../rules/definition.ts';
import { factsOf } from '../rules/drawnScene.ts';
import type { AttributeReading, Instance, RunLengths, Scene, SceneFrame } from '../scene.ts';
import { areaInCells, cleanMask } from './cleaning.ts';
import {
  argmax,
  cellsOf,
  classScores,
  dropSmallRegions,
  ontoTokens,
  type Proposals,
  paintProposals,
  piecesAbove,
  SEGMENT,
  silhouetteOf,
  voteByProposals,
} from './segment.ts';
import { backgroundOf, sourceOf, vocabularyOf, type WordSource } from './vocabulary.ts';

/** What the models say about one picture; every part may be missing where the file does not ask for it. */
export interface WordEvidence {
  readonly image: string;
  readonly frame: SceneFrame;
  /** Unit projected tokens `[h, w, d]`. */
  readonly tokens: FeatureGrid;
  /** Class per token by source, in the order of `vocabularyOf`: see `labelByWords`. */
  readonly maps: Readonly<Partial<Record<WordSource, LabelGrid>>>;
  /** Of the mask model; null where none is installed: then maps are only enlarged. */
  readonly proposals: Proposals | null;
  /** Text vector per value, in the file's order, by attribute. */
  readonly attributes: Readonly<Record<string, FeatureGrid>>;
}

/** A source's map at the resolution of the proposals: voted on, uncovered pixels and small regions settled. */
function refined(
  file: RuleFile,
  source: WordSource,
  map: LabelGrid,
  painted: LabelGrid | null,
  size: { height: number; width: number },
): LabelGrid {
  const settings = file.segmentation ?? {};
  const classes = vocabularyOf(file, source);
  const background = backgroundOf(classes);
  if (!painted || settings.vote?.includes(source) === false)
    return resizeNearest(map, size.height, size.width, 'corner');
  const voted = voteByProposals(map, painted);
  const most = areaInCells(settings.minRegion ?? SEGMENT.minRegion, 'px@448', size);
  const cleaned = dropSmallRegions(voted, (c) => !classes[c]?.background, background, most);
  if (settings.uncovered !== 'background') return cleaned;
  return { ...cleaned, data: cleaned.data.map((v, i) => (painted.data[i] === 0 ? background : v)) };
}

/** Masks of all interests before they are cut into instances, confined to their parents. */
function masksOf(file: RuleFile, evidence: WordEvidence, size: { height: number; width: number }): Map<string, Mask> {
  const { proposals } = evidence;
  const painted = proposals ? paintProposals(proposals) : null;
  const maps = new Map<WordSource, LabelGrid>();
  const mapOf = (source: WordSource): LabelGrid | undefined => {
    const map = evidence.maps[source];
    if (map && !maps.has(source)) maps.set(source, refined(file, source, map, painted, size));
    return maps.get(source);
  };
  const masks = new Map<string, Mask>();
  const make = (spec: InterestSpec): Mask => {
    const known = masks.get(spec.id);
    if (known) return known;
    const source = sourceOf(spec);
    let mask = emptyMask(size.height, size.width);
    if (source === 'silhouette' && file.segmentation?.silhouette === 'largest-proposal') {
      mask = proposals ? silhouetteOf(proposals) : mask;
    } else if (source) {
      const of = source === 'silhouette' ? (evidence.maps.words ? 'words' : 'clusters') : source;
      const classes = vocabularyOf(file, of);
      const mine = classes.map((c) => (source === 'silhouette' ? !c.background : c.interests.includes(spec.id)));
      const map = mapOf(of);
      if (map)
        mask = grid(
          Uint8Array.from(map.data, (v) => (mine[v] ? 1 : 0)),
          size.height,
          size.width,
        );
    }
    const parent = spec.parent === undefined ? undefined : file.interests[spec.parent];
    // Only a parent that was found in another way confines: two classes of one map never overlap.
    if (parent && sourceOf(parent) !== source) {
      const inside = largePieces(parent, make(parent));
      mask = { ...mask, data: mask.data.map((v, i) => v & inside.data[i]!) };
    }
    masks.set(spec.id, mask);
    return mask;
  };
  for (const spec of Object.values(file.interests)) make(spec);
  return masks;
}

const leastOf = (spec: InterestSpec, mask: Mask): number =>
  spec.clean.minArea === undefined ? 0 : areaInCells(spec.clean.minArea, spec.clean.unit, mask);

/** A cleaned mask without its small pieces. */
function largePieces(spec: InterestSpec, mask: Mask): Mask {
  const out = emptyMask(mask.height, mask.width);
  for (const piece of piecesAbove(cleanMask(mask, spec.clean), leastOf(spec, mask)))
    for (const cell of cellsOf(piece)) out.data[cell] = 1;
  return out;
}

/** Attribute of a mask by words: mean token against every value's vector; nothing where no token falls in the mask. */
export function readByWords(
  values: readonly string[],
  tokens: FeatureGrid,
  mask: Mask,
  vectors: FeatureGrid,
): AttributeReading | null {
  const scores = classScores(tokens, cellsOf(ontoTokens(mask, tokens.height, tokens.width)), vectors);
  if (!scores) return null;
  const best = argmax(scores);
  const second = Math.max(...scores.filter((_, i) => i !== best), -1);
  return { value: values[best] ?? null, margin: Math.min(1, Math.max(0, scores[best]! - second)), distances: {} };
}

/** Masks of the instances at the resolution of the tokens, for interest matching; those no token falls in are dropped. */
export function tokenMasks(
  scene: Scene,
  evidence: Pick<WordEvidence, 'tokens'>,
): { readonly interest: string; readonly mask: RunLengths }[] {
  const { width, height } = scene.grid;
  return scene.instances.flatMap(({ interest, mask }) => {
    const data = new Uint8Array(width * height);
    let at = 0;
    mask.forEach((run, i) => {
      if (i % 2 === 1) data.fill(1, at, at + run);
      at += run;
    });
    const small = ontoTokens(grid(data, height, width), evidence.tokens.height, evidence.tokens.width);
    return small.data.some((v) => v !== 0) ? [{ interest, mask: encodeRuns(small.data) }] : [];
  });
}

/**
 * The Scene of one picture. Things are cut into their pieces, stuff is one instance; holes stay holes, as published.
 * Instances carry no colour and no feature: what needs pixels or stages adds them.
 */
export function sceneByWords(file: RuleFile, evidence: WordEvidence): Scene {
  const size = evidence.proposals ?? { height: evidence.frame.height, width: evidence.frame.width };
  const masks = masksOf(file, evidence, size);
  const instances = Object.values(file.interests).flatMap((spec): Omit<Instance, 'id'>[] => {
    if (spec.role === 'background') return [];
    const mask = masks.get(spec.id)!;
    const cleaned = cleanMask(mask, spec.clean);
    const pieces =
      spec.form === 'thing'
        ? piecesAbove(cleaned, leastOf(spec, mask))
        : [largePieces(spec, mask)].filter((m) => m.data.some((v) => v !== 0));
    return pieces.map((piece) => ({
      interest: spec.id,
      status: 'known',
      ...factsOf(evidence.frame, piece),
      lab: [0, 0, 0],
      labStd: [0, 0, 0],
      feature: [],
      attributes: attributesOf(file, spec, piece, evidence),
      grounding: [sourceOf(spec) ?? 'words'],
    }));
  });
  const numbered = instances.map((i, id): Instance => ({ ...i, id }));
  const by = file.variants && file.attributes[file.variants.by];
  const carrier = by && numbered.filter((i) => i.interest === by.of).sort((a, b) => b.area - a.area)[0];
  return {
    schema: 'logsad/scene/v1',
    image: evidence.image,
    frame: evidence.frame,
    grid: { width: size.width, height: size.height },
    variant: by ? (carrier?.attributes[by.id]?.value ?? by.absent ?? null) : null,
    product: [0, 0, 1, 1],
    instances: numbered,
    unknown: [],
    quality: {},
    detectors: {},
  };
}

function attributesOf(
  file: RuleFile,
  spec: InterestSpec,
  mask: Mask,
  { tokens, attributes }: WordEvidence,
): Instance['attributes'] {
  return Object.fromEntries(
    Object.values(file.attributes).flatMap((a) => {
      const vectors = attributes[a.id];
      const reading = a.of === spec.id && vectors ? readByWords(Object.keys(a.values), tokens, mask, vectors) : null;
      return reading ? [[a.id, reading]] : [];
    }),
  );
}
