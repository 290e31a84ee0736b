/** Learn, inspect, evaluate through the real command line on a small demo data set; interruptions and full disks. */
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImages } from '../../src/adapters/images.ts';
import { generateDemo } from '../../src/demo/dataset.ts';
import { logsad } from '../support/cli.ts';

let dir: string;
const at = (...parts: string[]): string => join(dir, ...parts);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'logsad-e2e-'));
  const small = { train: 6, validation: 0, good: 2, logical: 2, structural: 1 };
  for await (const file of generateDemo(small, createImages())) {
    await mkdir(dirname(at('data', file.path)), { recursive: true });
    await writeFile(at('data', file.path), file.bytes);
  }
  const learn = await logsad(['learn', 'data', '--normals', 'data/train/good', '--profile', 'kit.profile', '--json'], {
    cwd: dir,
  });
  expect([learn.status, learn.stderr.includes('error')]).toEqual([0, false]);
  learnt = JSON.parse(learn.stdout) as Record<string, unknown>;
});
afterAll(() => rm(dir, { recursive: true, force: true }));
let learnt: Record<string, unknown>;

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l) as Record<string, unknown>);

describe('learn', () => {
  it('says what it learnt, as one JSON document', async () => {
    expect(learnt).toMatchObject({
      schemaVersion: 1,
      profile: 'kit.profile',
      normals: 6,
      calibration: 0,
      failures: [],
      warnings: [],
    });
    expect((await readFile(at('kit.profile'))).length).toBeGreaterThan(10_000);
  });

  it('Ctrl-C in the middle leaves no half profile', async () => {
    const before = await readdir(dir);
    // The first word about progress means that models are loaded and images are being worked on.
    let stopped = false;
    const run = await logsad(['learn', 'data', '--normals', 'data/train/good', '--profile', 'other.profile'], {
      cwd: dir,
      onError: (_, child) => {
        if (!stopped) process.kill(-child.pid!, 'SIGINT');
        stopped = true;
      },
      // On a machine so fast that nothing is said within two seconds, there is nothing to interrupt either.
      onStart: (child) => {
        setTimeout(() => {
          if (!stopped && child.exitCode === null) process.kill(-child.pid!, 'SIGINT');
          stopped = true;
        }, 2500).unref();
      },
    });
    expect([run.status, run.stdout]).toEqual([130, '']);
    expect(run.stderr).toContain('interrupted');
    expect(await readdir(dir)).toEqual(before);
  });
});

