/** Authoring over Scenes and pictures: vetting, mutants, mining, and proposals of a language model. */
import * as logsad from '../../src/index.ts';
import type { TaskResult } from '../schemas.ts';
import type { AskOf, Progress } from './protocol.ts';

type Ask = AskOf<'task'>;

/** Survivors that are listed; all are in the score. */
const LISTED = 200;

async function opened({ product, rules, profile: path }: Ask) {
  const file = `${product}/rules.yaml`;
  const own = { path: file, compiled: logsad.compileRules(rules!, file) };
  const learning = await logsad.learningFor(own, await logsad.loadProfile(path!));
  return { text: rules!, compiled: own.compiled, ...learning };
}

async function vet(ask: Ask): Promise<TaskResult> {
  const { text, compiled, profile, set } = await opened(ask);
  const vetting = logsad.vetRules({ compiled, ...set, seed: ask.seed });
  const stamp = { date: logsad.today(), models: logsad.modelsOf(profile) };
  return {
    text: logsad.writeVetting(text, compiled, vetting, stamp),
    alarms: vetting.alarms,
    score: vetting.score,
    rules: vetting.rules.map(({ estimate: e, rule, kind, line, advice, reasons, mutants, redundantWith }) => ({
      ...{ rule, kind, line, advice, mutants, redundantWith, reasons: [...reasons], fired: e.fired, of: e.n },
      ...{ low: e.interval.low, high: e.interval.high, worst: e.worst, worstImage: e.worstImage },
    })),
  };
}

async function mutate(ask: Ask): Promise<TaskResult> {
  const { compiled, learnt, set } = await opened(ask);
  const { report, trials } = logsad.mutationTest(compiled, learnt, set, { seed: ask.seed });
  const suggestions = logsad.suggestRules({ compiled, ...set }, trials);
  return {
    score: report.score,
    operators: Object.entries(report.operators).map(([operator, tally]) => ({ operator, ...tally })),
    survivors: suggestions.slice(0, LISTED).map(({ survivor, rule, by }) => ({
      mutant: `${survivor.change} (${survivor.image})`,
      rule: rule === null ? null : logsad.ruleLine(rule),
      by,
    })),
  };
}

async function mine(ask: Ask): Promise<TaskResult> {
  const { text, compiled, profile, set } = await opened(ask);
  // What calibrates a file must not have written it: see the command line's `mine`.
  const { calibration: _, aside: __, ...normals } = set;
  const mining = logsad.mineRules({ compiled, ...normals, seed: ask.seed });
  const shown = (m: logsad.MinedRule) => ({
    ...{ yaml: logsad.ruleLine(m.raw), sentence: m.sentence, n: m.n, kills: m.kills, adds: m.adds },
    ...{ fired: m.estimate.fired, of: m.estimate.n },
  });
  return {
    text: logsad.minedText(text, mining, { date: logsad.today(), models: logsad.modelsOf(profile) }),
    score: mining.score,
    rules: mining.rules.map(shown),
    spare: mining.spare.map(shown),
    refused: mining.refused.map(({ id, reason }) => ({ id, reason })),
  };
}

/** The model is the one that the environment of the service names; a record in its place answers without a network. */
async function propose(ask: Ask, engine: logsad.Engine, onProgress: (p: Progress) => void): Promise<TaskResult> {
  const record = process.env.LOGSAD_LLM_RECORD;
  const llm = record ? await logsad.openRecord(record) : await logsad.openModel({ record: null });
  const { product, instructions, normals, seed, models } = ask;
  const input = {
    product,
    file: `${product}/rules.yaml`,
    instructions,
    normals,
    seed,
    ...(models === null ? {} : { set: models }),
  };
  const p = await logsad.proposeRules(engine, input, llm, {
    onProgress: ({ stage, done, total }) => onProgress({ stage, done, total }),
  });
  await llm.finish();
  return {
    ...{ text: p.text, rules: p.rules, open: [...p.open], score: p.score, shown: [...p.shown] },
    alarms: { fired: p.alarms.fired, of: p.alarms.of },
    llm: { model: llm.model, endpoint: llm.endpoint, exchanges: llm.exchanges.length, asked: llm.asked },
  };
}

/** @throws LogsadError as the stories do */
export async function runTask(
  ask: Ask,
  engine: () => Promise<logsad.Engine>,
  onProgress: (p: Progress) => void,
): Promise<string> {
  const run = { vet, mutate, mine, propose: async (a: Ask) => propose(a, await engine(), onProgress) };
  return JSON.stringify(await run[ask.task](ask));
}
