/**
 * One GET over node's own client: redirects, proxies (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), a limit on silence. With
 * `fetchFile.ts` the only network code that runs for models, and only inside `logsad models pull`.
 */
import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';

export const HTTP = {
  /** Silence after which a connection counts as stalled. */
  stallMs: 30_000,
  redirects: 6,
  userAgent: 'logsad',
} as const;

export interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly stallMs?: number;
  readonly signal?: AbortSignal;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Headers of the first answer, before redirects: hubs state the digest of large files there. */
  readonly first: IncomingHttpHeaders;
  readonly body: IncomingMessage;
  readonly url: URL;
}

/** No byte came for too long. */
export class Stalled extends Error {
  override readonly name = 'Stalled';
  constructor(ms: number) {
    super(`no data for ${Math.round(ms / 1000)} s`);
  }
}

/** The proxy that the environment names for an address; null for none. */
export function proxyFor(url: URL, environment: Readonly<Record<string, string | undefined>>): URL | null {
  const read = (name: string): string | undefined => environment[name.toLowerCase()] || environment[name];
  const host = url.hostname.toLowerCase();
  const direct = (read('NO_PROXY') ?? '').split(',').some((entry) => {
    const name = entry
      .trim()
      .toLowerCase()
      .replace(/^\*?\./, '')
      .replace(/:\d+$/, '');
    return name === '*' || (name !== '' && (host === name || host.endsWith(`.${name}`)));
  });
  const named = read(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY') ?? read('ALL_PROXY');
  if (direct || !named) return null;
  return new URL(/^\w+:\/\//.test(named) ? named : `http://${named}`);
}

const credentials = (proxy: URL): Record<string, string> =>
  proxy.username
    ? {
        'proxy-authorization': `Basic ${Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString('base64')}`,
      }
    : {};

/** A socket through a proxy to a TLS server. */
function tunnel(proxy: URL, url: URL, stallMs: number): Promise<Socket> {
  const target = `${url.hostname}:${url.port || 443}`;
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: proxy.hostname,
      port: proxy.port || 80,
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...credentials(proxy) },
      timeout: stallMs,
    });
    request.once('timeout', () => request.destroy(new Stalled(stallMs)));
    request.once('error', reject);
    request.once('connect', (answer, socket) => {
      if (answer.statusCode === 200) resolve(socket);
      else reject(new Error(`the proxy ${proxy.host} answered ${answer.statusCode}`));
    });
    request.end();
  });
}

async function send(url: URL, options: GetOptions): Promise<ClientRequest> {
  const { stallMs = HTTP.stallMs, signal, environment = process.env } = options;
  const headers = { 'user-agent': HTTP.userAgent, 'accept-encoding': 'identity', ...options.headers };
  const proxy = proxyFor(url, environment);
  const common = { method: 'GET', headers, timeout: stallMs, ...(signal ? { signal } : {}) };
  if (!proxy) return (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, common);
  if (url.protocol === 'https:') {
    const socket = await tunnel(proxy, url, stallMs);
    return httpsRequest(url, {
      ...common,
      createConnection: () => tlsConnect({ socket, servername: url.hostname }),
    });
  }
  return httpRequest({
    ...common,
    host: proxy.hostname,
    port: proxy.port || 80,
    path: url.href,
    headers: { ...headers, host: url.host, ...credentials(proxy) },
  });
}

function once(url: URL, options: GetOptions): Promise<IncomingMessage> {
  const { stallMs = HTTP.stallMs } = options;
  return new Promise((resolve, reject) => {
    send(url, options).then((request) => {
      request.once('timeout', () => request.destroy(new Stalled(stallMs)));
      request.once('error', reject);
      request.once('response', (answer) => {
        // From here on silence ends the body, which fails whoever reads it.
        answer.setTimeout(stallMs, () => answer.destroy(new Stalled(stallMs)));
        resolve(answer);
      });
      request.end();
    }, reject);
  });
}

/** @throws Error where nothing answers, Stalled, or too many redirects */
export async function get(address: string, options: GetOptions = {}): Promise<Answer> {
  let url = new URL(address);
  let first: IncomingHttpHeaders | undefined;
  for (let hop = 0; hop <= HTTP.redirects; hop++) {
    const body = await once(url, options);
    first ??= body.headers;
    const { location } = body.headers;
    const status = body.statusCode ?? 0;
    if (status < 300 || status >= 400 || !location) return { status, headers: body.headers, first, body, url };
    body.resume();
    url = new URL(location, url);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error(`redirected to ${url.protocol}`);
  }
  throw new Error(`more than ${HTTP.redirects} redirects`);
}
