/**
 * The door: express, built from the list of endpoints, never listening. Every request gets an id, is known or refused,
 * checked, handled, and answered in one place.
 */
import { createHash, randomUUID } from 'node:crypto';
import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { pinoHttp } from 'pino-http';
import { LogsadError } from '../../src/index.ts';
import { allows, type Principal } from '../access.ts';
import { LIMITS } from '../config.ts';
import type { Service } from '../service.ts';
import type { Call, Endpoint, Reply, Upload } from './endpoint.ts';
import { openApi } from './openapi.ts';
import { mountPage } from './page.ts';
import { asLogsadError, sendProblem } from './problems.ts';
import { REFERENCE_CSS, referenceHtml } from './reference.ts';
import { ENDPOINTS } from './routes/index.ts';
import { streamEvents } from './streams.ts';
import { readUploads } from './uploads.ts';
import { checker } from './validate.ts';

const MINUTE_MS = 60_000;
/** Request ids of callers are kept when they look like ids. */
const REQUEST_ID = /^[\w.-]{1,64}$/;

const idOf = (req: Request): string => String(req.id ?? '');

/** `version` is the package's, for the OpenAPI file. */
export function createApp(service: Service, version: string): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Whose address counts: the connection's, unless the admin says how many proxies stand in front.
  app.set('trust proxy', service.options.trustedProxies ?? 0);
  app.set('query parser', 'simple');
  app.use(
    pinoHttp({
      logger: service.log,
      genReqId: (req) => {
        const given = req.headers['x-request-id'];
        return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
      },
      customLogLevel: () => 'debug',
      // Faults are logged once, with their cause, by the handler below.
      customErrorMessage: (_req, res) => `answered ${res.statusCode}`,
      serializers: {
        req: ({ id, method, url }: { id: string; method: string; url: string }) => ({ id, method, url }),
        res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
        err: () => undefined,
      },
      quietReqLogger: true,
    }),
  );
  app.use((req, res, next) => {
    res.setHeader('x-request-id', idOf(req));
    measure(service, req, res);
    next();
  });
  app.use(security());
  probes(app, service);
  documents(app, version);
  mountPage(app);
  for (const e of ENDPOINTS) mount(app, service, e);
  app.get('/metrics', known(service, 'viewer'), clientLimit(service), async (_req, res) => {
    const { pids, restarts, rss } = service.engines.status();
    const gauges = { processes: pids.length, restarts, resident_bytes: rss };
    res.type(service.metrics.type).send(await service.metrics.text(gauges, await service.queue.depth()));
  });
  app.use((req, _res, next) => next(new LogsadError('NOT_FOUND', { what: `${req.method} ${req.path}` })));
  app.use((error: unknown, req: Request, res: Response, _next: NextFunction) => {
    const fault = asLogsadError(error);
    // Not by the request's own log: that one writes addresses and states, and leaves faults out.
    if (EXPECTED.has(fault.code)) service.log.info({ request: idOf(req) }, fault.code);
    else if (fault.exit === 3) service.log.error({ err: fault.cause ?? fault, request: idOf(req) }, fault.code);
    sendProblem(res, fault, idOf(req));
  });
  return app;
}

function measure({ metrics }: Service, req: Request, res: Response): void {
  const began = performance.now();
  res.on('finish', () => {
    const route = (req.route as { path?: string } | undefined)?.path ?? 'none';
    metrics.request(req.method, route, res.statusCode, (performance.now() - began) / 1000);
  });
}

/** Nothing from elsewhere, no frames, no scripts but our own files. */
function security(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    // Browsers ignore it over plain http; behind https it is the admin's proxy that decides.
    strictTransportSecurity: false,
  }) as RequestHandler;
}

function probes(app: Express, service: Service): void {
  app.get('/healthz', (_req, res) => void res.json({ status: 'ok' }));
  app.get('/readyz', async (_req, res) => {
    const reason = service.notReady ?? (await databaseFault(service));
    res.status(reason === null ? 200 : 503).json(reason === null ? { status: 'ready' } : { status: 'waiting', reason });
  });
}

const databaseFault = (service: Service): Promise<string | null> =>
  service.sql.query('SELECT 1').then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

function documents(app: Express, version: string): void {
  const file = openApi(ENDPOINTS, version);
  const page = referenceHtml(ENDPOINTS, version);
  app.get('/api/openapi.json', (req, res) => answer(req, res, { json: file }));
  app.get('/api/docs', (_req, res) => void res.type('html').send(page));
  app.get('/api/docs.css', (_req, res) => void res.type('css').send(REFERENCE_CSS));
}

const refuse: Parameters<typeof rateLimit>[0] = {
  windowMs: MINUTE_MS,
  standardHeaders: 'draft-8',
  legacyHeaders: false,
  handler: (_req, _res, next, { limit }) => next(new LogsadError('RATE_LIMITED', { limit: String(limit) })),
};

/** Whoever guesses tokens is slowed down by address; right tokens from the same address are not. */
function wrongTokens(limit: number): RequestHandler {
  return rateLimit({ ...refuse, standardHeaders: false, limit, validate: false });
}

/** One limiter for all routes, counted by token; whoever has none yet is counted by address. */
const limiters = new WeakMap<Service, RequestHandler>();
function clientLimit(service: Service): RequestHandler {
  const made =
    limiters.get(service) ??
    rateLimit({
      ...refuse,
      limit: service.options.ratePerMinute,
      keyGenerator: (req: Request) => principals.get(req)?.tokenId ?? `address ${ipKeyGenerator(req.ip ?? '')}`,
      validate: false,
    });
  limiters.set(service, made);
  return made;
}

