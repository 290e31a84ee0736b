/** The first token is made by the start that shows it; another can be made while the service does not run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createToken } from '../../server/main.ts';
import { start } from './support/seed.ts';

it('a start whose port is taken keeps no token to itself: the next one shows it', async () => {
  const data = mkdtempSync(join(tmpdir(), 'logsad-first-'));
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await expect(start({ data, port, engines: 0 })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  other.close();
  const offline = await createToken({ data }, 'spare', 'viewer');
  const serving = await start({ data, engines: 0 });
  try {
    const ask = async (token: string): Promise<number> =>
      (await fetch(`${serving.url}/api/v1/products`, { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await ask(serving.firstToken!)).toBe(200);
    expect(await ask(offline.secret)).toBe(200);
    await expect(createToken({ data }, 'late', 'admin')).rejects.toMatchObject({ code: 'DATA_IN_USE' });
  } finally {
    await serving.stop();
    rmSync(data, { recursive: true, force: true });
  }
}, 300_000);
