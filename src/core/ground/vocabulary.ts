/** The words of a rule file as the classes of label maps, and tokens named by them (ALGORITHM 4.1 B-C). */
import type { FeatureGrid, LabelGrid } from '../grid/grid.ts';
import { dot } from '../grid/linear.ts';
import type { InterestSpec, RuleFile } from '../rules/definition.ts';
import { clusterMap, tokenMap, type Vocabulary } from './segment.ts';

export type WordSource = 'words' | 'clusters';

/** A class of a label map: the interests that share its words. */
export interface WordClass {
  readonly say: readonly string[];
  readonly interests: readonly string[];
  readonly background: boolean;
  /** `minSimilarity` where one is stated: what is less alike goes to the background. */
  readonly least?: number;
}

/** How words ground an interest; null where something else does. */
export const sourceOf = (i: InterestSpec): WordSource | 'silhouette' | null => {
  for (const s of i.source ?? []) if (s === 'clusters' || s === 'words' || s === 'silhouette') return s;
  return i.say.length > 0 ? 'words' : null;
};

/** The classes that a source tells apart, in file order; interests that say the same words are one class. */
export function vocabularyOf(file: RuleFile, source: WordSource): WordClass[] {
  const classes = new Map<string, WordClass>();
  for (const i of Object.values(file.interests)) {
    if (sourceOf(i) !== source || i.say.length === 0) continue;
    const key = JSON.stringify(i.say);
    const known = classes.get(key);
    const least = i.minSimilarity ?? known?.least;
    classes.set(key, {
      say: i.say,
      interests: [...(known?.interests ?? []), i.id],
      background: (known?.background ?? false) || i.role === 'background',
      ...(least === undefined ? {} : { least }),
    });
  }
  return [...classes.values()];
}

/** The class that takes what belongs to none: the last background, as published the last of the list. */
export const backgroundOf = (classes: readonly WordClass[]): number =>
  Math.max(
    0,
    classes.findLastIndex((c) => c.background),
  );

/** A token map in which tokens no more like their class than it asks for (`minSimilarity`) are background. */
function withLeast(
  map: LabelGrid,
  tokens: FeatureGrid,
  vectors: FeatureGrid,
  least: readonly (number | undefined)[],
  background: number,
): LabelGrid {
  if (least.every((l) => l === undefined)) return map;
  const d = tokens.channels;
  const data = map.data.map((cls, i) => {
    const asked = least[cls];
    return asked !== undefined && dot(tokens.data, i * d, vectors.data, cls * d, d) <= asked ? background : cls;
  });
  return { ...map, data };
}

/**
 * Class per token of one source.
 * @param vectors one text vector per class of `vocabularyOf(file, source)`
 * @param clusters cluster per token, for `clusters`
 */
export function labelByWords(
  file: RuleFile,
  source: WordSource,
  tokens: FeatureGrid,
  vectors: FeatureGrid,
  clusters: LabelGrid | null,
): LabelGrid {
  const classes = vocabularyOf(file, source);
  const background = backgroundOf(classes);
  if (source === 'words') {
    const map = tokenMap(tokens, vectors, tokens.height, tokens.width);
    return withLeast(
      map,
      tokens,
      vectors,
      classes.map((c) => c.least),
      background,
    );
  }
  if (!clusters) throw new RangeError('words: a cluster per token is needed where interests are grounded by clusters');
  const vocabulary: Vocabulary = { vectors, background, least: classes.map((c) => c.least ?? 0) };
  return clusterMap(clusters, tokens, vocabulary, file.segmentation?.minCells);
}
