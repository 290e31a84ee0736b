/** The commands in the order `logsad --help` shows them. */
import type { CommandModule } from '../command.ts';
import { demo } from './demo.ts';
import { doctor } from './doctor.ts';
import { evaluate } from './evaluate.ts';
import { init } from './init.ts';
import { inspect } from './inspect.ts';
import { learn } from './learn.ts';

export const COMMANDS: readonly CommandModule[] = [demo, init, learn, inspect, evaluate, doctor];