const principals = new WeakMap<Request, Principal>();
const NOBODY: Principal = { name: 'nobody', tokenId: '', role: 'viewer', session: null };

const guessing = new WeakMap<Service, RequestHandler>();

/** States of the service that a request may meet: nothing is wrong with it. */
const EXPECTED: ReadonlySet<string> = new Set(['SERVICE_NOT_READY', 'SHUTTING_DOWN']);

/** A fault of access counts against the address; over the limit it is answered 429. */
function refused(service: Service, req: Request, res: Response, error: unknown): Promise<never> {
  const limiter = guessing.get(service) ?? wrongTokens(service.options.wrongTokensPerMinute);
  guessing.set(service, limiter);
  return new Promise((_, reject) => void limiter(req, res, (limited?: unknown) => reject(limited ?? error)));
}

function known(service: Service, role: Endpoint['role']): RequestHandler {
  return async (req, res, next) => {
    if (role === null) return next();
    const principal = await service.access.principal(req).catch((error: unknown) => refused(service, req, res, error));
    if (!allows(principal.role, role)) {
      const remedy = `ask an admin for a token of role ${role}`;
      throw new LogsadError('FORBIDDEN', { expected: `role ${role}`, found: principal.role, remedy });
    }
    principals.set(req, principal);
    next();
  };
}

function mount(app: Express, service: Service, e: Endpoint): void {
  const checks = {
    params: checker(e.params, 'address'),
    query: checker(e.query, 'address'),
    body: checker(e.body, 'body'),
  };
  const path = `/api/v1${e.path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
  const parse = e.body ? [express.json({ limit: LIMITS.jsonBytes, strict: true })] : [];
  const open: RequestHandler = (_req, _res, next) => {
    const { notReady: reason, stopping } = service;
    if (reason === null || e.method === 'get') return next();
    if (stopping.aborted) return next(new LogsadError('SHUTTING_DOWN'));
    // Whoever signs in while the demo is being made may look at it.
    next(e.role === null ? undefined : new LogsadError('SERVICE_NOT_READY', { reason }));
  };
  app[e.method](path, open, known(service, e.role), clientLimit(service), ...parse, async (req, res) => {
    const params = checks.params(req.params, 'address');
    const query = checks.query(req.query, 'query');
    if (e.body && !req.is('application/json')) {
      throw new LogsadError('UPLOAD_TYPE', { expected: 'application/json', found: req.get('content-type') ?? 'none' });
    }
    const body = e.body ? checks.body(req.body, 'body') : {};
    const gone = new AbortController();
    res.on('close', () => gone.abort());
    // Whoever waits for something is let go when the service stops.
    const signal = AbortSignal.any([gone.signal, service.stopping]);
    const uploads: Upload[] = e.upload ? await readUploads(req, service.blobs, e.upload === 'many') : [];
    try {
      const call: Call<unknown, unknown, unknown> = {
        ...{ service, params, query, body, uploads },
        principal: principals.get(req) ?? NOBODY,
        idempotencyKey: keyOf(req),
        header: (name) => req.get(name),
        signal,
      };
      const reply = await e.handle(call as Call<never, never, never>).catch((error: unknown) => {
        // A wrong token in a body is a guess like one in a header.
        if (error instanceof LogsadError && error.code === 'AUTH_REQUIRED') return refused(service, req, res, error);
        throw error;
      });
      if ('events' in reply) await streamEvents(res, reply.events, service.access.whileKnown(req, signal));
      else await answer(req, res, reply);
    } finally {
      // Kept pictures have their name by now; what is left under none is dropped.
      for (const { draft } of uploads) await draft.drop();
    }
  });
}

/** @throws LogsadError REQUEST_INVALID */
function keyOf(req: Request): string | undefined {
  const key = req.get('idempotency-key');
  if (key === undefined || /^[\x21-\x7e]{1,200}$/.test(key)) return key;
  throw new LogsadError('REQUEST_INVALID', { reason: 'Idempotency-Key: expected 1 to 200 printable characters' });
}

const etagOf = (data: string | Uint8Array): string =>
  `"${createHash('sha256').update(data).digest('base64url').slice(0, 27)}"`;

/** Writes every good answer; a GET whose ETag the client has is answered without a body. */
async function answer(req: Request, res: Response, reply: Reply): Promise<void> {
  for (const [name, value] of Object.entries(reply.headers ?? {})) res.setHeader(name, value);
  res.status(reply.status ?? 200);
  res.setHeader('cache-control', 'private, no-cache');
  if ('empty' in reply) return void res.end();
  if ('file' in reply) {
    if (unchanged(req, res, `"${reply.etag}"`)) return;
    res.type(reply.type);
    await new Promise<void>((resolve, reject) => {
      res.sendFile(
        reply.file,
        { etag: false, lastModified: false, cacheControl: false, dotfiles: 'allow' },
        (error) => {
          // A reader that went away in the middle is no fault of ours.
          if (!error || res.headersSent) resolve();
          else reject(new LogsadError('NOT_FOUND', { what: 'this file' }, { cause: error }));
        },
      );
    });
    return;
  }
  if ('events' in reply) return;
  const data = 'bytes' in reply ? reply.bytes : 'text' in reply ? reply.text : JSON.stringify(reply.json);
  if (req.method === 'GET' && unchanged(req, res, etagOf(data))) return;
  res.setHeader('content-type', 'bytes' in reply ? reply.type : 'application/json; charset=utf-8');
  res.end(data);
}

function unchanged(req: Request, res: Response, etag: string): boolean {
  res.setHeader('etag', etag);
  const known = (req.get('if-none-match') ?? '').split(',').some((t) => t.trim().replace(/^W\//, '') === etag);
  if (known) res.status(304).end();
  return known;
}
