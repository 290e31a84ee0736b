/**
 * What one image costs, stage by stage, against the floor that no implementation on this backbone can beat: decoding,
 * backbone, head product. Parts per second, learning, cold starts, resident memory.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inOrder } from '../../src/app/lanes.ts';
import { createSegmenter } from '../../src/app/segmenter.ts';
import { normaliseStage } from '../../src/core/ground/features.ts';
import { addLocalLogits, blurLogits } from '../../src/core/ground/head.ts';
import { argmax, buildScene, candidatesOf } from '../../src/core/ground/model.ts';
import { groundModel } from '../../src/core/ground/store.ts';
import { files, images, openEngine } from '../../src/index.ts';
import type { Bench } from './main.ts';
import { learnProduct, median, photographs, table, timed } from './support.ts';

const TIMES = 30;

/** Resident kilobytes of a process and of its children. */
function resident(pid: number): { own: number; children: number } {
  const rss = (p: number): number =>
    Number(readFileSync(`/proc/${p}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)?.[1] ?? 0);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return { own: rss(pid), children: children.reduce((n, c) => n + rss(c), 0) };
}

export const bench: Bench = {
  name: 'speed',
  summary: 'stages of one image, parts per second, learning, cold starts, memory (composition only)',
  async run(args) {
    const data = photographs('juice_bottle');
    if (data === null) return;
    await using engine = await openEngine();
    // The rules alone: a file that lists no detectors would run patch matching too.
    const folder = mkdtempSync(join(tmpdir(), 'logsad-speed-'));
    const composed = join(folder, 'rules.yaml');
    writeFileSync(composed, `${readFileSync('rules/juice-bottle/rules.yaml', 'utf8')}\ndetectors: [composition]\n`);
    const start = performance.now();
    const product = await learnProduct(engine, { rules: composed, normals: join(data, 'train/good') });
    const learnSeconds = (performance.now() - start) / 1000;
    const test = await files.listImages(join(data, 'test/good'));
    const { compiled } = product.rules;
    const { file } = compiled;
    const model = groundModel(product.profile.sections.ground!);
    const backbone = await engine.backbones.dense('ground', 'embedded');
    const segmenter = createSegmenter(file, images, engine.inference, backbone);
    const input = { name: test[0]!.name, bytes: await images.bytes(test[0]!.path) };

    const framed = await segmenter.frame(input);
    const features = await segmenter.features(framed.pixels);
    const view = await segmenter.view(framed, model.head);
    const found = candidatesOf(file, 'x', view, model.medians);
    const scene = buildScene(file, model, found);
    const k = model.head.classes.length;
    const [gh, gw] = [view.labels.height, view.labels.width];
    const logits = { data: new Float32Array(gh * gw * k), height: gh, width: gw, channels: k };
    const image = { dims: [1, framed.pixels.height, framed.pixels.width, 3], data: framed.pixels.data };
    const last = backbone.stages.at(-1)!.name;

    const decode = await timed(TIMES, () => segmenter.frame(input));
    const net = await timed(TIMES, () =>
      engine.inference.run([{ graph: backbone.graph, feeds: { image } }], [[0, last]]),
    );
    const whole = await timed(TIMES, () => segmenter.view(framed, model.head));
    const unit = await timed(TIMES, () => features.stages.map((s, i) => normaliseStage(s, model.head.stages[i]!)));
    const local = await timed(TIMES, () => argmax(blurLogits(addLocalLogits(model.head, logits, features.lab))));
    const facts = await timed(TIMES, () => candidatesOf(file, 'x', view, model.medians));
    const scenes = await timed(TIMES, () => buildScene(file, model, found));
    const judge = await timed(TIMES, () => product.inspector.judge(scene));
    const total = await timed(TIMES, () => product.inspector.inspect(input));
    const headGemm = await headProduct(engine, backbone, model, features.stages);
    const floor = decode + net + headGemm;
    console.log(
      table(
        ['stage, ms (median of 30)', `${framed.frame.width} x ${framed.frame.height}, ${k} classes`],
        [
          ['decode and resize', decode.toFixed(1)],
          ['backbone alone (coarsest stage fetched)', net.toFixed(1)],
          ['head product alone', headGemm.toFixed(1)],
          ['backbone + head + copies + Lab + labels', whole.toFixed(1)],
          ['  of it unit norm of the stages', unit.toFixed(1)],
          ['  of it local terms, blur, argmax', local.toFixed(1)],
          ['instances and their facts', facts.toFixed(1)],
          ['likeness, attributes, Scene', scenes.toFixed(1)],
          ['rules', judge.toFixed(1)],
          ['one inspect, total', total.toFixed(1)],
          ['floor (decode + backbone + head product)', floor.toFixed(1)],
          ['total / floor', (total / floor).toFixed(2)],
        ],
      ),
    );
    const many = Array.from({ length: 3 }, () => test).flat();
    const began = performance.now();
    await inOrder(many, (t) => product.inspector.inspect(t));
    const perSecond = many.length / ((performance.now() - began) / 1000);
    console.log(`\nparts per second, composition only: ${perSecond.toFixed(1)} (${many.length} images from disk)`);
    console.log(`learn on ${product.profile.normals.length} normals: ${learnSeconds.toFixed(1)} s`);
    console.log(`cold start of --help: ${coldStart(['--help'])} s; node itself: ${coldStart(null)} s`);
    const images2000 = args.includes('quick') ? 200 : 2000;
    await memory(product, test, images2000);
    rmSync(folder, { recursive: true, force: true });
  },
};

/** The head's matrix products with everything resident: what any head on these stages costs at least. */
async function headProduct(
  engine: Awaited<ReturnType<typeof openEngine>>,
  backbone: { stages: readonly { name: string }[]; headGraph: string },
  model: ReturnType<typeof groundModel>,
  stages: readonly { data: Float32Array; height: number; width: number; channels: number }[],
): Promise<number> {
  const { stageWeights } = await import('../../src/core/ground/head.ts');
  const feeds: Record<string, { resident: string }> = {};
  for (const [i, { name }] of backbone.stages.entries()) {
    const s = stages[i]!;
    const scale = model.head.stages[i]!;
    const parts = {
      [name]: { dims: [1, s.height, s.width, s.channels], data: s.data },
      [`mean_${name}`]: { dims: [s.channels], data: scale.mean },
      [`scale_${name}`]: { dims: [s.channels], data: scale.scale },
      [`weight_${name}`]: { dims: [s.channels, model.head.classes.length], data: stageWeights(model.head, i) },
    };
    for (const [part, tensor] of Object.entries(parts)) {
      await engine.inference.put(`bench:${part}`, tensor);
      feeds[part] = { resident: `bench:${part}` };
    }
  }
  const last = `logit_${backbone.stages.at(-1)!.name}`;
  return timed(TIMES, () =>
    engine.inference.run(
      [{ graph: backbone.headGraph, feeds }],
      [
        [0, last],
        [0, 'logits'],
      ],
    ),
  );
}

function coldStart(command: readonly string[] | null): string {
  const argv = command === null ? ['-e', '0'] : ['dist/src/cli/main.js', ...command];
  const times = Array.from({ length: 7 }, () => {
    const start = performance.now();
    execFileSync(process.execPath, argv, { stdio: 'ignore' });
    return performance.now() - start;
  });
  return (median(times) / 1000).toFixed(2);
}

async function memory(
  product: Awaited<ReturnType<typeof learnProduct>>,
  test: readonly { name: string; path: string }[],
  total: number,
): Promise<void> {
  const rows: (string | number)[][] = [];
  for (let done = 0; done <= total; done++) {
    if (done % (total / 4) === 0) {
      const { own, children } = resident(process.pid);
      rows.push([done, Math.round(own / 1024), Math.round(children / 1024)]);
    }
    if (done < total) await product.inspector.inspect(test[done % test.length]!);
  }
  console.log(`\n${table(['images inspected', 'resident MB, caller', 'resident MB, inference child'], rows)}`);
}
