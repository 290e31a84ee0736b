/** Days and hours of trends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSql } from '../../../server/service.ts';
import { addInspection } from '../../../server/storage/inspections.ts';
import { createProduct } from '../../../server/storage/products.ts';
import { trends } from '../../../server/storage/trends.ts';

it('are those of UTC, wherever the database thinks it is', async () => {
  const data = mkdtempSync(join(tmpdir(), 'logsad-trends-'));
  try {
    await using sql = await openSql({ data });
    await createProduct(sql, 'p', 'P');
    await sql.query(`INSERT INTO images (digest, bytes, width, height, type) VALUES ('d', 1, 1, 1, 'image/png')`);
    const made = { product: 'p', name: 'x', image: 'd', batch: null, rules: 1, profile: 1, author: 'a' };
    for (const hour of [1, 23]) {
      const id = await addInspection(sql, made);
      await sql.query(
        `UPDATE inspections SET created_at = date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
           - interval '1 day' + make_interval(hours => $2) WHERE id = $1`,
        [id, hour],
      );
    }
    await sql.script(`SET TIME ZONE INTERVAL '+05:30' HOUR TO MINUTE`);
    const { buckets } = await trends(sql, 'p', { days: 3, bucket: 'day' });
    expect(buckets.map((b) => [b.at.slice(10), b.total])).toEqual([['T00:00:00.000Z', 2]]);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});
