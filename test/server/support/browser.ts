/** The review page in a headless Chromium: Debian's package, driven by playwright-core, which brings no browser. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { CHROMIUM } from '../../support/chromium.ts';

/** Why suites of the page are skipped, or null. */
export const noChromium: string | null =
  CHROMIUM === null ? 'the review page (skipped: no Chromium; apt-get install chromium, or set LOGSAD_CHROMIUM)' : null;

/** Where pictures of the walk are kept, if anywhere. */
const SHOTS = process.env.LOGSAD_SHOTS ?? null;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface Visit {
  readonly page: Page;
  /** Faults that the browser told: exceptions and breaches of the content security policy. */
  readonly faults: string[];
  /** Keeps a picture where LOGSAD_SHOTS names a folder. */
  shot(name: string): Promise<void>;
  /** Serious and critical findings of axe, as `rule: target`. */
  axe(): Promise<string[]>;
  /** What does not fit: a page wider than the window, and for fingers controls of less than 40 pixels. */
  cramped(): Promise<string[]>;
}

/** In the page. Links within a sentence are as high as its line; what a label holds is as large as the label. */
const CRAMPED = `(() => {
  const found = document.documentElement.scrollWidth > innerWidth ? ['wider than the window'] : [];
  if (!matchMedia('(pointer: coarse)').matches) return found;
  const controls = 'button, a.button, nav a, select, summary, input, textarea';
  for (const e of document.querySelectorAll(controls)) {
    if (!e.checkVisibility({ visibilityProperty: true }) || e.matches('.unseen, :disabled, details:not([open]) > :not(summary) *')) continue;
    const box = (e.closest('label:has(input[type=checkbox])') ?? e).getBoundingClientRect();
    if (box.width === 0 || box.height === 0 || (box.height >= 40 && box.width >= 40)) continue;
    found.push(\`\${Math.round(box.width)} x \${Math.round(box.height)}: \${e.tagName.toLowerCase()} \${e.getAttribute('aria-label') ?? e.textContent.trim().slice(0, 40)}\`);
  }
  return found;
})()`;

/** A new window on the page, signed in through its form unless `token` is null. */
export async function visit(
  browser: Browser,
  url: string,
  token: string | null,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (m) => {
    // Without a place in a file it is Chromium's own: `insertText` styles what it puts into an editor.
    const ours = m.location().lineNumber > 0;
    if (ours && /Content Security Policy|Refused to/.test(m.text())) faults.push(m.text());
  });
  await page.goto(`${url}/`);
  if (token !== null) {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  }
  return {
    page,
    faults,
    shot: async (name) => {
      if (SHOTS === null) return;
      mkdirSync(SHOTS, { recursive: true });
      await page.screenshot({ path: join(SHOTS, `${name}.png`) });
    },
    axe: async () => {
      await page.evaluate(AXE);
      const found = (await page.evaluate('axe.run().then((r) => r.violations)')) as AxeFinding[];
      return found
        .filter((v) => v.impact === 'serious' || v.impact === 'critical')
        .flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}`));
    },
    cramped: async () => (await page.evaluate(CRAMPED)) as string[],
  };
}

interface AxeFinding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}

/** Waits until `read` gives `value`; what learns needs longer. */
export const becomes = <T>(read: () => Promise<T>, value: T, timeout = 60_000): Promise<void> =>
  expect.poll(read, { timeout, interval: 150 }).toEqual(value);
