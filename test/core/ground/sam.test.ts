import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyMask, grid, type Mask } from '../../../src/core/grid/grid.ts';
import { decodeRuns } from '../../../src/core/grid/runs.ts';
import {
  bestPerPrompt,
  boxOfMask,
  chooseMasks,
  createEnlarger,
  maskOfLogits,
  type OfferedMask,
  type PixelBox,
  promptGrid,
  type SamOptions,
  samFrame,
  stabilityOf,
  suppress,
  toSquare,
  withoutSmallRegions,
} from '../../../src/core/ground/sam.ts';
import { paintProposals } from '../../../src/core/ground/segment.ts';
import { npyFloats, npyGrid, npyInts } from '../../support/npy.ts';
import { shared, sharedPath } from '../../support/shared.ts';

const at = (name: string): string => sharedPath('golden/sam-tiny/golden', name);
const json = <T>(name: string): T => JSON.parse(readFileSync(at(name), 'utf8')) as T;
const [HEIGHT, WIDTH, SIDE, LOW] = [96, 120, 128, 32];

interface Annotation {
  readonly area: number;
  readonly bbox_xywh: readonly number[];
  readonly predicted_iou: number;
  readonly stability_score: number;
  readonly point: readonly [number, number];
}
interface Run {
  readonly params: { pred_iou_thresh: number; stability_score_thresh: number; min_mask_region_area?: number };
  readonly annotations: readonly Annotation[];
  readonly stability: readonly number[];
  readonly boxes_xyxy: readonly (readonly number[])[];
}

/** Logits `[prompts, 3, m, m]` and their predicted IoU as offers. */
function offers(logits: string, iou: string): OfferedMask[] {
  const { data } = npyFloats(at(logits));
  const scores = npyFloats(at(iou)).data;
  return [...scores].map((predictedIou, i) => ({
    logits: grid(data.slice(i * LOW * LOW, (i + 1) * LOW * LOW), LOW, LOW),
    predictedIou,
    prompt: Math.floor(i / 3),
  }));
}

