/**
 * Authoring with a recorded language model: from photographs and instructions to rules that are live and learnt, through
 * the page. The conversation is recorded once, against a server in the place of a model; the service answers from the
 * record alone.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createClient } from '../../../src/adapters/llm/client.ts';
import { recorded } from '../../../src/adapters/llm/record.ts';
import { openEngine, proposeRules } from '../../../src/index.ts';
import { llmServer } from '../../support/llmServer.ts';
import { careful } from '../../support/proposals/kit.ts';
import { KIT_INSTRUCTIONS, KIT_REPLIES, KIT_SHOWN } from '../../support/proposals/sensorKit.ts';
import { becomes, noChromium } from '../support/browser.ts';
import { API, type List, openShop, type Shop } from '../support/page.ts';
import { PRODUCT } from '../support/seed.ts';

vi.setConfig({ testTimeout: 300_000 });

const NEW = 'recorded-kit';

describe.skipIf(noChromium !== null)(noChromium ?? 'authoring on the page with a recorded language model', () => {
  const folder = mkdtempSync(join(tmpdir(), 'logsad-recorded-'));
  const record = join(folder, 'exchanges.jsonl');
  const photos = KIT_SHOWN.map((name) => ({ name, path: join(folder, name) }));
  let proposed: string;
  let shop: Shop;

  /** Photographs of the seed's product, and what a model says of them. */
  async function recordTalk(): Promise<void> {
    const spare = await openShop();
    for (const { name, path } of photos) {
      const { bytes } = await spare.client.call('GET', `${API}/products/${PRODUCT}/normals/${name}/image`);
      writeFileSync(path, bytes);
    }
    await spare.stop();
    const server = await llmServer(careful(KIT_REPLIES));
    const model = createClient({ url: server.url, model: 'careful', key: null, retries: 0 });
    const llm = recorded(model, { file: record });
    const engine = await openEngine();
    const input = { product: NEW, file: `${NEW}/rules.yaml`, instructions: KIT_INSTRUCTIONS, normals: photos, seed: 0 };
    proposed = (await proposeRules(engine, input, llm)).text;
    await llm.finish();
    await engine[Symbol.asyncDispose]();
    await server.close();
  }

  beforeAll(async () => {
    await recordTalk();
    process.env.LOGSAD_LLM_RECORD = record;
    shop = await openShop();
  }, 600_000);
  afterAll(async () => {
    delete process.env.LOGSAD_LLM_RECORD;
    await shop?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('proposes from instructions, is reloaded meanwhile, and goes live and is learnt from there', async () => {
    const { page, faults, shot } = await shop.open();
    await page.getByRole('link', { name: 'Products' }).click();
    await page.getByLabel('New product').fill('Recorded kit');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByLabel('Photographs of good parts').setInputFiles(photos.map((p) => p.path));
    await becomes(() => page.locator('.strip-item').count(), photos.length);

    await page.getByRole('link', { name: 'Propose' }).click();
    await page.getByLabel('Instructions').fill(KIT_INSTRUCTIONS);
    await page.getByRole('button', { name: 'Propose rules' }).click();
    await page.locator('.waiting, .progress-line').first().waitFor();
    await page.reload();
    expect(await page.getByLabel('Instructions').inputValue()).toBe(KIT_INSTRUCTIONS);
    await page.getByText(/\d+ rules? from careful, \d+ mined/).waitFor({ timeout: 200_000 });
    // What nobody can see on a photograph is asked back.
    await page.locator('.reason', { hasText: 'The kit was packed this week' }).waitFor();
    await page.locator('.diff .added').first().waitFor();
    await shot('proposed');
    await page.getByRole('button', { name: 'Take as draft' }).click();
    await page.getByText('Draft', { exact: true }).waitFor();

    await page.getByRole('button', { name: 'Check and save' }).click();
    await page.getByLabel('Why').fill('as the model proposes');
    await page.getByRole('button', { name: 'Save and make live' }).click();
    const insist = page.getByRole('button', { name: 'Make it live nevertheless' });
    await insist.or(page.locator('.badge.live')).first().waitFor();
    if (await insist.isVisible()) await insist.click();
    await becomes(async () => (await shop.get<{ liveRules: number | null }>(`/products/${NEW}`)).liveRules, 1);
    // To the byte what the record says: no model was asked.
    expect((await shop.get<{ text: string }>(`/products/${NEW}/rules/1`)).text).toBe(proposed);
    const { items } = await shop.get<List<{ id: string; kind: string }>>(`/products/${NEW}/tasks`);
    const { result } = await shop.get<{ result: { llm: { asked: number; exchanges: number } } }>(
      `/tasks/${items[0]!.id}`,
    );
    expect(result.llm).toMatchObject({ model: 'careful', asked: 0 });
    expect(result.llm.exchanges).toBeGreaterThan(2);

    await page.getByRole('link', { name: 'Learning' }).click();
    await page.getByRole('button', { name: /Learn with version 1/ }).click();
    await page.locator('.badge.ready', { hasText: 'in use' }).waitFor({ timeout: 200_000 });
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
