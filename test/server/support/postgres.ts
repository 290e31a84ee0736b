/** A throw-away PostgreSQL cluster from Debian's package, in a temporary folder on a free port. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './process.ts';

const ROOT = '/usr/lib/postgresql';

/** Folder of the server's programs, newest version first, or null where the package is missing. */
function programs(): string | null {
  if (!existsSync(ROOT)) return null;
  const versions = readdirSync(ROOT).sort((a, b) => Number(b) - Number(a));
  const found = versions.map((v) => join(ROOT, v, 'bin')).find((bin) => existsSync(join(bin, 'pg_ctl')));
  return found ?? null;
}

/** PostgreSQL refuses to run as root: then everything runs as the package's own user. */
function asOwner(): readonly string[] | null {
  if (process.getuid?.() !== 0) return [];
  const known = spawnSync('id', ['-u', 'postgres']).status === 0;
  return known ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : null;
}

/** Why there is no PostgreSQL on this machine, null where there is. */
export const noPostgres: string | null =
  programs() === null
    ? 'needs PostgreSQL (apt-get install postgresql)'
    : asOwner() === null
      ? 'needs a user postgres'
      : null;

export interface Cluster {
  /** Of a new, empty database. */
  database(): string;
  restart(): void;
  stop(): void;
}

export async function startCluster(): Promise<Cluster> {
  const bin = programs()!;
  const owner = asOwner()!;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'logsad-pg-'));
  if (owner.length > 0) execFileSync('chown', ['postgres', folder]);
  chmodSync(folder, 0o700);
  const data = join(folder, 'data');
  const run = (program: string, ...args: string[]): void => {
    const [command, ...rest] = [...owner, join(bin, program), ...args];
    execFileSync(command!, rest, { stdio: 'ignore', cwd: '/', env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  };
  run('initdb', '-D', data, '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--no-sync');
  const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c max_connections=100`;
  const start = (): void => run('pg_ctl', '-D', data, '-l', join(folder, 'log'), '-o', options, '-w', 'start');
  start();
  let next = 0;
  return {
    database: () => {
      const name = `t${++next}`;
      run('createdb', '-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', name);
      return `postgres://postgres@127.0.0.1:${port}/${name}`;
    },
    restart: () => {
      run('pg_ctl', '-D', data, '-m', 'fast', '-w', 'stop');
      start();
    },
    stop: () => {
      run('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
