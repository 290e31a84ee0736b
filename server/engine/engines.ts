/**
 * The engine processes of one service or worker: some that inspect and stay warm, one for pictures and comparisons, one
 * per learning run. A request that failed before is tried alone, so that it takes no innocent one with it.
 */
import { type AskOptions, ENGINE_MODULE, EngineDied, EngineHost } from './host.ts';
import type { Answer, AskOf, Progress } from './protocol.ts';

/** Milliseconds and bytes; see each. */
const ENGINES = {
  /** In one process: one picture is decoded while the other is in the models. */
  inFlight: 2,
  inspectMs: 120_000,
  drawMs: 60_000,
  vetMs: 120_000,
  reviewMs: 120_000,
  taskMs: 1_800_000,
  previewMs: 120_000,
  learnMs: 3_600_000,
  /** A process that holds more, with those it started, finishes what it does and is replaced. */
  memory: 1.5 * 2 ** 30,
} as const;

export interface EnginesOptions {
  /** Processes that inspect. */
  readonly processes: number;
  readonly module?: URL;
  readonly inspectMs?: number;
  /** Bytes above which a process is replaced, for tests. */
  readonly memory?: number;
}

export interface Engines {
  /** How many inspections may be asked at a time before they only queue. */
  readonly width: number;
  /** @throws EngineDied, LogsadError; `alone`: nothing else runs in the same process meanwhile */
  inspect(ask: AskOf<'inspect'>, alone: boolean): Promise<Answer<'inspect'>>;
  learn(ask: AskOf<'learn'>, onProgress: (p: Progress) => void): Promise<Answer<'learn'>>;
  /** Every rule on the normals and on mutants. @throws EngineDied after its deadline */
  vet(ask: AskOf<'vet'>): Promise<Answer<'vet'>>;
  /** Pictures, comparisons and checks that need no model. */
  draw<K extends 'overlay' | 'diff' | 'fits'>(ask: AskOf<K>): Promise<Answer<K>>;
  /** Authoring, in a process of its own. */
  task(ask: AskOf<'task'>, onProgress: (p: Progress) => void): Promise<Answer<'task'>>;
  /** What a rule text finds on one normal; learns from its exemplars first, and keeps that. */
  preview(ask: AskOf<'preview'>): Promise<Answer<'preview'>>;
  /** What a review leads to, and stored parts judged again: Scenes alone, in one process that keeps what it learnt. */
  review<K extends 'offers' | 'replay' | 'normals'>(ask: AskOf<K>): Promise<Answer<K>>;
  /** Process ids of those that inspect; how often one was started anew; resident bytes. */
  status(): { readonly pids: readonly number[]; readonly restarts: number; readonly rss: number };
  close(): void;
}

/** Seats in first come, first served order; `alone` waits for all of them. */
class Seats {
  readonly host: EngineHost;
  #free: number;
  readonly #queue: { readonly seats: number; readonly go: () => void }[] = [];

  constructor(host: EngineHost, seats: number) {
    this.host = host;
    this.#free = seats;
  }

  get load(): number {
    return this.host.busy + this.#queue.length;
  }

  async with<T>(seats: number, work: () => Promise<T>): Promise<T> {
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

export function openEngines(options: EnginesOptions): Engines {
  const module = options.module ?? ENGINE_MODULE;
  const inspectors = Array.from(
    { length: options.processes },
    () => new Seats(new EngineHost(module), ENGINES.inFlight),
  );
  const memory = options.memory ?? ENGINES.memory;
  const drawer = new EngineHost(module);
  const reviewer = new EngineHost(module);
  const previewer = new EngineHost(module);
  const learners = new Set<EngineHost>();
  let closed = false;
  /** In a process of its own, so that nothing else waits for it. */
  const apart = async <K extends 'learn' | 'vet' | 'task'>(ask: AskOf<K>, options: AskOptions): Promise<Answer<K>> => {
    const host = new EngineHost(module);
    learners.add(host);
    try {
      if (closed) throw new EngineDied('stopped by the service', false);
      return await host.ask(ask, options);
    } finally {
      host.stop();
      learners.delete(host);
    }
  };
  return {
    width: options.processes * ENGINES.inFlight,
    inspect: async (ask, alone) => {
      const seat = inspectors.reduce((a, b) => (b.load < a.load ? b : a));
      // Whoever comes next waits for all seats: under load there is no other moment without work.
      const full = seat.host.rss > memory;
      return seat.with(alone || full ? ENGINES.inFlight : 1, async () => {
        if (seat.host.rss > memory && seat.host.busy === 0) seat.host.stop();
        return seat.host.ask(ask, { deadlineMs: options.inspectMs ?? ENGINES.inspectMs });
      });
    },
    learn: (ask, onProgress) => apart(ask, { deadlineMs: ENGINES.learnMs, onProgress }),
    vet: (ask) => apart(ask, { deadlineMs: ENGINES.vetMs }),
    task: (ask, onProgress) => apart(ask, { deadlineMs: ENGINES.taskMs, onProgress }),
    preview: (ask) => previewer.ask(ask, { deadlineMs: ENGINES.previewMs }),
    review: (ask) => reviewer.ask(ask, { deadlineMs: ENGINES.reviewMs }),
    draw: (ask) => drawer.ask(ask, { deadlineMs: ENGINES.drawMs }),
    status: () => ({
      pids: inspectors.flatMap((s) => s.host.pid ?? []),
      restarts: inspectors.reduce((n, s) => n + Math.max(0, s.host.starts - 1), 0),
      rss: inspectors.reduce((n, s) => n + s.host.rss, 0),
    }),
    close: () => {
      closed = true;
      for (const s of inspectors) s.host.stop();
      drawer.stop();
      reviewer.stop();
      previewer.stop();
      for (const host of learners) host.stop();
    },
  };
}
