/** Requests to the service this page came from. Faults carry what the service says went wrong and how to mend it. */
import { signal } from '@preact/signals';
import type { Fault, Problem, Role, Session } from './types.ts';

/** Null: nobody is signed in; undefined: not asked yet. */
export const session = signal<Session | null | undefined>(undefined);

const RANKS: readonly Role[] = ['viewer', 'reviewer', 'engineer', 'admin'];
/** Whether the one who is signed in may do what `role` may. */
export const may = (role: Role): boolean => {
  const mine = session.value?.role;
  return mine !== undefined && RANKS.indexOf(mine) >= RANKS.indexOf(role);
};

export class ApiFault extends Error {
  readonly status: number;
  readonly code: string;
  readonly fix: string;

  constructor(status: number, fault: Fault) {
    super(fault.message);
    this.status = status;
    this.code = fault.code;
    this.fix = fault.fix;
  }
}

export type Query = Readonly<Record<string, string | number | null | undefined>>;

/** `?a=1&b=2` of what is set, or nothing. */
export function queryText(query: Query): string {
  const set = Object.entries(query).filter(([, v]) => v !== undefined && v !== null && v !== '');
  return set.length === 0 ? '' : `?${new URLSearchParams(set.map(([k, v]) => [k, String(v)]))}`;
}

/** An address below /api/v1; parts are escaped, `query` keeps what is set. */
export const at = (parts: readonly (string | number)[], query: Query = {}): string =>
  `/api/v1/${parts.map((p) => encodeURIComponent(p)).join('/')}${queryText(query)}`;

interface Options {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly json?: unknown;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** @throws ApiFault, and the error of fetch where the service cannot be reached */
async function ask(path: string, { method = 'GET', json, body, headers, signal: abort }: Options): Promise<Response> {
  const sent: Record<string, string> = { accept: 'application/json', ...headers };
  if (json !== undefined) sent['content-type'] = 'application/json';
  const csrf = session.peek()?.csrf;
  if (method !== 'GET' && csrf) sent['x-csrf-token'] = csrf;
  const response = await fetch(path, {
    method,
    headers: sent,
    ...(json === undefined ? (body === undefined ? {} : { body }) : { body: JSON.stringify(json) }),
    ...(abort ? { signal: abort } : {}),
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiFault(0, {
      code: 'UNREACHABLE',
      message: 'The service does not answer.',
      fix: 'Check the network, and that the service runs; then try again.',
    });
  });
  if (response.ok) return response;
  const said = (await response.json().catch(() => ({}))) as Partial<Problem>;
  if (response.status === 401) session.value = null;
  throw new ApiFault(response.status, {
    code: said.code ?? String(response.status),
    message: said.detail ?? `The service answered ${response.status}.`,
    fix: said.fix ?? '',
  });
}

/** What a request answers, as JSON. @throws ApiFault */
export async function call<T>(path: string, options: Options = {}): Promise<T> {
  const response = await ask(path, options);
  return (response.status === 204 ? null : await response.json()) as T;
}

export async function openSession(token: string): Promise<void> {
  session.value = await call<Session>(at(['session']), { method: 'POST', json: { token } });
}

/** Asks who is signed in; nobody is no fault. */
export async function findSession(): Promise<void> {
  try {
    session.value = await call<Session>(at(['session']));
  } catch (error) {
    if (!(error instanceof ApiFault && error.status === 401)) throw error;
  }
}

export async function closeSession(): Promise<void> {
  await call(at(['session']), { method: 'DELETE' });
  session.value = null;
}

/** Addresses of pictures. */
export const picture = {
  inspection: (id: string, long?: number): string => at(['inspections', id, 'image'], { long }),
  normal: (product: string, name: string, long?: number): string =>
    at(['products', product, 'normals', name, 'image'], { long }),
  map: (id: string, detector: string): string => at(['inspections', id, 'maps', detector]),
};
