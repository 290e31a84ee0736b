/** Speed of the rule engine alone: no model, no picture. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diffScenes } from '../../src/app/rules.ts';
import { createRandom } from '../../src/core/grid/random.ts';
import { type CompiledRules, compileRules, evaluateRules, learnRules } from '../../src/core/rules/index.ts';
import { diffRules } from '../../src/core/rules/tools/index.ts';
import type { Instance, Scene } from '../../src/core/scene.ts';
import type { Bench } from './main.ts';

const PARTS = ['bolt', 'nut', 'ring', 'clip', 'pin'] as const;
/** So many of each: fifty instances. */
const EACH = 10;

/** A Scene of fifty parts with masks and features as large as a photograph's. */
export function tray(n: number): Scene {
  const random = createRandom(n);
  const jitter = (): number => 0.002 * random.normal();
  const instances = PARTS.flatMap((interest, row) =>
    Array.from({ length: EACH }, (_, column): Instance => {
      const [x, y] = [0.05 + 0.1 * column + jitter(), 0.1 + 0.2 * row + jitter()];
      const [w, h] = [0.06 + jitter(), 0.1 + jitter()];
      return {
        id: row * EACH + column,
        interest,
        status: 'known',
        mask: Array.from({ length: 41 }, (_, i) => (i === 0 ? 3000 + 160 * column : i % 2 === 1 ? 8 : 152)),
        area: w * h,
        box: [x - w / 2, y - h / 2, x + w / 2, y + h / 2],
        centroid: [x, y],
        orientation: 0,
        length: h,
        width: w,
        lab: [50 + random.normal(), 10 + random.normal(), random.normal()],
        labStd: [1, 1, 1],
        feature: Array.from({ length: 144 }, () => Math.fround(random.normal() / 12)),
        attributes: {},
        likeness: { value: 0.3, terms: { feature: 0.3, area: 0.1 } },
      };
    }),
  );
  return {
    schema: 'logsad/scene/v1',
    image: `${n}.jpg`,
    frame: { imageWidth: 800, imageHeight: 800, box: [0, 0, 1, 1], width: 640, height: 640 },
    grid: { width: 160, height: 160 },
    variant: null,
    product: [0, 0, 1, 1],
    instances,
    unknown: [],
    quality: {},
    detectors: {},
  };
}

/** One rule of every cheap kind per part. */
export function cheapRules(each: number, edit = ''): string {
  const rules = PARTS.flatMap((p, i) => [
    `{ id: count-${p}, kind: count, of: ${p}, equals: ${each} }`,
    `{ id: present-${p}, kind: presence, of: ${p} }`,
    `{ id: area-${p}, kind: area, of: ${p}${p === 'nut' ? edit : ''} }`,
    `{ id: top-${p}, kind: extent, of: ${p}, edge: top }`,
    `{ id: like-${p}, kind: likeness, of: ${p} }`,
    `{ id: colour-${p}, kind: colour, of: ${p} }`,
    ...(i > 0 ? [`{ id: order-${p}, kind: order, first: ${PARTS[i - 1]}, then: ${p}, axis: y }`] : []),
    ...(i > 0 ? [`{ id: far-${p}, kind: distance, between: [${PARTS[i - 1]}, ${p}] }`] : []),
  ]);
  const interests = PARTS.map((p) => `  ${p}: { form: thing, colour: red }`);
  return `schema: logsad/rules/v1\nproduct: tray\ninterests:\n${interests.join('\n')}\nrules:\n${rules.map((r) => `  - ${r}`).join('\n')}\n`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** Seconds of processor time used so far: what one core does, whatever else the machine is doing. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

export function evaluations(compiled: CompiledRules, normals: readonly Scene[]): void {
  const learnt = learnRules(compiled, normals);
  const scenes = normals.slice(0, 20);
  const rates: number[] = [];
  for (let round = 0; round < 12; round++) {
    const began = cpu();
    let n = 0;
    while (cpu() - began < 0.25) {
      // A fresh Scene each time: what is remembered of one must not flatter the figure.
      for (const s of scenes)
        n += evaluateRules(compiled, learnt, { ...s }).measurements.length > 0 ? compiled.rules.length : 0;
    }
    if (round > 1) rates.push(n / (cpu() - began));
  }
  console.log(
    `rule evaluations per second of one core, ${compiled.rules.length} cheap rules on a 50-instance Scene: ${Math.round(median(rates)).toLocaleString('en')} (target 200,000)`,
  );
}

const SCENES = 10_000;

export async function comparison(
  before: CompiledRules,
  after: CompiledRules,
  normals: readonly Scene[],
  scenes: readonly Scene[],
  what: string,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'logsad-bench-'));
  try {
    const texts = scenes.map((s) => JSON.stringify(s));
    const paths = Array.from({ length: SCENES }, (_, i) => join(folder, `${i}.scene.json`));
    for (const [i, path] of paths.entries()) await writeFile(path, texts[i % texts.length]!);
    const times: number[] = [];
    const busy: number[] = [];
    let changes = 0;
    for (let round = 0; round < 3; round++) {
      const [began, used] = [performance.now(), cpu()];
      const diff = diffRules({ a: before, b: after, normals });
      changes = (await diffScenes(diff, [before, after], paths, (p) => readFile(p, 'utf8'))).length;
      times.push((performance.now() - began) / 1000);
      busy.push(cpu() - used);
    }
    const size = texts.reduce((n, t) => n + t.length, 0) / texts.length / 1024;
    console.log(
      `diff of a one-rule edit over ${SCENES.toLocaleString('en')} ${what} (${size.toFixed(0)} KiB each): ${median(times).toFixed(2)} s, ${median(busy).toFixed(2)} s of processor time, ${changes} verdicts change (target 3 s)`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The first few parts of a tray: as many instances as a bottle or a plug shows. */
export const few = (s: Scene): Scene => ({ ...s, instances: s.instances.filter((i) => i.id % EACH === 0) });

export const bench: Bench = {
  name: 'rules',
  summary: 'rule evaluations per second, and rules diff over 10,000 stored Scenes',
  async run() {
    const normals = Array.from({ length: 60 }, (_, n) => tray(n));
    const before = compileRules(cheapRules(EACH), 'before.yaml');
    evaluations(before, normals);
    // A bound that some of the Scenes break.
    const edited = (each: number, least: number): CompiledRules =>
      compileRules(cheapRules(each, `, within: [${least}, null]`), 'after.yaml');
    const small = compileRules(cheapRules(1), 'before.yaml');
    await comparison(small, edited(1, 0.0056), normals.map(few), normals.map(few), '5-instance Scenes');
    await comparison(before, edited(EACH, 0.0565), normals, normals, '50-instance Scenes');
  },
};
