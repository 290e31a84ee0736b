/** Answers to a false alarm beside a wider bound: the picture becomes a normal, a place is ignored, a variant is made, a rule only warns. */
import type { CompiledRule, CompiledRules } from '../rules/compiled.ts';
import { setBlock } from '../rules/tools/textEdit.ts';
import type { Box, Point, Scene } from '../scene.ts';
import { REVIEW } from './constants.ts';
import { addTo, append, flow, setSetting } from './edits.ts';
import type { Draft } from './offer.ts';
import type { Rejudged, StoredPart, Taught } from './rejudge.ts';

export interface Alarmed {
  readonly text: string;
  readonly taught: Taught;
  readonly part: StoredPart;
  readonly compiled: CompiledRules;
  readonly found: Rejudged;
  /** Rules that raise the alarm; none where a detector does. */
  readonly rules: readonly CompiledRule[];
}

/** A name no normal has: what rule files call the picture from now on. */
function normalName({ part, taught }: Alarmed): string {
  const extension = /\.(jpe?g|png|webp|bmp|tiff?)$/i.exec(part.name)?.[0].toLowerCase() ?? '.png';
  const taken = new Set(taught.normals.map((n) => n.image));
  for (let n = 8; ; n++) {
    const name = `review-${part.id.slice(0, n)}${extension}`;
    if (!taken.has(name) || n >= part.id.length) return name;
  }
}

function addNormal(a: Alarmed): Draft {
  const normal = normalName(a);
  const record = { image: normal, sha256: a.part.sha256, scene: a.part.scene };
  return {
    kind: 'add-normal',
    rule: null,
    title: 'Add this picture to the normals and learn anew.',
    text: null,
    needs: ['normal', 'learn'],
    normal,
    evidence: [`${a.taught.normals.length} normals teach the rules now.`],
    taught: { ...a.taught, normals: [...a.taught.normals, record] },
    note: 'Bounds are learnt anew with the picture; what grounding and detectors will learn from it is not in these figures.',
    weight: 0,
  };
}

const round = (v: number): number => Number(Math.min(1, Math.max(0, v)).toFixed(3));
const inside = ([x, y]: Point, [x0, y0, x1, y1]: Box): boolean => x >= x0 && x <= x1 && y >= y0 && y <= y1;

/** A Scene without what lies in a box; instances keep their places in the list, so parents stay right. */
function blind(scene: Scene, box: Box): Scene {
  const gone = new Set(scene.instances.filter((i) => inside(i.centroid, box)).map((i) => i.id));
  const instances = scene.instances.filter((i) => !gone.has(i.id) && (i.parent === undefined || !gone.has(i.parent)));
  const ids = new Map(instances.map((i, n) => [i.id, n]));
  return {
    ...scene,
    instances: instances.map((i) => {
      const { parent, ...rest } = { ...i, id: ids.get(i.id)! };
      return parent === undefined ? rest : { ...rest, parent: ids.get(parent)! };
    }),
    unknown: scene.unknown.filter((u) => !inside(u.centroid, box)),
  };
}

/** Only where something lies that resembles no part: to ignore a part would break the rules about it. */
function ignore(a: Alarmed): Draft | null {
  const { unknown } = a.part.scene;
  if (unknown.length === 0) return null;
  const grow = REVIEW.ignoreGrow;
  const box: Box = [
    round(Math.min(...unknown.map((u) => u.box[0])) - grow),
    round(Math.min(...unknown.map((u) => u.box[1])) - grow),
    round(Math.max(...unknown.map((u) => u.box[2])) + grow),
    round(Math.max(...unknown.map((u) => u.box[3])) + grow),
  ];
  if ((box[2] - box[0]) * (box[3] - box[1]) > REVIEW.ignoreMost) return null;
  const see = <T extends { readonly scene: Scene }>(r: T): T => ({ ...r, scene: blind(r.scene, box) });
  const { normals, calibration, relit = [] } = a.taught;
  return {
    kind: 'ignore',
    rule: null,
    title: 'Ignore the place where the unknown thing lies.',
    text: append(a.text, 'ignore', { box }),
    needs: ['learn'],
    evidence: ['Nothing in this box is looked at any more, on any part.'],
    taught: { normals: normals.map(see), calibration: calibration.map(see), relit: relit.map(see) },
    see,
    note: 'What lies in the box is taken out of the stored Scenes; detector scores stay as they were until a profile is learnt.',
    weight: 0,
  };
}

/** A value of its own for the attribute that tells variants apart, shown by this picture. */
function variant(a: Alarmed): Draft | null {
  const { file } = a.compiled;
  const normal = normalName(a);
  const value = (taken: readonly string[]): string => {
    let n = 1;
    while (taken.includes(`variant-${n}`)) n++;
    return `variant-${n}`;
  };
  let text: string | null = null;
  if (file.variants) {
    const { values } = file.attributes[file.variants.by]!;
    if (!Object.values(values).some((v) => v.exemplars.length > 0)) return null;
    const path = ['attributes', file.variants.by, 'values'];
    text = addTo(a.text, path, value(Object.keys(values)), { exemplars: [normal] });
  } else {
    const of = a.found.violations.flatMap((v) => v.interests).find((i) => Object.hasOwn(file.interests, i));
    const usual = a.taught.normals[0]?.image;
    if (of === undefined || usual === undefined || Object.hasOwn(file.attributes, 'variant')) return null;
    const attribute = { of, values: { usual: { exemplars: [usual] }, 'variant-1': { exemplars: [normal] } } };
    text =
      Object.keys(file.attributes).length > 0
        ? addTo(a.text, ['attributes'], 'variant', attribute)
        : setBlock(a.text, 'attributes', `attributes:\n  variant: ${flow(attribute)}\n`);
    text = text && setBlock(text, 'variants', 'variants: { by: variant }\n');
  }
  return {
    kind: 'variant',
    rule: null,
    title: 'Make a variant of its own, shown by this picture.',
    text,
    needs: ['normal', 'learn'],
    normal,
    evidence: [
      'Verdicts show once a profile is learnt; a variant keeps bounds of its own when enough normals show it.',
    ],
    replayable: false,
    weight: 0,
  };
}

/** `severity: warn` for the rules whose bound cannot be moved. */
function warn({ text, rules }: Alarmed): Draft[] {
  return rules
    .filter((r) => r.spec.severity === 'reject')
    .map((r) => ({
      kind: 'warn',
      rule: r.id,
      title: `Let ${r.id} ask for a review instead of rejecting.`,
      text: setSetting(text, r.id, 'severity', 'warn'),
      evidence: ['Parts that break it are still shown, and no longer rejected for it.'],
      weight: 0,
    }));
}

export function fallbacks(a: Alarmed): Draft[] {
  const drafts = [addNormal(a), ignore(a), variant(a), ...warn(a)];
  return drafts.filter((d): d is Draft => d !== null && (d.text !== null || d.kind === 'add-normal'));
}
