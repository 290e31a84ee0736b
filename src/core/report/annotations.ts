/** Which labels a drawing carries: instances with what was read off them, the rules that accuse them, ghosts. */
import type { Box, Instance, Scene, Violation } from '../scene.ts';
import { type Canvas, px, toRect } from './canvas.ts';
import { type LabelRequest, type PlacedLabel, placeLabels } from './labels.ts';
import { DRAWING, escapeXml, type Look, PALETTE } from './style.ts';

interface LabelStyle extends LabelRequest {
  readonly fill: string;
  readonly ink: string;
}

/** Labels of everything shown, unknown regions and ghosts, placed so that none covers another. */
export function annotations(
  scene: Scene,
  shown: readonly Instance[],
  violations: readonly Violation[],
  accused: ReadonlyMap<number, string[]>,
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
  for (const u of scene.unknown)
    requests.push({ ...plain('unknown', u.box, PALETTE.unknown, canvas), important: true });
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
