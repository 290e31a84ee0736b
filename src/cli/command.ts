/** What a command is given and what it gives back. Adding one: a file in `commands/` and a line in `commands/index.ts`. */
import type { Command } from 'commander';

/** Exit codes of PRODUCT.md; 130 is what shells expect after Ctrl-C. */
export const EXIT = { ok: 0, found: 1, usage: 2, environment: 3, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Version of everything that `--json` prints. */
export const SCHEMA_VERSION = 1;

export interface Terminal {
  /** To standard output: the answer, and nothing else. */
  out(text: string): void;
  /** To standard error: progress, remarks, faults. */
  err(text: string): void;
  /** Standard error is a terminal that can redraw a line. */
  readonly interactive: boolean;
  readonly columns: number;
}

export interface Context {
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** The work of one command: options as commander parsed them, `args` the positional arguments. */
export type Handler<O> = (context: Context, options: O, args: readonly string[]) => Promise<ExitCode>;

export interface CommandModule {
  /** Declares arguments and options on `command`, and returns the work; its imports are loaded when it runs. */
  readonly name: string;
  readonly summary: string;
  /** A command line that works as it stands, shown by `--help`. */
  readonly example: string;
  /** What its exit statuses mean, where they mean something of their own. */
  readonly exits?: string;
  /** Ctrl-C is how it ends, and no interruption. */
  readonly endsBySignal?: true;
  declare(command: Command): void;
  // The options of each command differ; `declare` says which they are, `define` ties the two together.
  readonly run: Handler<never>;
}

/** Commands under one name: `logsad rules lint`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CommandModule[];
}

/** Keeps the type of the options between `declare` and `run`. */
export function define<O extends object>(module: Omit<CommandModule, 'run'> & { run: Handler<O> }): CommandModule {
  return module as unknown as CommandModule;
}

/** One JSON document on one line. */
export function printJson(terminal: Terminal, value: object): void {
  terminal.out(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...value })}\n`);
}

/** A path that a shell may take as it stands. */
export function quote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
