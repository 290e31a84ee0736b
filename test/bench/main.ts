/**
 * `npm run bench` runs the short benchmarks, `npm run bench -- NAME... [ARG...]` some of them; words that name none are
 * arguments. A benchmark is a file of this folder that
 * exports `bench`; it prints a table and never asserts. What needs the photographs of ../shared skips with a reason.
 */
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

export interface Bench {
  readonly name: string;
  readonly summary: string;
  /** Left out of a plain `npm run bench`, because it takes long. */
  readonly long?: boolean;
  run(args: readonly string[]): Promise<void>;
}

const folder = fileURLToPath(new URL('.', import.meta.url));
const own = new Set(['main.ts', 'support.ts']);
const files = readdirSync(folder).filter((f) => f.endsWith('.ts') && !own.has(f));

const all: Bench[] = [];
for (const file of files) {
  const module = (await import(new URL(file, import.meta.url).href)) as { bench?: Bench };
  if (module.bench) all.push(module.bench);
}
const words = process.argv.slice(2);
const wanted = words.filter((w) => all.some((b) => b.name === w));
const args = words.filter((w) => !wanted.includes(w));
if (args.length > 0 && wanted.length === 0) {
  console.error(
    `no benchmark '${args.join(', ')}'; there are:\n${all.map((b) => `  ${b.name}: ${b.summary}`).join('\n')}`,
  );
  process.exit(2);
}
console.log(
  `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, ${new Date().toISOString().slice(0, 10)}`,
);
for (const b of all.filter((x) => (wanted.length > 0 ? wanted.includes(x.name) : !x.long))) {
  console.log(`\n## ${b.name}: ${b.summary}\n`);
  await b.run(args);
}
