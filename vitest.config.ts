import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: native inference and sharp already use both.
    maxWorkers: 2,
    pool: 'forks',
  },
});
