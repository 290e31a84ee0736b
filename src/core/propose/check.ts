/** Step d: is what a model said a rule file? Every fault in words that it can mend, and per rule what stands. */
import { lintRules } from '../rules/compile.ts';
import type { Fault } from '../rules/faults.ts';
import type { CompileOptions } from '../rules/names.ts';
import { composeFile, type Draft, type DraftRule, draftOf, type RawRule, ruleId, SLIP, slug } from './draft.ts';
import { quotes } from './instructions.ts';
import { askedSettings, type Correction, type Description, type Drawn, OFFERED, type RuleReply } from './replies.ts';

const FILE = 'proposal.yaml';
/** Faults told back at once: more are not read. */
const TOLD = 20;

const fraction = (v: number): boolean => Number.isFinite(v) && v >= -SLIP && v <= 1 + SLIP;
const figure = (v: number): string => String(Number(v.toPrecision(4)));

/** What is wrong with boxes and points: outside, empty, or on a picture that was not shown. */
export function drawnFaults(where: string, drawn: readonly Drawn[], shown: readonly string[]): string[] {
  const out: string[] = [];
  for (const d of drawn) {
    if (!shown.includes(d.image))
      out.push(`${where}: no picture is called "${d.image}"; shown are ${shown.join(', ')}`);
    for (const b of d.boxes) {
      const text = `[${[b.x0, b.y0, b.x1, b.y1].map(figure).join(', ')}]`;
      if (![b.x0, b.y0, b.x1, b.y1].every(fraction))
        out.push(
          `${where}: the box ${text} on ${d.image} lies outside the picture; give fractions from 0 to 1, not pixels`,
        );
      else if (b.x1 <= b.x0 || b.y1 <= b.y0)
        out.push(`${where}: the box ${text} on ${d.image} is empty; x1 must be beyond x0 and y1 beyond y0`);
    }
    for (const p of d.points)
      if (!fraction(p.x) || !fraction(p.y))
        out.push(`${where}: the point [${figure(p.x)}, ${figure(p.y)}] on ${d.image} lies outside the picture`);
  }
  return out;
}

function twice(what: string, names: readonly string[]): string[] {
  const seen = names.map(slug);
  return [...new Set(seen.filter((s, i) => seen.indexOf(s) !== i))].map((s) => `${what}: "${s}" is defined twice`);
}

function compilerFaults(faults: readonly Fault[]): string[] {
  return faults
    .filter((f) => f.severity === 'error')
    .map(
      (f) =>
        `${f.message}${f.didYouMean === undefined ? '' : ` (did you mean ${f.didYouMean}?)`}; expected ${f.expected}`,
    );
}

/** What the compiler says to the first half of a file: boxes that clip or round to nothing, too, for it sees them written. */
const draftFaults = (draft: Draft, options: CompileOptions): string[] =>
  compilerFaults(lintRules(composeFile({ draft, rules: [], detectors: ['composition'] }).text, FILE, options));

/** A description as the first half of a rule file, or everything that is wrong with it. */
export function checkDescription(
  description: Description,
  product: string,
  shown: readonly string[],
  options: CompileOptions,
): { readonly draft: Draft } | { readonly faults: readonly string[] } {
  const faults = [
    ...twice(
      'interests',
      description.interests.map((i) => i.name),
    ),
    ...twice(
      'attributes',
      description.attributes.map((a) => a.name),
    ),
    ...description.interests.flatMap((i) => drawnFaults(`interest ${slug(i.name)}`, i.exemplars, shown)),
    ...description.attributes.flatMap((a) =>
      a.values.flatMap((v) =>
        v.images
          .filter((image) => !shown.includes(image))
          .map((image) => `value ${v.name} of ${a.name}: no picture is called "${image}"`),
      ),
    ),
  ];
  const draft = draftOf(product, description);
  if (faults.length === 0) faults.push(...draftFaults(draft, options));
  return faults.length === 0 ? { draft } : { faults: [...new Set(faults)].slice(0, TOLD) };
}

/**
 * The draft with exemplars redrawn: those of an interest on the pictures named are replaced, others stay. What comes back
 * compiles under `options`, as a checked description does.
 */
