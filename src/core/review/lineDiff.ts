/** What changed between two texts, line by line: one hunk per edited place, with a little of what stands around it. */
export interface DiffLine {
  readonly op: ' ' | '+' | '-';
  readonly line: string;
  /** Line number, counted from 1: in the new text, of a removed line in the old one. */
  readonly number: number;
}

const CONTEXT = 2;
/** Beyond so many differing lines they are listed as removed, then added: no table of that size is worth its time. */
const MOST = 2000;

/** Longest common subsequence of what differs, as edit operations. */
function operations(a: readonly string[], b: readonly string[]): ('=' | '+' | '-')[] {
  if (a.length * b.length > MOST * MOST) return [...a.map(() => '-' as const), ...b.map(() => '+' as const)];
  const width = b.length + 1;
  const length = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      length[i * width + j] =
        a[i] === b[j]
          ? length[(i + 1) * width + j + 1]! + 1
          : Math.max(length[(i + 1) * width + j]!, length[i * width + j + 1]!);
    }
  }
  const out: ('=' | '+' | '-')[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push('=');
      i++;
      j++;
    } else if (i < a.length && (j === b.length || length[(i + 1) * width + j]! >= length[i * width + j + 1]!)) {
      out.push('-');
      i++;
    } else {
      out.push('+');
      j++;
    }
  }
  return out;
}

/** The lines that differ and up to two around each; empty for equal texts. */
export function lineDiff(before: string, after: string): DiffLine[] {
  const [a, b] = [before.split('\n'), after.split('\n')];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const all: DiffLine[] = b.slice(0, head).map((line, i) => ({ op: ' ', line, number: i + 1 }));
  let [i, j] = [head, head];
  for (const op of operations(a.slice(head, a.length - tail), b.slice(head, b.length - tail))) {
    if (op === '-') all.push({ op, line: a[i++]!, number: i });
    else {
      all.push({ op: op === '=' ? ' ' : '+', line: b[j++]!, number: j });
      if (op === '=') i++;
    }
  }
  for (; j < b.length; j++) all.push({ op: ' ', line: b[j]!, number: j + 1 });
  const near = (k: number): boolean => all.slice(Math.max(0, k - CONTEXT), k + CONTEXT + 1).some((l) => l.op !== ' ');
  return all.filter((_, k) => near(k));
}
