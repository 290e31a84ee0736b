import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { productName, skeletonRules } from '../../src/app/init.ts';
import { lintRules } from '../../src/core/rules/compile.ts';
import { ROOT } from '../support/imports.ts';

describe('skeletonRules', () => {
  const uncommented = (text: string): string =>
    text.replace(/^(interests: \{\}|rules: \[\])\n/gm, '').replace(/^# (interests:|rules:| {2})/gm, '$1');

  it('lints clean as it stands and with its examples switched on, for any folder and file name', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 30 }),
        fc.string({ minLength: 1, maxLength: 20 }),
        (folder, file) => {
          const text = skeletonRules(productName(folder), `${file.replace(/[\\/\0]/g, '')}.jpg`, './rules.schema.json');
          expect(lintRules(text, 'rules.yaml')).toEqual([]);
          expect(lintRules(uncommented(text), 'rules.yaml')).toEqual([]);
        },
      ),
    );
  });

  it('really has examples to switch on', () => {
    expect(uncommented(skeletonRules('box', '0.jpg', '../rules.schema.json'))).toMatch(
      /^rules:\n {2}- \{ id: one-part/m,
    );
  });
});

describe('README', () => {
  it('shows a rule file that lints clean', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const rules = /```yaml\n([\s\S]*?)```/.exec(readme)![1]!;
    expect(lintRules(rules, 'README.md')).toEqual([]);
    expect(readme.split('\n').slice(0, 12).join('\n')).toMatch(/npm ci && npm run demo[\s\S]*npm ci && npm test/);
  });
});
