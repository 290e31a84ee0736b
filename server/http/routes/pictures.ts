/** Pictures that were sent in: as they are, or smaller for lists and for browsers that cannot show their format. */
import { Type } from 'typebox';
import { LogsadError } from '../../../src/index.ts';
import { closed, ImageName, ProductId } from '../../schemas.ts';
import type { Service } from '../../service.ts';
import { getImage, getInspection } from '../../storage/inspections.ts';
import { listNormals } from '../../storage/products.ts';
import { endpoint, type Reply } from '../endpoint.ts';
import { Thumbnails } from '../thumbnails.ts';
import { byId } from './common.ts';

/** Pixels of the long side that a list or a browser may ask for. */
const LONG = { least: 32, most: 2048 } as const;

const kept = new WeakMap<Service, Thumbnails>();

function thumbnailsOf(service: Service): Thumbnails {
  const known = kept.get(service) ?? new Thumbnails();
  kept.set(service, known);
  return known;
}

/** @throws LogsadError IMAGE_*, EngineDied of a picture that kills what decodes it */
async function picture(service: Service, digest: string, long: number | undefined): Promise<Reply> {
  const { sql, blobs, engines } = service;
  const path = blobs.pathOf(digest);
  if (long === undefined) return { file: path, type: (await getImage(sql, digest)).type, etag: digest };
  const make = (): Promise<Uint8Array> => engines.draw({ kind: 'small', image: path, long });
  return { bytes: await thumbnailsOf(service).get(`${digest}/${long}`, make), type: 'image/webp' };
}

const query = closed({
  long: Type.Optional(
    Type.Integer({ minimum: LONG.least, maximum: LONG.most, description: 'as WebP, long side in pixels' }),
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
