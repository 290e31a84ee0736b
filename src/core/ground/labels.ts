/**
 * From what a person drew on a normal image to labelled cells: boxes (things), clicks, polygons, masks, colour words.
 * A box is shrunk and ringed by unlabelled cells; cells inside it that look like its surroundings go back to the parent
 * interest, or stay unlabelled (corners of a box around a round part). FINDINGS 2.4.
 */
import { toCellX, toCellY } from '../frame.ts';
import type { FeatureGrid, LabelGrid, Mask } from '../grid/grid.ts';
import { emptyMask, labelGrid } from '../grid/grid.ts';
import { eachInBox, eachInDisc, eachInPolygon } from '../grid/shapes.ts';
import type { Exemplar, InterestSpec } from '../rules/definition.ts';
import type { Box, SceneFrame } from '../scene.ts';
import { median } from '../statistics.ts';
import { membership } from './colourWords.ts';
import { GROUND } from './constants.ts';
import { paintMask } from './place.ts';

export const UNLABELLED = -1;

interface BoxJob {
  readonly cls: number;
  readonly parent: number;
  readonly box: [number, number, number, number];
}

/** Two-means split of scalars: the midpoint between the two centres after convergence. */
export function twoMeansSplit(values: readonly number[]): number {
  // No spread into Math.min: a box of a large frame has more cells than a call may have arguments.
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  for (let pass = 0; pass < 20; pass++) {
    const middle = (low + high) / 2;
    let nl = 0;
    let nh = 0;
    let sl = 0;
    let sh = 0;
    for (const v of values) {
      if (v <= middle) {
        nl++;
        sl += v;
      } else {
        nh++;
        sh += v;
      }
    }
    if (!nl || !nh) break;
    low = sl / nl;
    high = sh / nh;
  }
  return (low + high) / 2;
}

/** Lab distance of every cell of `inside` to the nearest cell of `ring`. */
function ringDistances(lab: FeatureGrid, inside: readonly number[], ring: readonly number[]): number[] {
  // A few hundred ring colours say as much as all of them.
  const stride = Math.max(1, Math.floor(ring.length / 200));
  return inside.map((cell) => {
    let best = Infinity;
    for (let r = 0; r < ring.length; r += stride) {
      const at = ring[r]! * 3;
      const d =
        (lab.data[cell * 3]! - lab.data[at]!) ** 2 +
        (lab.data[cell * 3 + 1]! - lab.data[at + 1]!) ** 2 +
        (lab.data[cell * 3 + 2]! - lab.data[at + 2]!) ** 2;
      if (d < best) best = d;
    }
    return Math.sqrt(best);
  });
}

function paintBox(labels: LabelGrid, lab: FeatureGrid, job: BoxJob, mx: number, my: number): void {
  const { width, height } = labels;
  const [x0, y0, x1, y1] = job.box;
  // A small box keeps at least its middle half.
  const sx = Math.min(mx, (x1 - x0) / 4);
  const sy = Math.min(my, (y1 - y0) / 4);
  const ring: number[] = [];
  eachInBox(width, height, [x0 - sx - 2 * mx, y0 - sy - 2 * my, x1 + sx + 2 * mx, y1 + sy + 2 * my], (i, x, y) => {
    const outside = x + 0.5 < x0 - mx || x + 0.5 > x1 + mx || y + 0.5 < y0 - my || y + 0.5 > y1 + my;
    if (outside) ring.push(i);
    else labels.data[i] = UNLABELLED;
  });
  const inside: number[] = [];
  eachInBox(width, height, [x0 + sx, y0 + sy, x1 - sx, y1 - sy], (i) => inside.push(i));
  if (inside.length === 0) {
    eachInDisc(width, height, (x0 + x1) / 2, (y0 + y1) / 2, 0.5, 0.5, (i) => inside.push(i));
  }
  const distance = ring.length ? ringDistances(lab, inside, ring) : inside.map(() => Infinity);
  const split = ring.length ? Math.min(twoMeansSplit(distance), GROUND.ringCap) : 0;
  const far = median(distance);
  inside.forEach((cell, k) => {
    // Where most of the inside resembles the ring, colour cannot tell them apart: trust the box.
    const back = far > split * GROUND.ringShare && distance[k]! < GROUND.ringShare * split;
    labels.data[cell] = back ? job.parent : job.cls;
  });
}

/**
 * Labels of one exemplar image: class index per cell (order of `interests`), or UNLABELLED.
 * @param masks decoded mask files by name
 */
