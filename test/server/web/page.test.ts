/**
 * The review page as people use it: a real service with the real models behind a headless Chromium. LOGSAD_SHOTS=FOLDER
 * keeps pictures of the walk.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Serving } from '../../../server/main.ts';
import { becomes, noChromium, openBrowser, type Visit, visit } from '../support/browser.ts';
import { Client } from '../support/client.ts';
import { PRODUCT, restored, type Seed, seed, start } from '../support/seed.ts';

// Machines that run other things beside are slow; nothing here waits longer than it must.
vi.setConfig({ testTimeout: 240_000 });

const API = '/api/v1';
interface Item {
  readonly id: string;
  readonly name: string;
  readonly verdict: string;
  readonly review: string | null;
  /** Null where a detector alone rejects. */
  readonly cause: string | null;
}
interface List<T> {
  readonly items: readonly T[];
}

describe.skipIf(noChromium !== null)(noChromium ?? 'the review page', () => {
  let made: Seed;
  let place: Awaited<ReturnType<typeof restored>>;
  let serving: Serving;
  let client: Client;
  let browser: Browser;
  let folder: string;
  const get = async <T>(path: string): Promise<T> => (await client.call<T>('GET', `${API}${path}`)).body;
  const open = (options?: Parameters<typeof visit>[3]): Promise<Visit> =>
    visit(browser, serving.url, made.adminToken, options);
  const inspections = async (query = ''): Promise<readonly Item[]> =>
    (await get<List<Item>>(`/inspections?product=${PRODUCT}${query}`)).items;

  beforeAll(async () => {
    made = await seed();
    place = await restored();
    serving = await start({ ...place });
    client = new Client(serving.url, made.adminToken);
    browser = await openBrowser();
    folder = mkdtempSync(join(tmpdir(), 'logsad-page-'));
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await serving?.stop();
    place?.dispose();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('lets nobody in without a token, and says what is wrong with a bad one', async () => {
    const { page, faults } = await visit(browser, serving.url, null);
    await page.getByLabel('Token').fill(`lsd_${'0'.repeat(12)}_${'x'.repeat(32)}`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert').innerText()).resolves.toMatch(/AUTH_REQUIRED/);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('is reviewed by keyboard: next, OK, NOK, don’t know, undo, and back after a reload', async () => {
    const { page, faults, shot } = await open();
    const list = page.getByRole('listbox', { name: 'Inspections' });
    await list.getByRole('option').first().waitFor();
    const all = await inspections();
    expect(await list.getByRole('option').count()).toBe(all.length);
    const chosen = (): Promise<string> => page.getByRole('option', { selected: true }).locator('.row-name').innerText();
    expect(await chosen()).toBe(all[0]!.name);
    await page.keyboard.press('j');
    await becomes(chosen, all[1]!.name);
    await page.keyboard.press('k');
    await becomes(chosen, all[0]!.name);
    for (const key of ['o', 'n', 'd']) await page.keyboard.press(key);
    const reviews = async (): Promise<(string | null)[]> => (await inspections()).map((i) => i.review);
    await becomes(async () => (await reviews()).slice(0, 3), ['ok', 'nok', 'unknown']);
    await becomes(chosen, all[3]!.name);
    await shot('queue');
    // The selection is in the address; what can be taken back is kept for the session.
    await page.reload();
    await becomes(chosen, all[3]!.name);
    for (let n = 0; n < 3; n++) await page.keyboard.press('u');
    await becomes(
      reviews,
      all.map(() => null),
    );
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).getByText('take the last review back').waitFor();
    await page.keyboard.press('Escape');
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('shows what is wrong, where, against which normals, and the line that says so', async () => {
    const { page, faults, shot } = await open();
    const bad = (await inspections('&verdict=reject')).find((i) => !i.cause?.startsWith('patch: '))!;
    await page.goto(`${serving.url}/app/inspections/${bad.id}`);
    const result = await get<{ violations: { rule: string; line: number }[]; maps: string[] }>(
      `/inspections/${bad.id}/result`,
    );
    const [first] = result.violations;
    expect(first).toBeDefined();
    await page.locator('.violations li').first().waitFor();
    await page.locator('[data-instance]').first().waitFor({ state: 'attached' });
    const outlines = await page.locator('[data-instance]').count();
    await page.locator('.interests input:checked').first().uncheck();
    expect(await page.locator('[data-instance]').count()).toBeLessThan(outlines);
    await page.getByLabel('Map').selectOption(result.maps[0]!);
    await page.getByRole('img', { name: `Map of ${result.maps[0]}` }).waitFor();
    await page.getByLabel('Opacity').press('Home');
    expect(await page.evaluate('getComputedStyle(document.querySelector("canvas.heat")).opacity')).toBe('0');
    // Choosing a violation looks at its place in the picture.
    const zoom = page.getByRole('button', { name: /whole picture/ });
    await page.locator('.violations button').first().click();
    await expect.poll(() => page.locator('.violations .chosen').count()).toBe(1);
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await expect.poll(() => zoom.innerText()).not.toBe('100 %');
    await zoom.click();
    await becomes(() => zoom.innerText(), '100 %');
    await shot('inspection');
    await page.getByRole('link', { name: `${first!.rule} · line ${first!.line}` }).click();
    const line = page.locator('.editor .cm-activeLine');
    await expect.poll(() => line.innerText()).toContain(first!.rule);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('turns a review into a better rule file: offers, diff, replay, acceptance, history', async () => {
    const { page, faults, shot } = await open();
    const bad = (await inspections('&verdict=reject')).find((i) => !i.cause?.startsWith('patch: '))!;
    const { liveRules } = await get<{ liveRules: number }>(`/products/${PRODUCT}`);
    await page.goto(`${serving.url}/app/inspections/${bad.id}`);
    await page.locator('.violations li').first().waitFor();
    await page.keyboard.press('o');
    await page.getByRole('heading', { name: /A false alarm/ }).waitFor();
    const offers = page.locator('.offer');
    await offers.first().waitFor();
    const replayed = offers
      .filter({ hasText: /fixes \d+, breaks \d+/ })
      .filter({ hasNotText: 'learns anew' })
      .first();
    await replayed.getByText('What changes').click();
    await replayed.locator('.diff .added').first().waitFor();
    await shot('offers');
    await replayed.getByLabel('Reason').fill('this part is as it should be');
    await replayed.getByRole('button', { name: 'Accept' }).click();
    await becomes(async () => (await get<{ liveRules: number }>(`/products/${PRODUCT}`)).liveRules, liveRules + 1);
    await page.goto(`${serving.url}/app/products/${PRODUCT}/history`);
    await page.getByText('this part is as it should be').waitFor();
    await page.getByRole('button', { name: 'What changed' }).first().click();
    await page.locator('.diff .added').first().waitFor();
    await page.getByText(/Of the newest \d+ stored parts/).waitFor();
    await shot('history');
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('edits rules in the table and as YAML, keeps the draft over a reload, and replays it before it is saved', async () => {
    const { page, faults, shot } = await open();
    await page.goto(`${serving.url}/app/products/${PRODUCT}/rules`);
    await page.getByLabel('What four-screws stands for').fill('Four screws, always.');
    await page.getByLabel('equals of four-screws').fill('5');
    await page.getByLabel('equals of four-screws').press('Tab');
    await page.getByText('Draft', { exact: true }).waitFor();
    await shot('rules-table');
    await page.reload();
    expect(await page.getByLabel('equals of four-screws').inputValue()).toBe('5');
    await page.getByRole('button', { name: 'YAML' }).click();
    const editor = page.locator('.editor .cm-content');
    await editor.waitFor();
    // A word that the language does not know is told at once, and completion knows the ones it does.
    await page.locator('.editor .cm-line').first().click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.insertText('nonsense: 1\n');
    await page.getByRole('button', { name: /1 error.*line 1/ }).waitFor();
    await page.keyboard.press('Control+z');
    await page.getByRole('button', { name: /1 error/ }).waitFor({ state: 'detached' });
    await page.keyboard.press('Control+End');
    await page.keyboard.press('Enter');
    await page.keyboard.type('scor');
    await page.locator('.editor .cm-tooltip-autocomplete').getByText('scoring').waitFor();
    // CodeMirror takes no Enter within 75 ms of showing a list: it may have been meant for the text.
    await page.waitForTimeout(300);
    await page.keyboard.press('Enter');
    await page.keyboard.type('graded');
    await shot('rules-yaml');
    await page.getByRole('button', { name: 'Check and save' }).click();
    const dialog = page.getByRole('dialog', { name: 'Save rules' });
    await dialog.getByText(/fixes \d+, breaks \d+/).waitFor();
    await shot('save');
    await dialog.getByLabel('Why').fill('five from now on');
    await dialog.getByRole('button', { name: 'Save only' }).click();
    await dialog.waitFor({ state: 'detached' });
    const { items } = await get<List<{ version: number; why: string; state: string }>>(`/products/${PRODUCT}/rules`);
    expect(items[0]).toMatchObject({ why: 'five from now on', state: 'draft' });
    const { text } = await get<{ text: string }>(`/products/${PRODUCT}/rules/${items[0]!.version}`);
    expect(text).toMatch(/equals: 5/);
    expect(text).toMatch(/# What a kit must be/);
    expect(text).toMatch(/scoring: graded/);
    // Nothing else moved.
    const before = await get<{ text: string }>(`/products/${PRODUCT}/rules/1`);
    expect(text.split('\n').length - before.text.split('\n').length).toBeLessThan(4);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('brings up a new product: photographs, drawing, rules, learning, a batch with live progress', async () => {
    const { page, faults, shot } = await open();
    const normals = (await get<List<{ name: string; purpose: string }>>(`/products/${PRODUCT}/normals`)).items;
    const photos: string[] = [];
    for (const { name } of normals.filter((n) => n.purpose === 'normal').slice(0, 4)) {
      const { bytes } = await client.call('GET', `${API}/products/${PRODUCT}/normals/${name}/image`);
      photos.push(join(folder, name));
      writeFileSync(photos.at(-1)!, bytes);
    }
    await page.getByRole('link', { name: 'Products' }).click();
    await page.getByLabel('New product').fill('Walked kit');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByLabel('Photographs of good parts').setInputFiles(photos);
    await becomes(() => page.locator('.strip-item').count(), photos.length);

    const name = async (what: string, form: string): Promise<void> => {
      await page.getByLabel('Draw for').selectOption('new-interest');
      const dialog = page.getByRole('dialog', { name: 'New interest' });
      await dialog.getByLabel('Name').fill(what);
      await dialog.getByLabel('It is').selectOption(form);
      await dialog.getByRole('button', { name: 'Create' }).click();
    };
    const at = async (x: number, y: number): Promise<[number, number]> => {
      const box = (await page.locator('svg.shapes').boundingBox())!;
      return [box.x + x * box.width, box.y + y * box.height];
    };
    const drag = async (x0: number, y0: number, x1: number, y1: number): Promise<void> => {
      await page.mouse.move(...(await at(x0, y0)));
      await page.mouse.down();
      await page.mouse.move(...(await at(x1, y1)), { steps: 4 });
      await page.mouse.up();
    };
    await name('bench', 'stuff');
    await page.getByRole('button', { name: 'Point' }).click();
    for (const [x, y] of [
      [0.025, 0.3],
      [0.02, 0.8],
      [0.5, 0.015],
      [0.98, 0.5],
      [0.5, 0.98],
    ] as const)
      await page.mouse.click(...(await at(x, y)));
    await name('plug', 'thing');
    await page.getByRole('button', { name: 'Box' }).click();
    await drag(0.575, 0.163, 0.727, 0.31);
    await page.getByLabel('Draw for').selectOption('ignore');
    await page.getByRole('button', { name: 'Polygon' }).click();
    for (const [x, y] of [
      [0.0, 0.0],
      [0.02, 0.0],
      [0.02, 0.03],
      [0.0, 0.0],
    ] as const)
      await page.mouse.click(...(await at(x, y)));
    await becomes(() => page.locator('.shape').count(), 7);
    await shot('draw');

    await page.getByRole('link', { name: 'Rules' }).click();
    await page.getByRole('button', { name: 'YAML' }).click();
    const drawn = await page.evaluate('JSON.parse(localStorage.getItem("logsad:rules walked-kit")).text');
    expect(drawn).toMatch(/boxes: \[\[0\.57\d*, 0\.16\d*, 0\.72\d*, 0\.3\d*\]\]/);
    await page.locator('.editor .cm-content').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(
      String(drawn).replace(
        'rules: []',
        'rules:\n  - { id: one-plug, kind: count, of: plug, equals: 1, because: One plug. }',
      ),
    );
    await page.getByRole('button', { name: 'Check and save' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Why').fill('drawn by hand');
    await dialog.getByRole('button', { name: 'Save and make live' }).click();
    await page
      .getByRole('button', { name: /nevertheless/ })
      .or(page.locator('.badge.live'))
      .first()
      .waitFor();
    if (await page.getByRole('button', { name: /nevertheless/ }).isVisible())
      await page.getByRole('button', { name: /nevertheless/ }).click();
    await becomes(async () => (await get<{ liveRules: number | null }>('/products/walked-kit')).liveRules, 1);

    await page.getByRole('link', { name: 'Learning' }).click();
    await page.getByRole('button', { name: /Learn with version 1/ }).click();
    await page.locator('.badge.ready', { hasText: 'in use' }).waitFor({ timeout: 120_000 });
    await shot('learnt');

    await page.getByRole('link', { name: 'Batch' }).click();
    await page.getByLabel('Product').selectOption('walked-kit');
    const sent = made.pictures
      .slice(0, 3)
      .map((p, n) => ({ name: `part-${n}.jpg`, mimeType: 'image/jpeg', buffer: readFileSync(p) }));
    await page.getByLabel('Photographs', { exact: true }).setInputFiles(sent);
    await page.getByRole('heading', { name: 'Batch of 3 pictures' }).waitFor();
    await becomes(() => page.locator('.thumb-card .badge:is(.pass, .reject, .review)').count(), 3);
    await shot('batch');
    await page.getByRole('link', { name: 'Review these' }).click();
    await page.getByRole('listbox', { name: 'Inspections' }).getByRole('option').first().waitFor();
    await page.keyboard.press('n');
    await becomes(
      async () => (await get<List<Item>>('/inspections?product=walked-kit')).items.map((i) => i.review),
      ['nok', null, null],
    );
    await page.getByRole('link', { name: 'Trends' }).click();
    await page.getByRole('heading', { name: 'Rules that fire' }).waitFor();
    await shot('trends');
    expect(faults).toEqual([]);
    await page.context().close();
  });

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    it('has nothing that axe calls serious, on no page', async () => {
      const { page, axe, shot } = await open({ colorScheme, viewport: { width: 1024, height: 768 }, hasTouch: true });
      const [bad] = await inspections('&verdict=reject');
      const places = {
        queue: '/queue?review=any',
        inspection: `/inspections/${bad!.id}`,
        batch: '/batch',
        trends: '/trends',
        products: '/products',
        table: `/products/${PRODUCT}/rules`,
        yaml: `/products/${PRODUCT}/rules?view=yaml`,
        draw: `/products/${PRODUCT}/draw`,
        learn: `/products/${PRODUCT}/learn`,
        checks: `/products/${PRODUCT}/checks`,
        propose: `/products/${PRODUCT}/propose`,
        history: `/products/${PRODUCT}/history`,
      };
      const found: Record<string, string[]> = {};
      for (const [place, path] of Object.entries(places)) {
        await page.goto(`${serving.url}/app${path}`);
        await page.waitForLoadState('load');
        await expect.poll(() => page.locator('main').count()).toBe(1);
        await becomes(() => page.locator('.waiting').count(), 0);
        // Wider than the window is wrong on a tablet.
        const wide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
        const faults = [...(await axe()), ...(wide ? ['wider than the window'] : [])];
        if (faults.length > 0) found[place] = faults;
        await shot(`${place}-${colorScheme}-tablet`);
      }
      expect(found).toEqual({});
      await page.context().close();
    });
  });

  it('scrolls through 50,000 inspections with few rows in the page', async () => {
    await serving.service.sql.query(
      `INSERT INTO inspections (id, product, name, image, state, rules_version, profile_version, author)
       SELECT gen_random_uuid(), product, 'many-' || n, image, 'done', 1, 1, 'test'
       FROM (SELECT product, image FROM inspections WHERE product = $1 LIMIT 1) one, generate_series(1, 50000) n`,
      [PRODUCT],
    );
    const { page, faults } = await open();
    await page.goto(`${serving.url}/app/queue?product=${PRODUCT}&review=any`);
    const list = page.getByRole('listbox', { name: 'Inspections' });
    await list.getByRole('option').first().waitFor();
    for (let n = 0; n < 6; n++) {
      await page.evaluate('{ const e = document.querySelector(".list"); e.scrollTop = e.scrollHeight; }');
      await expect
        .poll(() => page.evaluate('document.querySelector(".list-whole").clientHeight / 68'))
        .toBeGreaterThan(100 * (n + 1));
    }
    expect(await list.getByRole('option').count()).toBeLessThan(60);
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
