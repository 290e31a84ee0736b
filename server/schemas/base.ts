/** The words that schemas are made of, and the shapes that several bodies share. */
import { type Static, type TProperties, type TSchema, Type } from 'typebox';

export const closed = <P extends TProperties>(properties: P, options: Record<string, unknown> = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options });
/** An object that answers carry; it gets a name in the OpenAPI file. */
export const named = <P extends TProperties>(title: string, properties: P) => closed(properties, { title });
export const words = <const W extends readonly string[]>(list: W) =>
  Type.Unsafe<W[number]>({ type: 'string', enum: [...list] });
/** Written out as a type list: JSON Schema of OpenAPI 3.1 has no `nullable`. */
export const orNull = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);
export const listOf = <S extends TSchema>(title: string, item: S) =>
  named(title, { items: Type.Array(item), next: orNull(Type.String({ description: 'cursor of the next page' })) });

export const ROLES = ['viewer', 'reviewer', 'engineer', 'admin'] as const;
export type Role = (typeof ROLES)[number];
export const PURPOSES = ['normal', 'calibration', 'exemplar'] as const;
export { EVENT_KINDS, type EventKind } from './eventKinds.ts';

/** Names that appear in addresses: no dots first, no slashes, nothing a file system would read. */
export const ProductId = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' });
export const ImageName = Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9._ -]{0,119}$' });
export const Uuid = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });
export const Version = Type.Integer({ minimum: 1, maximum: 2_000_000_000 });
export const Time = Type.String({ description: 'ISO 8601, UTC' });
export const Digest = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'sha256' });
export const Count = Type.Integer({ minimum: 0 });

export const Problem = named('Problem', {
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String({ description: 'one of docs/errors.md' }),
  fix: Type.String(),
  instance: Type.String({ description: 'id of the request, also in the log' }),
});
export const Fault = named('Fault', { code: Type.String(), message: Type.String(), fix: Type.String() });
export type Fault = Static<typeof Fault>;

export const Verdict = words(['pass', 'review', 'reject']);
