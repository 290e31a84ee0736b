/** The commands in the order `logsad --help` shows them. */
import type { CommandGroup, CommandModule } from '../command.ts';
import { adapters } from './adapters.ts';
import { backup, restore } from './backup.ts';
import { demo } from './demo.ts';
import { doctor } from './doctor.ts';
import { evaluate } from './evaluate.ts';
import { init } from './init.ts';
import { inspect } from './inspect.ts';
import { learn } from './learn.ts';
import { llm } from './llm.ts';
import { mine } from './mine.ts';
import { models } from './models.ts';
import { propose } from './propose.ts';
import { rules } from './rules.ts';
import { serve } from './serve.ts';
import { token } from './token.ts';
import { worker } from './worker.ts';

export const COMMANDS: readonly (CommandModule | CommandGroup)[] = [
  demo,
  init,
  propose,
  mine,
  learn,
  inspect,
  evaluate,
  rules,
  models,
  llm,
  serve,
  worker,
  backup,
  restore,
  token,
  adapters,
  doctor,
];
