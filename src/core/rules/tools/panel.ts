/**
 * The ranges that the normals themselves span: a mutant that stays inside every one of them is a part that a normal could
 * have been, and no rule is to be blamed for passing it. The quantities are independent of the rules under test.
 */
import type { Instance, Point, Scene } from '../../scene.ts';
import { LEARN } from '../constants.ts';
import type { RuleFile } from '../definition.ts';
import { assignToAnchors, learnAnchors, mode } from '../select.ts';
import { imageReading, meanCentroid, type SceneView, totalArea, unionBox, viewOf, withoutSpecks } from '../view.ts';
import { PANEL_EPSILON } from './constants.ts';
import { seenInterests } from './operators.ts';

interface Readings {
  readonly numbers: [string, number][];
  readonly words: [string, string][];
}

interface Ranges {
  readonly numbers: ReadonlyMap<string, readonly [number, number]>;
  readonly words: ReadonlySet<string>;
}

export interface Panel {
  readonly file: RuleFile;
  /** Usual places of the parts of an interest, in reading order. */
  readonly anchors: Readonly<Record<string, readonly Point[]>>;
  readonly pooled: Ranges;
  /** Of variants that enough normals show. */
  readonly variants: Readonly<Record<string, Ranges>>;
}

function geometry(name: string, group: readonly Instance[], view: SceneView): [string, number][] {
  const [x, y] = meanCentroid(group);
  const box = unionBox(group.map((i) => i.box));
  const { product } = view.scene;
  const area = totalArea(group);
  const lab = [0, 1, 2].map((c) => group.reduce((sum, i) => sum + i.lab[c]! * i.area, 0) / area);
  const [left, top, right, bottom] = box;
  return [
    [`${name} area`, area],
    [`${name} x`, x],
    [`${name} y`, y],
    [`${name} x in product`, x - (product[0] + product[2]) / 2],
    [`${name} y in product`, y - product[1]],
    [`${name} left`, left],
    [`${name} top`, top],
    [`${name} right`, right],
    [`${name} bottom`, bottom],
    [`${name} width`, right - left],
    [`${name} height`, bottom - top],
    [`${name} L`, lab[0]!],
    [`${name} a`, lab[1]!],
    [`${name} b`, lab[2]!],
  ];
}

/** The parts of an interest by their usual places; stuff is one part. */
function partsOf(view: SceneView, interest: string, anchors: readonly Point[]): [string, readonly Instance[]][] {
  const all = view.known(interest);
  if (all.length === 0) return [];
  if (view.file.interests[interest]!.form === 'stuff') return [[interest, withoutSpecks(all)]];
  const slots = assignToAnchors(
    all.map((i) => i.centroid),
    anchors,
  );
  return all.flatMap((i, n) =>
    slots[n]! < 0
      ? []
      : [[anchors.length > 1 ? `${interest} ${slots[n]! + 1}` : interest, [i]] as [string, Instance[]]],
  );
}

function read(view: SceneView, anchors: Panel['anchors']): Readings {
  const numbers: [string, number][] = [];
  const centres: [string, Point][] = [];
  for (const interest of seenInterests(view.file)) {
    numbers.push([`count of ${interest}`, view.known(interest).length]);
    for (const [name, group] of partsOf(view, interest, anchors[interest] ?? [])) {
      numbers.push(...geometry(name, group, view));
      if (view.file.interests[interest]!.form === 'thing') centres.push([name, meanCentroid(group)]);
    }
  }
  centres.forEach(([a, p], n) => {
    for (const [b, q] of centres.slice(n + 1))
      numbers.push([`${a} to ${b} x`, q[0] - p[0]], [`${a} to ${b} y`, q[1] - p[1]]);
  });
  const values = Object.keys(view.file.attributes).map((id) => `${id} ${imageReading(view, id)?.value ?? 'unknown'}`);
  const each = Object.values(view.file.attributes).flatMap((a) =>
    view.known(a.of).map((i) => `each ${a.id} ${i.attributes[a.id]?.value ?? 'unknown'}`),
  );
  return { numbers, words: [['values', values.join(', ')], ...each.map((v): [string, string] => ['value', v])] };
}

function span(readings: readonly Readings[]): Ranges {
  const numbers = new Map<string, readonly [number, number]>();
  const words = new Set<string>();
  for (const r of readings) {
    for (const [key, v] of r.numbers) {
      const [low, high] = numbers.get(key) ?? [v, v];
      numbers.set(key, [Math.min(low, v), Math.max(high, v)]);
    }
    for (const [key, v] of r.words) words.add(`${key}: ${v}`);
  }
  return { numbers, words };
}

/** Reads the ranges off the normals: pooled, and of every variant with at least `LEARN.variantMinN` of them. */
export function learnPanel(file: RuleFile, normals: readonly Scene[]): Panel {
  const views = normals.map((s) => viewOf(s, file));
  const anchors = Object.fromEntries(
    seenInterests(file).map((id) => {
      const sets = views.map((v) => v.known(id).map((i) => i.centroid));
      return [id, learnAnchors(sets, mode(sets.map((s) => s.length).filter((n) => n > 0)))];
    }),
  );
  const readings = views.map((v) => read(v, anchors));
  const groups = new Map<string, Readings[]>();
  normals.forEach((s, i) => {
    if (s.variant !== null) groups.set(s.variant, [...(groups.get(s.variant) ?? []), readings[i]!]);
  });
  const variants = Object.fromEntries(
    [...groups].filter(([, g]) => g.length >= LEARN.variantMinN).map(([v, g]) => [v, span(g)]),
  );
  return { file, anchors, pooled: span(readings), variants };
}

/** Smallest and largest value of a quantity among the normals that a Scene of this variant is compared with. */
export function rangeOf(panel: Panel, key: string, variant: string | null): readonly [number, number] | undefined {
  return ((variant !== null ? panel.variants[variant] : undefined) ?? panel.pooled).numbers.get(key);
}

/** What of a Scene lies outside the range of the normals of its variant: names of quantities; none for a normal one. */
export function outside(panel: Panel, scene: Scene, variant: string | null = scene.variant): string[] {
  const ranges = (variant !== null ? panel.variants[variant] : undefined) ?? panel.pooled;
  const { numbers, words } = read(viewOf(scene, panel.file), panel.anchors);
  const off = numbers.filter(([key, v]) => {
    const range = ranges.numbers.get(key);
    return !range || v < range[0] - PANEL_EPSILON || v > range[1] + PANEL_EPSILON;
  });
  return [
    ...off.map(([key]) => key),
    ...words.filter(([key, v]) => !ranges.words.has(`${key}: ${v}`)).map(([, v]) => v),
  ];
}
