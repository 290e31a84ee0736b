/** A service with the learnt demo product and a browser on its page, for suites of the page. */
import type { Browser, BrowserContextOptions } from 'playwright-core';
import type { Serving } from '../../../server/main.ts';
import { openBrowser } from '../../support/chromium.ts';
import { type Visit, visit } from './browser.ts';
import { Client } from './client.ts';
import { PRODUCT, restored, type Seed, seed, start } from './seed.ts';

export const API = '/api/v1';

export interface Item {
  readonly id: string;
  readonly name: string;
  readonly verdict: string;
  readonly review: string | null;
  readonly cause: string | null;
}
/** Whether a rule speaks of the part; else a detector alone does, or nothing. */
export const ofRule = ({ cause }: Pick<Item, 'cause'>): boolean =>
  cause !== null && !/^(patch|composition|review): /.test(cause);
export interface List<T> {
  readonly items: readonly T[];
}

export interface Shop {
  readonly made: Seed;
  readonly serving: Serving;
  readonly client: Client;
  readonly browser: Browser;
  /** The answer below /api/v1. */
  get<T>(path: string): Promise<T>;
  /** A new window, signed in as admin. */
  open(options?: BrowserContextOptions): Promise<Visit>;
  /** Inspections of the demo product, newest first. */
  inspections(query?: string): Promise<readonly Item[]>;
  stop(): Promise<void>;
}

export async function openShop(): Promise<Shop> {
  const made = await seed();
  const place = await restored();
  const serving = await start({ ...place });
  const client = new Client(serving.url, made.adminToken);
  const browser = await openBrowser();
  const get = async <T>(path: string): Promise<T> => (await client.call<T>('GET', `${API}${path}`)).body;
  return {
    ...{ made, serving, client, browser, get },
    open: (options) => visit(browser, serving.url, made.adminToken, options),
    inspections: async (query = '') => (await get<List<Item>>(`/inspections?product=${PRODUCT}${query}`)).items,
    stop: async () => {
      await browser.close();
      await serving.stop();
      place.dispose();
    },
  };
}
