/** Faults of meaning in `cases:`: names, letters of drawings, ids of rules. */
import { type Bench, resolve } from './meaning.ts';
import type { Path } from './document.ts';
import { record } from './normalise.ts';

/** Checks every case whose shape allows it; the shapes themselves are checked by the schema. */
export function checkCases(bench: Bench): void {
  const cases = record(bench.doc.value).cases;
  if (!Array.isArray(cases)) return;
  cases.forEach((value, i) => {
    const c = record(value);
    const path = ['cases', i];
    checkScene(bench, c.scene, [...path, 'scene']);
    if (Array.isArray(c.normals)) c.normals.forEach((s, n) => checkScene(bench, s, [...path, 'normals', n]));
    const violated = record(c.expect).violated;
    if (!Array.isArray(violated)) return;
    violated.forEach((id, n) => {
      if (typeof id === 'string') resolve(bench, 'rule', id, [...path, 'expect', 'violated', n]);
    });
  });
}

function checkScene(bench: Bench, value: unknown, path: Path): void {
  const scene = record(value);
  const legend = record(scene.legend);
  for (const [letter, part] of Object.entries(legend)) {
    const name = typeof part === 'string' ? part : record(part).interest;
    if (typeof name === 'string') resolve(bench, 'interest', name, typeof part === 'string' ? [...path, 'legend', letter] : [...path, 'legend', letter, 'interest']);
    checkAttributes(bench, part, [...path, 'legend', letter]);
  }
  if (typeof scene.drawn === 'string') {
    const strange = [...new Set(scene.drawn)].find((c) => !/[.\s]/.test(c) && !Object.hasOwn(legend, c));
    if (strange !== undefined) {
      bench.faults.push(bench.doc.faultAt([...path, 'drawn'], { code: 'MISSING', message: `the legend does not name \u201c${strange}\u201d`, expected: 'an interest for every letter of the drawing; . is background', example: `legend: { ${/[A-Za-z]/.test(strange) ? strange : 'l'}: ${Object.keys(bench.file.interests)[0] ?? 'label'} }` }));
    }
  }
  if (!Array.isArray(scene.instances)) return;
  scene.instances.forEach((part, i) => {
    const name = record(part).interest;
    if (typeof name === 'string') resolve(bench, 'interest', name, [...path, 'instances', i, 'interest']);
    checkAttributes(bench, part, [...path, 'instances', i]);
  });
}

function checkAttributes(bench: Bench, part: unknown, path: Path): void {
  for (const name of Object.keys(record(record(part).attributes))) resolve(bench, 'attribute', name, [...path, 'attributes', name]);
}
