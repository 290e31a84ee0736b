/** Forms without a door: what is too much is refused in the middle, and leaves nothing behind. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Request } from 'express';
import { afterAll, expect, it } from 'vitest';
import { cleanName, readUploads } from '../../server/http/uploads.ts';
import { openBlobs } from '../../server/storage/blobs.ts';

const folder = mkdtempSync(join(tmpdir(), 'logsad-uploads-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A form of some pictures of 1,000 bytes, sent in pieces and without saying how long it is. */
function form(pictures: number): Request {
  const headers: Record<string, string> = { 'content-type': 'multipart/form-data; boundary=x' };
  const stream = Object.assign(new PassThrough(), { headers, get: (name: string) => headers[name], complete: true });
  for (let i = 0; i < pictures; i++) {
    stream.write(`--x\r\ncontent-disposition: form-data; name="image"; filename="${i}.jpg"\r\n\r\n`);
    stream.write('p'.repeat(1000));
    stream.write('\r\n');
  }
  stream.end('--x--\r\n');
  return stream as unknown as Request;
}

it('counts all bytes of a request, also where it announces none', async () => {
  const blobs = openBlobs(folder);
  const limits = { pictures: 10, bytes: 3500 };
  const taken = await readUploads(form(3), blobs, true, limits);
  expect(taken.map((t) => t.name)).toEqual(['0.jpg', '1.jpg', '2.jpg']);
  for (const { draft } of taken) await draft.drop();
  await expect(readUploads(form(4), blobs, true, limits)).rejects.toMatchObject({ code: 'UPLOAD_TOO_LARGE' });
  const few = { pictures: 2, bytes: 10_000 };
  await expect(readUploads(form(3), blobs, true, few)).rejects.toMatchObject({ code: 'UPLOAD_TOO_LARGE' });
  expect(readdirSync(join(folder, 'drafts'))).toEqual([]);
});

it('a name is its last part without what others would read into it; control characters are refused', () => {
  expect(['../../etc/passwd', 'C:\\photos\\part 7.jpg', '.hidden', '\u00c4.png'].map(cleanName)).toEqual([
    'passwd',
    'part 7.jpg',
    'hidden',
    '_.png',
  ]);
  for (const name of ['a\0.jpg', 'a\n.jpg', '\x1b[2J', 'a\x7f'])
    expect(() => cleanName(name)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
});