describe.skipIf(shared('golden/sam-tiny') === null)('automatic masks against golden/sam-tiny (needs ../shared)', () => {
  const frame = samFrame(HEIGHT, WIDTH, SIDE);

  it('fits the picture into the square and prompts on a grid', () => {
    expect(frame).toMatchObject({ innerHeight: 102, innerWidth: 128 });
    const { points } = json<{ points: [number, number][] }>('amg.json');
    const own = promptGrid(6, frame).flat();
    points.flat().forEach((v, i) => {
      expect(own[i]).toBeCloseTo(v, 9);
    });
    const square = npyFloats(at('amg.points_model_frame.npy')).data;
    promptGrid(6, frame)
      .flatMap((p) => toSquare(p, frame))
      .forEach((v, i) => {
        expect(v).toBeCloseTo(square[i]!, 4);
      });
  });

  it('enlarges logits by both steps at once', () => {
    const enlarge = createEnlarger(frame, LOW);
    const wanted = npyFloats(at('amgsyn.upscaled_point4.npy')).data;
    const found = offers('amgsyn.low_res_logits.npy', 'amgsyn.iou.npy')
      .slice(12, 15)
      .map((o) => enlarge(o.logits));
    let error = 0;
    found.forEach((g, k) => {
      for (const [i, v] of g.data.entries()) error = Math.max(error, Math.abs(v - wanted[k * HEIGHT * WIDTH + i]!));
    });
    expect(error).toBeLessThan(1e-4);
  });

  it.each(['default', 'cleaned', 'strict'])('chooses the masks of parameter set %s', (name) => {
    const golden = json<Run>(`amgsyn.${name}.json`);
    const options: SamOptions = {
      predictedIou: golden.params.pred_iou_thresh,
      stability: golden.params.stability_score_thresh,
      minRegion: golden.params.min_mask_region_area ?? 0,
    };
    const all = offers('amgsyn.low_res_logits.npy', 'amgsyn.iou.npy');
    const enlarge = createEnlarger(frame, LOW);
    all.forEach((o, i) => {
      const large = enlarge(o.logits);
      expect(stabilityOf(large)).toBeCloseTo(golden.stability[i]!, 6);
      expect(boxOfMask(maskOfLogits(large))).toEqual(golden.boxes_xyxy[i]);
    });
    const kept = chooseMasks(all, enlarge, options);
    expect(kept.map((k) => k.area)).toEqual(golden.annotations.map((a) => a.area));
    const points = promptGrid(3, frame);
    golden.annotations.forEach((a, i) => {
      const { box, predictedIou, stability, prompt } = kept[i]!;
      expect([box[0], box[1], box[2] - box[0], box[3] - box[1]]).toEqual(a.bbox_xywh);
      expect(predictedIou).toBeCloseTo(a.predicted_iou, 6);
      expect(stability).toBeCloseTo(a.stability_score, 6);
      expect(points[prompt]).toEqual(a.point);
    });
    const { data } = npyInts(at(`amgsyn.${name}.segmentation.npy`));
    kept.forEach((k, i) => {
      const wanted = data.subarray(i * HEIGHT * WIDTH, (i + 1) * HEIGHT * WIDTH);
      expect(Array.from(decodeRuns(k.mask, HEIGHT, WIDTH).data)).toEqual(Array.from(wanted));
    });
    const painted = paintProposals({ masks: kept.map((k) => k.mask), height: HEIGHT, width: WIDTH });
    expect([...painted.data]).toEqual([...npyInts(at(`amgsyn.${name}.label_map.npy`)).data]);
  });

  it('keeps the one mask of the tiny model', () => {
    const golden = json<Run>('amg.json');
    const kept = chooseMasks(offers('amg.low_res_logits.npy', 'amg.iou.npy'), createEnlarger(frame, LOW), {
      predictedIou: 0.7,
      stability: 0.8,
    });
    expect(kept.map((k) => [k.area, k.prompt])).toEqual(
      golden.annotations.map((a) => [
        a.area,
        promptGrid(6, frame).findIndex((p) => Math.hypot(p[0] - a.point[0], p[1] - a.point[1]) < 1e-6),
      ]),
    );
  });

  it('measures stability, suppresses overlaps and cleans small regions as the reference', () => {
    const golden = json<{
      stability_offset1: number[];
      stability_offset05: number[];
      boxes_from_masks: PixelBox[];
      nms: { boxes_xyxy: PixelBox[]; scores: number[]; keep_07: number[]; keep_05: number[]; keep_03: number[] };
      small_regions: Record<
        string,
        { min_area: number; area_out: number; holes_changed: boolean; islands_changed: boolean }
      >;
    }>('synthetic.json');
    const { data, shape } = npyFloats(at('synthetic.logits.npy'));
    const [n, h, w] = shape as [number, number, number];
    for (let i = 0; i < n; i++) {
      const logits = grid(data.slice(i * h * w, (i + 1) * h * w), h, w);
      expect(stabilityOf(logits, 1)).toBeCloseTo(golden.stability_offset1[i]!, 6);
      expect(stabilityOf(logits, 0.5)).toBeCloseTo(golden.stability_offset05[i]!, 6);
      expect(boxOfMask(maskOfLogits(logits))).toEqual(golden.boxes_from_masks[i]);
    }
    const { nms } = golden;
    for (const [most, keep] of [
      [0.7, nms.keep_07],
      [0.5, nms.keep_05],
      [0.3, nms.keep_03],
    ] as const)
      expect(suppress(nms.boxes_xyxy, nms.scores, most)).toEqual(keep);
    const mask = npyGrid<Uint8Array>(at('small.input.npy'));
    for (const [name, { min_area, area_out, holes_changed, islands_changed }] of Object.entries(golden.small_regions)) {
      const found = withoutSmallRegions(mask, min_area);
      expect(found.changed).toBe(holes_changed || islands_changed);
      expect(found.mask.data.reduce((s, v) => s + v, 0)).toBe(area_out);
      expect([...found.mask.data]).toEqual([...npyInts(at(`small.${name}.npy`)).data]);
    }
  });
});

describe('masks without reference outputs', () => {
  const mask = fc
    .array(fc.integer({ min: 0, max: 1 }), { minLength: 48, maxLength: 48 })
    .map((v): Mask => ({ ...emptyMask(6, 8), data: Uint8Array.from(v) }));

  it('what is cleaned once is clean', () => {
    fc.assert(
      fc.property(mask, fc.integer({ min: 1, max: 9 }), (m, least) => {
        fc.pre(m.data.some((v) => v));
        const once = withoutSmallRegions(m, least).mask;
        expect(withoutSmallRegions(once, least).mask.data).toEqual(once.data);
      }),
    );
  });

  it('no two kept boxes overlap by more than allowed, and every dropped one does with a better one', () => {
    const box = fc
      .tuple(fc.nat(20), fc.nat(20), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }))
      .map(([x, y, w, h]): PixelBox => [x, y, x + w, y + h]);
    fc.assert(
      fc.property(fc.array(fc.tuple(box, fc.nat(5)), { maxLength: 12 }), (list) => {
        const kept = suppress(
          list.map((l) => l[0]),
          list.map((l) => l[1]),
          0.5,
        );
        expect(
          suppress(
            kept.map((i) => list[i]![0]),
            kept.map((i) => list[i]![1]),
            0.5,
          ),
        ).toHaveLength(kept.length);
      }),
    );
  });

  it('a prompt is answered by its likeliest mask, or by none where that is empty', () => {
    const full = grid(new Float32Array(4).fill(1), 2, 2);
    const none = grid(new Float32Array(4).fill(-1), 2, 2);
    const offered: OfferedMask[] = [
      { logits: full, predictedIou: 0.4, prompt: 0 },
      { logits: none, predictedIou: 0.9, prompt: 0 },
      { logits: full, predictedIou: 0.3, prompt: 1 },
    ];
    expect(bestPerPrompt(offered, (g) => g).map((k) => [k.prompt, k.area])).toEqual([[1, 4]]);
  });
});
