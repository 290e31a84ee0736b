/** The page under fingers on a tablet: taps, drags, pinches and scrolling, as Chromium makes them of touches. */
import { setTimeout as pause } from 'node:timers/promises';
import type { CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { becomes, noChromium } from '../support/browser.ts';
import { openShop, type Shop } from '../support/page.ts';
import { PRODUCT } from '../support/seed.ts';

vi.setConfig({ testTimeout: 480_000 });

const TABLET = { viewport: { width: 1024, height: 768 }, hasTouch: true, isMobile: true } as const;
type Spot = readonly [x: number, y: number];

/** Fingers are no faster: what one touch does is drawn before the next. */
const MOMENT_MS = 80;

/** Fingers go down at the first spots, along the others, and up. */
async function fingers(cdp: CDPSession, ...steps: readonly (readonly Spot[])[]): Promise<void> {
  for (const [n, spots] of steps.entries()) {
    const touchPoints = spots.map(([x, y], id) => ({ x, y, id }));
    await cdp.send('Input.dispatchTouchEvent', { type: n === 0 ? 'touchStart' : 'touchMove', touchPoints });
    await pause(MOMENT_MS);
  }
  await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await pause(MOMENT_MS);
}

/** A place in an element, given in fractions of it. */
async function within(page: Page, selector: string, x: number, y: number): Promise<Spot> {
  const box = (await page.locator(selector).boundingBox())!;
  return [box.x + x * box.width, box.y + y * box.height];
}

describe.skipIf(noChromium !== null)(noChromium ?? 'the review page under fingers', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop();
  }, 300_000);
  afterAll(() => shop?.stop(), 60_000);

  it('reviews by taps, zooms by two fingers, moves by one, and scrolls', async () => {
    const { page, faults } = await shop.open(TABLET);
    const cdp = await page.context().newCDPSession(page);
    const row = page.getByRole('listbox', { name: 'Inspections' }).getByRole('option').nth(1);
    await row.tap();
    await becomes(() => row.getAttribute('aria-selected'), 'true');
    const [, second] = await shop.inspections();
    await page.getByRole('button', { name: 'NOK', exact: true }).tap();
    await becomes(async () => (await shop.inspections())[1]!.review, 'nok');
    // The message with the way back lies over none of the answers.
    await page.locator('.message').getByRole('button', { name: 'Undo' }).tap();
    await becomes(async () => (await shop.inspections())[1]!.review, null);

    await page.goto(`${shop.serving.url}/app/inspections/${second!.id}`);
    await page.locator('[data-instance]').first().waitFor({ state: 'attached' });
    const zoom = page.getByRole('button', { name: /whole picture/ });
    const at = (x: number, y: number): Promise<Spot> => within(page, '.stage-frame', x, y);
    await fingers(
      cdp,
      [await at(0.45, 0.5), await at(0.55, 0.5)],
      [await at(0.35, 0.5), await at(0.65, 0.5)],
      [await at(0.25, 0.5), await at(0.75, 0.5)],
    );
    await expect.poll(async () => Number.parseInt(await zoom.innerText(), 10)).toBeGreaterThan(250);
    const place = (): Promise<string | null> => page.locator('.stage-layers').getAttribute('style');
    const before = await place();
    await fingers(cdp, [await at(0.5, 0.5)], [await at(0.4, 0.4)], [await at(0.3, 0.3)]);
    expect(await place()).not.toBe(before);

    await page.getByText(/All \d+ measurements/).tap();
    const words = page.locator('.inspection-words');
    const steps = [0.75, 0.7, 0.65, 0.6, 0.5, 0.4, 0.3].map(async (y) => [
      await within(page, '.inspection-words', 0.97, y),
    ]);
    await fingers(cdp, ...(await Promise.all(steps)));
    await expect.poll(() => words.evaluate((e) => e.scrollTop)).toBeGreaterThan(50);
    expect(await page.evaluate('scrollY')).toBe(0);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('draws by fingers: boxes, points, polygons; two fingers zoom and draw nothing', async () => {
    const { page, faults, shot } = await shop.open(TABLET);
    const cdp = await page.context().newCDPSession(page);
    await page.goto(`${shop.serving.url}/app/products/${PRODUCT}/draw`);
    const shapes = page.locator('.shape');
    await shapes.first().waitFor();
    const first = await shapes.count();
    const at = (x: number, y: number): Promise<Spot> => within(page, 'svg.shapes', x, y);

    await page.getByLabel('Draw for').selectOption('interest:plug');
    await page.getByRole('button', { name: 'Box', exact: true }).tap();
    await fingers(cdp, [await at(0.5, 0.5)], [await at(0.6, 0.6)], [await at(0.7, 0.7)]);
    await becomes(() => shapes.count(), first + 1);
    const text = String(await page.evaluate(`JSON.parse(localStorage.getItem('logsad:rules ${PRODUCT}')).text`));
    expect(text).toMatch(/\[0\.5\d*, 0\.5\d*, 0\.[67]\d*, 0\.[67]\d*\]/);

    await page.getByRole('button', { name: 'Point', exact: true }).tap();
    await fingers(cdp, [await at(0.5, 0.2)]);
    await becomes(() => shapes.count(), first + 2);

    await page.getByRole('button', { name: 'Polygon', exact: true }).tap();
    for (const [x, y] of [
      [0.2, 0.2],
      [0.3, 0.2],
      [0.3, 0.35],
    ] as const)
      await fingers(cdp, [await at(x, y)]);
    // Near the first corner is near enough for a finger.
    await fingers(cdp, [await at(0.215, 0.21)]);
    await becomes(() => shapes.count(), first + 3);
    await shot('draw-touch');

    await page.getByRole('button', { name: 'Box', exact: true }).tap();
    await fingers(
      cdp,
      [await at(0.45, 0.5), await at(0.55, 0.5)],
      [await at(0.35, 0.5), await at(0.65, 0.5)],
      [await at(0.3, 0.5), await at(0.7, 0.5)],
    );
    const zoom = page.getByRole('button', { name: /whole picture/ });
    await expect.poll(async () => Number.parseInt(await zoom.innerText(), 10)).toBeGreaterThan(150);
    expect(await shapes.count()).toBe(first + 3);

    await zoom.tap();
    await page.getByRole('button', { name: 'Move', exact: true }).tap();
    await fingers(cdp, [await at(0.6, 0.6)]);
    await becomes(() => page.locator('.shape.marked').count(), 1);
    await page.getByRole('button', { name: 'Remove shape' }).tap();
    await becomes(() => shapes.count(), first + 2);
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