export function labelExemplar(
  interests: readonly InterestSpec[],
  image: string,
  frame: SceneFrame,
  lab: FeatureGrid,
  masks: ReadonlyMap<string, Mask> = new Map(),
): LabelGrid {
  const { height, width } = lab;
  const labels = labelGrid(height, width, UNLABELLED);
  const cellBox = (b: Box): [number, number, number, number] => [
    toCellX(frame, b[0], width),
    toCellY(frame, b[1], height),
    toCellX(frame, b[2], width),
    toCellY(frame, b[3], height),
  ];
  const short = Math.min(frame.imageWidth, frame.imageHeight);
  const perCellX = ((frame.box[2] - frame.box[0]) * frame.imageWidth) / width;
  const perCellY = ((frame.box[3] - frame.box[1]) * frame.imageHeight) / height;
  const mx = (GROUND.boxMargin * short) / perCellX;
  const my = (GROUND.boxMargin * short) / perCellY;
  const rx = (GROUND.clickRadius * short) / perCellX;
  const ry = (GROUND.clickRadius * short) / perCellY;
  const indexOf = new Map(interests.map((s, i) => [s.id, i]));
  const mine: { cls: number; spec: InterestSpec; exemplar: Exemplar }[] = interests.flatMap((spec, cls) =>
    spec.exemplars.filter((e) => e.image === image).map((exemplar) => ({ cls, spec, exemplar })),
  );
  paintColours(interests, labels, lab);
  const boxes: BoxJob[] = mine.flatMap(({ cls, spec, exemplar }) =>
    exemplar.boxes.map((b) => ({
      cls,
      parent: spec.parent === undefined ? UNLABELLED : (indexOf.get(spec.parent) ?? UNLABELLED),
      box: cellBox(b),
    })),
  );
  const area = (b: BoxJob): number => (b.box[2] - b.box[0]) * (b.box[3] - b.box[1]);
  // What lies beside the focus box is not in the frame: without this its nearest cell would be labelled.
  const inFrame = ([x0, y0, x1, y1]: BoxJob['box']): boolean => x1 > 0 && y1 > 0 && x0 < width && y0 < height;
  for (const job of boxes.filter((b) => inFrame(b.box)).sort((a, b) => area(b) - area(a)))
    paintBox(labels, lab, job, mx, my);
  for (const { cls, exemplar } of mine) {
    for (const file of exemplar.masks) {
      const mask = masks.get(file);
      if (!mask) continue;
      const inside = emptyMask(height, width);
      paintMask(mask, inside, frame);
      inside.data.forEach((v, i) => {
        if (v) labels.data[i] = cls;
      });
    }
    for (const polygon of exemplar.polygons) {
      const cells = polygon.map((p): [number, number] => [toCellX(frame, p[0], width), toCellY(frame, p[1], height)]);
      eachInPolygon(width, height, cells, (i) => {
        labels.data[i] = cls;
      });
    }
  }
  // Clicks last: the most deliberate statement wins.
  for (const { cls, exemplar } of mine) {
    for (const p of exemplar.points) {
      const [x, y] = [toCellX(frame, p[0], width), toCellY(frame, p[1], height)];
      if (!inFrame([x - rx, y - ry, x + rx, y + ry])) continue;
      eachInDisc(width, height, x, y, rx, ry, (i) => {
        labels.data[i] = cls;
      });
    }
  }
  return labels;
}

/** Cells that clearly have (or lack) a colour asked for by words label themselves where nothing was drawn. */
function paintColours(interests: readonly InterestSpec[], labels: LabelGrid, lab: FeatureGrid): void {
  const coloured = interests.flatMap((s, cls) => (s.colour ? [{ cls, colour: s.colour }] : []));
  if (coloured.length === 0) return;
  const rest = interests.findIndex((s) => s.role === 'background');
  const restHasExemplars = rest >= 0 && interests[rest]!.exemplars.length > 0;
  for (let i = 0; i < labels.data.length; i++) {
    let best = -1;
    let value = 0;
    for (const { cls, colour } of coloured) {
      const m = membership(colour, lab.data[i * 3]!, lab.data[i * 3 + 1]!, lab.data[i * 3 + 2]!);
      if (m > value) {
        value = m;
        best = cls;
      }
    }
    if (value > 0.6) labels.data[i] = best;
    else if (value < 0.1 && rest >= 0 && !restHasExemplars) labels.data[i] = rest;
  }
}
