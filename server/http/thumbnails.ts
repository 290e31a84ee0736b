/** Small pictures that were made: a list that is scrolled asks for the same ones again. Bounded by their bytes. */

/** Bytes: some thousand pictures of a list, or a hundred that fill a screen. */
const BUDGET = 32 * 2 ** 20;

export class Thumbnails {
  readonly #budget: number;
  readonly #kept = new Map<string, Uint8Array>();
  /** Those being made: who asks for the same meanwhile gets the same. */
  readonly #making = new Map<string, Promise<Uint8Array>>();
  /** Bytes that are kept. */
  bytes = 0;

  constructor(budget = BUDGET) {
    this.#budget = budget;
  }

  /** What is kept under a key, made where it is not; what is asked for least lately goes first. @throws as `make` */
  async get(key: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const known = this.#kept.get(key);
    if (known) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known;
    }
    const making = this.#making.get(key) ?? this.#make(key, make);
    this.#making.set(key, making);
    return making;
  }

  async #make(key: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    try {
      // On the next turn: what fails at once must find itself in the list it leaves.
      const made = await Promise.resolve().then(make);
      this.#keep(key, made);
      return made;
    } finally {
      this.#making.delete(key);
    }
  }

  #keep(key: string, made: Uint8Array): void {
    this.#kept.set(key, made);
    this.bytes += made.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.bytes <= this.#budget) return;
      this.#kept.delete(oldest);
      this.bytes -= length;
    }
  }
}