export function checkCorrection(
  correction: Correction,
  draft: Draft,
  shown: readonly string[],
  rawOf: (d: Drawn) => Readonly<Record<string, unknown>>,
  options: CompileOptions,
): { readonly draft: Draft } | { readonly faults: readonly string[] } {
  const interests: Record<string, Readonly<Record<string, unknown>>> = { ...draft.interests };
  const faults: string[] = [];
  for (const { interest, exemplars } of correction.redraw) {
    const id = slug(interest);
    if (!Object.hasOwn(interests, id)) {
      faults.push(`no interest is called "${interest}"; there are ${Object.keys(interests).join(', ')}`);
      continue;
    }
    faults.push(...drawnFaults(`interest ${id}`, exemplars, shown));
    const redrawn = exemplars.filter((d) => d.boxes.length + d.points.length > 0);
    const before = (interests[id]!.exemplars ?? []) as readonly { image: string }[];
    const kept = before.filter((e) => !redrawn.some((d) => d.image === e.image));
    interests[id] = { ...interests[id], exemplars: [...kept, ...redrawn.map(rawOf)] };
  }
  const redrawn = { ...draft, interests };
  if (faults.length === 0) faults.push(...draftFaults(redrawn, options));
  return faults.length === 0 ? { draft: redrawn } : { faults: [...new Set(faults)].slice(0, TOLD) };
}

export interface CheckedRules {
  readonly good: readonly DraftRule[];
  readonly bad: readonly { readonly raw: RawRule; readonly faults: readonly string[] }[];
}

/** What can be said of one rule without the compiler. */
function ownFaults(rule: RuleReply, instructions: string): string[] {
  const out: string[] = [];
  if (!OFFERED.some((k) => k.kind === rule.kind)) {
    out.push(`there is no kind "${rule.kind}"; kinds are ${OFFERED.map((k) => k.kind).join(', ')}`);
    return out;
  }
  const asked = askedSettings(rule.kind);
  for (const name of Object.keys(rule))
    if (!asked.includes(name)) out.push(`kind ${rule.kind} has no setting "${name}"; it has ${asked.join(', ')}`);
  if (!quotes(instructions, rule.because))
    out.push(`because "${rule.because}" is no sentence of the instructions: quote the one that the rule stands for`);
  return out;
}

/**
 * Rules split into those that stand and those that do not, with the compiler's faults (and its warnings about rules that
 * say nothing new). `kept` are rules that stand already: names must not clash with theirs.
 */
export function checkRules(
  replies: readonly RuleReply[],
  draft: Draft,
  instructions: string,
  options: CompileOptions,
  kept: readonly DraftRule[] = [],
): CheckedRules {
  const rules = replies.map((r): DraftRule => ({ raw: { ...r, id: ruleId(r.id) }, origin: 'model', remarks: [] }));
  const faults = new Map(rules.map((r, i) => [r, ownFaults(replies[i]!, instructions)]));
  rules.forEach((r, i) => {
    if ([...kept, ...rules.slice(0, i)].some((o) => o.raw.id === r.raw.id))
      faults.get(r)!.push(`the id ${r.raw.id} is taken by another rule`);
  });
  // Faulty rules are taken out and the rest is compiled again: a rule may lean on one that is gone.
  let standing = rules.filter((r) => faults.get(r)!.length === 0);
  for (;;) {
    const { text, spans } = composeFile({ draft, rules: [...kept, ...standing], detectors: ['composition'] });
    let found = false;
    for (const f of lintRules(text, FILE, options)) {
      if (f.severity === 'warning' && f.code === 'UNUSED_INTEREST') continue;
      const at = spans.findIndex((s) => s.from <= f.line && f.line <= s.to) - kept.length;
      const rule = standing[at];
      if (!rule) continue;
      faults.get(rule)!.push(compilerFaults([{ ...f, severity: 'error' }])[0]!);
      found = true;
    }
    if (!found) break;
    standing = standing.filter((r) => faults.get(r)!.length === 0);
  }
  return {
    good: standing,
    bad: rules
      .filter((r) => !standing.includes(r))
      .map((r) => ({ raw: r.raw, faults: [...new Set(faults.get(r))].slice(0, TOLD) })),
  };
}
