/** Runs the real command line in a process of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './imports.ts';

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called once with the process, for signals. */
  readonly onStart?: (child: ReturnType<typeof spawn>) => void;
  /** Called with everything that standard error has said so far. */
  readonly onError?: (text: string, child: ReturnType<typeof spawn>) => void;
}

/** `logsad ...args` from the sources; npm's and node's own settings are left out of the environment. */
export function logsad(args: readonly string[], options: RunOptions): Promise<Run> {
  const command = ['--import', import.meta.resolve('tsx'), join(ROOT, 'src/cli/main.ts'), ...args];
  const kept = Object.entries(process.env).filter(([k]) => !/^(NODE_OPTIONS|npm_|VITEST|LOGSAD_)/.test(k));
  const env = { ...Object.fromEntries(kept), ...options.env };
  return new Promise((resolve, reject) => {
    // A group of its own: a signal to it reaches the inference child too, as Ctrl-C on a terminal does.
    const child = spawn(process.execPath, command, {
      cwd: options.cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (d) => {
      stdout += d;
    });
    child.stderr.on('data', (d) => {
      stderr += d;
      options.onError?.(stderr, child);
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    options.onStart?.(child);
  });
}
