import { expect, it } from 'vitest';
import { EngineDied } from '../../../server/engine/host.ts';
import { blameFor } from '../../../server/jobs/faults.ts';
import { LogsadError } from '../../../src/index.ts';

const errno = (code: string): Error => Object.assign(new Error(code), { code });

it.each([
  [new LogsadError('IMAGE_UNREADABLE', { image: 'a', format: 'png', reason: 'x' }), 'subject'],
  [new LogsadError('PROFILE_STALE', {}), 'subject'],
  [new LogsadError('INFERENCE_CRASHED', { reason: 'x' }), 'attempt'],
  [new LogsadError('INFERENCE_MEMORY', { reason: 'x' }), 'attempt'],
  [new LogsadError('MODEL_MISSING', {}), 'attempt'],
  [new EngineDied('signal SIGSEGV', true), 'attempt'],
  [new TypeError('a fault of the program'), 'attempt'],
  [errno('ERR_INVALID_ARG_TYPE'), 'attempt'],
  [new EngineDied('spawn EAGAIN', false), 'machine'],
  [new LogsadError('DISK_FULL', { path: 'a', folder: '.', bytes: 1 }), 'machine'],
  [new LogsadError('DATABASE_UNAVAILABLE', { reason: 'x' }), 'machine'],
  [new LogsadError('IMAGE_NOT_FOUND', { image: 'a', found: 'EMFILE: too many open files' }), 'machine'],
  [errno('EMFILE'), 'machine'],
  [errno('EIO'), 'machine'],
  [errno('ENOSPC'), 'machine'],
] as const)('%s: %s', (error, blame) => expect(blameFor(error)).toBe(blame));
