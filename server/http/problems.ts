/** Faults as problem details (RFC 9457): the only place that writes an error response. */
import type { Response } from 'express';
import { LogsadError } from '../../src/index.ts';
import { EngineDied } from '../engine/host.ts';

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly fix: string;
  readonly instance: string;
}

/** What express, its body parser and engine processes throw, as ours. */
export function asLogsadError(error: unknown): LogsadError {
  if (error instanceof LogsadError) return error;
  if (error instanceof EngineDied)
    return new LogsadError('ENGINE_UNAVAILABLE', { reason: error.message }, { cause: error });
  const { status, type, message } = error as { status?: number; type?: string; message?: string };
  if (type === 'entity.too.large') return new LogsadError('UPLOAD_TOO_LARGE', { limit: 'a few megabytes of JSON' });
  if (status !== undefined && status >= 400 && status < 500) {
    return new LogsadError('REQUEST_INVALID', { reason: message ?? 'it cannot be read' }, { cause: error });
  }
  return new LogsadError('INTERNAL', {}, { cause: error });
}

export function problemOf(error: LogsadError, requestId: string): ProblemBody {
  return {
    type: `urn:logsad:error:${error.code}`,
    title: error.code.toLowerCase().replaceAll('_', ' '),
    status: error.http,
    detail: error.message,
    code: error.code,
    fix: error.fix,
    instance: requestId,
  };
}

/** Seconds a client should wait before it repeats what failed only for now. */
const RETRY_AFTER: Readonly<Record<string, number>> = {
  DATABASE_UNAVAILABLE: 2,
  ENGINE_UNAVAILABLE: 2,
  SERVICE_NOT_READY: 5,
  SHUTTING_DOWN: 5,
  RATE_LIMITED: 60,
};

export function sendProblem(res: Response, error: LogsadError, requestId: string): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const body = problemOf(error, requestId);
  const wait = RETRY_AFTER[error.code];
  if (wait !== undefined) res.setHeader('retry-after', String(wait));
  if (error.code === 'AUTH_REQUIRED') res.setHeader('www-authenticate', 'Bearer');
  res.status(body.status).type('application/problem+json').send(JSON.stringify(body));
}
