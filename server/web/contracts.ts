/** Bodies about what a review may change, tasks of a product, and trends, as docs/http-api.md gives them. */
import type { Static } from 'typebox';
import type * as S from '../schemas.ts';
import type { Fault, Scene } from './types.ts';

export type Replay = S.Replay;
export type Change = Replay['fixes'][number];
export type Offers = Static<typeof S.Offers>;
export type Offer = Offers['items'][number];
export type DiffLine = Offer['diff'][number];
export type Trends = S.Trends;
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
