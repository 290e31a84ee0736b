/** What went wrong with one attempt, as an error of the catalogue without any key, and whether another attempt may help. */
import type { ChatMode } from '../../app/ports.ts';
import { LogsadError } from '../../core/errors.ts';

/** Longest piece of a server's own words that a message quotes. */
const QUOTED = 300;

/** Servers repeat keys in their messages: whatever leaves this folder has been through here. */
export function scrub(text: string, key: string | null): string {
  return key === null || key.length < 4 ? text : text.replaceAll(key, '***');
}

/** Scrubbed, then cut: the other way round, half a key at the cut would stay. */
const quoted = (text: string, key: string | null): string => scrub(text, key).slice(0, QUOTED);

/** An error of the package, or of ours, as far as it matters here. */
export interface Wrong {
  readonly message: string;
  /** The package gave up waiting, or was told to. */
  readonly stopped: boolean;
  /** The connection was not made or was lost: what the system calls that, where it says. */
  readonly lost: { readonly code: string | undefined; readonly message: string | undefined } | null;
  /** HTTP status and headers, null where none came. */
  readonly status: number | null;
  readonly headers: Headers | null;
  /** The parameter that the server complains of. */
  readonly param: string;
}

/** A 400 or 422 that speaks of the way the shape was asked for: the next rung of the ladder may do. */
export function refusedMode({ message, status, param }: Wrong, mode: ChatMode, key: string | null): string | null {
  if (mode === 'plain' || status === null || ![400, 404, 422, 501].includes(status)) return null;
  const words = `${message} ${param}`;
  return /response_format|json_schema|schema|strict|grammar|structured|tool|function/i.test(words)
    ? quoted(words.trim(), key)
    : null;
}

export interface At {
  readonly endpoint: string;
  readonly stage: string;
  /** Time limit of the question. */
  readonly seconds: number;
  /** The limit has passed. */
  readonly expired: boolean;
  readonly key: string | null;
}

export interface Failed {
  readonly error: LogsadError;
  readonly params: Readonly<Record<string, string | number>>;
  /** HTTP status, null where none came. */
  readonly status: number | null;
  /** The same request may do better in a while. */
  readonly again: boolean;
  /** Milliseconds that the server asks to wait. */
  readonly wait: number | null;
}

/** Connections that were lost or not made for a reason that may pass. */
const PASSING = ['ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'UND_ERR_SOCKET'];

/** @param now milliseconds, for a Retry-After that names a time */
export function failedBy(wrong: Wrong | LogsadError, at: At, now: number): Failed {
  const { endpoint, stage, seconds } = at;
  const lasting = { status: null, again: false, wait: null };
  if (wrong instanceof LogsadError) {
    // A whole answer came that is none, or is endless.
    return { ...lasting, error: wrong, params: wrong.params as Failed['params'], status: 200 };
  }
  const reason = quoted(wrong.message, at.key).split('\n')[0]!;
  if (at.expired || wrong.stopped) return { ...lasting, ...fault('LLM_TIMEOUT', { endpoint, stage, seconds }) };
  if (wrong.lost) {
    const { code, message } = wrong.lost;
    const unreachable = fault('LLM_UNREACHABLE', { endpoint, reason: code ?? quoted(message ?? reason, at.key) });
    return { ...lasting, ...unreachable, again: code !== undefined && PASSING.includes(code) };
  }
  const { status, headers } = wrong;
  const wait = headers ? waitOf(headers, now) : null;
  const asks = wait === null ? '' : ` (it asks to wait ${Math.ceil(wait / 1000)} s)`;
  const next = { status, wait, again: status !== null && isPassing(status, headers) };
  if (status === 401 || status === 403) return { ...next, ...fault('LLM_AUTH', { endpoint, status, reason }) };
  if (status === 429) return { ...next, ...fault('LLM_BUSY', { endpoint, reason: `${reason}${asks}` }) };
  return { ...next, ...fault('LLM_SERVER', { endpoint, status: status ?? 'something unreadable', reason }) };
}

type Code = 'LLM_AUTH' | 'LLM_UNREACHABLE' | 'LLM_TIMEOUT' | 'LLM_BUSY' | 'LLM_SERVER';
const fault = (code: Code, params: Failed['params']) => ({ error: new LogsadError(code, params), params });

/** The server may say outright whether a repeat helps: a quota that is spent is a 429 too. */
function isPassing(status: number, headers: Headers | null): boolean {
  const said = headers?.get('x-should-retry');
  if (said === 'true' || said === 'false') return said === 'true';
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/** Retry-After in seconds or as a time, or its sibling in milliseconds. */
function waitOf(headers: Headers, now: number): number | null {
  const exact = Number.parseFloat(headers.get('retry-after-ms') ?? '');
  if (Number.isFinite(exact)) return Math.max(0, exact);
  const said = headers.get('retry-after');
  if (said === null || said.trim() === '') return null;
  const seconds = Number(said);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(said) - now;
  return Number.isFinite(wait) ? Math.max(0, wait) : null;
}
