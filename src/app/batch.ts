/** Many images through one inspector: two in flight, answers in the order asked, one bad image never stops the rest. */
import { LogsadError } from '../core/errors.ts';
import type { InspectionResult } from '../core/scene.ts';
import type { Inspector } from './inspect.ts';
import type { ImageRef } from './learn.ts';

/** One picture is decoded while the other is in the models; more would only queue there. */
const IN_FLIGHT = 2;

export type BatchItem<R extends ImageRef = ImageRef> =
  | { readonly image: R; readonly result: InspectionResult }
  | { readonly image: R; readonly error: LogsadError };

/** Inspects every image. Faults of an image come as items, everything else is thrown. @throws AbortError of `signal` */
export async function* inspectAll<R extends ImageRef>(
  inspector: Inspector,
  images: readonly R[],
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<BatchItem<R>> {
  yield* streamInOrder(images, IN_FLIGHT, async (image): Promise<BatchItem<R>> => {
    options.signal?.throwIfAborted();
    try {
      return { image, result: await inspector.inspect(image, options) };
    } catch (error) {
      options.signal?.throwIfAborted();
      // A fault of the machine (no runtime, no room) would meet every image alike: stop at once.
      if (error instanceof LogsadError && error.exit === 2) return { image, error };
      throw error;
    }
  });
}

/** Runs `work` over `inputs`, at most `width` at a time, and yields in the order of the inputs. */
export async function* streamInOrder<T, R>(
  inputs: readonly T[],
  width: number,
  work: (input: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  let next = 0;
  try {
    while (next < inputs.length || running.length > 0) {
      while (next < inputs.length && running.length < width) {
        const started = work(inputs[next++]!);
        // The fault is thrown where it is awaited below; until then it must not count as unhandled.
        started.catch(() => undefined);
        running.push(started);
      }
      yield await running.shift()!;
    }
  } finally {
    await Promise.allSettled(running);
  }
}
