/**
 * Telling webhooks: signed, retried with growing pauses, and never into a network the admin did not allow. The name is
 * resolved once, every address is judged, and the connection goes to the judged address.
 */
import { createHmac } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { LogsadError } from '../../src/index.ts';
import type { Event } from '../schemas.ts';

/** Tries, the pause before the second in seconds (it doubles), the longest pause, and how long an answer may take. */
export const DELIVERY = { tries: 8, firstPauseSeconds: 2, longestPauseSeconds: 3600, timeoutMs: 10_000 } as const;

/** Seconds to wait after `attempts` failed tries, null when there are no more. */
export function pauseAfter(attempts: number): number | null {
  if (attempts >= DELIVERY.tries) return null;
  return Math.min(DELIVERY.longestPauseSeconds, DELIVERY.firstPauseSeconds * 2 ** (attempts - 1));
}

/** `t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`, so that a recorded request cannot be played again much later. */
export function sign(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

/** Whether an address is one of the public internet. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  // An IPv4 address in the last four bytes after zeros (the old compatible form) is called unicast too.
  if (parsed instanceof ipaddr.IPv6 && parsed.parts.slice(0, 6).every((p) => p === 0)) return false;
  // 6to4 and NAT64 carry an IPv4 address that may be private; ipaddr names them, anything else it calls unicast.
  return true;
}

/** The addresses of a target. @throws LogsadError WEBHOOK_TARGET */
export async function resolveTarget(
  url: string,
  allowPrivate: boolean,
): Promise<{ readonly url: URL; readonly address: string; readonly family: number }> {
  const refused = (reason: string): LogsadError => new LogsadError('WEBHOOK_TARGET', { url, reason });
  if (!URL.canParse(url)) throw refused('it is no address');
  const target = new URL(url);
  if (target.protocol !== 'http:' && target.protocol !== 'https:') throw refused('expected http or https');
  if (target.username || target.password) throw refused('it carries a name or password');
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const addresses = await lookup(host, { all: true }).catch(() => {
    throw refused(`${host} cannot be resolved`);
  });
  const bad = addresses.find((a) => !allowPrivate && !isPublic(a.address));
  if (bad) throw refused(`${host} leads to ${bad.address}, which is not public`);
  const [chosen] = addresses;
  if (!chosen) throw refused(`${host} has no address`);
  return { url: target, address: chosen.address, family: chosen.family };
}

export interface Posted {
  /** Status of the answer, null where none came. */
  readonly status: number | null;
  readonly reason: string | null;
}

/** Posts one event; redirects are not followed. A fault comes as `reason`. */
export async function post(url: string, secret: string, event: Event, allowPrivate: boolean): Promise<Posted> {
  let target: Awaited<ReturnType<typeof resolveTarget>>;
  try {
    target = await resolveTarget(url, allowPrivate);
  } catch (error) {
    return { status: null, reason: error instanceof Error ? error.message : String(error) };
  }
  const body = JSON.stringify(event);
  const pinned: LookupFunction = (_host, options, done) => {
    if (options.all) done(null, [{ address: target.address, family: target.family }]);
    else done(null, target.address, target.family);
  };
  const send = target.url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const request = send(target.url, {
      method: 'POST',
      lookup: pinned,
      timeout: DELIVERY.timeoutMs,
      signal: AbortSignal.timeout(DELIVERY.timeoutMs),
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'logsad',
        'x-logsad-event': event.kind,
        'x-logsad-delivery': String(event.seq),
        'x-logsad-signature': sign(secret, Math.floor(Date.now() / 1000), body),
      },
    });
    request.on('response', (response) => {
      const status = response.statusCode ?? 0;
      response.destroy();
      resolve({ status, reason: status >= 200 && status < 300 ? null : `answered ${status}` });
    });
    request.on('error', (error) => resolve({ status: null, reason: error.message }));
    request.end(body);
  });
}
