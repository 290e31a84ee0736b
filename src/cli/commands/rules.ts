/** The rule file as code. */
import type { CommandGroup } from '../command.ts';
import { accept } from './rules/accept.ts';
import { diff } from './rules/diff.ts';
import { explain } from './rules/explain.ts';
import { lint } from './rules/lint.ts';
import { mutate } from './rules/mutate.ts';
import { test } from './rules/test.ts';
import { vet } from './rules/vet.ts';

export const rules: CommandGroup = {
  name: 'rules',
  summary: 'check, explain, test, vet, compare and accept rule files',
  commands: [lint, explain, test, vet, mutate, diff, accept],
};
