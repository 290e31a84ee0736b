/** Bodies about what a review may change, tasks of a product, and trends, as docs/http-api.md gives them. */
import type { Fault, Inspection, Scene, Verdict } from './types.ts';

export interface DiffLine {
  readonly op: ' ' | '+' | '-';
  readonly line: string;
  readonly number: number;
}
export interface Change {
  readonly inspection: string;
  readonly name: string;
  readonly review: Inspection['review'];
  readonly before: Verdict;
  readonly after: Verdict;
  readonly cause: string | null;
}
export interface Replay {
  readonly judged: number;
  readonly reviewed: number;
  readonly fixes: readonly Change[];
  readonly breaks: readonly Change[];
  readonly changes: readonly Change[];
  readonly changed: number;
  readonly approximate: boolean;
  readonly note: string | null;
}
export interface Offer {
  readonly id: string;
  readonly kind: string;
  readonly rule: string | null;
  readonly title: string;
  readonly why: string;
  readonly text: string | null;
  readonly diff: readonly DiffLine[];
  readonly needs: readonly ('normal' | 'learn')[];
  readonly normal?: string | null;
  readonly evidence: readonly string[];
  readonly replay: Replay | null;
}
export interface Offers {
  readonly inspection: string;
  readonly product: string;
  readonly situation: 'false-alarm' | 'miss' | 'none';
  readonly note: string | null;
  readonly rules: number;
  readonly base: number;
  readonly items: readonly Offer[];
}
export interface Preview {
  readonly scene: Scene;
  readonly problems: readonly string[];
  readonly ms: number;
}
export type TaskKind = 'vet' | 'mutate' | 'mine' | 'propose';
export interface Task {
  readonly id: string;
  readonly product: string;
  readonly kind: TaskKind;
  readonly state: 'queued' | 'running' | 'done' | 'failed';
  readonly progress: { readonly stage: string; readonly done: number; readonly total: number } | null;
  readonly result: unknown;
  readonly error: Fault | null;
  readonly author: string;
  readonly createdAt: string;
  readonly finishedAt: string | null;
}
export interface VetResult {
  readonly text: string;
  readonly alarms: { readonly fired: number; readonly of: number; readonly low: number; readonly high: number };
  readonly score: number | null;
  readonly rules: readonly {
    readonly rule: string;
    readonly kind: string;
    readonly line: number;
    readonly advice: 'keep' | 'relax' | 'drop';
    readonly reasons: readonly string[];
    readonly fired: number;
    readonly of: number;
    readonly low: number;
    readonly high: number;
    readonly worstImage: string | null;
    readonly mutants: { readonly killed: number; readonly own: number } | null;
    readonly redundantWith: readonly string[] | string | null;
  }[];
}
export interface MutateResult {
  readonly score: number | null;
  readonly operators: readonly { readonly operator: string; readonly killed: number; readonly of: number }[];
  readonly survivors: readonly { readonly mutant: string; readonly rule: string | null; readonly by: string | null }[];
}
export interface MinedRule {
  readonly yaml: string;
  readonly sentence: string;
  readonly n: number;
  readonly fired: number;
  readonly of: number;
  readonly kills: number;
  readonly adds: number;
}
export interface MineResult {
  readonly text: string;
  readonly score: number | null;
  readonly rules: readonly MinedRule[];
  readonly spare: readonly MinedRule[];
}
export interface Trends {
  readonly product: string;
  readonly bucket: 'hour' | 'day';
  readonly buckets: readonly {
    readonly at: string;
    readonly total: number;
    readonly pass: number;
    readonly review: number;
    readonly reject: number;
    readonly failed: number;
  }[];
  readonly window: number;
  readonly rules: readonly {
    readonly rule: string;
    readonly kind: string;
    readonly fired: number;
    readonly share: number;
    readonly severity: string;
  }[];
  readonly drift: readonly {
    readonly rule: string;
    readonly kind: string;
    readonly quantity: string;
    readonly n: number;
    readonly centre: number | null;
    readonly low: number | null;
    readonly high: number | null;
    readonly median: number | null;
    readonly shift: number | null;
    readonly series: readonly { readonly at: string; readonly median: number; readonly n: number }[];
  }[];
  readonly affected: readonly string[];
}
