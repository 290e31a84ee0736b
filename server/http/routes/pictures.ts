/** Pictures that were sent in: as they are, or smaller for lists and for browsers that cannot show their format. */
import { Type } from 'typebox';
import { images, LogsadError } from '../../../src/index.ts';
import { closed, ImageName, ProductId } from '../../schemas.ts';
import type { Service } from '../../service.ts';
import { getImage, getInspection } from '../../storage/inspections.ts';
import { listNormals } from '../../storage/products.ts';
import { endpoint, type Reply } from '../endpoint.ts';
import { byId } from './common.ts';

/** Small pictures are kept, some kilobytes each: a list that is scrolled asks for the same ones again. */
const SMALL = { kept: 400, quality: 82, least: 32, most: 2048 } as const;

const kept = new Map<string, Promise<Uint8Array>>();

/** Never larger than the picture. @throws LogsadError IMAGE_* */
function small(path: string, digest: string, long: number): Promise<Uint8Array> {
  const key = `${digest}/${long}`;
  const known = kept.get(key);
  kept.delete(key);
  const made =
    known ??
    images
      .read(path, {
        size: ({ width, height }) => {
          const shrink = Math.min(1, long / Math.max(width, height));
          return { width: Math.max(1, Math.round(width * shrink)), height: Math.max(1, Math.round(height * shrink)) };
        },
      })
      .then(({ pixels }) => images.encodeWebp(pixels, SMALL.quality));
  kept.set(key, made);
  made.catch(() => kept.delete(key));
  if (kept.size > SMALL.kept) kept.delete(kept.keys().next().value!);
  return made;
}

async function picture({ sql, blobs }: Service, digest: string, long: number | undefined): Promise<Reply> {
  const path = blobs.pathOf(digest);
  if (long !== undefined) return { bytes: await small(path, digest, long), type: 'image/webp' };
  return { file: path, type: (await getImage(sql, digest)).type, etag: digest };
}

const query = closed({
  long: Type.Optional(
    Type.Integer({ minimum: SMALL.least, maximum: SMALL.most, description: 'as WebP, long side in pixels' }),
  ),
});

export const pictureRoutes = [
  endpoint({
    method: 'get',
    path: '/inspections/{id}/image',
    role: 'viewer',
    tag: 'inspections',
    summary: 'The picture as it was sent, or smaller with `long`',
    params: byId,
    query,
    replies: { 200: 'image/*' },
    handle: async ({ service, params, query: { long } }) =>
      picture(service, (await getInspection(service.sql, params.id)).image, long),
  }),
  endpoint({
    method: 'get',
    path: '/products/{product}/normals/{name}/image',
    role: 'viewer',
    tag: 'normals',
    summary: 'A photograph of a good part as it was sent, or smaller with `long`',
    params: closed({ product: ProductId, name: ImageName }),
    query,
    replies: { 200: 'image/*' },
    handle: async ({ service, params: { product, name }, query: { long } }) => {
      const normal = (await listNormals(service.sql, product)).find((n) => n.name === name);
      if (!normal) throw new LogsadError('NOT_FOUND', { what: `normal '${name}' of '${product}'` });
      return picture(service, normal.image, long);
    },
  }),
];