describe('inspect', () => {
  it('goes on past images that cannot be read, and exits with 2', async () => {
    const good = await readFile(at('data/test/good/000.jpg'));
    await mkdir(at('batch'), { recursive: true });
    await writeFile(at('batch/0-good.jpg'), good);
    await writeFile(at('batch/1-cut.jpg'), good.subarray(0, Math.floor(good.length / 3)));
    await writeFile(at('batch/2-empty.jpg'), '');
    await writeFile(at('batch/3-text.jpg'), 'this is a text\n');
    await writeFile(at('batch/4-good.jpg'), good);
    const args = ['inspect', 'data', '--profile', 'kit.profile', 'batch', 'gone.jpg', '--json'];
    const run = await logsad([...args, '--overlay', 'over', '--scenes', 'scenes', '--report', 'r/report.html'], {
      cwd: dir,
    });
    const results = lines(run.stdout);
    expect(run.status).toBe(2);
    expect(results.map((r) => [r.schemaVersion, r.image, 'error' in r])).toEqual([
      [1, '0-good.jpg', false],
      [1, '1-cut.jpg', true],
      [1, '2-empty.jpg', true],
      [1, '3-text.jpg', true],
      [1, '4-good.jpg', false],
      [1, 'gone.jpg', true],
    ]);
    expect(results.map((r) => (r.error as { code: string } | undefined)?.code ?? 'fine')).toEqual([
      'fine',
      'IMAGE_UNREADABLE',
      'IMAGE_EMPTY',
      'IMAGE_NOT_AN_IMAGE',
      'fine',
      'IMAGE_NOT_FOUND',
    ]);
    // The same picture twice is the same result twice.
    expect({ ...results[4], image: 0, timings: 0, scene: 0 }).toEqual({
      ...results[0],
      image: 0,
      timings: 0,
      scene: 0,
    });
    expect((await readdir(at('over'))).sort()).toEqual(['0-good.png', '4-good.png']);
    expect((await readdir(at('scenes'))).sort()).toEqual(['0-good.scene.json', '4-good.scene.json']);
    const scene = JSON.parse(await readFile(at('scenes/0-good.scene.json'), 'utf8')) as Record<string, unknown>;
    expect(scene).toEqual(results[0]!.scene);
    const page = await readFile(at('r/report.html'), 'utf8');
    expect(page).toContain('IMAGE_NOT_AN_IMAGE');
    // Self-contained: nothing is fetched from anywhere.
    expect(page.match(/(?:src|href)="(?!data:|#)[^"]*"/g)).toBeNull();
  });

  it('exits with 1 when a part is rejected, and says where the rule is written', async () => {
    const run = await logsad(
      ['inspect', 'data/rules.yaml', '--profile', 'kit.profile', 'data/test/logical_anomalies'],
      { cwd: dir },
    );
    expect(run.status).toBe(1);
    expect(run.stdout).toMatch(/^reject +000\.jpg +unit \d/m);
    expect(run.stdout).toMatch(/\[data\/rules\.yaml:\d+\]$/m);
    expect(run.stdout).toMatch(/^2 inspected: /m);
  });

  it('a profile of an older rule file is stale, an edited rule is not', async () => {
    const rules = await readFile(at('data/rules.yaml'), 'utf8');
    await mkdir(at('edited'), { recursive: true });
    await writeFile(at('edited/rules.yaml'), rules.replace('equals: 4', 'equals: 5'));
    const image = 'data/test/good/000.jpg';
    const edited = await logsad(['inspect', 'edited', '--profile', 'kit.profile', image, '--json'], { cwd: dir });
    expect([edited.status, JSON.stringify(lines(edited.stdout)[0]!.violations)]).toEqual([
      1,
      expect.stringContaining('four-screws'),
    ]);
    await writeFile(at('edited/rules.yaml'), rules.replace('long: 640', 'long: 512'));
    const stale = await logsad(['inspect', 'edited', '--profile', 'kit.profile', image], { cwd: dir });
    expect([stale.status, stale.stderr]).toEqual([2, expect.stringContaining('PROFILE_STALE')]);
    await writeFile(at('edited/rules.yaml'), rules.replace('object:', 'status: proposed\nobject:'));
    const proposed = await logsad(['inspect', 'edited', '--profile', 'kit.profile', image], { cwd: dir });
    expect([proposed.status, proposed.stderr]).toEqual([2, expect.stringContaining('RULES_PROPOSED')]);
  });
});

describe('evaluate', () => {
  it('prints the figures of the issue, never scores exemplars, and judges normals without themselves', async () => {
    // A normal that carries no exemplar, and one that does, among the test images.
    await writeFile(at('data/test/good/100.jpg'), await readFile(at('data/train/good/005.jpg')));
    await writeFile(at('data/test/good/101.jpg'), await readFile(at('data/train/good/000.jpg')));
    const tables = ['--groups', 'data/defect_groups.csv', '--causes', 'data/defect_rules.csv'];
    const run = await logsad(
      ['evaluate', 'data', '--profile', 'kit.profile', '--dataset', 'data', ...tables, '--json'],
      { cwd: dir },
    );
    expect(run.status).toBe(0);
    const e = JSON.parse(run.stdout) as Record<string, unknown>;
    const keys = 'schemaVersion n auroc ap f1max falseAlarms detected causes groups detectors reviews images'.split(
      ' ',
    );
    for (const key of keys) expect(e).toHaveProperty(key);
    expect(e.n).toEqual({ good: 3, logical_anomalies: 2, structural_anomalies: 1 });
    expect(Object.keys(e.auroc as object)).toEqual(['all', 'logical_anomalies', 'structural_anomalies']);
    expect(Object.keys((e.detectors as Record<string, object>).composition!)).toEqual([
      'auroc',
      'aurocMean',
      'ap',
      'f1max',
      'falseAlarms',
      'detected',
      'intervals',
    ]);
    // The demo's own masks: pixel metrics of both normals that were left out and of new images.
    expect(e.pixels).toMatchObject({ maps: 'native', images: { good: 3, defective: 3, withoutMask: 0 } });
    const { of } = e.pixels as { of: Record<string, { auroc: number; aupro: number; spro: null }> };
    expect(Object.keys(of)).toEqual(['fused', 'composition', 'patch']);
    expect(of.fused!.auroc).toBeGreaterThan(0.5);
    expect([of.fused!.spro, e.combinations]).toEqual([null, []]);
    expect(e.vand).toBeGreaterThan(0);
    const images = e.images as { image: string; leftOut?: true; excluded?: true }[];
    expect(images.filter((i) => i.leftOut).map((i) => i.image)).toEqual(['good/100.jpg']);
    expect(images.filter((i) => i.excluded).map((i) => i.image)).toEqual(['good/101.jpg']);
  });
});

/** A file system of 64 kB in a folder; only root may mount one, and not in every container. */
function mountTiny(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('a full disk', () => {
  it('is named, and nothing half-written stays (skipped where no file system can be mounted)', async ({ skip }) => {
    await mkdir(at('tiny'), { recursive: true });
    if (!mountTiny(at('tiny'))) return skip('mounting a small file system is not allowed here');
    try {
      // Any profile larger than the disk will do: two small pictures, patches alone.
      const lean = 'schema: logsad/rules/v1\nproduct: sensor-kit\nframe: { long: 128 }\ndetectors: [patch]\n';
      await mkdir(at('lean/normals'), { recursive: true });
      await writeFile(at('lean/rules.yaml'), lean);
      for (const name of ['000.jpg', '001.jpg']) await copyFile(at('data/train/good', name), at('lean/normals', name));
      const run = await logsad(['learn', 'lean', '--normals', 'lean/normals', '--profile', 'tiny/kit.profile'], {
        cwd: dir,
      });
      expect([run.status, run.stderr]).toEqual([
        3,
        expect.stringContaining('error DISK_FULL: no room left to write tiny/kit.profile'),
      ]);
      expect(await readdir(at('tiny'))).toEqual([]);
    } finally {
      execFileSync('umount', [at('tiny')]);
    }
  });
});
