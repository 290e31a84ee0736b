/** The OpenAPI 3.1 file, assembled from the endpoints: what is checked is what is documented. */
import type { TSchema } from 'typebox';
import { Problem } from '../schemas.ts';
import type { Carried, Endpoint } from './endpoint.ts';

type Json = Record<string, unknown>;

/** Replaces every schema that has a name by a reference, collecting the named ones. */
function refer(schema: unknown, named: Map<string, Json>): unknown {
  if (Array.isArray(schema)) return schema.map((s) => refer(s, named));
  if (typeof schema !== 'object' || schema === null) return schema;
  const plain = schema as Json;
  const inside = (): Json => Object.fromEntries(Object.entries(plain).map(([k, v]) => [k, refer(v, named)]));
  const name = plain.title;
  // A property called `title` holds a schema; a schema's own title is text.
  if (typeof name !== 'string' || plain.type !== 'object') return inside();
  if (!named.has(name)) {
    named.set(name, {});
    named.set(name, inside());
  }
  return { $ref: `#/components/schemas/${name}` };
}

const problem = (description: string): Json => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

function content(carried: Carried, named: Map<string, Json>): Json {
  if (carried === null) return {};
  if (typeof carried === 'string') {
    const schema = carried === 'text/event-stream' ? { type: 'string' } : { type: 'string', format: 'binary' };
    return { content: { [carried]: { schema } } };
  }
  return { content: { 'application/json': { schema: refer(carried, named) } } };
}

/** Parameters of a schema of properties, in `path` or `query`. */
function parameters(schema: TSchema | undefined, where: 'path' | 'query', named: Map<string, Json>): Json[] {
  const { properties = {}, required = [] } = (schema ?? {}) as { properties?: Json; required?: string[] };
  return Object.entries(properties).map(([name, s]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: refer(s, named),
  }));
}

function requestBody(e: Endpoint, named: Map<string, Json>): Json {
  if (e.body) {
    return { requestBody: { required: true, content: { 'application/json': { schema: refer(e.body, named) } } } };
  }
  if (!e.upload) return {};
  const picture = { type: 'string', format: 'binary' };
  const file = e.upload === 'one' ? picture : { type: 'array', items: picture };
  const form = { schema: { type: 'object', properties: { image: file }, required: ['image'] } };
  const raw = e.upload === 'one' ? { 'image/*': { schema: picture } } : {};
  return { requestBody: { required: true, content: { ...raw, 'multipart/form-data': form } } };
}

const WORDS: Readonly<Record<number, string>> = {
  200: 'Done',
  201: 'Made',
  202: 'Taken up; follow the Location',
  204: 'Done; nothing to say',
};

function operation(e: Endpoint, named: Map<string, Json>): Json {
  const header = (name: string, description: string): Json => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string', maxLength: 200 },
  });
  const headers = [
    ...(e.idempotent
      ? [header('Idempotency-Key', 'repeat a request with the same key and nothing is done twice')]
      : []),
    ...(e.upload === 'one' ? [header('X-Image-Name', 'what results call the picture')] : []),
    ...(e.method === 'get' ? [header('If-None-Match', 'ETag of an earlier answer: 304 where nothing changed')] : []),
  ];
  const good = Object.entries(e.replies).map(([status, carried]) => [
    status,
    { description: WORDS[Number(status)] ?? 'Done', ...content(carried, named) },
  ]);
  const name = e.path.replaceAll(/\{(\w+)\}/g, 'by-$1').replaceAll(/[^a-z]+(\w)/gi, (_, c: string) => c.toUpperCase());
  return {
    operationId: `${e.method}${name}`,
    tags: [e.tag],
    summary: e.summary,
    ...(e.role === null ? { security: [] } : { description: `Role: ${e.role} or above.` }),
    parameters: [...parameters(e.params, 'path', named), ...parameters(e.query, 'query', named), ...headers],
    ...requestBody(e, named),
    responses: {
      ...Object.fromEntries(good),
      ...(e.method === 'get' ? { 304: { description: 'Not changed' } } : {}),
      default: problem('A fault, with its code and the way out (docs/errors.md)'),
    },
  };
}

/** The whole document; `version` is the package's. */
export function openApi(endpoints: readonly Endpoint[], version: string): Json {
  const named = new Map<string, Json>();
  refer(Problem, named);
  const paths: Record<string, Json> = {};
  for (const e of endpoints) {
    const at = `/api/v1${e.path}`;
    paths[at] = { ...paths[at], [e.method]: operation(e, named) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'logsad',
      version,
      description: 'Inspects photographs of assemblies against editable rules and explains every violation.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'logsad_session' },
      },
      schemas: Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}
