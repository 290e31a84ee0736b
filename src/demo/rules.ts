/**
 * The rule file of the demo product. Its exemplars are what a careful person would have drawn on the first training
 * pictures: tight boxes around things and clicks on stuff, here taken from the generator's own geometry.
 */
import type { Point } from '../core/scene.ts';
import { boundsOf, type Polygon, place, SHEET } from './geometry.ts';
import { BAYS, LABEL_TEXT, SIZE, VARIANTS } from './kit.ts';
import { leadOutline, levelY, regionsOf, toImage } from './outlines.ts';
import { DEMO_DEFAULTS, type DemoImage, exemplarImages } from './plan.ts';

const BENCH: Polygon = [
  [22, 70],
  [20, 250],
  [20, 450],
  [22, 650],
  [180, 16],
  [420, 14],
  [660, 14],
  [880, 16],
  [1004, 160],
  [1006, 400],
  [1004, 600],
  [160, 754],
  [400, 756],
  [700, 756],
  [900, 754],
];
/** Foam: bridges and rim, then the floors between the parts. */
const FOAM: Polygon = [
  [528, 150],
  [528, 350],
  [528, 520],
  [794, 200],
  [794, 420],
  [794, 620],
  [78, 240],
  [78, 520],
  [946, 240],
  [946, 520],
  [86, 76],
  [938, 76],
  [86, 692],
  [938, 692],
  [240, 342],
  [440, 342],
  [309, 458],
  [240, 576],
  [660, 64],
  [660, 705],
  [494, 140],
  [494, 212],
  [220, 172],
  [309, 172],
  [400, 172],
  [190, 250],
  [309, 250],
  [420, 250],
  [128, 172],
  [202, 459],
  [202, 405],
  [202, 515],
  [155, 459],
  [348, 522],
  [486, 522],
  [416, 440],
  [574, 320],
  [574, 420],
  [744, 320],
  [572, 652],
  [750, 654],
  [661, 520],
];
/** Angles on the coil, clear of the ties. */
const COIL = [15, 60, 105, 200, 245, 290];

/** Coordinates per line of the file. */
const PER_LINE = { points: 7, boxes: 3 } as const;

const list = (values: readonly number[], digits: number): string =>
  `[${values.map((v) => String(Number(v.toFixed(digits)))).join(', ')}]`;

/** Entries of a flow sequence, so many per line. */
function lines(entries: readonly string[], perLine: number): string {
  const rows: string[] = [];
  for (let i = 0; i < entries.length; i += perLine) rows.push(entries.slice(i, i + perLine).join(', '));
  return rows.join(',\n          ');
}

function wrapped(key: keyof typeof PER_LINE, entries: readonly string[]): string {
  const inner = lines(entries, PER_LINE[key]);
  return inner.includes('\n') ? `${key}: [\n          ${inner}]` : `${key}: [${inner}]`;
}

/** Boxes of an interest in one picture. */
function boxes(image: DemoImage, interest: string): string {
  const found = image.state.parts.flatMap((p) => {
    const regions = regionsOf(p)[interest];
    return regions === undefined ? [] : [boundsOf(...regions.map((r) => toImage(r, image.state.camera)))];
  });
  return wrapped(
    'boxes',
    found.map((box) => list(box, 4)),
  );
}

/** Clicks on a stuff in one picture. */
function clicks(image: DemoImage, interest: string): string {
  const vial = image.state.parts.find((p) => p.kind === 'vial')!;
  const coil = image.state.parts.find((p) => p.kind === 'cable')!;
  const surface = levelY(vial.level);
  const { half, neckBottom, width } = SIZE.vial;
  const between = (from: number, to: number): Polygon =>
    [0, 0.25, 0.5, 0.75, 1].flatMap((t): Point[] =>
      [-0.24, 0.2].map((s): Point => [s * width, from + t * (to - from)]),
    );
  const middle = (SIZE.cable.turns[0] + SIZE.cable.turns.at(-1)!) / 2;
  const onCoil = COIL.map(
    (a): Point => [middle * Math.cos((a * Math.PI) / 180), middle * Math.sin((a * Math.PI) / 180)],
  );
  const points: Readonly<Record<string, Polygon>> = {
    bench: BENCH,
    foam: FOAM,
    gel: place(between(surface + 22, half - 46), vial.pose),
    glass: place(between(neckBottom + 34, surface - 22), vial.pose),
    cable: place(onCoil, coil.pose),
  };
  return wrapped(
    'points',
    toImage(points[interest]!, image.state.camera)
      // The camera's turn may carry a click at the rim out of the picture.
      .filter((p) => p.every((v) => v >= 0 && v <= 1))
      .map((p) => list(p, 3)),
  );
}

/** Clicks on the coil, and the outline of the lead, which is too thin for a click. */
function coilAndLead(image: DemoImage, interest: string): string {
  const lead = leadOutline(image.state.parts).map((p) => toImage(p, image.state.camera));
  const outlines = lead.map(
    (p) =>
      `[\n          ${lines(
        p.map((at) => list(at, 4)),
        PER_LINE.points,
      )}]`,
  );
  return `${clicks(image, interest)}\n        polygons: [${outlines.join(', ')}]`;
}

