/** Many images through one inspector: two in flight, answers in the order asked, one bad image never stops the rest. */
import { LogsadError } from '../core/errors.ts';
import type { InspectionResult } from '../core/scene.ts';
import type { Inspection, Inspector } from './inspect.ts';
import type { ImageRef } from './learn.ts';

/** One picture is decoded while the other is in the models; more would only queue there. */
const IN_FLIGHT = 2;

/** Faults of the machine that one image may bring about: others may still be inspected. */
const PER_IMAGE: ReadonlySet<string> = new Set(['INFERENCE_TIMEOUT', 'INFERENCE_CRASHED', 'INFERENCE_MEMORY']);
/** So many of them one after the other are no fault of the images. */
export const STOP_AFTER = 3;

export type BatchItem<R extends ImageRef = ImageRef> =
  /** `maps` where they were asked for. */
  | { readonly image: R; readonly result: InspectionResult; readonly maps?: Inspection['maps'] }
  | { readonly image: R; readonly error: LogsadError };

/** Whether a fault is one image's own affair. What would meet every image alike (no runtime, no room) is not. */
export function isImageFault(error: unknown): error is LogsadError {
  return error instanceof LogsadError && (error.exit === 2 || PER_IMAGE.has(error.code));
}

/**
 * Counts faults of the machine in a row, in the order of the images: true from the `STOP_AFTER`th on. Call it for every
 * image, with null for one that went well.
 */
export function createStop(): (error: LogsadError | null) => boolean {
  let row = 0;
  return (error) => {
    row = error?.exit === 3 ? row + 1 : 0;
    return row >= STOP_AFTER;
  };
}

/**
 * Inspects every image. Faults of an image come as items, everything else is thrown; so is the last of `STOP_AFTER`
 * faults of the machine in a row, after its item. @throws LogsadError, AbortError of `signal`
 */
export async function* inspectAll<R extends ImageRef>(
  inspector: Inspector,
  images: readonly R[],
  options: { readonly signal?: AbortSignal; readonly maps?: boolean } = {},
): AsyncGenerator<BatchItem<R>> {
  const stop = createStop();
  const items = streamInOrder(images, IN_FLIGHT, async (image): Promise<BatchItem<R>> => {
    options.signal?.throwIfAborted();
    try {
      if (options.maps) return { image, ...(await inspector.inspectWithMaps(image, options)) };
      return { image, result: await inspector.inspect(image, options) };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isImageFault(error)) return { image, error };
      throw error;
    }
  });
  for await (const item of items) {
    yield item;
    const error = 'error' in item ? item.error : null;
    if (stop(error)) throw error;
  }
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
