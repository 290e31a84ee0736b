/** Faults of meaning in `cases:`: names, letters of drawings, ids of rules. */

import type { Path } from './document.ts';
import { nearest } from './faults.ts';
import { type Bench, resolve } from './names.ts';
import { record } from './normalise.ts';

/** Checks every case whose shape allows it; the shapes themselves are checked by the schema. */
export function checkCases(bench: Bench): void {
  const cases = record(bench.doc.value).cases;
  if (!Array.isArray(cases)) return;
  const notes = cases.flatMap((c) => (typeof record(c).note === 'string' ? [String(record(c).note)] : []));
  let legend = record(undefined);
  cases.forEach((value, i) => {
    const c = record(value);
    const path = ['cases', i];
    // A drawing without a legend is read by the one above it.
    if (record(c.scene).legend !== undefined) legend = record(record(c.scene).legend);
    checkScene(bench, c.scene, [...path, 'scene'], legend, notes);
    if (Array.isArray(c.normals)) {
      for (const [n, s] of c.normals.entries()) {
        if (typeof s === 'string') checkNote(bench, s, [...path, 'normals', n], notes);
        else checkScene(bench, s, [...path, 'normals', n], legend, notes);
      }
    }
    const violated = record(c.expect).violated;
    if (!Array.isArray(violated)) return;
    violated.forEach((id, n) => {
      // `unknown` is the finding that every file has.
      if (typeof id === 'string' && id !== 'unknown') resolve(bench, 'rule', id, [...path, 'expect', 'violated', n]);
    });
  });
}

function checkNote(bench: Bench, note: string, path: Path, notes: readonly string[]): void {
  if (notes.includes(note)) return;
  const guess = nearest(note, notes);
  bench.faults.push(
    bench.doc.faultAt(path, {
      code: 'UNKNOWN_VALUE',
      message: `no case has the note \u201c${note.slice(0, 60)}\u201d`,
      expected: notes.length > 0 ? `one of the notes: ${notes.slice(0, 12).join('; ')}` : 'the note of another case',
      example: `like: ${guess ?? notes[0] ?? 'a whole one'}`,
      didYouMean: guess,
    }),
  );
}

function checkScene(
  bench: Bench,
  value: unknown,
  path: Path,
  above: Readonly<Record<string, unknown>>,
  notes: readonly string[],
): void {
  const scene = record(value);
  if (typeof scene.like === 'string') checkNote(bench, scene.like, [...path, 'like'], notes);
  const own = record(scene.legend);
  const legend = scene.legend === undefined ? above : own;
  for (const [letter, part] of Object.entries(own)) {
    const name = typeof part === 'string' ? part : record(part).interest;
    if (typeof name === 'string')
      resolve(
        bench,
        'interest',
        name,
        typeof part === 'string' ? [...path, 'legend', letter] : [...path, 'legend', letter, 'interest'],
      );
    checkAttributes(bench, part, [...path, 'legend', letter]);
  }
  if (typeof scene.drawn === 'string') {
    const strange = [...new Set(scene.drawn)].find((c) => !/[.\s]/.test(c) && !Object.hasOwn(legend, c));
    if (strange !== undefined) {
      bench.faults.push(
        bench.doc.faultAt([...path, 'drawn'], {
          code: 'MISSING',
          message: `the legend does not name \u201c${strange}\u201d`,
          expected: 'an interest for every letter of the drawing; . is background',
          example: `legend: { ${/[A-Za-z]/.test(strange) ? strange : 'l'}: ${Object.keys(bench.file.interests)[0] ?? 'label'} }`,
        }),
      );
    }
  }
  for (const key of ['instances', 'with'] as const) {
    const listed = scene[key];
    if (!Array.isArray(listed)) continue;
    listed.forEach((part, i) => {
      const name = record(part).interest;
      if (typeof name === 'string') resolve(bench, 'interest', name, [...path, key, i, 'interest']);
      checkAttributes(bench, part, [...path, key, i]);
    });
  }
}

function checkAttributes(bench: Bench, part: unknown, path: Path): void {
  for (const name of Object.keys(record(record(part).attributes)))
    resolve(bench, 'attribute', name, [...path, 'attributes', name]);
}
