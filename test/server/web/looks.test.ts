/**
 * How every page and dialog looks, in light and dark, on a desk and on a tablet: nothing that axe calls serious, nothing
 * wider than the window, no control too small for a finger. LOGSAD_SHOTS=FOLDER keeps a picture of each.
 */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { becomes, noChromium, type Visit, visit } from '../support/browser.ts';
import { until } from '../support/client.ts';
import { API, ofRule, openShop, type Shop } from '../support/page.ts';
import { PRODUCT } from '../support/seed.ts';

vi.setConfig({ testTimeout: 300_000 });

const EMPTY = 'empty-shelf';

interface Place {
  readonly name: string;
  readonly at: string;
  /** What is done there before it is looked at. */
  readonly act?: (page: Page) => Promise<void>;
}

const dialog = (page: Page): Promise<void> => page.locator('dialog[open]').waitFor();

describe.skipIf(noChromium !== null)(noChromium ?? 'the looks of the review page', () => {
  let shop: Shop;
  let places: Place[];
  let batch: string;

  /** A product with nothing, a batch, tasks that ran, parts that were reviewed, and a second version of the rules. */
  async function furnish({ client, made, get }: Shop): Promise<void> {
    const at = `${API}/products/${PRODUCT}`;
    await client.call('POST', `${API}/products`, { json: { id: EMPTY, title: 'Empty shelf' } });
    const tasks = ['vet', 'mutate', 'mine', 'propose'].map(async (kind) => {
      const json = kind === 'propose' ? { kind, instructions: 'Each kit holds one plug.' } : { kind, rules: 1 };
      const { body: task } = await client.call<{ id: string }>('POST', `${at}/tasks`, { json });
      const look = async () => (await client.call<{ state: string }>('GET', `${API}/tasks/${task.id}`)).body;
      await until(look, (t) => t.state === 'done' || t.state === 'failed', 240_000);
    });
    const form = new FormData();
    for (const [n, path] of made.pictures.slice(0, 3).entries())
      form.append('image', new Blob([readFileSync(path)], { type: 'image/jpeg' }), `part-${n}.jpg`);
    batch = (await client.call<{ batch: { id: string } }>('POST', `${at}/batches`, { form })).body.batch.id;
    const [text] = [(await get<{ text: string }>(`/products/${PRODUCT}/rules/1`)).text];
    const json = { text: text.replace('equals: 4', 'equals: 5'), why: 'a trial with five', base: 1 };
    await client.call('POST', `${at}/rules`, { json });
    const counts = () => get<{ done: number; failed: number }>(`/batches/${batch}`);
    await until(counts, (b) => b.done + b.failed === 3, 240_000);
    await Promise.all(tasks);
  }

  beforeAll(async () => {
    shop = await openShop();
    await furnish(shop);
    const all = await shop.inspections();
    const old = all.slice(3);
    const good = old.find((i) => i.verdict === 'pass')!;
    const bad = old.find((i) => i.verdict === 'reject' && ofRule(i))!;
    const odd = old.find((i) => i.verdict === 'reject' && !ofRule(i))!;
    const alarm = old.findLast((i) => i.verdict === 'reject' && ofRule(i))!;
    for (const [i, verdict] of [
      [alarm, 'ok'],
      [good, 'unknown'],
    ] as const)
      await shop.client.call('POST', `${API}/inspections/${i.id}/reviews`, {
        json: { verdict, comment: 'seen twice' },
      });
    const { violations } = await shop.get<{ violations: { fingerprint: string }[] }>(`/inspections/${bad.id}/result`);
    const normal = (page: Page): Promise<void> => page.getByRole('button', { name: '000.jpg', exact: true }).waitFor();
    places = [
      { name: 'queue', at: '/queue?review=any' },
      { name: 'queue-empty', at: `/queue?product=${EMPTY}` },
      { name: 'part-good', at: `/inspections/${good.id}` },
      { name: 'part-violated', at: `/inspections/${bad.id}?v=${violations[0]!.fingerprint}` },
      { name: 'part-detector', at: `/inspections/${odd.id}` },
      { name: 'part-offers', at: `/inspections/${alarm.id}`, act: offers },
      { name: 'part-unknown', at: '/inspections/00000000-0000-4000-8000-000000000000' },
      { name: 'batch', at: '/batch' },
      { name: 'batch-watched', at: `/batch/${batch}` },
      { name: 'trends', at: `/trends?product=${PRODUCT}` },
      { name: 'trends-empty', at: `/trends?product=${EMPTY}` },
      { name: 'products', at: '/products' },
      { name: 'product-unknown', at: '/products/nowhere' },
      { name: 'rules-empty', at: `/products/${EMPTY}/rules` },
      { name: 'draw-empty', at: `/products/${EMPTY}/draw` },
      { name: 'learn-empty', at: `/products/${EMPTY}/learn` },
      { name: 'history-empty', at: `/products/${EMPTY}/history` },
      { name: 'rules', at: `/products/${PRODUCT}/rules` },
      { name: 'yaml', at: `/products/${PRODUCT}/rules?view=yaml&line=20`, act: lint },
      { name: 'completion', at: `/products/${PRODUCT}/rules?view=yaml`, act: complete },
      { name: 'draw', at: `/products/${PRODUCT}/draw?tool=box`, act: normal },
      { name: 'name-dialog', at: `/products/${PRODUCT}/draw`, act: nameDialog },
      { name: 'learn', at: `/products/${PRODUCT}/learn` },
      { name: 'checks', at: `/products/${PRODUCT}/checks` },
      { name: 'checks-mined', at: `/products/${PRODUCT}/checks`, act: mined },
      { name: 'propose', at: `/products/${PRODUCT}/propose` },
      { name: 'history', at: `/products/${PRODUCT}/history?open=2` },
      { name: 'live-dialog', at: `/products/${PRODUCT}/history`, act: liveDialog },
      { name: 'save-dialog', at: `/products/${PRODUCT}/rules`, act: saveDialog },
      { name: 'keys-dialog', at: '/queue', act: keysDialog },
      { name: 'menu', at: '/products', act: (page) => page.locator('.menu summary').click() },
      { name: 'no-page', at: '/nowhere' },
    ];
  }, 600_000);
  afterAll(() => shop?.stop(), 60_000);

  async function offers(page: Page): Promise<void> {
    await page.locator('.offer').first().waitFor();
    await page.locator('.offer').first().getByText('What changes').click();
    await page.locator('.offers').evaluate((e) => e.scrollIntoView());
  }
  async function lint(page: Page): Promise<void> {
    await page.locator('.editor .cm-lintPoint, .editor .cm-lintRange, .editor .cm-lint-marker').first().waitFor();
  }
  async function complete(page: Page): Promise<void> {
    await page.locator('.editor .cm-line').first().click();
    await page.keyboard.press('Control+End');
    await page.keyboard.press('Enter');
    await page.keyboard.type('sc');
    await page.locator('.editor .cm-tooltip-autocomplete').waitFor();
  }
  async function mined(page: Page): Promise<void> {
    await page
      .locator('.mined')
      .first()
      .evaluate((e) => e.scrollIntoView());
  }
  async function nameDialog(page: Page): Promise<void> {
    await page.getByLabel('Draw for').selectOption('new-interest');
    await dialog(page);
  }
  async function liveDialog(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Make live …' }).first().click();
    await page.getByLabel('Why').fill('as tried');
    await page.getByRole('button', { name: 'Make live', exact: true }).click();
    await page.getByRole('button', { name: 'Make it live nevertheless' }).waitFor();
  }
  async function saveDialog(page: Page): Promise<void> {
    await page.getByLabel('equals of four-washers').fill('3');
    await page.getByLabel('equals of four-washers').press('Tab');
    await page.getByRole('button', { name: 'Check and save' }).click();
    await page.getByText(/fixes \d+, breaks \d+/).waitFor();
  }
  async function keysDialog(page: Page): Promise<void> {
    await page.keyboard.press('?');
    await dialog(page);
  }

  /** All that is loaded is there, and nothing moves. */
  async function settled(page: Page): Promise<void> {
    await page.locator('main').waitFor();
    await becomes(() => page.locator('.waiting').count(), 0);
    const loaded = '[...document.images].every((i) => i.complete || i.loading === "lazy")';
    await becomes(() => page.evaluate(loaded), true);
  }

  async function faultsOf({ axe, cramped }: Visit): Promise<string[]> {
    return [...(await axe()), ...(await cramped())];
  }

  const SIZES = {
    desk: { viewport: { width: 1280, height: 800 } },
    tablet: { viewport: { width: 1024, height: 768 }, hasTouch: true, isMobile: true },
    'tablet upright': { viewport: { width: 768, height: 1024 }, hasTouch: true, isMobile: true },
  } as const;
  const LOOKS = (['light', 'dark'] as const).flatMap((colorScheme) =>
    (['desk', 'tablet'] as const).map((size) => ({ colorScheme, size })),
  );
  it.each([
    ...LOOKS,
    { colorScheme: 'light', size: 'tablet upright' } as const,
  ])('is in order in $colorScheme on a $size, on every page and dialog', async ({ colorScheme, size }) => {
    const found: Record<string, string[]> = {};
    const look = async (name: string, on: Visit): Promise<void> => {
      await on.shot(`${name}-${size.replace(' ', '-')}-${colorScheme}`);
      const faults = await faultsOf(on);
      if (faults.length > 0) found[name] = faults;
    };
    const stranger = await visit(shop.browser, shop.serving.url, null, { colorScheme, ...SIZES[size] });
    await stranger.page.getByLabel('Token').fill(`lsd_${'0'.repeat(12)}_${'x'.repeat(32)}`);
    await stranger.page.getByRole('button', { name: 'Sign in' }).click();
    await stranger.page.getByRole('alert').waitFor();
    await look('sign-in', stranger);
    await stranger.page.context().close();
    const on = await shop.open({ colorScheme, ...SIZES[size] });
    for (const { name, at, act } of places) {
      await on.page.goto(`${shop.serving.url}/app${at}`);
      await settled(on.page);
      await act?.(on.page);
      await settled(on.page);
      await look(name, on);
      // A draft stays in the browser; the next place begins without.
      await on.page.evaluate('localStorage.clear()');
    }
    expect(found).toEqual({});
    expect(on.faults).toEqual([]);
    await on.page.context().close();
  });
});
