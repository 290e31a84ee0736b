/**
 * Ten reviews through the page, from rules whose learnt tolerances are all doubled: how many errors are left on parts that
 * nobody reviewed. One half of `test` is inspected; the scripted person reviews the wrong verdicts, then rejects, ten in all,
 * and accepts the first offer that breaks nothing of what it was tried on. `seeds=6,7` chooses other deals than the usual five,
 * `http` does without Chromium.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '../../src/core/grid/random.ts';
import * as logsad from '../../src/index.ts';
import { CHROMIUM } from '../support/chromium.ts';
import type { Bench } from './main.ts';
import { byCalls, onPage, type Reviewer } from './review/reviewer.ts';
import { type SeenPart, seenProduct } from './review/scenes.ts';
import { doubled, type Shop, serving, submit, supply } from './review/shop.ts';
import { median, photographs, table } from './support.ts';

const RULES = 'rules/juice-bottle';
const SEEDS = [1, 2, 3, 4, 5];
const REVIEWS = 10;

/** Two halves, good and bad parts dealt evenly. */
export function halves(parts: readonly SeenPart[], seed: number): [SeenPart[], SeenPart[]] {
  const random = createRandom(seed);
  const deal = (good: boolean): SeenPart[] => random.shuffle(parts.filter((p) => p.good === good));
  const [good, bad] = [deal(true), deal(false)];
  const part = (list: SeenPart[], second: boolean): SeenPart[] => list.filter((_, i) => i % 2 === Number(second));
  return [random.shuffle([...part(good, false), ...part(bad, false)]), [...part(good, true), ...part(bad, true)]];
}

/** `seeds=6,7` of the arguments, else the usual ones. @throws on anything else, so that no run is of other seeds than meant */
export function seedsOf(args: readonly string[]): readonly number[] {
  const words = args.filter((a) => a !== 'http');
  if (words.length === 0) return SEEDS;
  const list = /^seeds=(\d+(?:,\d+)*)$/.exec(words.join(' '))?.[1];
  if (list === undefined) throw new Error(`expected seeds=6,7,8,9,10 or http; got ${args.join(' ')}`);
  return list.split(',').map(Number);
}

interface Errors {
  readonly misses: number;
  readonly alarms: number;
}

/** A bad part that is not rejected is a miss, a good one that is a false alarm. */
function score(text: string, profile: logsad.Profile, parts: readonly SeenPart[]): Errors {
  const { judge } = logsad.openRejudge(logsad.compileRules(text, 'rules.yaml'), profile);
  const wrong = (good: boolean): number =>
    parts.filter((p) => p.good === good && (judge(p).verdict === 'reject') === good).length;
  return { misses: wrong(false), alarms: wrong(true) };
}

interface Run {
  readonly text: string;
  /** Wrong verdicts of the reviewed half under the doubled tolerances. */
  readonly wrong: number;
  readonly accepted: readonly string[];
}

/** What a person would look at first: verdicts that are wrong, then the rejects, in the order they came. */
function queue<T extends { readonly part: SeenPart; readonly verdict: string }>(list: readonly T[]): T[] {
  const wrong = ({ part, verdict }: T): boolean => verdict === (part.good ? 'reject' : 'pass');
  const rest = list.filter((i) => !wrong(i));
  return [
    ...list.filter(wrong),
    ...rest.filter((i) => i.verdict === 'reject'),
    ...rest.filter((i) => i.verdict !== 'reject'),
  ];
}

async function review(shop: Shop, reviewer: Reviewer, parts: readonly SeenPart[]): Promise<Run> {
  const { call, product } = shop;
  const inspected: { part: SeenPart; id: string; verdict: string }[] = [];
  for (const part of parts) inspected.push({ part, ...(await submit(shop, part)) });
  const accepted: string[] = [];
  for (const { part, id } of queue(inspected).slice(0, REVIEWS))
    accepted.push((await reviewer.review(shop, id, part.good)) ?? 'nothing');
  const live = await call<{ liveRules: number }>('GET', `/products/${product}`);
  const { text } = await call<{ text: string }>('GET', `/products/${product}/rules/${live.liveRules}`);
  const wrong = inspected.filter((i) => i.verdict === (i.part.good ? 'reject' : 'pass')).length;
  return { text, wrong, accepted };
}

export const bench: Bench = {
  name: 'review',
  summary: 'errors on one half of juice_bottle after ten reviews of the other, from doubled tolerances',
  long: true,
  async run(args) {
    const data = photographs('juice_bottle');
    if (data === null) return;
    const product = await seenProduct(RULES, data);
    const profile = await logsad.loadProfile(product.profile);
    const original = await logsad.files.readText(join(RULES, 'rules.yaml'));
    const start = doubled(original);
    const rows: string[][] = [];
    const seeds = seedsOf(args);
    const runs: Run[] = [];
    const folder = mkdtempSync(join(tmpdir(), 'logsad-bench-'));
    const service = await serving(product, folder, null);
    const paged = CHROMIUM !== null && !args.includes('http');
    console.log(paged ? 'reviewed through the page' : 'reviewed over HTTP');
    const reviewer = paged ? await onPage(service.url, service.token) : byCalls();
    try {
      for (const seed of seeds) {
        const shop = await supply(service.call, `juice-bottle-${seed}`, start, data);
        runs.push(await review(shop, reviewer, halves(product.parts, seed)[0]));
        console.log(`seed ${seed}: ${runs.at(-1)!.accepted.join(' | ')}`);
      }
    } finally {
      await reviewer.close();
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    }
    // Nothing of the other halves is looked at before the last review is made.
    const [before, after]: [number[], number[]] = [[], []];
    const show = (e: Errors): string => `${e.misses + e.alarms} (${e.misses} + ${e.alarms})`;
    for (const [i, run] of runs.entries()) {
      const [reviewed, scored] = halves(product.parts, seeds[i]!);
      const [a, b, c] = [start, run.text, original].map((t) => score(t, profile, scored)) as [Errors, Errors, Errors];
      before.push(a.misses + a.alarms);
      after.push(b.misses + b.alarms);
      const wrong = `${run.wrong} of ${reviewed.length}`;
      rows.push([String(seeds[i]), String(scored.length), wrong, show(a), show(b), show(c)]);
    }
    rows.push(['median', '', '', String(median(before)), String(median(after)), '']);
    const head = [
      'seed',
      'parts scored',
      'wrong among the parts of the other half',
      'errors before (misses + false alarms)',
      'after',
      'rules as published',
    ];
    console.log(table(head, rows));
  },
};
