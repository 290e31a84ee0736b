/**
 * Reviews that become better rules, on the page: an offer of every kind is looked at and accepted by an engineer, those
 * that learn anew too, and what was begun goes on after a reload.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { becomes, noChromium, type Visit, visit } from '../support/browser.ts';
import { API, type Item, ofRule, openShop, type Shop } from '../support/page.ts';
import { PRODUCT } from '../support/seed.ts';

vi.setConfig({ testTimeout: 900_000 });
/** Milliseconds within which a profile is learnt, on a busy machine. */
const LEARNT = 300_000;

type Kind = 'widen' | 'warn' | 'tighten' | 'add-rule' | 'take-back' | 'ignore' | 'variant' | 'add-normal';

describe.skipIf(noChromium !== null)(noChromium ?? 'offers on the review page', () => {
  let shop: Shop;
  let parts: Readonly<Record<'washers' | 'colours' | 'scratch' | 'sound', Item>>;
  const tokens: Record<string, string> = {};
  const signedIn = (role: string): Promise<Visit> => visit(shop.browser, shop.serving.url, tokens[role]!);
  const product = () => shop.get<{ liveRules: number; readyProfile: number; normals: number }>(`/products/${PRODUCT}`);
  const liveText = async (): Promise<string> =>
    (await shop.get<{ text: string }>(`/products/${PRODUCT}/rules/${(await product()).liveRules}`)).text;

  /** Makes a text live without the page. */
  async function makeLive(text: string): Promise<void> {
    const at = `${API}/products/${PRODUCT}/rules`;
    const base = (await shop.get<{ items: { version: number }[] }>(`/products/${PRODUCT}/rules`)).items[0]!.version;
    const saved = await shop.client.call<{ version: number }>('POST', at, { json: { text, why: 'set up', base } });
    await shop.client.call('POST', `${at}/${saved.body.version}/accept`, { json: { why: 'set up', force: true } });
  }

  beforeAll(async () => {
    shop = await openShop();
    for (const role of ['reviewer', 'engineer']) {
      const json = { name: `an ${role}`, role };
      tokens[role] = (await shop.client.call<{ secret: string }>('POST', `${API}/tokens`, { json })).body.secret;
    }
    const all = await shop.inspections();
    const rejected = all.filter((i) => i.verdict === 'reject');
    const by = (rule: string): Item => rejected.find((i) => i.cause?.startsWith(`${rule}: `))!;
    const sound = all.filter((i) => i.verdict === 'pass');
    // Of two sound parts, the one whose review as a miss has an answer.
    const answers = await Promise.all(
      sound.map((i) => shop.get<{ items: { kind: string }[] }>(`/inspections/${i.id}/offers?as=nok`)),
    );
    const far = sound[answers.findIndex((a) => a.items.some((o) => o.kind === 'tighten'))]!;
    const scratch = rejected.find((i) => !ofRule(i))!;
    parts = { washers: by('four-washers'), colours: by('cap-fits-plug'), scratch, sound: far };
  }, 300_000);
  afterAll(() => shop?.stop(), 60_000);

  /** Says OK or NOK of a part with its key, and waits for the answer. */
  async function answer(page: Page, part: Item, key: 'o' | 'n', heading: RegExp): Promise<void> {
    await page.goto(`${shop.serving.url}/app/inspections/${part.id}`);
    await page.getByText(/All \d+ measurements/).waitFor();
    await page.keyboard.press(key);
    await page.getByRole('heading', { name: heading }).waitFor();
  }
  const offer = (page: Page, kind: Kind) => page.locator(`.offer[data-kind="${kind}"]`).first();

  /** Accepts an offer with a reason of its own and says what the live rules are then. */
  async function accept(page: Page, kind: Kind, edits = true): Promise<string> {
    const before = await product();
    const card = offer(page, kind);
    const why = `${kind}, as the line says`;
    await card.getByLabel('Reason').fill(why);
    await card.getByRole('button', { name: 'Accept' }).click();
    if (!edits) return '';
    // No edit was vetted.
    await card.getByRole('button', { name: 'Make it live nevertheless' }).click({ timeout: LEARNT });
    await becomes(async () => (await product()).liveRules > before.liveRules, true, LEARNT);
    const { liveRules } = await product();
    const saved = await shop.get<{ why: string; author: string }>(`/products/${PRODUCT}/rules/${liveRules}`);
    expect(saved).toMatchObject({ why, author: 'an engineer' });
    return liveText();
  }

  it('shows a reviewer what an engineer may accept', async () => {
    const { page, faults } = await signedIn('reviewer');
    await answer(page, parts.washers, 'o', /A false alarm/);
    await offer(page, 'widen').getByText('An engineer may accept this.').waitFor();
    expect(await page.getByRole('button', { name: 'Accept' }).count()).toBe(0);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('widens, tightens, adds what mining found, warns, and takes back; a version of before goes live again', async () => {
    const { page, faults, shot } = await signedIn('engineer');
    const first = await liveText();
    const line = (text: string, id: string): string => text.split('\n').find((l) => l.includes(`id: ${id},`))!;

    await answer(page, parts.washers, 'o', /A false alarm/);
    const widen = offer(page, 'widen');
    await widen.getByText('What changes').click();
    await widen.locator('.diff .added mark').waitFor();
    await expect(widen.locator('.replay').innerText()).resolves.toMatch(/^fixes 1, breaks 0/);
    await shot('offer-widen');
    // Half-written reasons come back.
    await widen.getByLabel('Reason').fill('three will do');
    await page.reload();
    await becomes(() => widen.getByLabel('Reason').inputValue(), 'three will do');
    expect(line(await accept(page, 'widen'), 'four-washers')).not.toBe(line(first, 'four-washers'));

    await answer(page, parts.colours, 'o', /A false alarm/);
    expect(line(await accept(page, 'warn'), 'cap-fits-plug')).toContain('severity: warn');

    await answer(page, parts.sound, 'n', /A miss/);
    expect(line(await accept(page, 'tighten'), 'fill-level')).toMatch(/tolerance: 0\.\d+/);

    await page.goto(`${shop.serving.url}/app/products/${PRODUCT}/history`);
    await page.getByText('warn, as the line says').waitFor();
    await page.getByRole('button', { name: 'Make live …' }).last().click();
    await page.getByLabel('Why').fill('as it was at first');
    await page.getByRole('button', { name: 'Make live', exact: true }).click();
    await page.getByRole('button', { name: 'Make it live nevertheless' }).click();
    await becomes(liveText, first);

    const loose = first
      .replace(/^.*id: four-washers,.*\n/m, '')
      .replace(/(id: fill-level,.*?) because/, '$1 tolerance: 3, because');
    await makeLive(loose);
    await answer(page, parts.washers, 'n', /A miss/);
    await shot('offers-miss');
    expect(await accept(page, 'add-rule')).toMatch(/washer[^\n]*\n?/);
    expect((await liveText()).split('\n').length).toBeGreaterThan(loose.split('\n').length);
    await page.getByRole('heading', { name: /A bad part, caught/ }).waitFor();
    expect(line(await accept(page, 'take-back'), 'fill-level')).not.toContain('tolerance');
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('ignores a place, makes a variant and a normal, and learns each; what a reload interrupts goes on', async () => {
    const { page, faults, shot } = await signedIn('engineer');
    await makeLive((await shop.get<{ text: string }>(`/products/${PRODUCT}/rules/1`)).text);
    const before = await product();

    await answer(page, parts.scratch, 'o', /A false alarm/);
    expect(await accept(page, 'ignore')).toMatch(/^ignore:\n\s+- \{ box: \[/m);
    await becomes(async () => (await product()).readyProfile, before.readyProfile + 1, LEARNT);

    await answer(page, parts.colours, 'o', /A false alarm/);
    const variant = offer(page, 'variant');
    await variant.getByLabel('Reason').fill('sold as a pair from now on');
    await variant.getByRole('button', { name: 'Accept' }).click();
    await variant.getByText(/Learning/).waitFor();
    await shot('offer-learning');
    await page.reload();
    await variant.getByText(/Learning/).waitFor();
    await variant.getByRole('button', { name: 'Make it live nevertheless' }).click({ timeout: LEARNT });
    await becomes(async () => (await product()).readyProfile, before.readyProfile + 2, LEARNT);
    await becomes(liveText, expect.stringMatching(/^variants: /m), LEARNT);
    expect((await product()).normals).toBe(before.normals + 1);

    await answer(page, parts.washers, 'o', /A false alarm/);
    await accept(page, 'add-normal', false);
    await becomes(async () => (await product()).readyProfile, before.readyProfile + 3, LEARNT);
    expect((await product()).normals).toBe(before.normals + 2);
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
