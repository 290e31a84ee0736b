/** Who may ask a process, and when: so many at a time, in the order they came. */
import { LogsadError } from '../../src/index.ts';

export class Seats {
  #free: number;
  readonly #most: number;
  readonly #queue: { readonly seats: number; readonly go: () => void }[] = [];

  /** `most`: how many may wait, where nothing else bounds them. */
  constructor(seats: number, most = Number.POSITIVE_INFINITY) {
    this.#free = seats;
    this.#most = most;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Takes `seats` of them for the time of the work. @throws LogsadError ENGINE_UNAVAILABLE when too many wait */
  async with<T>(seats: number, work: () => Promise<T>): Promise<T> {
    if (this.#queue.length >= this.#most) {
      throw new LogsadError('ENGINE_UNAVAILABLE', { reason: `${this.#queue.length} requests wait for it already` });
    }
    await new Promise<void>((go) => {
      this.#queue.push({ seats, go });
      this.#next();
    });
    try {
      return await work();
    } finally {
      this.#free += seats;
      this.#next();
    }
  }

  #next(): void {
    for (let head = this.#queue[0]; head && head.seats <= this.#free; head = this.#queue[0]) {
      this.#queue.shift();
      this.#free -= head.seats;
      head.go();
    }
  }
}