function interest(id: string, settings: string, exemplars: readonly DemoImage[], draw: typeof boxes): string {
  const lines = exemplars.map((image) => `      - image: ${image.name}\n        ${draw(image, id)}`);
  return [`  ${id}:`, ...settings.split('; ').map((s) => `    ${s}`), '    exemplars:', ...lines].join('\n');
}

function attribute(id: string, of: string, exemplars: readonly DemoImage[]): string {
  const values = VARIANTS.map((v) => {
    const names = exemplars.filter((i) => i.state.variant === v).map((i) => i.name);
    return `      ${v}: { say: [${v} plastic], exemplars: [${names.join(', ')}] }`;
  });
  return [`  ${id}:`, `    of: ${of}`, '    values:', ...values].join('\n');
}

/** A region's box in a picture taken straight on. */
function region(bay: keyof typeof BAYS): string {
  const [x0, y0, x1, y1] = BAYS[bay];
  return `{ box: ${list([x0 / SHEET.width, y0 / SHEET.height, x1 / SHEET.width, y1 / SHEET.height], 4)} }`;
}

const RULES = `  - { id: four-screws, kind: count, of: screw, equals: 4, because: The kit holds four hex screws. }
  - { id: two-long-two-short, kind: extent, of: screw, measure: length, multiset: true, because: Two of the screws are long and two are short. }
  - { id: four-washers, kind: count, of: washer, region: washer-bay, equals: 4, because: Four washers lie in the left bay. }
  - { id: three-nuts, kind: count, of: nut, region: nut-bay, equals: 3, because: Three nuts lie in the bay beside the washers. }
  - { id: washers-left-of-nuts, kind: order, first: washer, then: nut, axis: x, because: The washers lie left of the nuts. }
  - { id: one-plug, kind: count, of: plug, equals: 1, because: Each kit has one plug. }
  - { id: cable-present, kind: presence, of: cable, because: The coiled cable is attached to the plug. }
  - { id: one-cap, kind: count, of: cap, equals: 1, because: The vial is closed with a cap. }
  - { id: cap-fits-plug, kind: agreement, between: [plug-colour, cap-colour], because: The cap of the vial has the colour of the plug. }
  - { id: cap-above-gel, kind: order, first: cap, then: gel, axis: y, because: The vial lies with its cap at the top. }
  - { id: fill-level, kind: extent, of: gel, edge: top, relativeTo: product, because: Every vial is filled to the same level. }
  - { id: one-label, kind: count, of: label, equals: 1, because: One printed label lies in the kit. }
  - { id: label-place, kind: position, of: label, relativeTo: product, because: The label lies in its recess at the lower left. }
`;

/** Reads the print; needs a text-recognition model. A label of another kit is wrong too, so each variant has its own. */
const TEXT_RULES = VARIANTS.map(
  (v) =>
    `  - { id: label-text-${v}, kind: text, of: label, equals: ${LABEL_TEXT[v]}, when: { attribute: plug-colour, is: ${v} }, because: The label names the kit with the ${v} plug. }\n`,
).join('');

/**
 * rules.yaml of the demo product for pictures made with `seed` (their size and number do not matter).
 * @param text also the rule that reads the print
 * @param schema where editors find the schema: a path from the file's folder, or an address
 */
export function demoRules(seed: number, text = false, schema = DEMO_DEFAULTS.schema): string {
  const shown = exemplarImages(seed);
  const two = shown.slice(0, 2);
  return `# yaml-language-server: $schema=${schema}
#
# The demo product: a small sensor kit in a foam tray, three variants (red, blue, green). Written by \`logsad demo\`
# (src/demo/rules.ts, seed ${seed}). Boxes are tight around whole things, points are clicks on stuff; both are fractions
# of the image, [x, y] from the top left, boxes [x0, y0, x1, y1].
schema: logsad/rules/v1
product: sensor-kit
title: Sensor kit, three variants
object: sensor kit
frame: { fit: keep, long: 640 }

# The two bays as the drawing of the tray has them.
regions:
  washer-bay: ${region('washers')}
  nut-bay: ${region('nuts')}

interests:
${interest('bench', 'role: background; form: stuff; say: [wooden bench]', two, clicks)}
${interest('foam', 'form: stuff; say: [grey foam tray]', two, clicks)}
${interest('screw', 'form: thing; say: [steel hex screw]', shown, boxes)}
${interest('washer', 'form: thing; say: [steel washer]', shown, boxes)}
${interest('nut', 'form: thing; say: [brass nut]', shown, boxes)}
${interest('plug', 'form: thing; say: [coloured plug]', shown, boxes)}
${interest('cable', 'form: stuff; say: [coiled cable]', shown, coilAndLead)}
${interest('cap', 'form: thing; say: [coloured cap of a vial]', shown, boxes)}
${interest('glass', 'form: stuff; say: [empty glass]', shown, clicks)}
${interest('gel', 'form: stuff; say: [amber gel]', shown, clicks)}
${interest('label', 'form: thing; say: [printed white label]', shown, boxes)}

attributes:
${attribute('plug-colour', 'plug', shown)}
${attribute('cap-colour', 'cap', shown)}

# What a kit must be. Counts are stated, every tolerance is learnt from the normals.
rules:
${RULES}${text ? TEXT_RULES : ''}
provenance:
  interests: { by: generator, from: [${shown.map((i) => i.path).join(', ')}] }
  rules: { by: hand }
`;
}
