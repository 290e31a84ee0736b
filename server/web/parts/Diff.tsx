/** Lines that change, and what a change does to the parts that were inspected before. */
import type { Change, DiffLine, Replay } from '../contracts.ts';
import { changing, plural } from '../format.ts';
import type { ReplayProgress } from '../replay.ts';
import { query, to } from '../router.ts';
import { ProgressLine, VerdictBadge, Waiting } from './basics.tsx';

/** A line as what it shares with its other version before and after, and what it does not between them. */
type Parts = readonly [before: string, own: string, after: string];

/** Below this share of common text two lines are two different lines. */
const ALIKE = 0.3;

function partsOf(line: string, other: string): Parts | null {
  const most = Math.min(line.length, other.length);
  let start = 0;
  while (start < most && line[start] === other[start]) start++;
  let end = 0;
  while (end < most - start && line.at(-1 - end) === other.at(-1 - end)) end++;
  if (line.trim() === '' || (start + end) / Math.max(line.length, other.length) < ALIKE) return null;
  return [line.slice(0, start), line.slice(start, line.length - end), line.slice(line.length - end)];
}

/** For each line that was replaced and for the one in its place: what of it differs. */
function changedParts(lines: readonly DiffLine[]): (Parts | null)[] {
  const out: (Parts | null)[] = lines.map(() => null);
  for (let i = 0; i < lines.length; ) {
    const from = i;
    while (lines[i]?.op === '-') i++;
    const gone = i - from;
    while (lines[i]?.op === '+') i++;
    if (gone > 0 && i - from === 2 * gone) {
      for (let k = from; k < from + gone; k++) {
        out[k] = partsOf(lines[k]!.line, lines[k + gone]!.line);
        out[k + gone] = partsOf(lines[k + gone]!.line, lines[k]!.line);
      }
    }
    if (i === from) i++;
  }
  return out;
}

export function Diff({ lines }: { lines: readonly DiffLine[] }) {
  const gap = (i: number): boolean => i > 0 && lines[i]!.number > lines[i - 1]!.number + 1 && lines[i]!.op === ' ';
  const parts = changedParts(lines);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: long lists scroll, by keys too.
    <pre class="diff" tabIndex={0}>
      {lines.map((l, i) => (
        <span
          key={`${l.op}${l.number}${i}`}
          class={l.op === '+' ? 'added' : l.op === '-' ? 'removed' : gap(i) ? 'after-gap' : ''}
        >
          <span class="no">{l.number}</span>
          <span class="op">{l.op}</span>
          <span class="code">
            <Line line={l.line} parts={parts[i]!} />
          </span>
        </span>
      ))}
    </pre>
  );
}

function Line({ line, parts }: { line: string; parts: Parts | null }) {
  if (parts === null) return <>{line}</>;
  const [before, own, after] = parts;
  return (
    <>
      {before}
      {own === '' ? null : <mark>{own}</mark>}
      {after}
    </>
  );
}

/** "fixes 7, breaks 0": the reviewed parts that turn right and wrong. */
export function ReplayLine({ replay }: { replay: Replay }) {
  return (
    <p class="replay">
      <b class={replay.fixes.length > 0 ? 'good' : ''}>fixes {replay.fixes.length}</b>,{' '}
      <b class={replay.breaks.length > 0 ? 'bad' : ''}>breaks {replay.breaks.length}</b>
      <span class="faint">
        {' '}
        · {plural(replay.judged, 'stored part')} judged again, {replay.reviewed} of them reviewed
        {replay.changed > 0 ? `, ${changing(replay.changed)}` : ''}
        {replay.approximate ? ', approximately' : ''}
      </span>
    </p>
  );
}

/** How far judging stored parts again is; null: it begins. */
export function Judging({ progress }: { progress: ReplayProgress | null }) {
  if (!progress || progress.done === 0) return <Waiting what="Judging stored parts again" />;
  const { done, total } = progress;
  return (
    <ProgressLine done={done} total={total} label="Judged again">
      {done} of {total} stored parts judged again
    </ProgressLine>
  );
}

export function ReplayParts({ replay }: { replay: Replay }) {
  const groups = [
    { name: 'Fixed', items: replay.fixes },
    { name: 'Broken', items: replay.breaks },
    { name: 'Changed, not reviewed', items: replay.changes },
  ].filter((g) => g.items.length > 0);
  return (
    <>
      {replay.note ? <p class="note small">{replay.note}</p> : null}
      {groups.map((g) => (
        <details key={g.name} open={g.name === 'Broken'}>
          <summary>
            {g.name} <span class="faint">{g.items.length}</span>
          </summary>
          <ul class="changes">
            {g.items.map((c) => (
              <ChangeRow key={c.inspection} change={c} />
            ))}
          </ul>
        </details>
      ))}
    </>
  );
}

function ChangeRow({ change: c }: { change: Change }) {
  return (
    <li>
      <a href={to(['inspections', c.inspection], query.value)}>{c.name}</a>
      <VerdictBadge of={{ verdict: c.before, state: 'done' }} /> →{' '}
      <VerdictBadge of={{ verdict: c.after, state: 'done' }} />
      {c.cause ? <span class="faint small">{c.cause}</span> : null}
    </li>
  );
}

/** The lines of two texts that differ, with two lines around them. */
export function diffOf(a: string, b: string): DiffLine[] {
  const [x, y] = [a.split('\n'), b.split('\n')];
  let [start, endX, endY] = [0, x.length, y.length];
  while (start < endX && start < endY && x[start] === y[start]) start++;
  while (endX > start && endY > start && x[endX - 1] === y[endY - 1]) {
    endX--;
    endY--;
  }
  const all = [
    ...x
      .slice(Math.max(0, start - AROUND), start)
      .map((line, i) => ({ op: ' ' as const, line, number: Math.max(0, start - AROUND) + i + 1 })),
    ...between(x.slice(start, endX), y.slice(start, endY), start),
    ...y.slice(endY, endY + AROUND).map((line, i) => ({ op: ' ' as const, line, number: endY + i + 1 })),
  ];
  const near = (i: number): boolean => all.slice(Math.max(0, i - AROUND), i + AROUND + 1).some((l) => l.op !== ' ');
  return all.filter((_, i) => near(i));
}
const AROUND = 2;
/** Above so many pairs of lines the middle is told as one change. */
const LARGEST = 4_000_000;

/** The longest common subsequence of lines, by the textbook table. */
function between(x: readonly string[], y: readonly string[], offset: number): DiffLine[] {
  const gone = (i: number): DiffLine => ({ op: '-', line: x[i]!, number: offset + i + 1 });
  const came = (j: number): DiffLine => ({ op: '+', line: y[j]!, number: offset + j + 1 });
  if (x.length * y.length > LARGEST) return [...x.map((_, i) => gone(i)), ...y.map((_, j) => came(j))];
  const w = y.length + 1;
  const best = new Uint32Array((x.length + 1) * w);
  for (let i = x.length - 1; i >= 0; i--)
    for (let j = y.length - 1; j >= 0; j--)
      best[i * w + j] =
        x[i] === y[j] ? best[(i + 1) * w + j + 1]! + 1 : Math.max(best[(i + 1) * w + j]!, best[i * w + j + 1]!);
  const out: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) {
      out.push({ op: ' ', line: y[j]!, number: offset + j + 1 });
      i++;
      j++;
    } else if (i < x.length && (j === y.length || best[(i + 1) * w + j]! >= best[i * w + j + 1]!)) out.push(gone(i++));
    else out.push(came(j++));
  }
  return out;
}
