/** The scripted person of the review benchmark: judges a part and accepts the first offer that breaks nothing. */
import type { Page, Request } from 'playwright-core';
import type * as logsad from '../../../src/index.ts';
import { openBrowser } from '../../support/chromium.ts';
import { accept, type Shop } from './shop.ts';

export interface Reviewer {
  /** Reviews an inspection; the title of the offer that was accepted, or null where none would do. */
  review(shop: Shop, id: string, good: boolean): Promise<string | null>;
  close(): Promise<void>;
}

interface Found {
  readonly base: number;
  readonly items: readonly logsad.Offer[];
}

/** Says it over HTTP, without a page. */
export function byCalls(): Reviewer {
  return {
    review: async (shop, id, good) => {
      await shop.call('POST', `/inspections/${id}/reviews`, { verdict: good ? 'ok' : 'nok' });
      const { items, base } = await shop.call<Found>('GET', `/inspections/${id}/offers`);
      const best = items.find((o) => o.text && o.needs.length === 0 && o.replay?.breaks.length === 0);
      if (best) await accept(shop, best.text!, best.why, base);
      return best?.title ?? null;
    },
    close: async () => {},
  };
}

/** Nothing more is asked for so long: what the page shows is what it will show. */
const SETTLED_MS = 400;

/** Resolves once offers for `id` were fetched and none is on its way any more. */
function settledOffers(page: Page, id: string): { readonly done: Promise<void>; readonly stop: () => void } {
  const underWay = new Set<Request>();
  const mine = (r: Request): boolean => r.url().includes(`/inspections/${id}/offers`);
  let timer: NodeJS.Timeout | undefined;
  let settled = (): void => {};
  const done = new Promise<void>((resolve) => {
    settled = resolve;
  });
  const sent = (r: Request): void => {
    if (!mine(r)) return;
    underWay.add(r);
    clearTimeout(timer);
  };
  const over = (r: Request): void => {
    if (!underWay.delete(r) || underWay.size > 0) return;
    timer = setTimeout(settled, SETTLED_MS);
  };
  page.on('request', sent).on('requestfinished', over).on('requestfailed', over);
  const stop = (): void => {
    clearTimeout(timer);
    page.off('request', sent).off('requestfinished', over).off('requestfailed', over);
  };
  return { done, stop };
}

/** Looks at the page in Chromium, presses the key of the verdict and clicks. */
export async function onPage(url: string, token: string): Promise<Reviewer> {
  const browser = await openBrowser();
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(120_000);
  await page.goto(`${url}/`);
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  return {
    review: async (_, id, good) => {
      await page.goto(`${url}/app/inspections/${id}`);
      await page.getByRole('region', { name: 'Findings' }).getByRole('button', { name: /^OK/ }).waitFor();
      const offers = settledOffers(page, id);
      await page.keyboard.press(good ? 'o' : 'n');
      await offers.done;
      offers.stop();
      const best = page
        .locator('.offer')
        .filter({ has: page.locator('.replay', { hasText: 'breaks 0' }) })
        .filter({ hasNotText: 'Accepting also' })
        .first();
      if ((await best.count()) === 0) return null;
      const title = await best.locator('h3').innerText();
      const accepted = page.waitForResponse((r) => r.url().endsWith('/accept') && r.ok());
      await best.getByRole('button', { name: 'Accept' }).click();
      // Over all that is stored it may break what it was not tried on; and no edit was vetted.
      const objections = best.getByRole('button', { name: 'Make it live nevertheless' });
      const breaks = best.getByRole('button', { name: 'Go on nevertheless' });
      await objections.or(breaks).waitFor();
      if (await breaks.isVisible()) {
        await best.getByRole('button', { name: 'Leave it' }).click();
        accepted.catch(() => undefined);
        return null;
      }
      await objections.click();
      await accepted;
      return title;
    },
    close: () => browser.close(),
  };
}
