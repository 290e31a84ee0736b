/**
 * Lists, schema and documents agree with the code. `UPDATE=1 npx vitest run test/completeness.test.ts` (npm run docs)
 * rewrites the generated files instead of comparing them.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apiMarkdown } from '../server/http/reference.ts';
import { ENDPOINTS } from '../server/http/routes/index.ts';
import { CATALOGUE, type ErrorEntry } from '../src/core/errors.ts';
import { errorsMarkdown, rulesMarkdown, rulesSchema } from '../src/core/rules/docs.ts';
import { exampleFile, runExample } from '../src/core/rules/examples.ts';
import { KINDS, kindOf, lintRules } from '../src/core/rules/index.ts';

const ROOT = join(import.meta.dirname, '..');

describe('generated files', () => {
  it.each([
    ['docs/rules.md', rulesMarkdown],
    ['docs/errors.md', errorsMarkdown],
    ['docs/http-api.md', () => apiMarkdown(ENDPOINTS)],
    ['rules/rules.schema.json', rulesSchema],
  ] as const)('%s is what the code says', (path, make) => {
    const file = join(ROOT, path);
    if (process.env.UPDATE === '1') writeFileSync(file, make());
    expect(existsSync(file), `${path} is missing; write it with: npm run docs`).toBe(true);
    expect(readFileSync(file, 'utf8'), `${path} is stale; rewrite it with: npm run docs`).toBe(make());
  });

  it('rules.schema.json is JSON with a definition per kind', () => {
    const schema = JSON.parse(rulesSchema()) as { $defs: Record<string, unknown> };
    for (const k of KINDS) expect(Object.keys(schema.$defs)).toContain(k.kind);
  });
});

describe('rule kinds', () => {
  it('every file of kinds/ is in the list, and nothing else', () => {
    const files = readdirSync(join(ROOT, 'src/core/rules/kinds'))
      .filter((f) => f !== 'index.ts')
      .map((f) => f.replace('.ts', ''));
    for (const f of files) expect(kindOf(f), `kinds/${f}.ts exists but is not in kinds/index.ts: add it`).toBeDefined();
    expect(KINDS.map((k) => k.kind).sort()).toEqual(files.sort());
  });

  it.each(
    KINDS.map((k) => [k.kind, k] as const),
  )('%s has passing and failing examples, and they do as they say', (_, kind) => {
    expect(kind.examples.some((e) => e.violated)).toBe(true);
    expect(kind.examples.some((e) => !e.violated)).toBe(true);
    for (const example of kind.examples) {
      const outcome = runExample(kind.kind, example);
      expect(outcome.violations.length > 0, `${kind.kind}: ${example.note}`).toBe(example.violated);
      expect(outcome.unit > 1).toBe(example.violated);
      for (const v of outcome.violations) {
        expect(v.message.length).toBeGreaterThan(8);
        expect(v.message).not.toMatch(/undefined|NaN|null|Infinity/);
      }
    }
  });

  it.each(KINDS.map((k) => [k.kind, k] as const))('%s refuses a setting it does not know', (_, kind) => {
    const example = kind.examples[0]!;
    const text = exampleFile(kind.kind, { ...example, rule: { ...example.rule, bogusSetting: 1 } });
    const faults = lintRules(text, 'x.yaml').filter((f) => f.severity === 'error');
    expect(faults.map((f) => f.code)).toEqual(['UNKNOWN_KEY']);
    expect(text.split('\n')[faults[0]!.line - 1]!.slice(faults[0]!.col - 1)).toMatch(/^bogusSetting/);
  });

  it.each(
    KINDS.map((k) => [k.kind, k] as const),
  )('%s explains itself without numbers and says what it measures', (_, kind) => {
    expect(kind.summary.endsWith('.')).toBe(true);
    for (const [key, s] of Object.entries(kind.params.properties)) {
      expect(
        (s as { description?: string; type?: string }).description ?? (s as { type?: string }).type ?? 'union',
        `${kind.kind}.${key}`,
      ).toBeTruthy();
    }
  });
});

describe('error catalogue', () => {
  it.each(
    Object.entries(CATALOGUE as Readonly<Record<string, ErrorEntry>>),
  )('%s has a sentence, an exit and a fix', (code, e) => {
    expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/);
    expect([2, 3]).toContain(e.exit);
    expect(e.http).toBeGreaterThanOrEqual(400);
    expect(e.when).toMatch(/\.$/);
    const params = new Proxy({}, { get: () => ['something'] }) as Readonly<Record<string, string[]>>;
    expect(e.message(params)).toMatch(/\w+/);
    expect(e.fix(params)).toMatch(/\w+/);
    expect(`${e.message(params)} ${e.fix(params)}`).not.toMatch(/undefined|\[object/);
  });
});
