/** An event with its webhook deliveries, in the transaction that caused it. Call it last: see appendEvents. */
import { appendEvents, type NewEvent } from '../storage/events.ts';
import type { Queryable } from '../storage/sql.ts';
import { addDeliveries } from '../storage/webhooks.ts';
import type { Queue } from './queue.ts';

export async function announce(tx: Queryable, queue: Queue, event: NewEvent): Promise<void> {
  const [seq] = await appendEvents(tx, [event]);
  for (const delivery of await addDeliveries(tx, event.kind, seq!)) await queue.send(tx, 'deliver', delivery);
}
