/** Inspectors kept warm, the newest few: each is opened once however many ask, and let go when nobody uses it. */
import type { Inspector } from '../../src/index.ts';

interface Entry {
  readonly inspector: Promise<Inspector>;
  /** Requests that use it now. */
  users: number;
  dropped: boolean;
}

export class WarmInspectors {
  readonly #entries = new Map<string, Entry>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** Works with the inspector of a key. One that could not be opened is forgotten: the next request tries again. */
  async use<T>(key: string, open: () => Promise<Inspector>, work: (inspector: Inspector) => Promise<T>): Promise<T> {
    const entry = this.#entry(key, open);
    entry.users++;
    try {
      return await work(await entry.inspector);
    } finally {
      entry.users--;
      if (entry.dropped) void letGo(entry);
    }
  }

  /** Looked up and put down in one turn of the event loop, so that two same requests cannot both open. */
  #entry(key: string, open: () => Promise<Inspector>): Entry {
    const entry = this.#entries.get(key) ?? { inspector: open(), users: 0, dropped: false };
    entry.inspector.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const [name, old] of this.#entries) {
      if (this.#entries.size <= this.#most) break;
      this.#entries.delete(name);
      old.dropped = true;
      void letGo(old);
    }
    return entry;
  }
}

async function letGo(entry: Entry): Promise<void> {
  if (entry.users > 0) return;
  await entry.inspector.then((i) => i[Symbol.asyncDispose]()).catch(() => undefined);
}
