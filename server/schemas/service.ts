/** Bodies about access, webhooks, events and operations. */
import { type Static, Type } from 'typebox';
import { Count, closed, Digest, EVENT_KINDS, named, orNull, ROLES, Time, Uuid, words } from './base.ts';

export const SessionRequest = closed({ token: Type.String({ minLength: 8, maxLength: 200 }) });
export const Session = named('Session', {
  name: Type.String(),
  role: words(ROLES),
  csrf: orNull(Type.String({ description: 'send it as X-CSRF-Token with every request that changes something' })),
});
export const NewToken = closed({ name: Type.String({ minLength: 1, maxLength: 100 }), role: words(ROLES) });
export const Token = named('Token', {
  id: Type.String(),
  name: Type.String(),
  role: words(ROLES),
  createdAt: Time,
  revokedAt: orNull(Time),
});
export const MadeToken = named('MadeToken', { token: Token, secret: Type.String({ description: 'shown only once' }) });

export const NewWebhook = closed({
  url: Type.String({ minLength: 8, maxLength: 2000 }),
  kinds: Type.Array(words(EVENT_KINDS), { minItems: 1, uniqueItems: true }),
});
export const Webhook = named('Webhook', {
  id: Uuid,
  url: Type.String(),
  kinds: Type.Array(words(EVENT_KINDS)),
  createdAt: Time,
});
export const MadeWebhook = named('MadeWebhook', { webhook: Webhook, secret: Type.String() });
export const Delivery = named('Delivery', {
  id: Uuid,
  event: Type.Integer(),
  state: words(['queued', 'delivered', 'failed']),
  attempts: Count,
  status: orNull(Type.Integer()),
  reason: orNull(Type.String()),
  createdAt: Time,
  finishedAt: orNull(Time),
});
export const Event = named('Event', {
  seq: Type.Integer(),
  kind: words(EVENT_KINDS),
  product: orNull(Type.String()),
  subject: Type.String(),
  data: Type.Record(Type.String(), Type.Unknown()),
  createdAt: Time,
});
export type Event = Static<typeof Event>;

export const AuditEntry = named('AuditEntry', {
  seq: Type.Integer(),
  at: Time,
  actor: Type.String(),
  action: Type.String(),
  subject: Type.String(),
  detail: Type.Unknown(),
  previous: Digest,
  hash: Digest,
});
export const AuditCheck = named('AuditCheck', {
  entries: Count,
  intact: Type.Boolean(),
  brokenAt: orNull(Type.Integer()),
  head: Type.String(),
});
export const Settings = named('Settings', {
  retentionDays: orNull(Type.Integer({ minimum: 1, maximum: 36_500 })),
});
export const BackupReport = named('BackupReport', {
  name: Type.String(),
  rows: Count,
  blobs: Count,
  missing: Type.Array(Digest, { description: 'files that rows refer to and that were not there' }),
});
