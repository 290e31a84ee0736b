/** Tokens of a service that does not run. */
import type { CommandGroup } from '../command.ts';
import { create } from './token/create.ts';

export const token: CommandGroup = {
  name: 'token',
  summary: 'make a token for a service that does not run',
  commands: [create],
};
