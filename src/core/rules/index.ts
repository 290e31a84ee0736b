/** The rule language: text to compiled rules, Scenes to references, a Scene to violations. */

export { bind, compileRules, lintRules, RulesInvalidError } from './compile.ts';
export type { CompiledRule, CompiledRules, RulePlace } from './compiled.ts';
export { flatten } from './compiled.ts';
export type { RuleFile, RuleSpec } from './definition.ts';
export { evaluateRules, type RulesOutcome } from './evaluate.ts';
export { FAULTS, type Fault, type FaultCode, printFault } from './faults.ts';
export { KINDS, kindOf } from './kinds/index.ts';
export {
  type LearningSet,
  type LearntRules,
  learnFrom,
  learnRules,
  type RuleReference,
  referenceFor,
} from './learn.ts';
export { type CompileOptions, UNKNOWN } from './names.ts';
export type { RegionMasks } from './view.ts';
