/**
 * Good and anomalous panels come from two renderings; both are brought to a long side of 224 px before anything is
 * measured, or a score may tell the source instead of the fault. Lossless, into a folder of its own.
 *
 *   npx tsx scripts/resample-panels.ts FROM TO      (folders that hold test/<folder>/*)
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { images } from '../src/index.ts';

const LONG = 224;

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

/** @throws Error when `to` lies in the repository: photographs stay out of it. */
export async function resamplePanels(from: string, to: string): Promise<void> {
  if (!relative(REPOSITORY, resolve(to)).startsWith('..'))
    throw new Error(`resample-panels: ${to} lies in the repository; photographs stay out of it`);
  for (const folder of await readdir(join(from, 'test'))) {
    await mkdir(join(to, 'test', folder), { recursive: true });
    for (const name of await readdir(join(from, 'test', folder))) {
      const { pixels } = await images.read(join(from, 'test', folder, name), {
        kernel: 'cubic',
        size: ({ width, height }) => {
          const scale = LONG / Math.max(width, height);
          return { width: Math.round(width * scale), height: Math.round(height * scale) };
        },
      });
      // The name stays: exemplars of the rule files refer to it. The bytes tell the format.
      await writeFile(join(to, 'test', folder, name), await images.encodePng(pixels));
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [from, to] = process.argv.slice(2);
  if (!from || !to) throw new Error('usage: npx tsx scripts/resample-panels.ts FROM TO');
  await resamplePanels(from, to);
}
