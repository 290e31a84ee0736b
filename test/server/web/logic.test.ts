/**
 * What the page does when something is in the way: objections, replays that break verdicts or fail, two reviewers of one
 * part, requests that are refused, a stream that ends. A real service; only what must fail is answered in its place.
 */
import { readFileSync } from 'node:fs';
import type { Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ReplayPage } from '../../../server/schemas.ts';
import { becomes, noChromium, type Visit, visit } from '../support/browser.ts';
import { API, type Item, openShop, type Shop } from '../support/page.ts';
import { PRODUCT } from '../support/seed.ts';

vi.setConfig({ testTimeout: 240_000 });

interface Made {
  readonly version: number;
}
const refuse = (status: number) => (route: Route) =>
  route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify({ detail: 'Not now.' }) });

describe.skipIf(noChromium !== null)(noChromium ?? 'the review page where something is in the way', () => {
  let shop: Shop;
  let second: string;
  const at = (path: string): string => `${shop.serving.url}/app${path}`;
  const liveRules = async () => (await shop.get<{ liveRules: number }>(`/products/${PRODUCT}`)).liveRules;
  const newest = async () => (await shop.get<{ items: Made[] }>(`/products/${PRODUCT}/rules`)).items[0]!.version;
  const reviewOf = async (i: Item) => (await shop.get<Item>(`/inspections/${i.id}`)).review;
  const say = (i: Item, verdict: string) =>
    shop.client.call<{ id: string }>('POST', `${API}/inspections/${i.id}/reviews`, { json: { verdict } });

  beforeAll(async () => {
    shop = await openShop();
    const json = { name: 'Berta', role: 'engineer' };
    second = (await shop.client.call<{ secret: string }>('POST', `${API}/tokens`, { json })).body.secret;
  }, 300_000);
  afterAll(() => shop?.stop(), 60_000);
  /** Ends a visit that must not have met an exception. */
  async function end({ page, faults }: Visit): Promise<void> {
    expect(faults).toEqual([]);
    await page.context().close();
  }

  describe('accepting an offer', () => {
    /** The first offer that only edits rules, for a rejected part that is called OK. */
    async function offered(page: Page) {
      const bad = (await shop.inspections('&verdict=reject')).find((i) => /four-washers/.test(i.cause ?? ''))!;
      await page.goto(at(`/inspections/${bad.id}`));
      await page.getByText(/All \d+ measurements/).waitFor();
      if ((await reviewOf(bad)) !== 'ok') await page.keyboard.press('o');
      return page.locator('.offer[data-kind="widen"]').first();
    }
    const replays = '**/api/v1/products/*/replay';

    it('asks before it breaks what reviewers found right, and before it goes on untried', async () => {
      const v = await shop.open();
      const card = await offered(v.page);
      const before = await newest();
      const change = { inspection: '0b0e5c3c-5a94-4d0c-8f0e-3f9b3a0e7a11', name: 'a-bad-one.png', review: 'nok' };
      await v.page.route(replays, async (route) => {
        const answer = await route.fetch();
        const body = (await answer.json()) as ReplayPage;
        const breaks = [{ ...change, before: 'reject', after: 'pass', cause: null, units: { before: 2, after: 0.5 } }];
        await route.fulfill({ response: answer, json: { ...body, breaks } });
      });
      await card.getByRole('button', { name: 'Accept' }).click();
      await card.getByText(/turns 1 verdict wrong/).waitFor();
      await card.getByText('a-bad-one.png').first().waitFor({ state: 'attached' });
      await expect(card.locator('.replay').innerText()).resolves.toMatch(/breaks 1/);
      await v.shot('offer-breaks');
      await card.getByRole('button', { name: 'Leave it' }).click();
      await card.getByRole('button', { name: 'Leave it' }).waitFor({ state: 'detached' });

      await v.page.unroute(replays);
      await v.page.route(replays, refuse(500));
      await card.getByRole('button', { name: 'Accept' }).click();
      await card.getByText('What it does to stored parts is not known.').waitFor();
      await card.getByRole('button', { name: 'Leave it' }).click();
      expect(await newest()).toBe(before);
      await end(v);
    });

    it('replays all that is stored, saves, shows what speaks against it, and overrules that only when told to', async () => {
      const v = await shop.open();
      const card = await offered(v.page);
      const before = await liveRules();
      const asked: string[] = [];
      v.page.on('request', (r) => {
        if (r.method() === 'POST') asked.push(new URL(r.url()).pathname.split('/').at(-1)!);
      });
      await card.getByRole('button', { name: 'Accept' }).click();
      await card.getByText(/Saved as version \d+, not live yet/).waitFor();
      await card.getByText('RULES_NOT_ACCEPTABLE').waitFor();
      await v.shot('offer-objections');
      expect(asked).toEqual(['replay', 'rules', 'accept']);
      expect(await liveRules()).toBe(before);
      const kept = await newest();
      // A reload asks again and saves nothing twice.
      await v.page.reload();
      await card.getByText('RULES_NOT_ACCEPTABLE').waitFor();
      expect(await newest()).toBe(kept);
      await card.getByRole('button', { name: 'Leave it as a draft' }).click();
      await card.getByText('RULES_NOT_ACCEPTABLE').waitFor({ state: 'detached' });
      expect(await liveRules()).toBe(before);

      await card.getByRole('button', { name: 'Accept' }).click();
      await card.getByRole('button', { name: 'Make it live nevertheless' }).click();
      await becomes(liveRules, kept + 1);
      await end(v);
    });
  });

  it('makes a draft live only once its replay has answered, or is done without in so many words', async () => {
    const v = await shop.open();
    const { page } = v;
    let answer = (): void => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route('**/replay', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(at(`/products/${PRODUCT}/rules`));
    await page.getByLabel('What four-screws stands for').fill('Four screws, as drawn.');
    await page.getByLabel('What four-screws stands for').press('Tab');
    await page.getByRole('button', { name: 'Check and save' }).click();
    const dialog = page.getByRole('dialog', { name: 'Save rules' });
    await dialog.getByLabel('Why').fill('as drawn');
    const live = dialog.getByRole('button', { name: 'Save and make live' });
    await dialog.getByText(/Judging stored parts again/).waitFor();
    expect(await live.isDisabled()).toBe(true);
    expect(await dialog.getByRole('button', { name: 'Save only' }).isDisabled()).toBe(false);
    answer();
    await dialog.getByText(/fixes \d+, breaks \d+/).waitFor();
    await becomes(() => live.isDisabled(), false);
    await dialog.getByRole('button', { name: 'Close' }).click();

    await page.unroute('**/replay');
    await page.route('**/replay', refuse(500));
    await page.getByRole('button', { name: 'Check and save' }).click();
    await dialog.getByRole('button', { name: 'Try again' }).waitFor();
    expect(await live.isDisabled()).toBe(true);
    await dialog.getByLabel(/without knowing/).check();
    expect(await live.isDisabled()).toBe(false);
    await v.shot('save-untried');
    await end(v);
  });

  it('shows an old version without the faults of the draft', async () => {
    const v = await shop.open();
    await v.page.goto(at(`/products/${PRODUCT}/rules`));
    await v.page.getByLabel('equals of four-screws').fill('-5');
    await v.page.getByLabel('equals of four-screws').press('Tab');
    const marked = v.page.locator('.rule-table tr.bad');
    await becomes(() => marked.count(), 1);
    // Below the place of the fault the old version has other lines: whatever stands there is not meant.
    await v.page.goto(at(`/products/${PRODUCT}/rules?version=1`));
    await v.page.getByText('Version 1, as it was').waitFor();
    const linted = v.page.waitForResponse((r) => r.url().endsWith('/lint') && r.ok());
    await v.page.reload();
    await linted;
    await v.page.locator('.rule-table tbody tr').first().waitFor();
    expect(await marked.count()).toBe(0);
    await end(v);
  });

  it('keeps a review that could not be taken back, and takes that one back the next time', async () => {
    const v = await shop.open();
    const { page } = v;
    const [first, next] = (await shop.inspections('&verdict=pass')) as [Item, Item];
    await page.goto(at('/queue?verdict=pass&review=any'));
    for (const i of [first, next]) {
      await page.locator(`#row-${i.id}`).click();
      await page.keyboard.press('n');
      await becomes(() => reviewOf(i), 'nok');
    }
    await page.route('**/undo', refuse(503));
    await page.keyboard.press('u');
    await page.locator('.message.bad').first().waitFor();
    expect(await reviewOf(next)).toBe('nok');
    await page.unroute('**/undo');
    await page.keyboard.press('u');
    await becomes(() => reviewOf(next), null);
    expect(await reviewOf(first)).toBe('nok');
    await page.keyboard.press('u');
    await becomes(() => reviewOf(first), null);
    // Keys faster than answers overrule nobody but oneself.
    await page.locator(`#row-${first.id}`).click();
    await page.keyboard.press('o');
    await page.keyboard.press('k');
    await page.locator(`#row-${first.id}`).click();
    await page.keyboard.press('n');
    await page.locator(`#row-${first.id}`).click();
    await page.keyboard.press('d');
    await becomes(() => reviewOf(first), 'unknown');
    for (let n = 0; n < 3; n++) await page.keyboard.press('u');
    await becomes(() => reviewOf(first), null);
    expect(await page.getByRole('dialog').count()).toBe(0);
    await end(v);
  });

  it('shows what another reviewer said before that is overruled', async () => {
    const v = await visit(shop.browser, shop.serving.url, second);
    const { page } = v;
    // No live news: this list is older than what the other says.
    await page.route('**/api/v1/events*', (route) => route.abort());
    const part = (await shop.inspections('&verdict=pass'))[0]!;
    await page.goto(at('/queue?verdict=pass&review=any'));
    await page.locator(`#row-${part.id}`).click();
    await say(part, 'ok');
    await page.keyboard.press('n');
    const dialog = page.getByRole('dialog', { name: `${part.name} was reviewed meanwhile` });
    await dialog.getByText(/admin said OK/).waitFor();
    await v.shot('dispute');
    await dialog.getByRole('button', { name: 'Leave it so' }).click();
    expect(await reviewOf(part)).toBe('ok');
    await becomes(() => page.locator(`#row-${part.id} .reviewed`).innerText(), 'OK');
    // Now it was seen: no question.
    await page.locator(`#row-${part.id}`).click();
    await page.keyboard.press('n');
    await becomes(() => reviewOf(part), 'nok');
    await say(part, 'unknown');
    await page.locator(`#row-${part.id}`).click();
    await page.keyboard.press('o');
    await dialog.getByText(/admin said Don’t know/).waitFor();
    await dialog.getByRole('button', { name: 'Say OK nevertheless' }).click();
    await becomes(() => reviewOf(part), 'ok');
    await end(v);
  });

  it('counts as new what the list would show, and goes on where one of its parts cannot be read', async () => {
    const v = await shop.open();
    const { page } = v;
    await page.goto(at(`/queue?product=${PRODUCT}&verdict=reject&review=any`));
    await page.locator('.row').first().waitFor();
    const named = await shop.inspections();
    const inspect = async (verdict: string): Promise<void> => {
      const known = named.find((i) => i.verdict === verdict)!;
      const { bytes } = await shop.client.call('GET', `${API}/inspections/${known.id}/image`);
      const raw = { bytes, type: 'image/png' };
      const path = `${API}/products/${PRODUCT}/inspections?wait=60`;
      const made = await shop.client.call<{ inspection: Item }>('POST', path, {
        raw,
        headers: { 'x-image-name': 'new.png' },
      });
      expect(made.body.inspection.verdict).toBe(verdict);
    };
    await inspect('pass');
    await inspect('reject');
    await page.getByRole('button', { name: '1 new, show' }).waitFor();
    const broken = (await shop.inspections('&verdict=reject')).at(-1)!;
    await page.route(`**/api/v1/inspections/${broken.id}`, refuse(500));
    const asked = page.waitForResponse((r) => r.url().endsWith(broken.id));
    await say(broken, 'nok');
    await asked;
    await page.getByRole('button', { name: '1 new, show' }).click();
    await page.locator('.row-name', { hasText: 'new.png' }).waitFor();
    expect(await page.locator('.row-name', { hasText: 'new.png' }).count()).toBe(1);
    await end(v);
  });

  it('asks for news again where they were refused, without a gap, and signs out where nobody is signed in', async () => {
    const v = await shop.open();
    const { page } = v;
    const part = (await shop.inspections('&verdict=pass'))[1]!;
    const badge = page.locator(`#row-${part.id} .reviewed`);
    await say(part, 'ok');
    const rows = await shop.serving.service.sql.query<{ seq: number }>('SELECT max(seq)::int AS seq FROM events');
    const { seq } = rows[0]!;
    // A stream that ends after one event, then one that is refused until somebody has said something else.
    const streams = '**/api/v1/events*';
    const asked: string[] = [];
    let open = false;
    await page.route(streams, async (route) => {
      asked.push(new URL(route.request().url()).search);
      const event = { seq, kind: 'task.done', product: null, subject: 'none', data: {}, createdAt: '' };
      const body = `retry: 50\nid: ${seq}\nevent: task.done\ndata: ${JSON.stringify(event)}\n\n`;
      if (asked.length === 1) await route.fulfill({ status: 200, contentType: 'text/event-stream', body });
      else if (open) await route.continue();
      else await refuse(503)(route);
    });
    await page.goto(at('/queue?verdict=pass&review=any'));
    await becomes(() => badge.innerText(), 'OK');
    await page.getByText('no live news').waitFor();
    await say(part, 'nok');
    open = true;
    await page.getByText('no live news').waitFor({ state: 'detached' });
    await becomes(() => badge.innerText(), 'NOK');
    expect(asked.at(-1)).toBe(`?after=${seq}`);
    await page.unroute(streams);

    await page.route(streams, refuse(503));
    await page.reload();
    await page.getByText('no live news').waitFor();
    // The session ends; only the stream can tell.
    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await end(v);
  });

  it('takes an id for a product whose title suggests none, and says why it refuses one', async () => {
    const v = await shop.open();
    const { page } = v;
    await page.goto(at('/products'));
    await page.getByLabel('New product').fill('Датчик 传感器');
    const create = page.getByRole('button', { name: 'Create' });
    await page.getByText(/no Latin letters or digits: type an id/).waitFor();
    expect(await create.isDisabled()).toBe(true);
    await page.getByLabel('Id', { exact: true }).fill('Датчик');
    await page.getByText(/lower-case letters a to z/).waitFor();
    await page.getByLabel('Id', { exact: true }).fill('datchik-7');
    await create.click();
    await becomes(
      async () => (await shop.get<{ title: string }>('/products/datchik-7').catch(() => ({ title: '' }))).title,
      'Датчик 传感器',
    );
    await end(v);
  });

  it('sends more pictures than one request takes as several batches', async () => {
    const v = await shop.open();
    const { page } = v;
    await page.goto(at('/batch'));
    const sizes: number[] = [];
    await page.route('**/batches', async (route) => {
      const body = route.request().postDataBuffer()!.toString('latin1');
      sizes.push(body.split('name="image"').length - 1);
      const batch = { id: `00000000-0000-4000-8000-00000000000${sizes.length}`, createdAt: new Date().toISOString() };
      await route.fulfill({ status: 202, json: { batch: { ...batch, total: sizes.at(-1) }, refused: [] } });
    });
    const buffer = readFileSync(shop.made.pictures[0]!).subarray(0, 64);
    const files = Array.from({ length: 801 }, (_, n) => ({ name: `p${n}.png`, mimeType: 'image/png', buffer }));
    await page.getByLabel('Photographs', { exact: true }).setInputFiles(files);
    await page.getByText('801 pictures were sent as 2 batches.').waitFor();
    expect(sizes).toEqual([500, 301]);
    await page.getByText('301 pictures').waitFor();
    await end(v);
  });

  it('shows figures of a batch though they come slower than its news', async () => {
    const v = await shop.open();
    const { page } = v;
    const { batch } = (await shop.inspections()).find((i) => 'batch' in i && i.batch !== null) as { batch?: string };
    const form = new FormData();
    form.append('image', new Blob([readFileSync(shop.made.pictures[0]!)], { type: 'image/png' }), 'slow.png');
    const made = batch
      ? batch
      : (await shop.client.call<{ batch: { id: string } }>('POST', `${API}/products/${PRODUCT}/batches`, { form })).body
          .batch.id;
    await page.goto(at(`/batch/${made}`));
    await page.getByRole('heading', { name: /Batch of/ }).waitFor();
    let answered = 0;
    await page.route('**/api/v1/batches/*', async (route) => {
      const answer = await route.fetch();
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await route.fulfill({ response: answer }).then(
        () => answered++,
        () => undefined,
      );
    });
    let failed = 0;
    page.on('requestfailed', (r) => {
      if (r.url().includes('/batches/')) failed++;
    });
    // News come faster than answers.
    const part = (await shop.inspections())[0]!;
    const stop = Date.now() + 6000;
    while (Date.now() < stop) {
      await say(part, 'ok');
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    await expect.poll(() => answered, { timeout: 20_000 }).toBeGreaterThan(1);
    expect(failed).toBe(0);
    await end(v);
  });
});
