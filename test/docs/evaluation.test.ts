/** Runs docs/evaluation.md as a reader would, on a small version of the demo product. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { generateDemo, images } from '../../src/index.ts';
import { logsad } from '../support/cli.ts';
import { ROOT } from '../support/imports.ts';
import { fitted } from '../support/scenario.ts';

const text = await readFile(join(ROOT, 'docs/evaluation.md'), 'utf8');
const listings = [...text.matchAll(/^```console status=(\d)\n\$ logsad ([^\n]*)\n([\s\S]*?)^```$/gm)].map((m) => ({
  status: Number(m[1]),
  args: m[2]!.split(' '),
  expected: m[3]!.trimEnd(),
}));
const SMALL = { seed: 1, train: 7, validation: 0, good: 2, logical: 2, structural: 2 };
let folder = '';

async function demo(): Promise<void> {
  for await (const file of generateDemo(SMALL, images)) {
    const path = join(folder, 'logsad-demo/data', file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.bytes);
  }
  const args = 'learn logsad-demo/data --normals logsad-demo/data/train/good --profile logsad-demo/demo.profile';
  const learnt = await logsad(args.split(' '), { cwd: folder });
  expect(learnt.status, learnt.stderr).toBe(0);
}

describe('docs/evaluation.md', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'logsad-evaluation-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has listings', () => {
    expect(listings.length).toBeGreaterThan(4);
    // Nothing but listings that are run, and the layouts.
    expect([...text.matchAll(/^```(\w+)/gm)].filter((m) => m[1] !== 'console').map((m) => m[1])).toEqual(['text']);
  });

  for (const { status, args, expected } of listings) {
    it(`logsad ${args.join(' ')}`, { timeout: 900_000 }, async () => {
      if (args[0] === 'demo') return demo();
      const run = await logsad(args, { cwd: folder });
      expect(run.status, run.stdout + run.stderr).toBe(status);
      expect(fitted(expected, run.stdout)).toBe(expected);
    });
  }

  it('the report stands alone: nothing is fetched, every picture has words, both themes are styled', async () => {
    const page = await readFile(join(folder, 'report.html'), 'utf8');
    expect(page.match(/(?:src|href)="(?!data:|#)[^"]*"/g)).toBeNull();
    expect(page).not.toMatch(/<script|<link|@import|url\((?!#)/);
    expect(page.match(/<img(?![^>]*\balt=)/g)).toBeNull();
    expect(page.match(/<svg(?![^>]*(?:aria-label|aria-hidden))/g)).toBeNull();
    expect(page).toContain('prefers-color-scheme:dark');
    for (const words of [
      'false alarms',
      'ROC curves: ',
      'anomaly map, strongest place at unit',
      'Where it looks: pixels',
      'What the rules found',
      'How to read it',
      'normals can promise a false-alarm rate',
      'libvips',
    ])
      expect(page).toContain(words);
    expect(page).toContain('data:image/webp;base64,');
    expect(page.length).toBeLessThan(3_000_000);
  });

  it('the examples that --help shows work on the demo product', { timeout: 900_000 }, async () => {
    // Those left out ask for files or models of the reader's own, write into the product, or are listings above.
    const left = ['demo', 'evaluate', 'diff', 'accept', 'doctor', 'train'];
    const modules = COMMANDS.flatMap((c) => ('commands' in c ? c.commands : [c])).filter((c) => !left.includes(c.name));
    expect(modules.length).toBeGreaterThan(5);
    for (const { example } of modules) {
      if (!example.includes('logsad-demo')) continue;
      const run = await logsad(example.split(' ').slice(1), { cwd: folder });
      // 1: a part was rejected, or a check failed; that is an answer.
      expect([0, 1], `${example}\n${run.stderr}`).toContain(run.status);
    }
  });

  it('faults of the options are said before anything is loaded', async () => {
    const all = ['evaluate', 'logsad-demo/data', '--dataset', 'logsad-demo/data'];
    const profile = ['--profile', 'logsad-demo/demo.profile'];
    for (const [more, reason] of [
      [[], 'it needs --profile FILE, or --shots with --normals DIR'],
      [['--shots', '2'], '--shots needs --normals DIR'],
      [['--shots', '2', '--normals', 'x', ...profile], '--profile speaks of one profile'],
      [['--normals', 'x', ...profile], '--normals belongs to --shots'],
      [['--detectors', 'spade', ...profile], 'unknown spade; the rule file has'],
      [['--maps', '512', ...profile], 'expected native or 256, got "512"'],
      [['--shots', '2,x', '--normals', 'x'], 'expected a whole number, at least 1, got "x"'],
    ] as const) {
      const run = await logsad([...all, ...more], { cwd: folder });
      expect([run.status, run.stderr]).toEqual([2, expect.stringContaining(reason)]);
    }
  }, 300_000);

  it('reads the table of VisA, and reports a broken mask while the rest goes on', { timeout: 300_000 }, async () => {
    const kit = join(folder, 'logsad-demo/data');
    await writeFile(join(kit, 'broken.png'), 'no picture');
    const row = (label: string, image: string, mask = ''): string => `kit,test,${label},test/${image},${mask}`;
    const rows = [
      'object,split,label,image,mask',
      row('anomaly', 'logical_anomalies/000.jpg', 'ground_truth/logical_anomalies/000/000.png'),
      row('anomaly', 'logical_anomalies/001.jpg', 'broken.png'),
      row('normal', 'good/000.jpg'),
    ];
    await mkdir(join(kit, 'split_csv'), { recursive: true });
    await writeFile(join(kit, 'split_csv/1cls.csv'), `${rows.join('\n')}\n`);
    const args = 'evaluate logsad-demo/data --profile logsad-demo/demo.profile --dataset logsad-demo/data --json';
    const run = await logsad([...args.split(' '), '--object', 'kit'], { cwd: folder });
    expect(run.status, run.stderr).toBe(2);
    const e = JSON.parse(run.stdout);
    expect([e.layout, e.n]).toEqual(['visa', { good: 1, anomaly: 2 }]);
    expect(e.images.map((i: { image: string; maskError?: { code: string } }) => [i.image, i.maskError?.code])).toEqual([
      ['good/000.jpg', undefined],
      ['anomaly/000.jpg', undefined],
      ['anomaly/001.jpg', 'IMAGE_NOT_AN_IMAGE'],
    ]);
    expect(e.pixels).toMatchObject({
      images: { good: 1, defective: 1, withoutMask: 0 },
      of: { fused: { spro: null }, composition: {}, patch: {} },
    });
    expect(e.fingerprint).toHaveProperty('engine');
  });
});
