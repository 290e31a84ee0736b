/** Answers of a service that holds 50,000 inspections: lists, filters, figures, trends, replays; medians and worst of ten. An argument: how many. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openSql } from '../../server/service.ts';
import * as logsad from '../../src/index.ts';
import type { Bench } from './main.ts';
import { seenProduct } from './review/scenes.ts';
import { doubled, type Shop, serving, submit, supply } from './review/shop.ts';
import { median, photographs, table } from './support.ts';

const STORED = 50_000;
/** Parts that are inspected; the others are copies of their rows. */
const INSPECTED = 20;
const PAGE = 1000;
const TIMES = 10;
/** A timer that should come so often tells how long the event loop stood still. */
const LOOK_MS = 5;

/** Copies of the inspections that are there, each with its own time and every tenth with a review. */
async function fill(data: string, count: number): Promise<void> {
  await using sql = await openSql({ data });
  for (let from = INSPECTED; from < count; from += PAGE) {
    const rows = Math.min(PAGE, count - from);
    await sql.query(
      `WITH old AS (SELECT *, row_number() OVER (ORDER BY seq) - 1 AS n FROM inspections ORDER BY seq LIMIT ${INSPECTED}),
       fresh AS (INSERT INTO inspections (id, product, name, image, state, rules_version, profile_version, author, created_at, finished_at)
         SELECT gen_random_uuid(), product, name || ' ' || ($2::int + g), image, state, rules_version, profile_version, author,
           now() - make_interval(secs => ($3::int - $2::int - g) * 40), now() FROM generate_series(1, $1::int) g JOIN old ON old.n = g % ${INSPECTED}
         RETURNING id, name),
       results AS (INSERT INTO results (inspection, verdict, score, unit, p, cause, body, scene, maps)
         SELECT fresh.id, r.verdict, r.score, r.unit, r.p, r.cause, r.body, r.scene, r.maps FROM fresh
         JOIN old ON old.name = split_part(fresh.name, ' ', 1) JOIN results r ON r.inspection = old.id)
       INSERT INTO reviews (id, inspection, verdict, comment, author)
         SELECT gen_random_uuid(), id, CASE WHEN name LIKE 'good%' THEN 'ok' ELSE 'nok' END, '', 'bench' FROM fresh WHERE random() < 0.1`,
      [rows, from, count],
    );
  }
  await sql.query('ANALYZE');
}

/** Time of an answer; processor time of the service (and of the caller, which is little); and how long all others waited for it. */
async function measured(name: string, times: number, work: () => Promise<unknown>): Promise<string[]> {
  const ms: number[] = [];
  const cpu: number[] = [];
  const loop = monitorEventLoopDelay({ resolution: LOOK_MS });
  loop.enable();
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    const before = process.cpuUsage();
    await work();
    ms.push(performance.now() - began);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1000);
  }
  loop.disable();
  const blocked = Math.max(0, loop.max / 1e6 - LOOK_MS);
  return [name, ...[ms[0]!, median(ms), Math.max(...ms), median(cpu), blocked].map((v) => v.toFixed(0))];
}

async function measure({ call, product }: Shop, rules: string): Promise<string[][]> {
  const list = (query: string) => () => call('GET', `/inspections?product=${product}&limit=50${query}`);
  const { next } = await call<{ next: string }>('GET', `/inspections?product=${product}&limit=500`);
  const replay = (limit: number) => () => call('POST', `/products/${product}/replay`, { text: rules, limit });
  return [
    await measured('first page of the queue', TIMES, list('')),
    await measured('a later page', TIMES, list(`&cursor=${next}`)),
    await measured('rejects', TIMES, list('&verdict=reject')),
    await measured('passes that a person called NOK', TIMES, list('&verdict=pass&review=nok')),
    await measured('not reviewed', TIMES, list('&review=none')),
    await measured('a rule that no verdict names (all are looked at)', TIMES, list('&rule=nothing')),
    await measured('product with its counts', TIMES, () => call('GET', `/products/${product}`)),
    await measured('metrics', TIMES, () => call('GET', `/products/${product}/metrics`)),
    await measured('trends of 30 days', TIMES, () => call('GET', `/products/${product}/trends`)),
    await measured('replay over 500 reviewed parts', 3, replay(0)),
    await measured('replay over these and the 2,000 newest others', 3, replay(2000)),
  ];
}

export const bench: Bench = {
  name: 'stored',
  summary: 'a service with 50,000 stored inspections: milliseconds per answer',
  long: true,
  async run(args) {
    const data = photographs('juice_bottle');
    if (data === null) return;
    const count = Number(args[0] ?? STORED);
    const seen = await seenProduct('rules/juice-bottle', data);
    const text = await logsad.files.readText('rules/juice-bottle/rules.yaml');
    const folder = mkdtempSync(join(tmpdir(), 'logsad-bench-'));
    try {
      const service = await serving(seen, folder, null);
      const shop = await supply(service.call, 'juice-bottle-stored', text, data);
      for (const part of seen.parts.slice(0, INSPECTED)) await submit(shop, part);
      await service.stop();
      const began = performance.now();
      await fill(folder, count);
      console.log(
        `${count.toLocaleString('en')} inspections stored in ${((performance.now() - began) / 1000).toFixed(0)} s`,
      );
      const again = await serving(seen, folder, service.token);
      const rows = await measure(
        { ...shop, call: again.call },
        doubled(text).replace(/^product: .*$/m, `product: ${shop.product}`),
      );
      await again.stop();
      console.log(table(['answer', 'first ms', 'median ms', 'worst ms', 'CPU ms', 'longest standstill'], rows));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
