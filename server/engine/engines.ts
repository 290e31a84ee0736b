/**
 * The engine processes of one service or worker: some that inspect and stay warm, one for pictures, one for Scenes, one for
 * previews, and one per learning run, vetting and task. A request that failed before is tried alone, so that it takes no
 * innocent one with it. Deadlines begin when a request has its seat: whoever waits for others has done nothing wrong.
 */
import { type AskOptions, ENGINE_MODULE, EngineDied, EngineHost } from './host.ts';
import type { Answer, Ask, AskOf, Progress } from './protocol.ts';
import { Seats } from './seats.ts';

/** Milliseconds and bytes; see each. */
const ENGINES = {
  /** In one process: one picture is decoded while the other is in the models. */
  inFlight: 2,
  /** Pictures that are drawn or made small at a time, and processes that vet; each uses a core. */
  drawing: 2,
  vetting: 2,
  /** Requests that may wait for a process of those that answer people; one more is refused. */
  waiting: 200,
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
  /** For tests: one request, from the moment it has its seat. */
  readonly drawMs?: number;
  readonly vetMs?: number;
  /** Bytes above which a process is replaced, for tests. */
  readonly memory?: number;
}

export interface Engines {
  /** How many inspections may be asked at a time before they only queue. */
  readonly width: number;
  /** @throws EngineDied, LogsadError; `alone`: nothing else runs in the same process meanwhile */
  inspect(ask: AskOf<'inspect'>, alone: boolean): Promise<Answer<'inspect'>>;
  learn(ask: AskOf<'learn'>, onProgress: (p: Progress) => void): Promise<Answer<'learn'>>;
  /** Every rule on the normals and on mutants. @throws EngineDied after its deadline, as all below */
  vet(ask: AskOf<'vet'>): Promise<Answer<'vet'>>;
  /** Pictures that people look at. What kills the process is tried once more, alone. */
  draw<K extends 'overlay' | 'small'>(ask: AskOf<K>): Promise<Answer<K>>;
  /** Authoring, in a process of its own. */
  task(ask: AskOf<'task'>, onProgress: (p: Progress) => void): Promise<Answer<'task'>>;
  /** What a rule text finds on one normal; learns from its exemplars first, and keeps that. */
  preview(ask: AskOf<'preview'>): Promise<Answer<'preview'>>;
  /** What a review leads to, stored parts judged again, rule files compared: one process that keeps what it learnt. */
  review<K extends 'offers' | 'replay' | 'normals' | 'diff' | 'fits'>(ask: AskOf<K>): Promise<Answer<K>>;
  /** Process ids of those that inspect; how often one was started anew; resident bytes. */
  status(): { readonly pids: readonly number[]; readonly restarts: number; readonly rss: number };
  close(): void;
}

/** One process and who may ask it at a time. */
class Post {
  readonly host: EngineHost;
  readonly #seats: Seats;
  readonly #all: number;
  #closed = false;

  constructor(host: EngineHost, seats: number, most?: number) {
    this.host = host;
    this.#all = seats;
    this.#seats = new Seats(seats, most);
  }

  get load(): number {
    return this.host.busy + this.#seats.waiting;
  }

  /** `alone`: nothing else is asked meanwhile; `before` runs once there is a seat. */
  ask<K extends Ask['kind']>(
    ask: AskOf<K>,
    deadlineMs: number,
    alone = false,
    before?: () => void,
  ): Promise<Answer<K>> {
    return this.#seats.with(alone ? this.#all : 1, () => {
      if (this.#closed) throw stopped();
      before?.();
      return this.host.ask(ask, { deadlineMs });
    });
  }

  /** Ends the process, and starts none for those that wait. */
  close(): void {
    this.#closed = true;
    this.host.stop();
  }
}

const stopped = (): EngineDied => new EngineDied('stopped by the service', false);

export function openEngines(options: EnginesOptions): Engines {
  const module = options.module ?? ENGINE_MODULE;
  const post = (seats: number, most?: number): Post => new Post(new EngineHost(module), seats, most);
  const inspectors = Array.from({ length: options.processes }, () => post(ENGINES.inFlight));
  const memory = options.memory ?? ENGINES.memory;
  const inspectMs = options.inspectMs ?? ENGINES.inspectMs;
  const drawer = post(ENGINES.drawing, ENGINES.waiting);
  const reviewer = post(1, ENGINES.waiting);
  const previewer = post(1, ENGINES.waiting);
  const vetting = new Seats(ENGINES.vetting, ENGINES.waiting);
  const own = new Set<EngineHost>();
  let closed = false;
  /** In a process of its own, so that nothing else waits for it. */
  const apart = async <K extends 'learn' | 'vet' | 'task'>(ask: AskOf<K>, asking: AskOptions): Promise<Answer<K>> => {
    if (closed) throw stopped();
    const host = new EngineHost(module, 'task' in ask && ask.task === 'propose' ? 'model' : 'engine');
    own.add(host);
    try {
      return await host.ask(ask, asking);
    } finally {
      host.stop();
      own.delete(host);
    }
  };
  return {
    width: options.processes * ENGINES.inFlight,
    inspect: (ask, alone) => {
      const least = inspectors.reduce((a, b) => (b.load < a.load ? b : a));
      const { host } = least;
      // Whoever comes next waits for all seats: under load there is no other moment without work.
      return least.ask(ask, inspectMs, alone || host.rss > memory, () => {
        if (host.rss > memory && host.busy === 0) host.stop();
      });
    },
    learn: (ask, onProgress) => apart(ask, { deadlineMs: ENGINES.learnMs, onProgress }),
    vet: (ask) => vetting.with(1, () => apart(ask, { deadlineMs: options.vetMs ?? ENGINES.vetMs })),
    task: (ask, onProgress) => apart(ask, { deadlineMs: ENGINES.taskMs, onProgress }),
    preview: (ask) => previewer.ask(ask, ENGINES.previewMs),
    review: (ask) => reviewer.ask(ask, ENGINES.reviewMs),
    draw: async (ask) => {
      const ms = options.drawMs ?? ENGINES.drawMs;
      try {
        return await drawer.ask(ask, ms);
      } catch (error) {
        if (!(error instanceof EngineDied && error.started)) throw error;
        return drawer.ask(ask, ms, true);
      }
    },
    status: () => ({
      pids: inspectors.flatMap((s) => s.host.pid ?? []),
      restarts: inspectors.reduce((n, s) => n + Math.max(0, s.host.starts - 1), 0),
      rss: inspectors.reduce((n, s) => n + s.host.rss, 0),
    }),
    close: () => {
      closed = true;
      for (const p of [...inspectors, drawer, reviewer, previewer]) p.close();
      for (const host of own) host.stop();
    },
  };
}
