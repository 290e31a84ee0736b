/** Products and the pictures they learn from. */
import { Type } from 'typebox';
import {
  closed,
  ImageName,
  Lists,
  NewProduct,
  Normal,
  Product,
  ProductId,
  ProductMetrics,
  PURPOSES,
  words,
} from '../../schemas.ts';
import { productMetrics, putImage } from '../../storage/inspections.ts';
import {
  createProduct,
  getProduct,
  listNormals,
  listProducts,
  lockProduct,
  productVersions,
  putNormal,
  removeNormal,
} from '../../storage/products.ts';
import { endpoint } from '../endpoint.ts';
import { keepPicture } from '../uploads.ts';
import { audited, inProduct, json, whole } from './common.ts';

const inNormal = closed({ product: ProductId, name: ImageName });

export const productRoutes = [
  endpoint({
    method: 'get',
    path: '/products',
    role: 'viewer',
    tag: 'products',
    summary: 'All products',
    replies: { 200: Lists.products },
    handle: async ({ service }) => json(whole(await listProducts(service.sql))),
  }),
  endpoint({
    method: 'post',
    path: '/products',
    role: 'engineer',
    tag: 'products',
    summary: 'A new product',
    body: NewProduct,
    replies: { 201: Product },
    handle: async (call) => {
      const { id, title } = call.body;
      await audited(call, { action: 'product.create', subject: id, detail: { title } }, (tx) =>
        createProduct(tx, id, title),
      );
      return json(await getProduct(call.service.sql, id), 201, { location: `/api/v1/products/${id}` });
    },
  }),
  endpoint({
    method: 'get',
    path: '/products/{product}',
    role: 'viewer',
    tag: 'products',
    summary: 'One product and what it can do',
    params: inProduct,
    replies: { 200: Product },
    handle: async ({ service, params }) => json(await getProduct(service.sql, params.product)),
  }),
  endpoint({
    method: 'get',
    path: '/products/{product}/metrics',
    role: 'viewer',
    tag: 'products',
    summary: 'Verdicts, false alarms and misses as reviewers see them, frequent causes',
    params: inProduct,
    replies: { 200: ProductMetrics },
    handle: async ({ service, params }) => {
      await productVersions(service.sql, params.product);
      return json(await productMetrics(service.sql, params.product));
    },
  }),
  endpoint({
    method: 'get',
    path: '/products/{product}/normals',
    role: 'viewer',
    tag: 'normals',
    summary: 'Photographs of good parts',
    params: inProduct,
    replies: { 200: Lists.normals },
    handle: async ({ service, params }) => {
      await productVersions(service.sql, params.product);
      return json(whole(await listNormals(service.sql, params.product)));
    },
  }),
  endpoint({
    method: 'put',
    path: '/products/{product}/normals/{name}',
    role: 'engineer',
    tag: 'normals',
    summary: 'Adds or replaces a photograph of a good part; rule files name exemplars by it',
    params: inNormal,
    query: closed({ purpose: Type.Optional(words(PURPOSES)) }),
    upload: 'one',
    replies: { 200: Normal, 201: Normal },
    handle: async (call) => {
      const { product, name } = call.params;
      const { sql } = call.service;
      await productVersions(sql, product);
      const image = await keepPicture({ ...call.uploads[0]!, name });
      const purpose = call.query.purpose ?? 'normal';
      const made = await audited(
        call,
        { action: 'normal.put', subject: `${product}/${name}`, detail: { image: image.digest, purpose } },
        async (tx) => {
          await putImage(tx, image);
          await lockProduct(tx, product);
          return putNormal(tx, product, { name, image: image.digest, purpose });
        },
      );
      const row = (await listNormals(sql, product)).find((n) => n.name === name);
      return json(row, made ? 201 : 200);
    },
  }),
  endpoint({
    method: 'delete',
    path: '/products/{product}/normals/{name}',
    role: 'engineer',
    tag: 'normals',
    summary: 'Takes a photograph out; profiles that were learnt from it stay as they are',
    params: inNormal,
    replies: { 204: null },
    handle: async (call) => {
      const { product, name } = call.params;
      await audited(call, { action: 'normal.remove', subject: `${product}/${name}` }, (tx) =>
        removeNormal(tx, product, name),
      );
      return { status: 204, empty: true };
    },
  }),
];
