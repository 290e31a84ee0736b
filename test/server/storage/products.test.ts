import { expect, it } from 'vitest';
import { productVersions } from '../../../server/storage/products.ts';
import type { Queryable } from '../../../server/storage/sql.ts';

it('what every POST of a picture asks of a product looks at no inspection and counts nothing', async () => {
  const asked: string[] = [];
  const sql = {
    query: async (text: string) => {
      asked.push(text);
      return [{ liveRules: 1, readyProfile: 2 }];
    },
  } as unknown as Queryable;
  expect(await productVersions(sql, 'p')).toEqual({ liveRules: 1, readyProfile: 2 });
  expect(asked).toHaveLength(1);
  expect(asked[0]).not.toMatch(/inspections|count\(/);
});
