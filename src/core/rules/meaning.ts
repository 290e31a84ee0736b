/** Faults of meaning in everything but rules: names, circles, coordinates. */
import type { Shape } from './definition.ts';
import type { Path } from './document.ts';
import { checkAttribute, checkInterest } from './groundingMeaning.ts';
import { type Bench, checkCoordinates, circles, RESERVED, resolve } from './names.ts';
import { record } from './normalise.ts';

/** Everything outside `rules`. */
export function checkMeaning(bench: Bench): void {
  const { file } = bench;
  checkNames(bench);
  for (const [id, s] of Object.entries(file.regions)) checkShape(bench, s, ['regions', id]);
  const rawIgnore = record(bench.doc.value).ignore;
  if (Array.isArray(rawIgnore) && rawIgnore.length === file.ignore.length)
    file.ignore.forEach((s, i) => {
      checkShape(bench, s, ['ignore', i]);
      checkFixed(bench, s, ['ignore', i], 'ignore');
    });
  const { focus } = file.frame;
  if (focus !== undefined && focus !== 'silhouette') {
    const written = record(record(bench.doc.value).frame).focus;
    if (typeof written === 'string' && 'region' in focus)
      resolve(bench, 'place', focus.region, ['frame', 'focus'], ['silhouette']);
    else checkShape(bench, focus, ['frame', 'focus']);
    checkFixed(bench, focus, ['frame', 'focus'], 'frame.focus');
  }
  for (const i of Object.values(file.interests)) checkInterest(bench, i);
  for (const a of Object.values(file.attributes)) checkAttribute(bench, a.id);
  if (file.variants) resolve(bench, 'attribute', file.variants.by, ['variants', 'by']);
  checkCircles(bench);
}

function checkNames({ doc, file, faults }: Bench): void {
  const sections = { interests: file.interests, regions: file.regions, attributes: file.attributes } as const;
  for (const [section, members] of Object.entries(sections)) {
    for (const id of Object.keys(members)) {
      if (RESERVED.includes(id) || id in {} || (section === 'interests' && id === 'product')) {
        faults.push(
          doc.faultAt(
            [section, id],
            {
              code: 'BAD_NAME',
              message: `${id} is a reserved word`,
              expected: `any other name; reserved: ${RESERVED.join(', ')}`,
              example: `${id}-part:`,
            },
            'key',
          ),
        );
      }
      if (section === 'regions' && Object.hasOwn(file.interests, id)) {
        faults.push(
          doc.faultAt(
            [section, id],
            {
              code: 'DUPLICATE_ID',
              message: `${id} is an interest and a region: rules could not tell which is meant`,
              expected: 'different names',
              example: `${id}-area:`,
            },
            'key',
          ),
        );
      }
    }
  }
}

function checkShape(bench: Bench, s: Shape, path: Path): void {
  if ('box' in s) checkCoordinates(bench, s.box, [...path, 'box'], 'the box');
  else if ('polygon' in s)
    s.polygon.forEach((p, i) => {
      checkCoordinates(bench, p, [...path, 'polygon', i], 'the polygon');
    });
  else if ('interest' in s) resolve(bench, 'interest', s.interest, [...path, 'interest']);
  else if ('region' in s) resolve(bench, 'place', s.region, [...path, 'region']);
}

/** What is looked at, or never looked at, must be known before anything is found: it cannot follow an interest. */
function checkFixed({ doc, faults, file }: Bench, s: Shape, path: Path, what: string): void {
  const seen = new Set<string>();
  let end = s;
  while ('region' in end && Object.hasOwn(file.regions, end.region) && !seen.has(end.region)) {
    seen.add(end.region);
    end = file.regions[end.region]!;
  }
  const name = 'interest' in end ? end.interest : 'region' in end ? end.region : undefined;
  if (name === undefined || (name !== 'product' && !Object.hasOwn(file.interests, name))) return;
  faults.push(
    doc.faultAt(path, {
      code: 'WRONG_VALUE',
      message: `${what} cannot follow ${name}: it must be a place that is known before anything is found`,
      expected: 'a box, a polygon, a mask, or a region made of one of these',
      example: what === 'ignore' ? 'ignore: [{ box: [0.1, 0, 0.9, 0.2] }]' : 'focus: { box: [0.1, 0.1, 0.9, 0.9] }',
    }),
  );
}

/** Parents and regions that lead back to themselves. */
function checkCircles({ doc, file, faults }: Bench): void {
  const report = (path: Path, what: string, ring: readonly string[]): void => {
    faults.push(
      doc.faultAt(path, {
        code: 'CYCLE',
        message: `${what} lead in a circle: ${ring.join(' > ')}`,
        expected: 'a chain that ends',
        example: what === 'parents' ? 'parent: fruit-label' : 'box: [0.1, 0.2, 0.4, 0.6]',
      }),
    );
  };
  for (const ring of circles(Object.keys(file.interests), (id) =>
    file.interests[id]!.parent === undefined ? [] : [file.interests[id]!.parent!],
  )) {
    report(['interests', ring[0]!, 'parent'], 'parents', ring);
  }
  const next = (id: string): string[] => {
    const s = file.regions[id]!;
    return 'region' in s ? [s.region] : [];
  };
  for (const ring of circles(Object.keys(file.regions), next)) report(['regions', ring[0]!, 'region'], 'regions', ring);
}

/** Every text below a value. */
function words(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(words) : [];
}

/** Interests that nothing refers to: one warning, for they cost learning time and may hide a forgotten rule. */
export function checkUnused({ doc, file, faults, used }: Bench): void {
  // The interest detector matches every interest with those of the normals.
  if (file.detectors.some((d) => d.name === 'interest')) return;
  // A rule that is itself at fault may still have meant it.
  const meant = new Set([...faults.map((f) => f.didYouMean), ...words(record(doc.value).rules)]);
  const idle = Object.values(file.interests).filter(
    (i) => !used.has(i.id) && !meant.has(i.id) && i.role !== 'background',
  );
  const [first] = idle;
  if (!first) return;
  // One remark for all: a file that tells neighbours apart has several.
  faults.push(
    doc.faultAt(
      ['interests', first.id],
      {
        severity: 'warning',
        code: 'UNUSED_INTEREST',
        message: `no rule, region or attribute uses ${idle.map((i) => i.id).join(', ')}`,
        expected: 'a rule about each; or nothing, where they are only there to be told apart from others',
        example:
          first.form === 'stuff'
            ? `{ id: ${first.id}-there, kind: presence, of: ${first.id} }`
            : `{ id: one-${first.id}, kind: count, of: ${first.id}, equals: 1 }`,
      },
      'key',
    ),
  );
}
