/** HTTP as a client sees it; every answer is checked against the OpenAPI file that the service itself hands out. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from 'vitest';

type Json = Record<string, unknown>;
interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Json }>>>>;
  readonly components: { readonly schemas: Json };
}

export interface Answer<T = never> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  readonly bytes: Uint8Array;
}

export interface Request {
  readonly token?: string | null;
  readonly json?: unknown;
  readonly raw?: { readonly bytes: Uint8Array | string; readonly type: string };
  readonly form?: FormData;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Which `METHOD path status` were seen, for the summary of the contract suite. */
export class Client {
  readonly seen = new Map<string, number>();
  readonly #url: string;
  readonly #token: string;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction>();
  #file: OpenApi | null = null;
  #reading: Promise<OpenApi> | null = null;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  async openApi(): Promise<OpenApi> {
    this.#reading ??= this.#read();
    return this.#reading;
  }

  async #read(): Promise<OpenApi> {
    const response = await fetch(`${this.#url}/api/openapi.json`);
    this.#file = (await response.json()) as OpenApi;
    this.#ajv.addSchema({ $id: 'api', components: this.#file.components });
    return this.#file;
  }

  async call<T = Json>(method: string, path: string, request: Request = {}): Promise<Answer<T>> {
    const token = request.token === undefined ? this.#token : request.token;
    const headers: Record<string, string> = { ...request.headers };
    if (token !== null) headers.authorization = `Bearer ${token}`;
    let body: RequestInit['body'] = null;
    if (request.json !== undefined) {
      headers['content-type'] = 'application/json';
      body = JSON.stringify(request.json);
    } else if (request.raw) {
      headers['content-type'] = request.raw.type;
      body = request.raw.bytes as NonNullable<RequestInit['body']>;
    } else if (request.form) body = request.form;
    const response = await fetch(`${this.#url}${path}`, { method, headers, body });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const type = response.headers.get('content-type') ?? '';
    const parsed = /json/.test(type) ? (JSON.parse(new TextDecoder().decode(bytes)) as unknown) : null;
    if (path.startsWith('/api/v1/')) await this.#check(method, path, response.status, type, parsed);
    return { status: response.status, headers: response.headers, body: parsed as T, bytes };
  }

  async #check(method: string, path: string, status: number, type: string, body: unknown): Promise<void> {
    const file = await this.openApi();
    const plain = path.split('?')[0]!;
    const matches = (template: string): boolean =>
      new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(plain);
    // A fixed part wins over a parameter: /audit/verify is not /audit/{id}.
    const known = Object.keys(file.paths)
      .filter(matches)
      .sort((a, b) => a.split('{').length - b.split('{').length);
    const template = known.find((t) => file.paths[t]?.[method.toLowerCase()]);
    if (template === undefined) {
      expect(status, `${method} ${path} is not in the OpenAPI file`).toBe(404);
      return;
    }
    const what = `${method} ${template} ${status}`;
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
    const { responses } = file.paths[template]![method.toLowerCase()]!;
    const key = status in responses ? String(status) : 'default';
    if (key === 'default') expect(status, `${what} is not documented`).toBeGreaterThanOrEqual(400);
    const { content } = responses[key] as { content?: Readonly<Record<string, { schema: unknown }>> };
    if (!content) {
      expect(body, `${what} carries a body that is not documented`).toBeNull();
      return;
    }
    const given = type.split(';')[0]!;
    const documented = Object.keys(content).find((t) => t === given || (t === 'image/*' && given.startsWith('image/')));
    expect(documented, `${what} is ${given}, documented ${Object.keys(content)}`).toBeDefined();
    if (!/json/.test(given)) return;
    const validate = this.#validator(template, method, key, given);
    expect(validate(body), `${what}: ${JSON.stringify(validate.errors?.slice(0, 3))}`).toBe(true);
  }

  #validator(template: string, method: string, status: string, type: string): ValidateFunction {
    const name = `${method} ${template} ${status}`;
    const known = this.#validators.get(name);
    if (known) return known;
    const responses = this.#file!.paths[template]![method.toLowerCase()]!.responses as Record<
      string,
      { content: Record<string, { schema: object }> }
    >;
    const text = JSON.stringify(responses[status]!.content[type]!.schema).replaceAll('"#/', '"api#/');
    const validate = this.#ajv.compile(JSON.parse(text) as object);
    this.#validators.set(name, validate);
    return validate;
  }
}

/** Repeats until `done` accepts the answer. */
export async function until<T>(ask: () => Promise<T>, done: (value: T) => boolean, ms = 60_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await ask();
    if (done(value)) return value;
    if (Date.now() > end) throw new Error(`still waiting after ${ms} ms: ${JSON.stringify(value)?.slice(0, 300)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
