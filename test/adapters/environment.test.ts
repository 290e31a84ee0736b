import { expect, it } from 'vitest';
import { environmentFacts } from '../../src/adapters/environment.ts';

it('states versions and machine', () => {
  const facts = environmentFacts();
  for (const version of Object.values(facts.packages)) expect(version).toMatch(/^\d+\.\d+\.\d+/);
  expect(facts.node).toBe(process.version);
  expect(facts.cpu.usable).toBeGreaterThan(0);
  expect(facts.memoryMb.total).toBeGreaterThanOrEqual(facts.memoryMb.free);
});
