/** Sessions, tokens, webhooks, settings, the audit log and backups. */
import { Type } from 'typebox';
import { cookieOf, hashSecret, makeToken, newSecret } from '../../access.ts';
import { LIMITS } from '../../config.ts';
import { resolveTarget } from '../../jobs/deliver.ts';
import { backupInto } from '../../operations/backup.ts';
import {
  AuditCheck,
  BackupReport,
  closed,
  Lists,
  MadeToken,
  MadeWebhook,
  NewToken,
  NewWebhook,
  Session,
  SessionRequest,
  Settings,
} from '../../schemas.ts';
import { endSession, getToken, listTokens, putSession, revokeToken } from '../../storage/access.ts';
import { listAudit, verifyAudit } from '../../storage/audit.ts';
import { getSettings, putSettings } from '../../storage/settings.ts';
import { addWebhook, listDeliveries, listWebhooks, removeWebhook } from '../../storage/webhooks.ts';
import { endpoint } from '../endpoint.ts';
import { audited, byId, json, PageQuery, pageOf, whole } from './common.ts';

const DELIVERIES_SHOWN = 100;

const sessions = [
  endpoint({
    method: 'post',
    path: '/session',
    role: null,
    tag: 'session',
    summary: 'Exchanges a token for a cookie session; answers the CSRF token of it',
    body: SessionRequest,
    replies: { 200: Session },
    handle: async ({ service, body }) => {
      const token = await service.access.byToken(body.token);
      const [cookie, csrf] = [newSecret(), newSecret()];
      await putSession(service.sql, hashSecret(cookie), token.id, csrf, LIMITS.sessionHours);
      const header = cookieOf(cookie, service.options.secureCookies, LIMITS.sessionHours * 3600);
      return json({ name: token.name, role: token.role, csrf }, 200, { 'set-cookie': header });
    },
  }),
  endpoint({
    method: 'get',
    path: '/session',
    role: 'viewer',
    tag: 'session',
    summary: 'Who the caller is',
    replies: { 200: Session },
    handle: async ({ principal: { name, role, session } }) => json({ name, role, csrf: session?.csrf ?? null }),
  }),
  endpoint({
    method: 'delete',
    path: '/session',
    role: 'viewer',
    tag: 'session',
    summary: 'Ends the cookie session',
    replies: { 204: null },
    handle: async ({ service, principal }) => {
      if (principal.session) await endSession(service.sql, principal.session.hash);
      return { status: 204, empty: true, headers: { 'set-cookie': cookieOf('', service.options.secureCookies, 0) } };
    },
  }),
];

const tokens = [
  endpoint({
    method: 'get',
    path: '/tokens',
    role: 'admin',
    tag: 'tokens',
    summary: 'All tokens, without their secrets',
    replies: { 200: Lists.tokens },
    handle: async ({ service }) => json(whole(await listTokens(service.sql))),
  }),
  endpoint({
    method: 'post',
    path: '/tokens',
    role: 'admin',
    tag: 'tokens',
    summary: 'Makes a token; its secret is in this answer and nowhere else',
    body: NewToken,
    replies: { 201: MadeToken },
    handle: async (call) => {
      const { name, role } = call.body;
      const made = await audited(call, { action: 'token.create', subject: name, detail: { role } }, (tx) =>
        makeToken(tx, name, role),
      );
      return json({ token: await getToken(call.service.sql, made.id), secret: made.secret }, 201);
    },
  }),
  endpoint({
    method: 'delete',
    path: '/tokens/{id}',
    role: 'admin',
    tag: 'tokens',
    summary: 'Revokes a token and ends its sessions; the last admin token stays',
    params: closed({ id: Type.String({ pattern: '^[0-9a-f]{12}$' }) }),
    replies: { 204: null },
    handle: async (call) => {
      const { id } = call.params;
      await audited(call, { action: 'token.revoke', subject: id }, (tx) => revokeToken(tx, id));
      return { status: 204, empty: true };
    },
  }),
];

