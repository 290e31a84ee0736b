/**
 * An edited rule file on stored parts, at a fraction of the cost of `openRejudge`: only the rules that the edit touches, and
 * what hangs on them, are learnt and judged anew on the normals. The verdicts are the same.
 */
import { allowedAside, CALIBRATE, type Judge, judgeScene } from '../calibrate.ts';
import { bind } from '../rules/compile.ts';
import { evaluateRules } from '../rules/evaluate.ts';
import type { CompiledRules } from '../rules/index.ts';
import { learnFrom } from '../rules/learn.ts';
import { changesBetween, closure } from '../rules/tools/diff.ts';
import type { RegionMasks } from '../rules/view.ts';
import type { Measurement, Scene } from '../scene.ts';
import { decided, type Met, openRejudge, type Rejudge, type Taught } from './rejudge.ts';

const largest = (list: readonly Measurement[], counts: (rule: string) => boolean): number =>
  list.reduce((m, x) => (counts(x.rule) ? Math.max(m, x.margin) : m), 0);

/** The rules of an edit that must be looked at anew, alone in a file, and what was looked at before. */
interface Edit {
  readonly edited: CompiledRules;
  readonly part: CompiledRules;
  readonly touched: ReadonlySet<string>;
  readonly now: Rejudge;
  readonly masks: RegionMasks;
}

/** `old` with the measurements of the touched rules, by folds of the normals without those of `aside`. */
function remeasured({ part, touched, now, masks }: Edit, old: readonly Met[], aside: ReadonlySet<Scene>): Met[] {
  const { aside: _, ...set } = now.bounds.learning;
  const scenes = [...set.normals, ...(set.calibration ?? [])];
  const held = [...(set.held ?? set.normals), ...(set.calibration ?? [])];
  const indices = new Map(scenes.map((s, i) => [s, i]));
  const count = Math.min(scenes.length, CALIBRATE.folds);
  const learnt = Array.from({ length: count }, (_, f) =>
    learnFrom(part, set, (s) => indices.get(s)! % count !== f && !aside.has(s)),
  );
  return held.map((s, i) => {
    const { detectors, measurements } = old[i]!;
    const fresh = evaluateRules(part, learnt[i % count]!, s, masks).measurements;
    return { detectors, measurements: [...measurements.filter((m) => !touched.has(m.rule)), ...fresh] };
  });
}

/** The normals that the edited file would set aside, most refused first. */
function asideUnder({ edited, now }: Edit, met: readonly Met[]): Scene[] {
  const { file } = edited;
  const composed = file.detectors.some((d) => d.name === 'composition');
  const rejects = new Set(file.rules.filter((r) => composed && r.severity === 'reject').map((r) => r.id));
  const { normals, calibration = [] } = now.bounds.learning;
  const scenes = [...normals, ...calibration];
  return met
    .map((m, i) => ({
      i,
      unit: Math.max(
        0,
        ...Object.values(m.detectors),
        largest(m.measurements, (id) => rejects.has(id)),
      ),
    }))
    .filter((u) => u.unit > 1)
    .sort((a, b) => b.unit - a.unit || a.i - b.i)
    .slice(0, allowedAside(scenes.length))
    .map((u) => scenes[u.i]!);
}

/**
 * As `openRejudge(edited, taught)`; `now` was opened on the same `taught`. Where the edit changes more than rules, or which
 * normals are set aside, it is that.
 */
export function rejudgeEdit(now: Rejudge, edited: CompiledRules, taught: Taught, masks: RegionMasks = {}): Rejudge {
  const { file } = edited;
  const old = now.compiled.file;
  const anew = (): Rejudge => openRejudge(edited, taught, masks);
  if (edited.digests.grounding !== now.compiled.digests.grounding) return anew();
  if (file.scoring === 'paper' || old.scoring === 'paper') return anew();
  const touched = closure([...old.rules, ...file.rules], new Set(Object.keys(changesBetween(old.rules, file.rules))));
  const rules = file.rules.filter((r) => touched.has(r.id));
  const part = bind({ ...file, rules, cases: [] }, () => ({ file: file.product, line: 1, col: 1 }));
  const edit: Edit = { edited, part, touched, now, masks };
  const { judge, allows, learning } = now.bounds;
  const aside = learning.aside ?? new Set<Scene>();
  const met = remeasured(edit, now.met, new Set());
  const next = asideUnder(edit, met);
  if (next.length !== aside.size || !next.every((s) => aside.has(s))) return anew();
  const kept = Object.entries(judge.rules.references).filter(([id]) => !touched.has(id));
  const references = { ...Object.fromEntries(kept), ...learnFrom(part, learning).references };
  const learnt: Judge = { ...judge, rules: { ...judge.rules, rules: edited.digests.rules, references } };
  const normals = taught.normals.map((n) => n.scene);
  const taughtBy = new Set([...taught.normals, ...taught.calibration].map((r) => r.sha256));
  let whole: Rejudge | null = null;
  let held: readonly Met[] | null = aside.size === 0 ? met : null;
  return {
    compiled: edited,
    bounds: { judge: learnt, allows, learning },
    met,
    get held() {
      held ??= remeasured(edit, now.held, aside);
      return held;
    },
    judge: (stored) => {
      if (taughtBy.has(stored.sha256)) {
        whole ??= anew();
        return whole.judge(stored);
      }
      const judged = judgeScene(edited, learnt, stored.scene, masks);
      return decided(stored.scene, { judge: learnt, allows }, judged, normals);
    },
  };
}
