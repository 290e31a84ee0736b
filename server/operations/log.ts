/** The log: JSON lines with what opens doors taken out. */
import { type Logger, pino } from 'pino';

/** Never written, wherever they stand. */
const SECRETS = [
  'req.headers.authorization',
  'req.headers.cookie',
  'req.headers["x-csrf-token"]',
  'res.headers["set-cookie"]',
  '*.secret',
  '*.token',
  '*.password',
];

export type Log = Logger;

/** To standard error, so that standard output stays the command's own. */
export function createLog(level: string, write?: (line: string) => void): Log {
  const options = { level, redact: { paths: SECRETS, censor: '[taken out]' }, base: { pid: process.pid } };
  return write ? pino(options, { write }) : pino(options, pino.destination({ fd: 2, sync: false }));
}
