/** Pictures in: streamed to disk within limits, then looked at without decoding. What is refused leaves nothing behind. */
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import busboy from 'busboy';
import type { Request } from 'express';
import { files, images, LogsadError } from '../../src/index.ts';
import { LIMITS } from '../config.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { StoredImage } from '../storage/inspections.ts';
import type { Upload } from './endpoint.ts';

/** Fields beside the pictures: nothing reads them. */
const FIELDS = 20;

/** Limits of one form. */
export interface FormLimits {
  readonly pictures: number;
  readonly bytes: number;
}
const SINGLE: FormLimits = { pictures: 1, bytes: LIMITS.uploadBytes + LIMITS.formBytes };
const BATCH: FormLimits = { pictures: LIMITS.batchPictures, bytes: LIMITS.batchBytes };

/** Reads the body of a request as pictures. @throws LogsadError UPLOAD_*, DISK_FULL, REQUEST_INVALID */
export async function readUploads(req: Request, blobs: Blobs, many: boolean, form?: FormLimits): Promise<Upload[]> {
  const type = req.get('content-type') ?? '';
  if (/^multipart\/form-data\b/i.test(type)) return readForm(req, blobs, form ?? (many ? BATCH : SINGLE));
  if (many) throw new LogsadError('UPLOAD_TYPE', { expected: 'multipart/form-data', found: type || 'none' });
  if (!/^(image\/[\w.+-]+|application\/octet-stream)\s*(;|$)/i.test(type)) {
    throw new LogsadError('UPLOAD_TYPE', { expected: 'image/* or multipart/form-data', found: type || 'none' });
  }
  checkAnnounced(req, LIMITS.uploadBytes, megabytes());
  const name = cleanName(fromHeader(req.get('x-image-name') ?? ''));
  // A refused body is read to its end and forgotten: destroying it would take the answer with it.
  const body = req.iterator({ destroyOnReturn: false });
  const draft = await blobs.draft(body, LIMITS.uploadBytes).catch((error: unknown) => {
    const gone = req.destroyed && !req.complete;
    if (!gone) req.resume();
    throw gone ? vanished(error) : error;
  });
  if (!req.complete) {
    await draft.drop();
    throw vanished(undefined);
  }
  return [{ name: name || `${draft.digest.slice(0, 12)}`, draft }];
}

const megabytes = (): string => `${LIMITS.uploadBytes / 2 ** 20} MB for one picture`;
const vanished = (cause: unknown): LogsadError =>
  new LogsadError('REQUEST_INVALID', { reason: 'the client went away before the picture was complete' }, { cause });

/** A header is read byte by byte; names are UTF-8. */
const fromHeader = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');

/**
 * The last part of a path, without what addresses, logs or file systems would read as something else.
 * @throws LogsadError REQUEST_INVALID for control characters, which no honest name has
 */
export function cleanName(name: string): string {
  if (/\p{Cc}/u.test(name)) {
    throw new LogsadError('REQUEST_INVALID', { reason: 'the name of a picture holds a control character' });
  }
  return basename(name.replaceAll('\\', '/'))
    .replace(/[^A-Za-z0-9._ -]/g, '_')
    .replace(/^[.\s-]+/, '')
    .slice(0, 120);
}

/** @throws LogsadError UPLOAD_TOO_LARGE for a request that says how large it is, before a byte of it is read */
function checkAnnounced(req: Request, limit: number, words: string): void {
  if (Number(req.get('content-length') ?? 0) > limit) throw new LogsadError('UPLOAD_TOO_LARGE', { limit: words });
}

