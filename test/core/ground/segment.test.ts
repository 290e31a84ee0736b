import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyMask, grid, labelGrid } from '../../../src/core/grid/grid.ts';
import { dilate, erode } from '../../../src/core/grid/morphology.ts';
import { decodeRuns, encodeRuns } from '../../../src/core/grid/runs.ts';
import {
  argmax,
  cellsOf,
  classScores,
  clusterMap,
  dropSmallRegions,
  ontoTokens,
  type Proposals,
  paintProposals,
  piecesAbove,
  silhouetteOf,
  tokenMap,
  voteByProposals,
} from '../../../src/core/ground/segment.ts';
import { npyInts } from '../../support/npy.ts';
import { mapOf, segmentJson, segmentLabels, segmentRows } from '../../support/segment.ts';
import { shared, sharedPath } from '../../support/shared.ts';

const SIZE = 448;
const near = (found: readonly number[], wanted: readonly number[]): void => {
  expect(found).toHaveLength(wanted.length);
  for (const [i, v] of found.entries()) expect(v).toBeCloseTo(wanted[i]!, 6);
};
const bytes = ({ data }: { data: Int32Array }) => Buffer.from(data.buffer);
const KERNEL = (n: number) => ({ shape: 'square', radius: (n - 1) / 2 }) as const;

interface SceneA {
  readonly clusters: readonly { cluster: number; kept: number; scores?: number[]; written?: boolean }[];
  readonly pins: { count: number; count_without_dilation: number; areas_px: number[]; instances: number[][] };
  readonly bottle: {
    instances: number[][];
    histogram: number[];
    liquid: { cells: number; scores: number[]; argmax: number };
    fruit: { cells: number; scores: number[]; argmax: number };
  };
  readonly box: { instances: number[][]; histogram: number[] };
  readonly bag: { foreground_cells: number; instances_merged: number[][]; instances_per_class: number[][][] };
}

