import { defineConfig } from 'vitest/config';
import { LONG } from './test/long.ts';

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: native inference and sharp already use both.
    maxWorkers: 2,
    pool: 'forks',
    projects: [
      { extends: true, test: { name: 'short', include: ['test/**/*.test.ts'], exclude: LONG } },
      { extends: true, test: { name: 'long', include: LONG } },
    ],
  },
});
