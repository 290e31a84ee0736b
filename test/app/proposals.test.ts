import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../src/adapters/llm/client.ts';
import { recorded, replayed } from '../../src/adapters/llm/record.ts';
import {
  acceptText,
  compileRules,
  type Engine,
  explainRules,
  files,
  lintRules,
  objections,
  openEngine,
  proposeRules,
} from '../../src/index.ts';
import { llmServer } from '../support/llmServer.ts';
import { juiceBottle } from '../support/proposals/juiceBottle.ts';
import { careful, drawNormals, type Product, type Replies, shaken } from '../support/proposals/kit.ts';
import { OTHERS, PANEL_REPLIES, PANEL_SIZE, PANELS } from '../support/proposals/others.ts';
import { SPLICE_PANEL_SIZE, SPLICE_PANELS, SPLICE_REPLIES } from '../support/proposals/panels.ts';
import { shared, sharedPath } from '../support/shared.ts';

const LONG = { timeout: 600_000 };
const NORMALS = 12;

let engine: Engine;
const folders: string[] = [];
beforeAll(async () => {
  engine = await openEngine();
}, 120_000);
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  for (const f of folders) await rm(f, { recursive: true, force: true });
});

async function folderOf(p: Product): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'logsad-proposal-'));
  folders.push(folder);
  for (const [name, bytes] of await drawNormals(p, NORMALS)) await writeFile(join(folder, name), bytes);
  return folder;
}

describe('recorded replies for the five categories, on drawn stand-ins', () => {
  it.each([juiceBottle, ...OTHERS])(
    '$name: a file that lints clean, explains itself and can be accepted',
    LONG,
    async (p) => {
      const folder = await folderOf(p);
      const record = join(folder, 'exchanges.jsonl');
      const { images } = await files.listNormals(folder);
      const input = {
        product: p.name,
        file: 'rules.yaml',
        instructions: p.instructions,
        normals: images,
        images: p.shown,
      };
      const server = await llmServer(careful(shaken(p.replies, p.size, 1)));
      const llm = recorded(createClient({ url: server.url, model: 'careful', key: null, retries: 0 }), {
        file: record,
      });
      const proposal = await proposeRules(engine, input, llm).finally(() => server.close());
      await llm.finish();

      expect(lintRules(proposal.text, 'rules.yaml')).toEqual([]);
      const compiled = compileRules(proposal.text, 'rules.yaml');
      expect(compiled.file.status).toBe('proposed');
      for (const e of explainRules(compiled)) {
        expect(e.sentence.length).toBeGreaterThan(20);
        expect(e.because).not.toBe('');
      }
      expect(objections(compiled)).toEqual([]);
      expect(compileRules(acceptText(proposal.text), 'rules.yaml').file.status).toBe('accepted');
      // Most of what the model said stands, and whatever it said is either in force or named as left out.
      const said = p.replies.rules.rules.map((r) => r.id);
      const standing = said.filter((id) => compiled.rules.some((r) => r.id === id));
      expect(standing.length).toBeGreaterThanOrEqual(Math.ceil(said.length / 2));
      for (const id of said.filter((s) => !standing.includes(s))) expect(proposal.text).toContain(`# - { id: ${id},`);
      expect(proposal.alarms.fired).toBe(0);
      for (const left of p.replies.rules.left) expect(proposal.open.join('\n')).toContain(left.sentence);

      // From the record alone, to the byte: times are those of the record.
      const again = await proposeRules(engine, input, await replayed(record));
      expect(again.text).toBe(proposal.text);
      expect(again.html).toBe(proposal.html);
      expect(proposal.text).toContain(llm.exchanges.at(-1)!.reply.at);
    },
  );
});

interface PanelCase {
  readonly name: string;
  readonly folder: string;
  readonly replies: Replies;
  readonly size: Product['size'];
  readonly shown: readonly string[];
}
const PANEL_CASES: readonly PanelCase[] = [
  { name: 'pushpins', folder: 'panels_pushpins', replies: PANEL_REPLIES, size: PANEL_SIZE, shown: PANELS },
  {
    name: 'splicing-connectors',
    folder: 'panels_splicing_connectors',
    replies: SPLICE_REPLIES,
    size: SPLICE_PANEL_SIZE,
    shown: SPLICE_PANELS,
  },
];

describe.skipIf(PANEL_CASES.some((c) => shared(`data/${c.folder}`) === null))(
  'on the panels of ../shared/data (five good pictures each, cut out of printed figures: no LOCO result)',
  () => {
    // A colour word grounds pins and cables: clicks off by so much would miss a cable.
    it.each(PANEL_CASES)('$name: every rule that the model says is vetted and stands', LONG, async (p) => {
      const { images } = await files.listNormals(sharedPath(`data/${p.folder}/test/good`));
      const { instructions } = OTHERS.find((o) => o.name === p.name)!;
      const server = await llmServer(careful(shaken(p.replies, p.size, 1)));
      const config = { url: server.url, model: 'careful', key: null, retries: 0 };
      const llm = recorded(createClient(config), { file: null });
      const input = { product: p.name, file: 'rules.yaml', instructions, normals: images, images: p.shown };
      const proposal = await proposeRules(engine, input, llm).finally(() => server.close());
      expect(lintRules(proposal.text, 'rules.yaml')).toEqual([]);
      const compiled = compileRules(proposal.text, 'rules.yaml');
      const said = p.replies.rules.rules.map((r) => r.id);
      expect(compiled.rules.map((r) => r.id)).toEqual(expect.arrayContaining(said));
      expect(objections(compiled)).toEqual([]);
      expect(proposal.alarms.of).toBe(images.length);
    });
  },
);
