import { describe, expect, it } from 'vitest';
import { ENGINE, engineOf, LEARNING_TABLES } from '../../src/core/engine.ts';
import { sources } from '../support/imports.ts';

/** What a rule file says is in the digest of the rule file. */
const IN_THE_RULE_FILE = /OPTIONS$/;
/** What adapters are trained with: a profile holds the trained file's digest, whatever it was made by. */
const OF_ADAPTER_TRAINING = /^(LOSS|TRAINING)$/;

describe('the stamp of the engine', () => {
  it('changes with any number of any table', () => {
    expect(engineOf(structuredClone(LEARNING_TABLES))).toBe(ENGINE);
    const seen = new Set([ENGINE]);
    for (const [name, table] of Object.entries(LEARNING_TABLES)) {
      for (const [key, value] of Object.entries(table)) {
        const other = typeof value === 'number' ? value + 1 : [value];
        seen.add(engineOf({ ...LEARNING_TABLES, [name]: { ...table, [key]: other } }));
      }
    }
    const keys = Object.values(LEARNING_TABLES).reduce((n, t) => n + Object.keys(t).length, 0);
    expect(seen.size).toBe(keys + 1);
  });

  it('covers every table of the grounding and the detectors', () => {
    const tables = sources('src/core')
      .filter((s) => /^src\/core\/(ground|detect)\//.test(s.path))
      .flatMap((s) =>
        [...s.text.matchAll(/^export const ([A-Z][A-Z_0-9]+)\b[^=]*= \{/gm)].map((m) => ({
          name: m[1]!,
          path: s.path,
        })),
      );
    expect(tables.length).toBeGreaterThan(8);
    const missing = tables.filter(
      (t) => !(t.name in LEARNING_TABLES) && !IN_THE_RULE_FILE.test(t.name) && !OF_ADAPTER_TRAINING.test(t.name),
    );
    expect(
      missing.map((t) => `${t.path}: ${t.name} is in no stamp: add it to LEARNING_TABLES in src/core/engine.ts`),
    ).toEqual([]);
  });
});
