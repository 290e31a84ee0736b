/** What a proposal could not know: said in the file's head and on the review sheet, so that a person answers it. */
import type { Draft, DraftRule } from './draft.ts';
import type { Facts } from './facts.ts';
import { sentencesOf, uncovered } from './instructions.ts';

export interface OpenInput {
  readonly draft: Draft;
  readonly facts: Facts;
  readonly rules: readonly DraftRule[];
  readonly instructions: string | null;
  readonly asked: boolean;
  readonly unsure: readonly string[];
  readonly unsaid: readonly { readonly sentence: string; readonly why: string }[];
}

/** Normals from which on a share of a few per cent shows itself. */
const MANY = 30;

export function openQuestions(o: OpenInput): string[] {
  const out: string[] = [];
  if (!o.asked) {
    out.push(
      'No language model was asked: which of the things that all normals share must be so, and which merely are so, is for you to say.',
    );
    if (o.instructions !== null)
      for (const s of sentencesOf(o.instructions)) out.push(`Nobody has turned this sentence into a rule: ${s}`);
    else out.push('No instructions were given: numbers, pairs and orders are those of the normals.');
  } else if (o.instructions !== null) {
    const why = new Map(o.unsaid.map((u) => [u.sentence, u.why]));
    for (const s of uncovered(
      o.instructions,
      o.rules.filter((r) => r.origin === 'model').map((r) => r.raw.because),
    ))
      out.push(`No rule stands for this sentence: ${s}${why.has(s) ? ` (${why.get(s)})` : ''}`);
  }
  out.push(...o.unsure.map((u) => `The model is not sure: ${u}`));
  for (const i of o.facts.interests) {
    const missing = i.counts['0'] ?? 0;
    if (missing > 0)
      out.push(
        `${i.interest} is not found on ${missing} of ${o.facts.normals} normals: may it be absent, or was it drawn too narrowly?`,
      );
  }
  for (const [attribute, values] of Object.entries(o.facts.attributes)) {
    const named = Object.keys((o.draft.attributes[attribute]?.values ?? {}) as object);
    for (const v of named.filter((n) => values[n] === undefined))
      out.push(`No normal shows ${attribute} ${v}: what such a product looks like is not known.`);
  }
  if (o.facts.normals < MANY)
    out.push(
      `${o.facts.normals} normals cannot show how much a good product varies: bounds are wider than they need be.`,
    );
  return out;
}
