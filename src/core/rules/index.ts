/** The rule language: text to compiled rules, Scenes to references, a Scene to violations. */
export type { CompiledRule, CompiledRules, RulePlace } from './compiled.ts';
export { flatten } from './compiled.ts';
export { bind, compileRules, lintRules, RulesInvalidError } from './compile.ts';
export type { RuleFile, RuleSpec } from './definition.ts';
export { evaluateRules, type RulesOutcome } from './evaluate.ts';
export { type Fault, type FaultCode, FAULTS, printFault } from './faults.ts';
export { KINDS, kindOf } from './kinds/index.ts';
export { type LearntRules, learnRules, referenceFor, type RuleReference } from './learn.ts';
export type { CompileOptions } from './meaning.ts';
export type { RegionMasks } from './view.ts';
