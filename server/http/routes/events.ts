/** Server-sent events: everything that happens, as it happens, from where the client left off. */
import { Type } from 'typebox';
import { LogsadError } from '../../../src/index.ts';
import { LIMITS } from '../../config.ts';
import { closed, type Event, ProductId } from '../../schemas.ts';
import { LARGEST_SEQ } from '../../storage/columns.ts';
import { eventsAfter, lastEvent } from '../../storage/events.ts';
import { endpoint } from '../endpoint.ts';

const PAGE = 200;
let streams = 0;

export const eventRoutes = [
  endpoint({
    method: 'get',
    path: '/events',
    role: 'viewer',
    tag: 'events',
    summary: 'A stream of events (text/event-stream); `after` or Last-Event-ID resumes without gaps',
    query: closed({
      product: Type.Optional(ProductId),
      after: Type.Optional(Type.Integer({ minimum: 0, maximum: LARGEST_SEQ })),
    }),
    replies: { 200: 'text/event-stream' },
    handle: async ({ service, query, header }) => {
      if (streams >= LIMITS.eventStreams) throw new LogsadError('RATE_LIMITED', { limit: `${streams} open streams` });
      const resumed = /^\d{1,15}$/.exec(header('last-event-id') ?? '');
      const start = resumed ? Number(resumed[0]) : (query.after ?? (await lastEvent(service.sql)));
      return {
        events: async (send, signal) => {
          streams++;
          let seen = start;
          let missed = true;
          const pass = (event: Event): void => {
            if (event.seq <= seen) return;
            seen = event.seq;
            if (query.product === undefined || event.product === query.product) send(event);
          };
          // What comes while the past is being read is found there, or passed on after it.
          const waiting: Event[] = [];
          const stop = service.bus.subscribe((event) => (missed ? waiting.push(event) : pass(event)));
          try {
            for (;;) {
              const past = await eventsAfter(service.sql, seen, PAGE);
              past.forEach(pass);
              if (past.length < PAGE || signal.aborted) break;
            }
            missed = false;
            waiting.forEach(pass);
            await new Promise<void>((resolve) => {
              if (signal.aborted) resolve();
              signal.addEventListener('abort', () => resolve(), { once: true });
            });
          } finally {
            stop();
            streams--;
          }
        },
      };
    },
  }),
];
