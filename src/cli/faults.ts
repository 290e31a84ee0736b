/** Any thrown thing to words for a person and to the `error` of a JSON answer. */
import { LogsadError } from '../core/errors.ts';

export interface Explained {
  readonly text: string;
  readonly json: { readonly code: string; readonly message: string; readonly fix: string };
}

/** A package or a native library that could not be loaded: the install is incomplete. */
const LOADING = new Set(['ERR_MODULE_NOT_FOUND', 'ERR_DLOPEN_FAILED', 'MODULE_NOT_FOUND']);

export function explain(error: unknown): Explained {
  const known = error instanceof LogsadError ? error : translate(error);
  if (known) {
    const details = 'details' in known && typeof known.details === 'string' ? `\n${known.details}` : '';
    return { text: `error ${known.code}: ${known.message}${details}\n  fix: ${known.fix}\n`, json: known.toJSON() };
  }
  // A fault of ours: the stack helps whoever mends it.
  const e = error instanceof Error ? error : new Error(String(error));
  const fix = 'this is a fault of the program: please report it with the lines above; logsad doctor checks the machine';
  return {
    text: `error INTERNAL: ${e.stack ?? e.message}\n  fix: ${fix}\n`,
    json: { code: 'INTERNAL', message: e.message, fix },
  };
}

function translate(error: unknown): LogsadError | null {
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  if (LOADING.has(code ?? '') || /Could not load the "sharp" module/.test(message ?? '')) {
    const reason = (message ?? '').split('\n')[0]!;
    return new LogsadError('INSTALL_INCOMPLETE', { reason }, { cause: error });
  }
  return null;
}
