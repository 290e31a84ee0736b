/** Bodies about what a review may change, tasks of a product, and trends, as docs/http-api.md gives them. */
import type { Static } from 'typebox';
import type * as S from '../schemas.ts';
import type { Scene } from './types.ts';

export type Replay = S.Replay;
export type ReplayPage = S.ReplayPage;
export type Change = Replay['fixes'][number];
export type Offers = Static<typeof S.Offers>;
export type Offer = Offers['items'][number];
export type DiffLine = Offer['diff'][number];
export type Trends = S.Trends;
export type Preview = Omit<Static<typeof S.Preview>, 'scene'> & { readonly scene: Scene };

export type Task = S.Task;
export type TaskKind = S.TaskKind;
export type MutateResult = Extract<S.TaskResult, { operators: unknown }>;
export type MineResult = Extract<S.TaskResult, { spare: unknown }>;
export type MinedRule = MineResult['rules'][number];
export type ProposeResult = Extract<S.TaskResult, { llm: unknown }>;
export type VetResult = Exclude<S.TaskResult, MutateResult | MineResult | ProposeResult>;
