/** The linear layers of APRIL-GAN. */
import type { CommandGroup } from '../command.ts';
import { train } from './adapters/train.ts';

export const adapters: CommandGroup = {
  name: 'adapters',
  summary: 'train the linear layers of the april-gan detector',
  commands: [train],
};