function readForm(req: Request, blobs: Blobs, most: FormLimits): Promise<Upload[]> {
  const words = `${most.bytes / 2 ** 20} MB for one request`;
  checkAnnounced(req, most.bytes, words);
  return new Promise((resolve, reject) => {
    const pending: Promise<Upload>[] = [];
    let fault: unknown = null;
    const fail = (error: unknown): void => {
      fault ??= error;
    };
    let parser: busboy.Busboy;
    try {
      const limits = { files: most.pictures, fields: FIELDS, fieldSize: 1000, fileSize: LIMITS.uploadBytes };
      parser = busboy({ headers: req.headers, defParamCharset: 'utf8', limits });
    } catch (error) {
      reject(new LogsadError('REQUEST_INVALID', { reason: 'the form has no boundary' }, { cause: error }));
      return;
    }
    const settle = async (): Promise<void> => {
      req.unpipe(parser);
      // The rest of a refused form is read and forgotten, so that the client sees the answer.
      req.resume();
      const settled = await Promise.allSettled(pending);
      const bad = settled.find((s) => s.status === 'rejected');
      const uploads = settled.flatMap((s) => (s.status === 'fulfilled' ? [s.value] : []));
      const error = fault ?? bad?.reason ?? null;
      if (error === null && uploads.length > 0) return resolve(uploads);
      for (const { draft } of uploads) await draft.drop();
      reject(error ?? new LogsadError('REQUEST_INVALID', { reason: 'the form holds no picture' }));
    };
    parser.on('file', (_field, stream, info) => {
      stream.on('limit', () => stream.destroy(new LogsadError('UPLOAD_TOO_LARGE', { limit: megabytes() })));
      // One at a time would be simpler; but the parser moves on only when this stream is read.
      const draft = blobs.draft(stream, LIMITS.uploadBytes);
      pending.push(draft.then((d) => ({ name: cleanName(info.filename ?? '') || d.digest.slice(0, 12), draft: d })));
      draft.catch((error: unknown) => {
        fail(error);
        stream.resume();
      });
    });
    parser.on('filesLimit', () =>
      fail(new LogsadError('UPLOAD_TOO_LARGE', { limit: `${most.pictures} pictures at a time` })),
    );
    parser.on('error', (error) => {
      fail(new LogsadError('REQUEST_INVALID', { reason: 'the form is cut short or malformed' }, { cause: error }));
      void settle();
    });
    parser.on('close', () => void settle());
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      const before = bytes;
      bytes += chunk.length;
      if (before > most.bytes || bytes <= most.bytes) return;
      fail(new LogsadError('UPLOAD_TOO_LARGE', { limit: words }));
      parser.destroy(vanished(undefined));
    });
    req.on('aborted', () => {
      fail(vanished(undefined));
      parser.destroy(vanished(undefined));
    });
    req.pipe(parser);
  });
}

/** Size and type of a picture, before anything is kept. @throws LogsadError IMAGE_* under the name the client gave */
export async function lookAt({ name, draft }: Upload): Promise<StoredImage> {
  try {
    const { width, height } = await images.size(draft.path);
    return { digest: draft.digest, bytes: draft.bytes, width, height, type: await typeOf(draft.path) };
  } catch (error) {
    if (!(error instanceof LogsadError)) throw error;
    throw new LogsadError(error.code, { ...error.params, image: name }, { cause: error });
  }
}

/** Looks at a picture and gives it its place on disk. The row is written by `putImage`, in a transaction of the caller. */
export async function keepPicture(upload: Upload): Promise<StoredImage> {
  try {
    const image = await lookAt(upload);
    await upload.draft.keep();
    return image;
  } catch (error) {
    await upload.draft.drop();
    throw files.writeFault(error, upload.draft.path);
  }
}

/** Only what the image adapter reads gets here; the rest is a matter of telling browsers which it is. */
async function typeOf(path: string): Promise<string> {
  const handle = await open(path, 'r');
  const { buffer } = await handle.read(Buffer.alloc(12), 0, 12, 0);
  await handle.close();
  const head = buffer.toString('latin1');
  if (head.startsWith('\x89PNG')) return 'image/png';
  if (head.startsWith('\xff\xd8')) return 'image/jpeg';
  if (head.startsWith('RIFF')) return 'image/webp';
  if (head.startsWith('II') || head.startsWith('MM')) return 'image/tiff';
  if (head.slice(4, 8) === 'ftyp') return 'image/avif';
  return 'application/octet-stream';
}
