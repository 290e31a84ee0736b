/** What this machine lacks: probes run one after the other, each fault becomes a line with the command that mends it. */
import { LogsadError } from '../core/errors.ts';

export interface Check {
  readonly name: string;
  /** `missing` stops the program from working, `warning` limits it. */
  readonly status: 'ok' | 'warning' | 'missing';
  readonly found: string;
  readonly fix?: string;
}

export interface Probe {
  readonly name: string;
  /** Only limits the program when it fails. */
  readonly optional?: true;
  /** Says what was found. A string after `warn` is a limit with its remedy. @throws what makes it unusable */
  run(): Promise<string | { readonly warn: string; readonly fix: string }>;
  /** The remedy where the fault itself names none. */
  readonly fix: string;
}

/** Runs every probe; never throws but for an abort. */
export async function checkup(
  probes: readonly Probe[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const probe of probes) {
    options.signal?.throwIfAborted();
    try {
      const found = await probe.run();
      checks.push(
        typeof found === 'string'
          ? { name: probe.name, status: 'ok', found }
          : { name: probe.name, status: 'warning', found: found.warn, fix: found.fix },
      );
    } catch (error) {
      const known = error instanceof LogsadError;
      const found = (error as Error).message.split('\n')[0]!;
      checks.push({
        name: probe.name,
        status: probe.optional ? 'warning' : 'missing',
        found,
        fix: known ? error.fix : probe.fix,
      });
    }
  }
  return checks;
}
