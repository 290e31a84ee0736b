/** Results as plain lines for a terminal. */
import type { InspectionResult } from '../scene.ts';
import { detectorSentences } from './caption.ts';
import { figure } from './style.ts';

/** `violations` at most this many are spelled out per image; the rest is counted. */
const SPELLED_OUT = 5;

/** One line for the verdict and two per violation: the sentence it stands for, and where the rule is written. */
export function resultToText(result: InspectionResult): string {
  const p = result.p === null ? '' : `  p ${figure(result.p)}`;
  const lines = [`${result.verdict.padEnd(6)}  ${result.image}  unit ${figure(result.unit)}${p}`];
  for (const v of result.violations.slice(0, SPELLED_OUT)) {
    const mark = v.severity === 'warn' ? ' (warning)' : '';
    lines.push(`        ${v.message}${mark}`);
    lines.push(`          ${v.because ? `${v.because} ` : ''}[${v.file}:${v.line}]`);
  }
  const rest = result.violations.length - SPELLED_OUT;
  if (rest > 0) lines.push(`        and ${rest} more`);
  for (const s of detectorSentences(result)) lines.push(`        ${s}`);
  if (result.verdict === 'review') for (const r of result.reviewReasons) lines.push(`        review: ${r}`);
  return lines.join('\n');
}

/** Columns aligned, the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, c) => Math.max(...rows.map((r) => (r[c] ?? '').length))) ?? [];
  return rows
    .map((r) =>
      r
        .map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
