/** How a service is set up, and the limits it keeps. */

export interface ServiceOptions {
  /** Data folder: database (unless `databaseUrl`), pictures, profiles. */
  readonly data: string;
  /** PostgreSQL; without it PGlite in the data folder. */
  readonly databaseUrl?: string;
  /** False: commits of the embedded database do not wait for the disk. PostgreSQL decides for itself. */
  readonly flush?: boolean;
  /** Engine processes that inspect. 0: this process only answers, workers elsewhere inspect. */
  readonly engines: number;
  readonly allowPrivateWebhooks: boolean;
  /** The page is reached over https only: cookies say so. */
  readonly secureCookies: boolean;
  /** Requests per minute of one client. */
  readonly ratePerMinute: number;
  /** Wrong tokens per minute of one address. */
  readonly wrongTokensPerMinute: number;
  /** Proxies in front that add to X-Forwarded-For; without them that header is not believed. */
  readonly trustedProxies?: number;
  readonly logLevel: string;
  /** Another engine module, for tests of bad ones. */
  readonly engineModule?: URL;
  /** Deadline of one inspection in its engine process. */
  readonly inspectMs?: number;
}

export const SERVICE_DEFAULTS = {
  engines: 1,
  allowPrivateWebhooks: false,
  secureCookies: false,
  ratePerMinute: 6000,
  wrongTokensPerMinute: 30,
  logLevel: 'info',
} as const satisfies Partial<ServiceOptions>;

/** Limits of requests; bytes, milliseconds, counts. */
export const LIMITS = {
  uploadBytes: 32 * 2 ** 20,
  /** Pictures of one batch request, and all bytes of the request together. */
  batchPictures: 500,
  batchBytes: 512 * 2 ** 20,
  /** What a form may add to its picture. */
  formBytes: 2 ** 20,
  jsonBytes: 2 * 2 ** 20,
  /** A request may take so long to come in: the largest batch at 5 Mbit a second, where Node's own 5 minutes ask for 14. */
  requestMs: 15 * 60_000,
  /** A synchronous inspection waits so long unless the request says otherwise. */
  waitMs: 10_000,
  longestWaitMs: 60_000,
  pageSize: 50,
  longestPage: 500,
  /** Stored scenes that a comparison of rule files judges again. */
  diffScenes: 200,
  /** Reviewed parts that offers and replays are tried on, newest first; other parts a replay judges, and pages of both. */
  reviewedParts: 500,
  replayParts: 2000,
  replayPage: 250,
  /** Changed verdicts that a replay names; all are counted. */
  replayNamed: 100,
  trendDays: 30,
  sessionHours: 12,
  /** Requests that run may take so long to end at shutdown, then jobs so long to finish. */
  drainMs: 10_000,
  finishMs: 20_000,
  /** Streams of events at a time. */
  eventStreams: 200,
  heartbeatMs: 15_000,
} as const;