describe.skipIf(shared('golden/segment') === null)(
  'the published segmentation against golden/segment (needs ../shared)',
  () => {
    const tokens = () => segmentRows('a.tokens.npy');
    const maps = () => segmentJson<Record<string, number[]>>('a.maps.json');
    const proposals = (): Proposals => ({
      ...segmentJson<{ masks: number[][] }>('a.masks.json'),
      height: SIZE,
      width: SIZE,
    });
    const expected = () => segmentJson<SceneA>('a.expected.json');
    const clusters = () =>
      clusterMap(segmentLabels('a.pseudo_labels.npy'), tokens(), {
        vectors: segmentRows('a.text.npy'),
        background: 2,
        least: [0.2, 0, 0],
      });
    const words = () => tokenMap(tokens(), segmentRows('a.token_text.npy'), 64, 64);
    const mergedClusters = () =>
      dropSmallRegions(voteByProposals(clusters(), paintProposals(proposals())), (c) => c === 0, 2, 32);
    const mergedWords = () =>
      dropSmallRegions(voteByProposals(words(), paintProposals(proposals())), (c) => c !== 3, 3, 32);
    const of = (map: { data: Int32Array }, cls: number) =>
      grid(
        Uint8Array.from(map.data, (v) => (v === cls ? 1 : 0)),
        SIZE,
        SIZE,
      );
    const small = (masks: readonly ReturnType<typeof emptyMask>[]) =>
      masks
        .map((m) => ontoTokens(m, 64, 64))
        .filter((m) => m.data.some((v) => v))
        .map((m) => encodeRuns(m.data));
    const tidy = (runs: readonly number[]) => encodeRuns(decodeRuns(runs, 64, 64).data);

    it('names clusters as a whole, thresholds and small pieces included', () => {
      expect([...clusters().data]).toEqual([...npyInts(sharedPath('golden/segment', 'a.cluster_map.npy')).data]);
      const labels = segmentLabels('a.pseudo_labels.npy');
      for (const { cluster, kept, scores } of expected().clusters) {
        if (!scores) continue;
        const mask = grid(
          Uint8Array.from(labels.data, (v) => (v === cluster ? 1 : 0)),
          64,
          64,
        );
        const cells = piecesAbove(mask, 8).flatMap(cellsOf);
        expect(cells.length).toBe(kept);
        near(classScores(tokens(), cells, segmentRows('a.text.npy'))!, scores);
      }
    });

    it('names every token by the nearest words', () => {
      expect([...words().data]).toEqual([...npyInts(sharedPath('golden/segment', 'a.token_map.npy')).data]);
    });

    it('paints, votes and drops small regions to the pixel', () => {
      const m = maps() as unknown as Record<
        'painted' | 'merge_cluster_raw' | 'merge_token_raw' | 'merge_cluster' | 'merge_token',
        number[]
      >;
      const same = (a: { data: Int32Array }, runs: readonly number[]) =>
        expect(Buffer.compare(bytes(a), bytes(mapOf(runs, SIZE, SIZE)))).toBe(0);
      const painted = paintProposals(proposals());
      same(painted, m.painted);
      same(voteByProposals(clusters(), painted), m.merge_cluster_raw);
      same(voteByProposals(words(), painted), m.merge_token_raw);
      same(mergedClusters(), m.merge_cluster);
      same(mergedWords(), m.merge_token);
    });

    it('finds the instances of pins, bottle, box and bag', () => {
      const { pins, bottle, box, bag } = expected();
      const dilated = piecesAbove(dilate(of(mergedClusters(), 0), KERNEL(3)), 0);
      expect(dilated.map((d) => cellsOf(d).length)).toEqual(pins.areas_px);
      expect(dilated).toHaveLength(pins.count);
      expect(piecesAbove(of(mergedClusters(), 0), 0)).toHaveLength(pins.count_without_dilation);
      expect(small(dilated)).toEqual(pins.instances.map(tidy));
      const painted = paintProposals(proposals());
      const words448 = mergedWords();
      const covered = { ...words448, data: words448.data.map((v, i) => (painted.data[i] === 0 ? 3 : v)) };
      const histogram = (map: { data: Int32Array }) =>
        [0, 1, 2, 3].map((c) => map.data.reduce((n, v) => n + (v === c ? 1 : 0), 0));
      expect(histogram(covered)).toEqual(bottle.histogram);
      expect(histogram(words448)).toEqual(box.histogram);
      const foreground = (map: { data: Int32Array }) =>
        grid(
          Uint8Array.from(map.data, (v) => (v === 3 ? 0 : 1)),
          SIZE,
          SIZE,
        );
      expect(small(piecesAbove(foreground(covered), 0))).toEqual(bottle.instances.map(tidy));
      expect(small(piecesAbove(foreground(words448), 0))).toEqual(box.instances.map(tidy));
      const metal = clusters();
      expect(metal.data.filter((v) => v === 0)).toHaveLength(bag.foreground_cells);
      const inside = (i: number) =>
        metal.data[Math.floor(Math.floor(i / SIZE) / 7) * 64 + Math.floor((i % SIZE) / 7)] === 0;
      const masked = { ...words448, data: words448.data.map((v, i) => (inside(i) ? v : 3)) };
      expect(small(piecesAbove(foreground(masked), 0))).toEqual(bag.instances_merged.map(tidy));
      const found = bag.instances_per_class.map((_, cls) => small(piecesAbove(of(masked, cls), 0)));
      expect(found).toEqual(bag.instances_per_class.map((list) => list.map(tidy)));
    });

    it('reads attributes off the mean token', () => {
      const { bottle } = expected();
      const painted = paintProposals(proposals());
      const map = mergedWords();
      const covered = { ...map, data: map.data.map((v, i) => (painted.data[i] === 0 ? 3 : v)) };
      for (const [cls, name, text] of [
        [1, 'liquid', 'a.attr_liquid_text.npy'],
        [2, 'fruit', 'a.attr_fruit_text.npy'],
      ] as const) {
        const cells = cellsOf(ontoTokens(of(covered, cls), 64, 64));
        expect(cells).toHaveLength(bottle[name].cells);
        const scores = classScores(tokens(), cells, segmentRows(text))!;
        near(scores, bottle[name].scores);
        expect(argmax(scores)).toBe(bottle[name].argmax);
      }
    });

    it('takes the silhouette, its core and the parts of every connector scene', () => {
      const inputs = segmentJson<{ variants: Record<string, { masks: number[][]; token_map: number[] }> }>(
        'b.inputs.json',
      );
      const golden = segmentJson<{ variants: Record<string, { maps: Record<string, number[]> }> }>('b.expected.json');
      for (const [name, { masks, token_map }] of Object.entries(inputs.variants)) {
        const p: Proposals = { masks, height: SIZE, width: SIZE };
        const is = (mask: { data: Uint8Array }, key: string) =>
          expect(encodeRuns(mask.data), `${name}: ${key}`).toEqual(
            encodeRuns(decodeRuns(golden.variants[name]!.maps[key]!, SIZE, SIZE).data),
          );
        const whole = union(piecesAbove(silhouetteOf(p), 64));
        is(whole, 'silhouette');
        is(erode(whole, KERNEL(23)), 'silhouette_eroded_23');
        const voted = dropSmallRegions(
          voteByProposals(mapOf(token_map, 64, 64), paintProposals(p)),
          (c) => c !== 2,
          2,
          32,
        );
        const merged = { ...voted, data: voted.data.map((v, i) => (whole.data[i] ? v : 2)) };
        expect(Buffer.compare(bytes(merged), bytes(mapOf(golden.variants[name]!.maps.merged!, SIZE, SIZE))), name).toBe(
          0,
        );
        is(union(piecesAbove(erode(of(merged, 0), KERNEL(5)), 64)), 'clamps_eroded_5');
        is(union(piecesAbove(erode(of(merged, 1), KERNEL(5)), 64)), 'cable_eroded_5');
      }
    });
  },
);

