/** Progress on standard error: a bar that redraws itself on a terminal, a line every two seconds elsewhere. */
import type { Terminal } from './command.ts';

const TIMING = { redrawMs: 90, plainMs: 2000 } as const;
const BAR_CELLS = 24;

export interface ProgressStep {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly item?: string;
}

export interface ProgressMeter {
  step(p: ProgressStep): void;
  /** Clears the bar; call before printing anything else and at the end. */
  clear(): void;
}

/** `now` in milliseconds; tests hand in a clock of their own. */
export function progressMeter(terminal: Terminal, now: () => number = () => performance.now()): ProgressMeter {
  /** Stages may take turns: each keeps its own beginning, so that rate and time left stay true. */
  const stages = new Map<string, { readonly began: number; readonly first: number }>();
  let stage = '';
  let shown = Number.NEGATIVE_INFINITY;
  let drawn = false;
  const clear = (): void => {
    if (drawn) terminal.err('\r\u001b[2K');
    drawn = false;
  };
  const enter = (p: ProgressStep, at: number): void => {
    clear();
    stage = p.stage;
    const known = stages.get(stage);
    if (known === undefined || p.done < known.first) stages.set(stage, { began: at, first: p.done });
    if (terminal.interactive) shown = Number.NEGATIVE_INFINITY;
    // Off a terminal, stages that take turns share one rhythm: a line of each at every turn would be a flood.
    else if (known === undefined) shown = at;
  };
  return {
    step(p) {
      const at = now();
      if (p.stage !== stage) enter(p, at);
      const { began, first } = stages.get(stage)!;
      const last = p.done >= p.total;
      if (!last && at - shown < (terminal.interactive ? TIMING.redrawMs : TIMING.plainMs)) return;
      // A stage that is over before the first line was due needs none.
      if (!terminal.interactive && last && at - began < TIMING.plainMs) return;
      shown = at;
      const text = describe(p, (p.done - first) / Math.max(1e-9, (at - began) / 1000));
      if (!terminal.interactive) return terminal.err(`${text}\n`);
      terminal.err(`\r\u001b[2K${`${bar(p)} ${text}`.slice(0, Math.max(20, terminal.columns - 1))}`);
      drawn = true;
      if (last) clear();
    },
    clear,
  };
}

function bar({ done, total }: ProgressStep): string {
  const full = total > 0 ? Math.round((BAR_CELLS * Math.min(done, total)) / total) : 0;
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}]`;
}

function describe(p: ProgressStep, rate: number): string {
  const left = rate > 0 && p.done < p.total ? `, ${duration((p.total - p.done) / rate)} left` : '';
  const slow = rate < 0.5;
  const pace =
    rate > 0
      ? ` (${slow ? `${duration(1 / rate)} each` : `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`}${left})`
      : '';
  return `${p.stage} ${p.done}/${p.total}${pace}${p.item ? ` ${p.item}` : ''}`;
}

/** `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
