/** Authoring: longer work as tasks, and a look at what a rule text finds on one normal. */
import { LogsadError } from '../../../src/index.ts';
import { Lists, NewTask, Preview, PreviewRequest, Task } from '../../schemas.ts';
import { getRules, listNormals, productVersions } from '../../storage/products.ts';
import { once } from '../../storage/settings.ts';
import type { Queryable } from '../../storage/sql.ts';
import { addTask, getTask, listTasks } from '../../storage/tasks.ts';
import { endpoint } from '../endpoint.ts';
import { audited, byId, digestOf, inProduct, json, PageQuery, pageOf } from './common.ts';

export const taskRoutes = [
  endpoint({
    method: 'post',
    path: '/products/{product}/tasks',
    role: 'engineer',
    tag: 'tasks',
    summary:
      'Vets, mutates or mines rules, or asks a language model for some, as a job: follow it by its address or events',
    params: inProduct,
    body: NewTask,
    idempotent: true,
    replies: { 200: Task, 202: Task },
    handle: async (call) => {
      const { service, params, body, principal } = call;
      const { product } = params;
      await productVersions(service.sql, product);
      if (body.rules !== undefined) await getRules(service.sql, product, body.rules);
      if (body.kind === 'propose' && body.instructions === undefined) {
        throw new LogsadError('REQUEST_INVALID', {
          reason: 'instructions: expected what a correct part is, found none',
        });
      }
      const key = { actor: principal.tokenId, key: call.idempotencyKey };
      const act = { action: 'task.start', subject: product, detail: { kind: body.kind } };
      const start = (tx: Queryable): ReturnType<typeof once> =>
        once(tx, { ...key, fingerprint: digestOf('task', product, body) }, async () => {
          const id = await addTask(tx, product, body, principal.name);
          await service.queue.send(tx, 'task', id);
          return id;
        });
      const { subject, repeated } = await audited(call, act, start, (made) => !made.repeated);
      const { task } = await getTask(service.sql, subject);
      return json(task, repeated ? 200 : 202, { location: `/api/v1/tasks/${subject}` });
    },
  }),
  endpoint({
    method: 'get',
    path: '/products/{product}/tasks',
    role: 'viewer',
    tag: 'tasks',
    summary: 'Tasks of a product, newest first, without their results',
    params: inProduct,
    query: PageQuery,
    replies: { 200: Lists.tasks },
    handle: async ({ service, params, query }) => {
      await productVersions(service.sql, params.product);
      return json(await listTasks(service.sql, params.product, pageOf(query)));
    },
  }),
  endpoint({
    method: 'get',
    path: '/tasks/{id}',
    role: 'viewer',
    tag: 'tasks',
    summary: 'One task with its result',
    params: byId,
    replies: { 200: Task },
    handle: async ({ service, params }) => {
      const { task, result } = await getTask(service.sql, params.id);
      const { result: _, ...rest } = task;
      return result === null ? json(task) : { text: `${JSON.stringify(rest).slice(0, -1)},"result":${result}}` };
    },
  }),
  endpoint({
    method: 'post',
    path: '/products/{product}/preview',
    role: 'engineer',
    tag: 'rules',
    summary: 'What a rule text finds on one normal: learns from its exemplars alone, keeps nothing',
    params: inProduct,
    body: PreviewRequest,
    replies: { 200: Preview },
    handle: async ({ service, params, body }) => {
      const { product } = params;
      await productVersions(service.sql, product);
      const normals = (await listNormals(service.sql, product)).map((n) => ({
        name: n.name,
        path: service.blobs.pathOf(n.image),
      }));
      const normal = normals.find((n) => n.name === body.normal);
      if (!normal) throw new LogsadError('NOT_FOUND', { what: `normal '${body.normal}' of '${product}'` });
      const began = performance.now();
      const ask = {
        kind: 'preview' as const,
        product,
        rules: body.text,
        normal,
        normals,
        models: body.models ?? 'embedded',
      };
      const { scene, png, problems } = await service.engines.preview(ask);
      const rest = {
        overlay: `data:image/png;base64,${Buffer.from(png).toString('base64')}`,
        problems,
        ms: Math.round(performance.now() - began),
      };
      return { text: `{"scene":${scene},${JSON.stringify(rest).slice(1)}` };
    },
  }),
];