function union(masks: readonly ReturnType<typeof emptyMask>[]) {
  const out = emptyMask(SIZE, SIZE);
  for (const m of masks) for (const cell of cellsOf(m)) out.data[cell] = 1;
  return out;
}

describe('segmentation without reference outputs', () => {
  const map = fc
    .array(fc.integer({ min: 0, max: 3 }), { minLength: 36, maxLength: 36 })
    .map((v) => grid(Int32Array.from(v), 6, 6));

  it('a vote leaves each painted label with one class that it showed', () => {
    fc.assert(
      fc.property(map, map, (classes, painted) => {
        const voted = voteByProposals(classes, painted);
        for (const label of new Set(painted.data)) {
          const cells = [...painted.data.keys()].filter((i) => painted.data[i] === label);
          const winners = new Set(cells.map((i) => voted.data[i]!));
          expect(winners.size).toBe(1);
          const [winner] = winners;
          const votes = (cls: number) => cells.filter((i) => classes.data[i] === cls).length;
          for (let cls = 0; cls < 4; cls++) expect(votes(winner!)).toBeGreaterThanOrEqual(votes(cls));
        }
      }),
    );
  });

  it('dropping small regions twice changes nothing more, and never invents a class', () => {
    fc.assert(
      fc.property(map, fc.integer({ min: 0, max: 8 }), (classes, most) => {
        const once = dropSmallRegions(classes, (c) => c !== 3, 3, most);
        expect(dropSmallRegions(once, (c) => c !== 3, 3, most)).toEqual(once);
        expect(once.data.every((v, i) => v === classes.data[i] || v === 3)).toBe(true);
      }),
    );
  });

  it('without proposals nothing is a silhouette and every region is the uncovered one', () => {
    const none: Proposals = { masks: [], height: 4, width: 4 };
    expect(cellsOf(silhouetteOf(none))).toEqual([]);
    expect([...voteByProposals(labelGrid(2, 2, 1), paintProposals(none)).data]).toEqual(Array(16).fill(1));
  });

  it('no cells have no scores, and vectors of another length are refused', () => {
    const tokens = grid(new Float32Array(8), 2, 2, 2);
    expect(classScores(tokens, [], grid(new Float32Array(4), 2, 1, 2))).toBeNull();
    expect(() => classScores(tokens, [0], grid(new Float32Array(6), 2, 1, 3))).toThrow(/2 values.*3/);
  });
});
