/** Codes of rules. */
import { type ErrorEntry, entry, list } from './entry.ts';

export const RULE_ERRORS = {
  RULES_INVALID: entry({
    exit: 2,
    http: 422,
    when: 'A rule file has faults: unknown names, contradictory bounds, unreachable guards and the like. All are listed.',
    message: (p) =>
      `${p.count} ${Number(p.count) === 1 ? 'fault' : 'faults'} in the rules\n${(p.faults as readonly string[] | undefined)?.join('\n') ?? ''}`,
    fix: (p) => `mend every place named; docs/rules.md lists what is valid; then: logsad rules lint ${list(p.file)}`,
  }),

  RULES_NOT_ACCEPTABLE: entry({
    exit: 2,
    http: 409,
    when: 'rules accept was called on a file that has not been vetted, was edited since, or holds rules that vetting advises against.',
    message: (p) =>
      `the rules of ${list(p.product)} cannot be accepted yet, and inspect refuses what is only proposed: ${(p.reasons as readonly string[] | undefined)?.join('; ') ?? ''}`,
    fix: (p) =>
      `run: logsad rules vet ${list(p.file)} --profile P --write, mend what it names, and accept again (or --force)`,
  }),
  CASES_INVALID: entry({
    exit: 2,
    http: 422,
    when: 'A file given to rules test is neither a rule file nor a file of cases.',
    message: (p) => `these are no cases: ${list(p.reason)}`,
    fix: () => 'write cases: into a rule file, or a file of one kind with kind: and a list cases:',
  }),
  SCENE_INVALID: entry({
    exit: 2,
    http: 422,
    when: 'A stored scene is no JSON, or not of the shape that inspect --scenes writes.',
    message: (p) => `${list(p.file)} is no stored scene: ${list(p.reason)}`,
    fix: () => 'write scenes with: logsad inspect RULES --profile P --scenes DIR IMAGE...',
  }),
  SCENES_NONE: entry({
    exit: 2,
    http: 422,
    when: 'A folder given as --scenes holds no stored scene.',
    message: (p) => `${list(p.path)} holds no *.json scene`,
    fix: () => 'write scenes with: logsad inspect RULES --profile P --scenes DIR IMAGE...',
  }),
} as const satisfies Record<string, ErrorEntry>;
