/** What can see: listed, brought, checked, handed to a server. */
import type { CommandGroup } from '../command.ts';
import { exported } from './models/export.ts';
import { list } from './models/list.ts';
import { pull } from './models/pull.ts';
import { verify } from './models/verify.ts';

export const models: CommandGroup = {
  name: 'models',
  summary: 'list, bring, check and export the models that see',
  commands: [list, pull, verify, exported],
};
