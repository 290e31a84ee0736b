/** The kinds of rules, told to a model: what each measures, its settings, and one example that holds. */
import { inline } from '../rules/schemaFault.ts';
import type { Draft } from './draft.ts';
import { askedSettings, OFFERED } from './replies.ts';

/** Settings that every rule has; they are told once. */
const COMMON = ['id', 'kind', 'because', 'when', 'severity'];

export function kindsText(): string {
  return OFFERED.map((k) => {
    const own = askedSettings(k.kind).filter((s) => !COMMON.includes(s));
    const required = (k.params as { required?: readonly string[] }).required ?? [];
    const settings = own.map((s) => (required.includes(s) ? `${s} (required)` : s)).join(', ');
    const example = k.examples[0];
    return `- ${k.kind}: ${k.summary} Settings: ${settings || 'none'}.${example ? ` Example: ${inline({ kind: k.kind, ...example.rule })}` : ''}`;
  }).join('\n');
}

/** What rules may speak of. */
export function namesText(draft: Draft): string {
  const interests = Object.entries(draft.interests).map(([id, raw]) => {
    const role = raw.role === 'background' ? ', background' : '';
    const parent = typeof raw.parent === 'string' ? `, on ${raw.parent}` : '';
    return `- ${id} (${String(raw.form)}${role}${parent})`;
  });
  const attributes = Object.entries(draft.attributes).map(
    ([id, raw]) => `- ${id} of ${String(raw.of)}: ${Object.keys((raw.values ?? {}) as object).join(', ')}`,
  );
  return [
    'Interests:',
    ...interests,
    ...(attributes.length > 0 ? ['Attributes:', ...attributes] : []),
    'Places that always exist: product, image.',
  ].join('\n');
}
