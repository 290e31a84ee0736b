/** Which labels a drawing carries: instances with what was read off them, the rules that accuse them, ghosts. */
import type { Box, InspectionResult, Instance, Scene, UnknownRegion, Violation } from '../scene.ts';
import { type Canvas, px, toRect } from './canvas.ts';
import { type LabelRequest, type PlacedLabel, placeLabels } from './labels.ts';
import { DRAWING, escapeXml, figure, type Look, PALETTE } from './style.ts';

interface LabelStyle extends LabelRequest {
  readonly fill: string;
  readonly ink: string;
}

/** A region that looks like nothing learnt, with the words of its label. */
export type StrangeRegion = UnknownRegion & { readonly name: string };

const meet = (a: Box, b: Box): boolean => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/**
 * What is unknown in the scene, and per detector in alarm the part of its map that carries the score, unless that is
 * outlined already: a reject must never stand without a place.
 */
export function strangeRegions(scene: Scene, result: InspectionResult | null): StrangeRegion[] {
  const out = scene.unknown.map((u) => ({ ...u, name: 'unknown' }));
  const alarms = Object.entries(result?.detectors ?? {})
    .filter(([, d]) => d.unit > 1 && d.strongest)
    .sort((a, b) => b[1].unit - a[1].unit);
  for (const [name, { strongest, unit }] of alarms)
    if (strongest && !out.some((o) => meet(o.box, strongest.box)))
      out.push({ ...strongest, name: `${name} ${figure(unit)}: unlike good parts` });
  return out;
}

/** Labels of everything shown, unknown regions and ghosts, placed so that none covers another. */
export function annotations(
  shown: readonly Instance[],
  violations: readonly Violation[],
  accused: ReadonlyMap<number, string[]>,
  strange: readonly StrangeRegion[],
  look: ReadonlyMap<string, Look>,
  canvas: Canvas,
): string {
  const requests: LabelStyle[] = [];
  for (const group of grouped(shown, accused)) {
    const { because, interest, bad, members } = group;
    const style = bad ? { ink: '#fff', important: true } : {};
    const colour = bad ? PALETTE.violation : look.get(interest)!.colour;
    const many = members.length > (bad ? DRAWING.accusedPerInterest : DRAWING.labelsPerInterest);
    for (const i of many ? members.slice(0, 1) : members) {
      const name = many ? `${bad ? nameOf(i) : interest} × ${members.length}` : nameOf(i);
      requests.push({ ...plain(`${name}${because}`, i.box, colour, canvas), ...style });
    }
  }
  for (const u of strange) requests.push({ ...plain(u.name, u.box, PALETTE.unknown, canvas), important: true });
  for (const v of violations) {
    if (!v.ghost) continue;
    const text = v.interests[0] ? `${v.interests[0]} expected here` : 'expected here';
    requests.push({ ...plain(text, v.ghost, PALETTE.ghost, canvas), important: true });
  }
  const fontSize = DRAWING.fontSize * canvas.scale;
  const placed = placeLabels(requests, { x: 0, y: 0, width: canvas.width, height: canvas.height }, fontSize);
  return placed.map((p) => drawLabel(p, requests[p.index]!, fontSize)).join('');
}

interface Group {
  /** `: rule, rule` for the accused, empty otherwise. */
  readonly because: string;
  readonly interest: string;
  readonly bad: boolean;
  readonly members: Instance[];
}

/** Instances that would carry the same label: all of an interest, or all that the same rules accuse. */
function grouped(shown: readonly Instance[], accused: ReadonlyMap<number, string[]>): Iterable<Group> {
  const groups = new Map<string, Group>();
  for (const i of shown) {
    const rules = accused.get(i.id);
    const more = rules && rules.length > DRAWING.rulesPerLabel ? ', …' : '';
    const because = rules ? `: ${rules.slice(0, DRAWING.rulesPerLabel).join(', ')}${more}` : '';
    const key = rules ? `${nameOf(i)}${because}` : i.interest;
    const group = groups.get(key) ?? { because, interest: i.interest, bad: rules !== undefined, members: [] };
    group.members.push(i);
    groups.set(key, group);
  }
  return groups.values();
}

function plain(text: string, box: Box, fill: string, canvas: Canvas): LabelStyle {
  // White type on the two dark colours of the palette, ink on the light ones.
  const dark = ['#0072b2', '#009e73'].includes(fill);
  return { text, anchor: toRect(box, canvas), important: false, fill, ink: dark ? '#fff' : PALETTE.ink };
}

/** The interest with what was read off it: `liquid · cherry`. */
function nameOf(i: Instance): string {
  const values = Object.values(i.attributes).flatMap((a) => (a.value === null ? [] : [a.value]));
  return [i.status === 'unknown' ? `${i.interest}?` : i.interest, ...values].join(' · ');
}

function drawLabel(p: PlacedLabel, style: LabelStyle, fontSize: number): string {
  const leader = p.leader
    ? `<path d="M${px(p.leader[0])} ${px(p.leader[1])}L${px(p.leader[2])} ${px(p.leader[3])}" stroke="${style.fill}" stroke-width="${px(fontSize / 9)}"/>`
    : '';
  return (
    `${leader}<rect x="${px(p.x)}" y="${px(p.y)}" width="${px(p.width)}" height="${px(p.height)}" rx="${px(fontSize * 0.3)}" fill="${style.fill}" fill-opacity=".92"/>` +
    `<text x="${px(p.x + p.width / 2)}" text-anchor="middle" y="${px(p.y + p.height * 0.69)}" font-size="${px(fontSize)}" font-weight="600" fill="${style.ink}">${escapeXml(p.text)}</text>`
  );
}
