/**
 * `.scenario` files: what a person types and sees. Sections start with `--- name` or `--- name: argument`:
 *
 *     text before the first section is the title
 *     --- file: path          a file of the working folder, text as it follows
 *     --- base64: path        the same for bytes
 *     --- command             one command line, `logsad ...`
 *     --- status              exit code
 *     --- stdout, --- stderr  what was printed; `<...>` stands for anything within a line, a line `...` for any lines
 *     --- tree                files of the working folder afterwards, if stated
 */

export interface Scenario {
  readonly title: string;
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  readonly args: readonly string[];
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly tree: readonly string[] | null;
}

/** @throws Error where a section is unknown or a needed one is missing */
export function parseScenario(text: string): Scenario {
  const [title, ...sections] = text.split(/^--- /m);
  const found = new Map<string, string>();
  const files: { path: string; bytes: Uint8Array }[] = [];
  for (const section of sections) {
    const end = section.indexOf('\n');
    const [name, path] = section
      .slice(0, end)
      .split(':')
      .map((s) => s.trim());
    const body = section.slice(end + 1);
    if (name === 'file') files.push({ path: path!, bytes: new TextEncoder().encode(body) });
    else if (name === 'base64') files.push({ path: path!, bytes: Buffer.from(body, 'base64') });
    else if (['command', 'status', 'stdout', 'stderr', 'tree'].includes(name!)) found.set(name!, body);
    else throw new Error(`scenario: unknown section "${name}"`);
  }
  const command = found.get('command')?.trim();
  if (!command?.startsWith('logsad')) throw new Error('scenario: the command starts with logsad');
  return {
    title: title!.trim(),
    files,
    args: command.split(/\s+/).slice(1),
    status: Number(found.get('status') ?? '0'),
    stdout: found.get('stdout') ?? '',
    stderr: found.get('stderr') ?? '',
    tree: found.get('tree')?.trim().split('\n') ?? null,
  };
}

/** `actual` itself where it fits the pattern, so that a comparison of the two shows a readable difference otherwise. */
export function fitted(pattern: string, actual: string): string {
  const source = pattern
    .trimEnd()
    .split('\n')
    .map((line) => (line.trim() === '...' ? '(?:.*\\n)*?.*' : line.split('<...>').map(quoted).join('.*?')))
    .join('\\n');
  return new RegExp(`^${source}$`).test(actual.trimEnd()) ? pattern : actual;
}

const quoted = (s: string): string => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
