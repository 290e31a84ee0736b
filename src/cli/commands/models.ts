/** What can see: listed, brought, checked. */
import type { CommandGroup } from '../command.ts';
import { list } from './models/list.ts';
import { pull } from './models/pull.ts';
import { verify } from './models/verify.ts';

export const models: CommandGroup = {
  name: 'models',
  summary: 'list, bring and check the models that see',
  commands: [list, pull, verify],
};
