/** A service with a juice bottle whose pictures are known already (engine.ts), and what its callers do. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICE_DEFAULTS, serve } from '../../../server/main.ts';
import { setSetting } from '../../../src/core/review/edits.ts';
import { hasTolerance } from '../../../src/core/review/widen.ts';
import * as logsad from '../../../src/index.ts';
import { cacheNote, type SeenPart, type SeenProduct } from './scenes.ts';

const ENGINE = new URL('./engine.ts', import.meta.url);

export type Call = <T>(method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<T>;

export interface Shop {
  readonly call: Call;
  readonly product: string;
}

/** The rules with every learnt tolerance doubled. */
export function doubled(text: string): string {
  const { rules } = logsad.compileRules(text, 'rules.yaml');
  return rules
    .filter(hasTolerance)
    .reduce((t, r) => setSetting(t, r.id, 'tolerance', 2 * (r.spec.tolerance ?? 1))!, text);
}

function client(url: string, token: string): Call {
  return async <T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const raw = body instanceof Uint8Array;
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(raw ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: raw ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
}

/** A service over a folder; `token` null: it is new, and makes one. */
export async function serving(seen: SeenProduct, data: string, token: string | null) {
  // The service hands its engine processes no variables it does not know.
  writeFileSync(cacheNote(process.pid), seen.folder);
  const limits = { ratePerMinute: 1_000_000, logLevel: 'warn' };
  const options = { ...SERVICE_DEFAULTS, ...limits, data, port: 0, host: '127.0.0.1', version: 'bench' };
  const started = await serve({ ...options, engineModule: ENGINE });
  const known = token ?? started.firstToken!;
  return { token: known, url: started.url, call: client(started.url, known), stop: () => started.stop() };
}

/** Saves and accepts a rule file, as the page does. */
export async function accept({ call, product }: Shop, text: string, why: string, base: number): Promise<void> {
  const { version } = await call<{ version: number }>('POST', `/products/${product}/rules`, { text, why, base });
  await call('POST', `/products/${product}/rules/${version}/accept`, { why, force: true });
}

/** A product with live rules and the kept profile. */
export async function supply(call: Call, product: string, text: string, data: string): Promise<Shop> {
  const shop = { call, product };
  await call('POST', '/products', { id: product, title: 'Juice bottle' });
  const normal = readFileSync(join(data, 'train/good/000.jpg'));
  await call('PUT', `/products/${product}/normals/000.jpg`, normal, { 'content-type': 'image/jpeg' });
  await accept(shop, text.replace(/^product: .*$/m, `product: ${product}`), 'the start', 0);
  await call('POST', `/products/${product}/profiles`, {});
  for (;;) {
    const { state } = await call<{ state: string }>('GET', `/products/${product}/profiles/1`);
    if (state === 'ready') return shop;
    if (state === 'failed') throw new Error('the kept profile could not be stored');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Inspects one part under the live rules. */
export async function submit({ call, product }: Shop, part: SeenPart): Promise<{ id: string; verdict: string }> {
  const headers = { 'content-type': 'image/jpeg', 'x-image-name': part.name };
  const path = `/products/${product}/inspections?wait=60`;
  type Submitted = { readonly inspection: { readonly id: string; readonly verdict: string } };
  return (await call<Submitted>('POST', path, readFileSync(part.path), headers)).inspection;
}
