/** What a rule text finds on one normal, before anything is learnt for good: from its exemplars alone. */
import * as logsad from '../../src/index.ts';
import type { Answer, AskOf } from './protocol.ts';
import { WarmInspectors } from './warm.ts';

/** Groundings that stay learnt. */
const KEPT = 2;
/** Normals that teach where a file names no exemplars. */
const FEW = 4;

type Ask = AskOf<'preview'>;

export class PreviewDesk {
  readonly #warm = new WarmInspectors(KEPT);

  async #learn(ask: Ask, rules: logsad.ProductRules, engine: logsad.Engine): Promise<logsad.Inspector> {
    const named = new Set(logsad.exemplarNames(rules.compiled.file));
    const exemplars = ask.normals.filter((n) => named.has(n.name));
    const normals = exemplars.length > 0 ? exemplars : ask.normals.slice(0, FEW);
    const { profile } = await engine.learn(rules, { normals, exemplars, set: ask.models });
    return engine.inspector(rules, profile, { proposed: true });
  }

  /** @throws LogsadError RULES_INVALID, EXEMPLAR_*, and as learning */
  async show(ask: Ask, started: () => Promise<logsad.Engine>): Promise<Answer<'preview'>> {
    const path = `${ask.product}/rules.yaml`;
    const problems = logsad.lintRules(ask.rules, path).map((f) => `line ${f.line}: ${f.message}`);
    const rules = { path, compiled: logsad.compileRules(logsad.groundingText(ask.rules), path) };
    const key = [rules.compiled.digests.grounding, ask.models, ...ask.normals.map((n) => n.path)].join(' ');
    const open = async (): Promise<logsad.Inspector> => this.#learn(ask, rules, await started());
    const result = await this.#warm.use(key, open, (inspector) => inspector.inspect(ask.normal));
    const png = await logsad.overlayPng(
      ask.normal.path,
      result,
      logsad.images,
      logsad.drawOptionsOf(rules.compiled.file),
    );
    return { scene: JSON.stringify(result.scene), png, problems };
  }
}
