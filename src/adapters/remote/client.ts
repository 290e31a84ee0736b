/**
 * Calls to a server of the KServe v2 protocol, each repeated while it does no harm (a call changes nothing on the
 * server) and within its deadline. Only addresses that a manifest states as `remote` are ever called.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RemoteGraph, Tensor } from '../../app/ports.ts';
import { LogsadError } from '../../core/errors.ts';
import {
  decodeAnswer,
  decodeMetadata,
  encodeCall,
  errorOf,
  HEAD_LENGTH,
  ProtocolFault,
  type ServedFace,
} from './protocol.ts';

export const REMOTE = {
  /** Tries of one call, the first included. */
  attempts: 4,
  /** Pause before the second try; doubled each time. */
  pauseMs: 200,
  /** Longest pause that a server may ask for (Retry-After). */
  longestPauseMs: 10_000,
  /** Deadline of a call that states none: tries and pauses together. */
  deadlineMs: 120_000,
  /** Deadline of asking what a model takes. */
  metadataMs: 15_000,
} as const;

/** Answers after which the same call may succeed. */
const AGAIN = new Set([408, 429, 502, 503, 504]);

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly deadlineMs?: number | undefined;
}

interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly head: number | null;
}

type Served = Pick<RemoteGraph, 'remote' | 'model' | 'version'>;

/** `http://host:8000/v2/models/NAME[/versions/V]` */
function addressOf({ remote, model, version }: Served): string {
  const versioned = version === undefined ? '' : `/versions/${encodeURIComponent(version)}`;
  return `${remote.replace(/\/+$/, '')}/v2/models/${encodeURIComponent(model)}${versioned}`;
}

/** What a served model takes and yields. @throws LogsadError REMOTE_* */
export async function metadata(served: Served, options: CallOptions = {}): Promise<ServedFace> {
  const answer = await call(served, '', {}, { deadlineMs: REMOTE.metadataMs, ...options });
  return ofProtocol(served, () => decodeMetadata(answer.body));
}

/** Runs a served model. @returns its outputs in the order asked for @throws LogsadError REMOTE_* */
export async function infer(
  served: Served,
  feeds: Readonly<Record<string, Tensor>>,
  outputs: readonly string[],
  options: CallOptions = {},
): Promise<Tensor[]> {
  const { body, head } = encodeCall(feeds, outputs);
  const headers = { 'content-type': 'application/octet-stream', [HEAD_LENGTH]: String(head) };
  const answer = await call(served, '/infer', { method: 'POST', headers, body }, options);
  const found = ofProtocol(served, () => decodeAnswer(answer.body, answer.head));
  return outputs.map((name) => {
    const tensor = found.get(name);
    if (tensor) return tensor;
    throw fault('REMOTE_FACE', served, { expected: `output ${name}`, found: [...found.keys()].join(', ') || 'none' });
  });
}

function fault(
  code: 'REMOTE_FACE' | 'REMOTE_FAILED' | 'REMOTE_MODEL' | 'REMOTE_AWAY',
  served: Served,
  more: Record<string, string>,
) {
  const { remote, version } = served;
  const model = version === undefined ? served.model : `${served.model}, version ${version}`;
  return new LogsadError(code, { remote, model, ...more });
}

function ofProtocol<T>(served: Served, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof ProtocolFault) throw fault('REMOTE_FAILED', served, { reason: cause.message });
    throw cause;
  }
}

async function call(served: Served, path: string, init: RequestInit, options: CallOptions): Promise<Answer> {
  const { signal, deadlineMs = REMOTE.deadlineMs } = options;
  const until = performance.now() + deadlineMs;
  let reason = '';
  let pause: number = REMOTE.pauseMs;
  let attempt = 1;
  for (; ; attempt++, pause *= 2) {
    signal?.throwIfAborted();
    const left = Math.max(1, until - performance.now());
    const found = await once(addressOf(served) + path, init, left, signal);
    if (typeof found !== 'string') {
      if (found.status < 300) return found;
      if (!AGAIN.has(found.status)) throw refused(served, found);
      reason = `status ${found.status}: ${errorOf(found.body)}`;
      if (found.pauseMs !== null) pause = Math.min(REMOTE.longestPauseMs, found.pauseMs);
    } else reason = found;
    if (attempt >= REMOTE.attempts || performance.now() + pause >= until) break;
    await sleep(pause, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
  }
  throw fault('REMOTE_AWAY', served, { attempts: String(attempt), reason });
}

/** A server that is there and says no. */
function refused(served: Served, { status, body }: Answer): LogsadError {
  const said = errorOf(body);
  // Servers differ in the status of an unknown model (Triton says 400); all of them name it.
  const unknown = status === 404 || /unknown model|not found|no version|not available/i.test(said);
  const reason = `status ${status}${said === '' ? '' : `: ${said}`}`;
  return fault(unknown ? 'REMOTE_MODEL' : 'REMOTE_FAILED', served, { reason });
}

/** One try: an answer, or why there was none. */
async function once(
  url: string,
  init: RequestInit,
  leftMs: number,
  signal: AbortSignal | undefined,
): Promise<(Answer & { readonly pauseMs: number | null }) | string> {
  const timeout = AbortSignal.timeout(Math.ceil(leftMs));
  try {
    const response = await fetch(url, { ...init, signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    const body = new Uint8Array(await response.arrayBuffer());
    const [head, after] = [
      response.headers.get(HEAD_LENGTH),
      Number(response.headers.get('retry-after') ?? Number.NaN),
    ];
    return {
      status: response.status,
      body,
      head: head === null ? null : Number(head),
      pauseMs: Number.isFinite(after) ? after * 1000 : null,
    };
  } catch (cause) {
    signal?.throwIfAborted();
    if (timeout.aborted) return `no answer within ${Math.round(leftMs)} ms`;
    const { code, message } = ((cause as Error).cause ?? cause) as { code?: string; message: string };
    return code ?? message;
  }
}
