/**
 * Prompt ensembles: the lists are data (`prompts/*.yaml`), their composition is here. WinCLIP's compositional ensemble
 * (CPE, its section 4.1) and APRIL-GAN's cross states with an object noun and templates with the outcome; LogSAD embeds a
 * word by all templates and synonyms (ALGORITHM 2.3).
 */
import type { Rows } from '../grid/cluster.ts';
import { unitRows } from '../grid/linear.ts';
import type { RuleFile } from '../rules/definition.ts';

/** A file of `prompts/`. `{}` is the object in a state and the state in a template. */
export interface PromptList {
  readonly normal: readonly string[];
  readonly anomalous: readonly string[];
  readonly templates: readonly string[];
}

/** The lists by the name of their file, without the ending. */
export type PromptBook = Readonly<Record<string, PromptList>>;

/** The prompts of the two classes. */
export interface ClassPrompts {
  readonly normal: readonly string[];
  readonly anomalous: readonly string[];
}

const fill = (pattern: string, word: string): string => pattern.replaceAll('{}', word);

/** A state of a rule file as a pattern: one without a place for the object stands before it. */
export const statePattern = (state: string): string => (state.includes('{}') ? state : `${state} {}`);

/** The noun of a rule file: `object`, or the product's name as words. */
export const objectOf = (file: Pick<RuleFile, 'object' | 'product'>): string =>
  file.object ?? file.product.replaceAll(/[-_]+/g, ' ');

/** Every word in every template: the ensemble of one class of words (LogSAD: a word and its synonyms). */
export function wordPrompts(templates: readonly string[], words: readonly string[]): string[] {
  return words.flatMap((w) => templates.map((t) => fill(t, w)));
}

/**
 * All states of both classes in all templates, state by state.
 * @param states product-specific anomalous states beyond the list (WinCLIP: +0.8 AUROC on VisA)
 */
export function composePrompts(list: PromptList, object: string, states: readonly string[] = []): ClassPrompts {
  const inTemplates = (patterns: readonly string[]): string[] =>
    wordPrompts(
      list.templates,
      patterns.map((p) => fill(p, object)),
    );
  return {
    normal: inTemplates(list.normal),
    anomalous: inTemplates([...list.anomalous, ...states.map(statePattern)]),
  };
}

/**
 * One unit vector per class: the mean of its prompts' embeddings, `[k, 1, d]`.
 * @param embeddings one row per prompt, class after class
 * @param counts prompts per class
 * @param average `unit`: every prompt is normalised first (APRIL-GAN, LogSAD); `raw`: as they come (WinCLIP's
 *   reimplementations; the paper says "average")
 */
export function classVectors(embeddings: Rows, counts: readonly number[], average: 'unit' | 'raw' = 'unit'): Rows {
  const d = embeddings.channels;
  const rows = average === 'unit' ? unitRows(embeddings.data, d) : embeddings.data;
  const out = new Float64Array(counts.length * d);
  let at = 0;
  counts.forEach((n, k) => {
    for (let i = 0; i < n; i++, at += d) for (let c = 0; c < d; c++) out[k * d + c]! += rows[at + c]! / n;
  });
  return { data: Float32Array.from(unitRows(out, d)), height: counts.length, width: 1, channels: d };
}
