/** What becomes of reviews: stored Scenes judged again. Profiles and what was learnt from them are kept for the next request. */
import * as logsad from '../../src/index.ts';
import type { Answer, AskOf, PartText, ReviewKey } from './protocol.ts';

/** Profiles without their learnt models, and files with their bounds, that are kept; some megabytes each. */
const KEPT = { profiles: 2, files: 4 } as const;

/** Values per plot; more would be one grey bar. */
const MOST_VALUES = 240;

/** The newest few of what takes long to make. */
class Kept<T> {
  readonly #items = new Map<string, Promise<T>>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.#items.get(key) ?? make();
    known.catch(() => this.#items.delete(key));
    this.#items.delete(key);
    this.#items.set(key, known);
    if (this.#items.size > this.#most) this.#items.delete(this.#items.keys().next().value!);
    return known;
  }
}

interface Opened {
  readonly now: logsad.Rejudge;
  readonly taught: logsad.Taught;
}

const pathOf = (product: string): string => `${product}/rules.yaml`;
const partOf = ({ scene, ...part }: PartText): logsad.StoredPart => ({
  ...part,
  scene: JSON.parse(scene) as logsad.Scene,
});

export class ReviewDesk {
  readonly #profiles = new Kept<logsad.Taught>(KEPT.profiles);
  readonly #files = new Kept<Opened>(KEPT.files);
  #last: { readonly profile: string; readonly opened: Promise<Opened> } | null = null;
  readonly #edits = new Kept<logsad.Rejudge>(KEPT.files);

  #taught(path: string): Promise<logsad.Taught> {
    return this.#profiles.get(path, async () => {
      const { normals, calibration, relit } = await logsad.loadProfile(path);
      return { normals, calibration, relit };
    });
  }

  /** Files of one profile differ by few rules: a further one is learnt from what the last one was. */
  #open({ product, rules, profile }: ReviewKey): Promise<Opened> {
    const last = this.#last?.profile === profile ? this.#last.opened : null;
    const opened = this.#files.get(`${profile} ${rules}`, async () => {
      const compiled = logsad.compileRules(rules, pathOf(product));
      const known = await last?.catch(() => null);
      const taught = known?.taught ?? (await this.#taught(profile));
      return {
        taught,
        now: known ? logsad.rejudgeEdit(known.now, compiled, taught) : logsad.openRejudge(compiled, taught),
      };
    });
    this.#last = { profile, opened };
    return opened;
  }

  /** @throws LogsadError RULES_INVALID, PROFILE_* */
  async offers({ key, part, violation, reviewed }: AskOf<'offers'>): Promise<Answer<'offers'>> {
    const { now, taught } = await this.#open(key);
    return logsad.offersFor({
      ...{ text: key.rules, path: pathOf(key.product), taught, now },
      part: partOf(part),
      reviewed: reviewed.map(partOf),
      ...(violation === null ? {} : { violation }),
    });
  }

  /** @throws LogsadError RULES_INVALID, PROFILE_* */
  async replay({ key, text, parts }: AskOf<'replay'>): Promise<Answer<'replay'>> {
    const { now, taught } = await this.#open(key);
    const next = await this.#edits.get(`${key.profile} ${key.rules} ${text}`, async () => {
      return logsad.rejudgeEdit(now, logsad.compileRules(text, pathOf(key.product)), taught);
    });
    const run = logsad.replayer(now.judge, next.judge);
    for (const part of parts) run.add(partOf(part));
    const approximate = next.compiled.digests.grounding !== now.compiled.digests.grounding;
    return { replay: run.result(), approximate };
  }

  /** Each normal by bounds it did not set, as in reports. @throws LogsadError RULES_INVALID, PROFILE_* */
  async normals({ key }: AskOf<'normals'>): Promise<Answer<'normals'>> {
    const { now, taught } = await this.#open(key);
    const found = new Map<string, { rule: string; quantity: string; values: number[] }>();
    for (const record of [...taught.normals, ...taught.calibration]) {
      for (const m of now.judge(record).measurements) {
        if (m.skipped !== undefined || typeof m.measured !== 'number') continue;
        const name = `${m.rule}\n${m.quantity}`;
        const item = found.get(name) ?? { rule: m.rule, quantity: m.quantity, values: [] };
        found.set(name, item);
        if (item.values.length < MOST_VALUES) item.values.push(m.measured);
      }
    }
    return [...found.values()];
  }
}
