/** The `vetting:` block of a rule file, and the acceptance that rests on it. Neither touches another byte. */
import { parse } from 'yaml';
import type { CompiledRules } from '../compiled.ts';
import { record } from '../normalise.ts';
import { flow, setBlock, setWord } from './textEdit.ts';
import type { VettedRule, Vetting } from './vet.ts';

export interface VettingStamp {
  /** ISO date, handed in: core has no clock. */
  readonly date: string;
  /** `id@digest` of the models that made the Scenes. */
  readonly models: readonly string[];
}

const round = (v: number): number => Number(v.toPrecision(3));

function entry(r: VettedRule): Record<string, unknown> {
  const e = r.estimate;
  return {
    advice: r.advice,
    fired: e.fired,
    of: e.n,
    interval: [round(e.interval.low), round(e.interval.high)],
    margin: { median: round(e.median), max: round(e.worst), ...(e.worstImage === null ? {} : { at: e.worstImage }) },
    mutants: r.mutants.killed,
    ...(r.stability === null ? {} : { unstable: r.stability.fired, changed: r.stability.of }),
    ...(r.reasons.length === 0 ? {} : { reasons: [...r.reasons] }),
  };
}

/** `text` with its `vetting:` block replaced, or appended. */
export function writeVetting(text: string, compiled: CompiledRules, vetting: Vetting, stamp: VettingStamp): string {
  const facts: Record<string, unknown> = {
    date: stamp.date,
    rulesDigest: compiled.digests.rules,
    grounding: compiled.digests.grounding,
    models: [...stamp.models],
    normals: vetting.normals,
    calibration: vetting.calibration,
    alarms: {
      fired: vetting.alarms.fired,
      of: vetting.alarms.of,
      interval: [round(vetting.alarms.low), round(vetting.alarms.high)],
    },
    mutation: { score: vetting.score === null ? null : round(vetting.score), seed: vetting.seed },
  };
  const lines = [
    '# Written by logsad rules vet; edits of the rules make it stale.',
    ...Object.entries(facts).map(([k, v]) => `${k}: ${flow(v)}`),
    'rules:',
    ...vetting.rules.map((r) => `  ${r.rule}: ${flow(entry(r))}`),
  ];
  return setBlock(text, 'vetting', ['vetting:', ...lines.map((l) => `  ${l}`), ''].join('\n'));
}

/** Why a file cannot be accepted as it stands: no vetting, a stale one, or rules that it advises to drop or relax. */
export function objections(compiled: CompiledRules): string[] {
  const v = record(compiled.file.vetting);
  if (typeof v.rulesDigest !== 'string') return ['it has never been vetted'];
  const out: string[] = [];
  if (v.rulesDigest !== compiled.digests.rules) out.push('rules were edited since it was vetted');
  if (v.grounding !== compiled.digests.grounding)
    out.push('frame, interests, attributes, regions or detectors were edited since it was vetted');
  if (out.length > 0) return out;
  for (const [rule, value] of Object.entries(record(v.rules))) {
    const { advice, reasons } = record(value);
    if (advice !== 'drop' && advice !== 'relax') continue;
    const why = Array.isArray(reasons) && typeof reasons[0] === 'string' ? `: ${reasons[0]}` : '';
    out.push(`vetting advises to ${advice} ${rule}${why}`);
  }
  return out;
}

/** `text` with `status: accepted`; nothing else changes. */
export function acceptText(text: string): string {
  const status = record(parse(text, { logLevel: 'silent' })).status;
  if (status === undefined || status === 'accepted') return text;
  return setWord(text, 'status', 'accepted', ['product', 'schema']);
}
