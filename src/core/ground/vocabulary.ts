/** The words of a rule file as the classes of label maps, and tokens named by them (ALGORITHM 4.1 B-C). */
import type { FeatureGrid, LabelGrid } from '../grid/grid.ts';
import type { InterestSpec, RuleFile } from '../rules/definition.ts';
import { clusterMap, tokenMap, type Vocabulary } from './segment.ts';

export type WordSource = 'words' | 'clusters';

/** A class of a label map: the interests that share its words. */
export interface WordClass {
  readonly say: readonly string[];
  readonly interests: readonly string[];
  readonly background: boolean;
  readonly least: number;
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
    classes.set(key, {
      say: i.say,
      interests: [...(known?.interests ?? []), i.id],
      background: (known?.background ?? false) || i.role === 'background',
      least: i.minSimilarity ?? known?.least ?? 0,
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
  if (source === 'words') return tokenMap(tokens, vectors, tokens.height, tokens.width);
  if (!clusters) throw new RangeError('words: a cluster per token is needed where interests are grounded by clusters');
  const classes = vocabularyOf(file, 'clusters');
  const vocabulary: Vocabulary = { vectors, background: backgroundOf(classes), least: classes.map((c) => c.least) };
  return clusterMap(clusters, tokens, vocabulary, file.segmentation?.minCells);
}
