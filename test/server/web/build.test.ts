/** The bundle of the page: complete, small where everybody waits for it, nothing from elsewhere. */
import { beforeAll, expect, it } from 'vitest';
import { type BuiltPage, buildPage } from '../../../scripts/buildPage.ts';

/** Bytes after gzip. */
const FIRST_LOAD = 60_000;

let page: BuiltPage;
const text = (name: string): string => new TextDecoder().decode(page.files.get(name));
beforeAll(async () => {
  page = await buildPage();
});

it('loads little before the first page is seen; the editor comes when rules are edited', () => {
  expect(page.firstLoad).toBeLessThan(FIRST_LOAD);
  const editor = Object.keys(page.sizes).find((n) => n.startsWith('assets/Editor-'))!;
  expect(page.sizes[editor]).toBeGreaterThan(FIRST_LOAD);
  expect(text('index.html')).not.toContain(editor);
});

it('names only files that it holds, and nothing from elsewhere', () => {
  const html = text('index.html');
  const named = [...html.matchAll(/(?:href|src)="\/(assets\/[^"]+)"/g)].map((m) => m[1]!);
  expect(named.length).toBeGreaterThan(2);
  for (const name of named) expect([...page.files.keys()]).toContain(name);
  expect(html).not.toMatch(/(?:href|src)="(?:https?:)?\/\//);
  for (const name of [...page.files.keys()].filter((n) => n.endsWith('.css')))
    expect(text(name)).not.toMatch(/@import|url\(["']?(?:https?:)?\/\//);
});

it('is allowed by the content security policy: no inline scripts or styles', () => {
  const html = text('index.html');
  expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/);
});
