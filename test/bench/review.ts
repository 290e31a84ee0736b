/**
 * Ten reviews over HTTP, from rules whose learnt tolerances are all doubled: how many errors are left on parts that nobody
 * reviewed. One half of `test` arrives part by part; the scripted inspector reviews what the live rules judge wrongly and
 * accepts the first offer that breaks nothing it was tried on. That policy was fixed before any half was scored.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVICE_DEFAULTS, serve } from '../../server/main.ts';
import { createRandom } from '../../src/core/grid/random.ts';
import { setSetting } from '../../src/core/review/edits.ts';
import { hasTolerance } from '../../src/core/review/widen.ts';
import * as logsad from '../../src/index.ts';
import type { Bench } from './main.ts';
import { type SeenPart, type SeenProduct, seenProduct } from './review/scenes.ts';
import { median, photographs, table } from './support.ts';

const RULES = 'rules/juice-bottle';
const SEEDS = [1, 2, 3, 4, 5];
const REVIEWS = 10;
const ENGINE = new URL('./review/engine.ts', import.meta.url);

/** The rules with every learnt tolerance doubled. */
export function doubled(text: string): string {
  const { rules } = logsad.compileRules(text, 'rules.yaml');
  return rules
    .filter(hasTolerance)
    .reduce((t, r) => setSetting(t, r.id, 'tolerance', 2 * (r.spec.tolerance ?? 1))!, text);
}

/** Two halves, good and bad parts dealt evenly. */
export function halves(parts: readonly SeenPart[], seed: number): [SeenPart[], SeenPart[]] {
  const random = createRandom(seed);
  const deal = (good: boolean): SeenPart[] => random.shuffle(parts.filter((p) => p.good === good));
  const [good, bad] = [deal(true), deal(false)];
  const part = (list: SeenPart[], second: boolean): SeenPart[] => list.filter((_, i) => i % 2 === Number(second));
  return [random.shuffle([...part(good, false), ...part(bad, false)]), [...part(good, true), ...part(bad, true)]];
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

interface Shop {
  readonly call: Call;
  readonly product: string;
}

type Call = <T>(method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<T>;

function client(url: string, token: string): Call {
  return async <T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const raw = body instanceof Uint8Array;
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(raw ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: raw ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
}

interface Found {
  readonly base: number;
  readonly items: readonly logsad.Offer[];
}

/** Saves and accepts a rule file, as the page does. */
async function accept({ call, product }: Shop, text: string, why: string, base: number): Promise<void> {
  const { version } = await call<{ version: number }>('POST', `/products/${product}/rules`, { text, why, base });
  await call('POST', `/products/${product}/rules/${version}/accept`, { why, force: true });
}

async function prepare(shop: Shop, text: string, normal: string): Promise<void> {
  const { call, product } = shop;
  await call('POST', '/products', { id: product, title: 'Juice bottle' });
  await call('PUT', `/products/${product}/normals/000.jpg`, readFileSync(normal), { 'content-type': 'image/jpeg' });
  await accept(shop, text, 'every learnt tolerance doubled', 0);
  await call('POST', `/products/${product}/profiles`, {});
  for (;;) {
    const { state } = await call<{ state: string }>('GET', `/products/${product}/profiles/1`);
    if (state === 'ready') return;
    if (state === 'failed') throw new Error('the kept profile could not be stored');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

interface Run {
  readonly text: string;
  readonly reviews: number;
  readonly seen: number;
  readonly accepted: readonly string[];
}

async function review(shop: Shop, parts: readonly SeenPart[]): Promise<Run> {
  const { call, product } = shop;
  const accepted: string[] = [];
  let [reviews, seen] = [0, 0];
  for (const part of parts) {
    if (reviews === REVIEWS) break;
    seen++;
    const headers = { 'content-type': 'image/jpeg', 'x-image-name': part.name };
    const path = `/products/${product}/inspections?wait=60`;
    const { inspection } = await call<{ inspection: { id: string; verdict: string } }>(
      'POST',
      path,
      readFileSync(part.path),
      headers,
    );
    if (inspection.verdict !== (part.good ? 'reject' : 'pass')) continue;
    reviews++;
    await call('POST', `/inspections/${inspection.id}/reviews`, { verdict: part.good ? 'ok' : 'nok' });
    const { items, base } = await call<Found>('GET', `/inspections/${inspection.id}/offers`);
    const best = items.find(
      (o) => o.text && o.needs.length === 0 && o.replay?.breaks.length === 0 && o.replay.fixes.length > 0,
    );
    accepted.push(best ? best.id : 'none');
    if (best) await accept(shop, best.text!, best.why, base);
  }
  const live = await call<{ liveRules: number }>('GET', `/products/${product}`);
  const { text } = await call<{ text: string }>('GET', `/products/${product}/rules/${live.liveRules}`);
  return { text, reviews, seen, accepted };
}

/** One service for all seeds; each seed is a product of its own. */
export async function open(seen: SeenProduct) {
  const data = mkdtempSync(join(tmpdir(), 'logsad-bench-'));
  process.env.LOGSAD_REVIEW_CACHE = seen.folder;
  const serving = await serve({
    ...{ ...SERVICE_DEFAULTS, data, port: 0, host: '127.0.0.1', version: 'bench', logLevel: 'warn' },
    engineModule: ENGINE,
  });
  return {
    call: client(serving.url, serving.firstToken!),
    [Symbol.asyncDispose]: async () => {
      await serving.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Ten reviews of a half, from `start`. */
export async function once(
  call: Call,
  seed: number,
  start: string,
  data: string,
  parts: readonly SeenPart[],
): Promise<Run> {
  const shop = { call, product: `juice-bottle-${seed}` };
  await prepare(shop, start.replace(/^product: .*$/m, `product: ${shop.product}`), join(data, 'train/good/000.jpg'));
  return review(shop, parts);
}

export const bench: Bench = {
  name: 'review',
  summary: 'errors on one half of juice_bottle after ten reviews of the other, from doubled tolerances, over HTTP',
  long: true,
  async run(args) {
    const data = photographs('juice_bottle');
    if (data === null) return;
    const product = await seenProduct(RULES, data);
    const profile = await logsad.loadProfile(product.profile);
    const original = await logsad.files.readText(join(RULES, 'rules.yaml'));
    const start = doubled(original);
    const rows: string[][] = [];
    await using service = await open(product);
    const [before, after]: [number[], number[]] = [[], []];
    const show = (e: Errors): string => `${e.misses + e.alarms} (${e.misses} + ${e.alarms})`;
    const sum = (e: Errors): number => e.misses + e.alarms;
    for (const seed of args.length > 0 ? args.map(Number) : SEEDS) {
      const [reviewed, scored] = halves(product.parts, seed);
      const run = await once(service.call, seed, start, data, reviewed);
      const [a, b, learnt] = [start, run.text, original].map((t) => score(t, profile, scored)) as [
        Errors,
        Errors,
        Errors,
      ];
      before.push(sum(a));
      after.push(sum(b));
      console.log(`seed ${seed}: ${run.reviews} reviews among ${run.seen} parts; accepted ${run.accepted.join(', ')}`);
      rows.push([String(seed), String(scored.length), `${run.reviews} of ${run.seen}`, show(a), show(b), show(learnt)]);
    }
    rows.push(['median', '', '', String(median(before)), String(median(after)), '']);
    const head = [
      'seed',
      'parts scored',
      'reviews of parts seen',
      'errors before (misses + false alarms)',
      'after',
      'rules as published',
    ];
    console.log(table(head, rows));
  },
};