const webhooks = [
  endpoint({
    method: 'get',
    path: '/webhooks',
    role: 'admin',
    tag: 'webhooks',
    summary: 'All webhooks, without their secrets',
    replies: { 200: Lists.webhooks },
    handle: async ({ service }) => json(whole(await listWebhooks(service.sql))),
  }),
  endpoint({
    method: 'post',
    path: '/webhooks',
    role: 'admin',
    tag: 'webhooks',
    summary: 'Adds a webhook; X-Logsad-Signature of what it gets is `t=SECONDS,v1=HMAC-SHA256(secret, SECONDS.BODY)`',
    body: NewWebhook,
    replies: { 201: MadeWebhook },
    handle: async (call) => {
      const { url, kinds } = call.body;
      await resolveTarget(url, call.service.options.allowPrivateWebhooks);
      const secret = newSecret();
      const webhook = await audited(call, { action: 'webhook.create', subject: url, detail: { kinds } }, (tx) =>
        addWebhook(tx, url, kinds, secret),
      );
      return json({ webhook, secret }, 201);
    },
  }),
  endpoint({
    method: 'delete',
    path: '/webhooks/{id}',
    role: 'admin',
    tag: 'webhooks',
    summary: 'Removes a webhook and what it was still to be told',
    params: byId,
    replies: { 204: null },
    handle: async (call) => {
      const { id } = call.params;
      await audited(call, { action: 'webhook.remove', subject: id }, (tx) => removeWebhook(tx, id));
      return { status: 204, empty: true };
    },
  }),
  endpoint({
    method: 'get',
    path: '/webhooks/{id}/deliveries',
    role: 'admin',
    tag: 'webhooks',
    summary: 'The newest deliveries and how they went',
    params: byId,
    replies: { 200: Lists.deliveries },
    handle: async ({ service, params }) => json(whole(await listDeliveries(service.sql, params.id, DELIVERIES_SHOWN))),
  }),
];

const operations = [
  endpoint({
    method: 'get',
    path: '/settings',
    role: 'admin',
    tag: 'operations',
    summary: 'Settings of the service',
    replies: { 200: Settings },
    handle: async ({ service }) => json(await getSettings(service.sql)),
  }),
  endpoint({
    method: 'put',
    path: '/settings',
    role: 'admin',
    tag: 'operations',
    summary: 'Changes the settings; inspections older than `retentionDays` are removed, null keeps them',
    body: Settings,
    replies: { 200: Settings },
    handle: async (call) => {
      await audited(call, { action: 'settings.put', subject: 'service', detail: { ...call.body } }, (tx) =>
        putSettings(tx, call.body),
      );
      return json(await getSettings(call.service.sql));
    },
  }),
  endpoint({
    method: 'get',
    path: '/audit',
    role: 'admin',
    tag: 'operations',
    summary: 'Who changed what, oldest first',
    query: PageQuery,
    replies: { 200: Lists.audit },
    handle: async ({ service, query }) => json(await listAudit(service.sql, pageOf(query))),
  }),
  endpoint({
    method: 'get',
    path: '/audit/verify',
    role: 'admin',
    tag: 'operations',
    summary: 'Walks the hash chain of the audit log; keep `head` elsewhere to see that nothing was cut off',
    replies: { 200: AuditCheck },
    handle: async ({ service }) => json(await verifyAudit(service.sql)),
  }),
  endpoint({
    method: 'post',
    path: '/backups',
    role: 'admin',
    tag: 'operations',
    summary: 'Writes a backup into the data folder, under backups/',
    replies: { 201: BackupReport },
    handle: async (call) => {
      const { sql, blobs, options } = call.service;
      const report = await backupInto({ sql, blobs, data: options.data });
      await audited(call, { action: 'backup', subject: report.name }, async () => undefined);
      return json(report, 201);
    },
  }),
];

export const adminRoutes = [...sessions, ...tokens, ...webhooks, ...operations];
