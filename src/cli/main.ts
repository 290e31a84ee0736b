#!/usr/bin/env node
/**
 * The command line: the only place that prints and exits. Commands are loaded when they run, so `--help` needs commander
 * and nothing else.
 */
import { Command, CommanderError } from 'commander';
import { LogsadError } from '../core/errors.ts';
import {
  type CommandGroup,
  type CommandModule,
  type Context,
  EXIT,
  type ExitCode,
  printJson,
  quote,
  type Terminal,
} from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { explain } from './faults.ts';
import { version } from './version.ts';

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  interactive: process.stderr.isTTY === true && process.env.TERM !== 'dumb',
  columns: process.stderr.columns ?? 80,
};

/** `whole`: the command ended as it should, though a signal told it to. */
type Finish = (code: ExitCode, whole: boolean) => void;

function build(context: Context, finish: Finish): Command {
  const program = new Command('logsad')
    .description('Checks assemblies against editable rules: shown a few normal parts, it explains every violation.')
    .version(version(), '-V, --version')
    .showSuggestionAfterError()
    .showHelpAfterError('see: logsad --help')
    .configureHelp({ helpWidth: 100 })
    .addHelpText(
      'after',
      '\nExample:\n  $ logsad demo\n\nExit codes: 0 pass, 1 a reject was found or a check failed, 2 usage or file fault, 3 environment fault.',
    )
    .exitOverride();
  for (const m of COMMANDS)
    program.addCommand('commands' in m ? group(m, context, finish) : command(m, context, finish));
  return program;
}

function group({ name, summary, commands }: CommandGroup, context: Context, finish: Finish): Command {
  const c = new Command(name).description(summary).exitOverride().configureHelp({ helpWidth: 100 });
  c.showSuggestionAfterError().showHelpAfterError(`see: logsad ${name} --help`);
  for (const module of commands) c.addCommand(command(module, context, finish, `${name} ${module.name}`));
  return c;
}

function command(module: CommandModule, context: Context, finish: Finish, name = module.name): Command {
  const c = new Command(module.name).description(module.summary).exitOverride().configureHelp({ helpWidth: 100 });
  module.declare(c);
  return c
    .option('--json', 'print JSON (schemaVersion 1), one document a line')
    .showHelpAfterError(`see: logsad ${name} --help`)
    .addHelpText(
      'after',
      `\nExample${module.example.includes('logsad-demo/') ? ' (after: logsad demo)' : ''}:\n  $ ${module.example}${module.exits ? `\n\nExit codes: ${module.exits}` : ''}`,
    )
    .action(async () => {
      // `define` ties the options that `declare` states to the handler's own type.
      // Processed arguments carry defaults; a variadic one is an array in its place.
      const args = c.processedArgs.flat().filter((a): a is string => typeof a === 'string');
      finish(await module.run(context, c.opts() as never, args), module.endsBySignal === true);
    });
}

/** Runs one command line and says how it ended. Faults are printed here, in words or as JSON. */
async function main(argv: readonly string[]): Promise<ExitCode> {
  const abort = new AbortController();
  process.on('SIGINT', () => {
    if (abort.signal.aborted) process.exit(EXIT.interrupted);
    abort.abort();
  });
  process.on('SIGTERM', () => abort.abort());
  const json = argv.includes('--json');
  let code: ExitCode = EXIT.ok;
  const context: Context = { terminal, signal: abort.signal };
  let whole = false;
  const program = build(context, (c, w) => {
    code = c;
    whole = w;
  });
  // With --json, commander's own words give way to a JSON document.
  if (json)
    for (const c of [program, ...program.commands.flatMap((p) => [p, ...p.commands])])
      c.configureOutput({ writeErr: () => undefined });
  try {
    await program.parseAsync(argv.slice(), { from: 'user' });
    return abort.signal.aborted && !whole ? interrupted() : code;
  } catch (error) {
    if (abort.signal.aborted) return interrupted();
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      tellMisuse(error, argv, json);
      return EXIT.usage;
    }
    const fault = explain(error);
    if (json) printJson(terminal, { error: fault.json });
    else terminal.err(fault.text);
    return error instanceof LogsadError ? error.exit : EXIT.environment;
  }
}

/** Adds to what commander said; with `json` it said nothing. */
function tellMisuse(error: CommanderError, argv: readonly string[], json: boolean): void {
  const meant = error.code === 'commander.unknownCommand' ? inGroups(argv) : undefined;
  const fix = meant ? `did you mean: ${meant}` : 'see: logsad --help';
  const message = error.message.replace(/^error: /, '');
  if (json) printJson(terminal, { error: { code: 'USAGE', message, fix } });
  else if (meant) terminal.err(`${fix}\n`);
}

/** `lint` is a command of `rules`: the words that were meant, where the first one names a command of a group. */
function inGroups(argv: readonly string[]): string | undefined {
  const word = argv.find((a) => !a.startsWith('-'));
  const found = COMMANDS.find((m) => 'commands' in m && m.commands.some((c) => c.name === word));
  return found && `logsad ${found.name} ${argv.map(quote).join(' ')}`;
}

function interrupted(): ExitCode {
  terminal.err('\ninterrupted: nothing half-written is left behind\n');
  return EXIT.interrupted;
}

// A reader that went away (logsad ... | head) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.environment),
);

main(process.argv.slice(2)).then((code) => {
  // Output may still be on its way through a pipe: leave only when it has gone out.
  process.exitCode = code;
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
});
