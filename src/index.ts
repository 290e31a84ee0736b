/**
 * The public face of the package.
 *
 *     import { gatherNormals, loadRules, openEngine } from 'logsad';
 *     await using engine = await openEngine();
 *     const product = await loadRules('rules/my-part');
 *     const { profile } = await engine.learn(product, await gatherNormals('photos/good', product.compiled.file));
 *     const inspector = await engine.inspector(product, profile);
 *     const result = await inspector.inspect({ name: 'part.jpg', path: 'part.jpg' });
 */
export { type BatchItem, inspectAll, isImageFault } from './app/batch.ts';
export { type Combination, chosenDetectors, combine } from './app/combinations.ts';
export { type Check, checkup, type Probe } from './app/doctor.ts';
export { evaluate, exemplarDigests, type LabelledRef } from './app/evaluate.ts';
export { type EvaluatedImage, type Evaluation, GOOD, isScored, readCauses, summarise } from './app/evaluation.ts';
export { productName, skeletonRules } from './app/init.ts';
export { checkStamp, type Inspection, type Inspector } from './app/inspect.ts';
export {
  type Deps,
  ENGINE,
  exemplarNames,
  type ImageRef,
  type Learned,
  type LearnOptions,
  type Progress,
} from './app/learn.ts';
export { createLocaliser, type Localisation, type Localiser, PAPER_SIDE, vandScore } from './app/localise.ts';
export { drawOptionsOf, mapPng, overlayPng, type ReportPictures, reportPictures, sheetPng } from './app/pictures.ts';
export type { Backbones, ChatExchange, ChatRequest, ImageReader, Inference, LanguageModel } from './app/ports.ts';
export type { Proposal, ProposeInput } from './app/propose/propose.ts';
export { calibrationNotes, reportFigures, reportNormals } from './app/reportFigures.ts';
export { diffScenes, readLabels, stabilityOf } from './app/rules.ts';
export { type ShotFigures, sweepShots } from './app/sweep.ts';
export { combinationsToText, evaluationToText, localisationToText, shotsToText } from './app/tables.ts';
export { type FailingRule, failingRules } from './app/worst.ts';
export * from './authoring.ts';
export * from './compose.ts';
export { COMPOSITION } from './core/detect/index.ts';
export { type ErrorCode, LogsadError } from './core/errors.ts';
export { encodeProfile, modelsOf, type NormalRecord, type Profile, scenesOf } from './core/profile.ts';
export { firstCause, firstSentence } from './core/report/caption.ts';
export {
  REPORT_LIMITS,
  type ReportEntry,
  type ReportFigures,
  type ReportHead,
  reportToHtml,
  type Section as ReportSection,
  sectionOf,
} from './core/report/html.ts';
export { type Drawing, type DrawOptions, sceneToSvg } from './core/report/svg.ts';
export { createTally, type Label as ReportLabel } from './core/report/tally.ts';
export { resultToText } from './core/report/text.ts';
export * from './core/review/index.ts';
export { explainRules } from './core/rules/explain.ts';
export {
  type CompiledRules,
  compileRules,
  evaluateRules,
  learnRules,
  lintRules,
  printFault,
} from './core/rules/index.ts';
export { runCaseText } from './core/rules/tools/cases.ts';
export * from './core/rules/tools/index.ts';
export { diffToText, mutationToText, vettingToText } from './core/rules/tools/text.ts';
export type * from './core/scene.ts';
export { generateDemo } from './demo/dataset.ts';
export { doctorProbes } from './doctor.ts';
export * from './models.ts';
