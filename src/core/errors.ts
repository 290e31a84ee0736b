/**
 * The closed catalogue of everything that can go wrong by input or environment. One class, one table: the code, who is
 * at fault (exit 2 = usage or file, 3 = environment), the HTTP status the service answers with, and a message and a fix
 * computed from named parameters. `docs/errors.md` is generated from this table and compared in `completeness.test.ts`.
 *
 * A defective part is no error: it is a successful inspection with violations.
 */

import { DATA_ERRORS } from './errors/data.ts';
import type { ErrorEntry, Params } from './errors/entry.ts';
import { FILE_ERRORS } from './errors/files.ts';
import { IMAGE_ERRORS } from './errors/images.ts';
import { INFERENCE_ERRORS } from './errors/inference.ts';
import { LANGUAGE_ERRORS } from './errors/language.ts';
import { MODEL_ERRORS } from './errors/models.ts';
import { PROFILE_ERRORS } from './errors/profiles.ts';
import { RULE_ERRORS } from './errors/rules.ts';
import { SERVICE_ERRORS } from './errors/service.ts';

/** Where in a text file a fault lies; line and column are 1-based. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly col?: number;
}

export type { ErrorEntry };

/** One file per folder that raises the codes; add a code to the file of the module that throws it. */
export const CATALOGUE = {
  ...FILE_ERRORS,
  ...DATA_ERRORS,
  ...IMAGE_ERRORS,
  ...RULE_ERRORS,
  ...PROFILE_ERRORS,
  ...MODEL_ERRORS,
  ...INFERENCE_ERRORS,
  ...LANGUAGE_ERRORS,
  ...SERVICE_ERRORS,
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof CATALOGUE;

/** An input or environment fault with a stable code, a place, and the fix. */
export class LogsadError extends Error {
  readonly code: ErrorCode;
  readonly fix: string;
  readonly exit: 2 | 3;
  readonly http: number;
  readonly place: Place | undefined;
  readonly params: Params;

  constructor(code: ErrorCode, params: Params = {}, options: { place?: Place; cause?: unknown } = {}) {
    const e: ErrorEntry = CATALOGUE[code];
    const at = options.place
      ? `${options.place.file}${options.place.line ? `:${options.place.line}:${options.place.col ?? 1}` : ''}: `
      : '';
    super(at + e.message(params), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LogsadError';
    this.code = code;
    this.fix = e.fix(params);
    this.exit = e.exit;
    this.http = e.http;
    this.place = options.place;
    this.params = params;
  }

  toJSON(): { code: ErrorCode; message: string; fix: string; place?: Place } {
    return {
      code: this.code,
      message: this.message,
      fix: this.fix,
      ...(this.place ? { place: this.place } : {}),
    };
  }
}
