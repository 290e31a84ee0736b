/** The rule file as code: mutation testing, vetting, mining, comparing, accepting. All pure; pictures stay outside. */
export { type DiffSummary, diffRules, type Label, type RuleDiff, type SceneDiff, summariseDiff } from './diff.ts';
export { groundingText } from './groundingText.ts';
export { type MutationReport, mutationTest, type Trial } from './kill.ts';
export { type MinedRule, type Mining, mineRules } from './mine.ts';
export { minedText } from './mineText.ts';
export { type Mutant, OPERATORS, type Operator } from './operators.ts';
export { PERTURBATIONS } from './perturb.ts';
export { parseScene, partsNeeded } from './sceneText.ts';
export { type Suggestion, suggestRules } from './suggest.ts';
export { type Stability, type VettedRule, type Vetting, vetRules } from './vet.ts';
export { acceptText, objections, writeVetting } from './vetText.ts';
