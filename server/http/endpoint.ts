/** One address of the API: who may call it, what it takes, what it answers. Routing, checks and OpenAPI read this alone. */
import type { Static, TSchema } from 'typebox';
import type { Principal } from '../access.ts';
import type { Event, Role } from '../schemas.ts';
import type { Service } from '../service.ts';
import type { Draft } from '../storage/blobs.ts';

/** A picture that came in and was looked at: on disk under no name yet. */
export interface Upload {
  readonly name: string;
  readonly draft: Draft;
}

export interface Call<P, Q, B> {
  readonly service: Service;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly uploads: readonly Upload[];
  readonly principal: Principal;
  readonly idempotencyKey: string | undefined;
  /** A header of the request. */
  readonly header: (name: string) => string | undefined;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

export type Reply = { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } & (
  | { readonly json: unknown }
  /** JSON that is stored as text: sent as it is. */
  | { readonly text: string }
  | { readonly bytes: Uint8Array; readonly type: string }
  /** A file of ours that never changes. */
  | { readonly file: string; readonly type: string; readonly etag: string }
  | { readonly events: EventSource }
  | { readonly empty: true }
);

/** Feeds a stream of server-sent events until the signal aborts. */
export type EventSource = (send: (event: Event) => void, signal: AbortSignal) => Promise<void>;

/** What a status carries: a schema, or a content type. */
export type Carried = TSchema | 'image/png' | 'image/*' | 'text/event-stream' | null;

export interface Endpoint {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** Below /api/v1, with `{name}` parameters. */
  readonly path: string;
  /** The least role; null: anyone. */
  readonly role: Role | null;
  readonly tag: string;
  readonly summary: string;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** `one`: the body is a picture, or a form with one; `many`: a form with pictures. */
  readonly upload?: 'one' | 'many';
  /** Takes an Idempotency-Key. */
  readonly idempotent?: true;
  readonly replies: Readonly<Record<number, Carried>>;
  handle(call: Call<never, never, never>): Promise<Reply>;
}

type Values<S> = S extends TSchema ? Static<S> : Record<string, never>;

/** Keeps the types of parameters, query and body between the schemas and the handler. */
export function endpoint<P extends TSchema, Q extends TSchema, B extends TSchema>(
  e: Omit<Endpoint, 'handle' | 'params' | 'query' | 'body'> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    handle(call: Call<Values<P>, Values<Q>, Values<B>>): Promise<Reply>;
  },
): Endpoint {
  return e as unknown as Endpoint;
}
