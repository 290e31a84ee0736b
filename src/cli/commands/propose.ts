import { basename, join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { ChatRequest, Proposal, ProposeInput } from '../../index.ts';
import { loadApi } from '../api.ts';
import { type Context, define, EXIT, type ExitCode, printJson, quote, type Terminal } from '../command.ts';
import { wholeNumber } from '../options.ts';
import { type ProgressMeter, progressMeter } from '../progress.ts';

interface Options {
  readonly normals: string;
  readonly instructions?: string;
  readonly images?: readonly string[];
  readonly sheet?: true;
  /** `--no-llm` makes it false. */
  readonly llm: boolean | string;
  readonly exemplars?: string;
  readonly replay?: string;
  readonly fresh?: true;
  readonly out?: string;
  readonly force?: true;
  readonly dryRun?: true;
  readonly maxTokens?: number;
  readonly maxCost?: number;
  readonly models?: string;
  readonly seed: number;
  readonly json?: true;
}

type Api = typeof import('../../index.ts');

/** Where everything of one run goes. */
interface Places {
  readonly rules: string;
  readonly sheet: string;
  readonly record: string;
}

const dollars = (text: string): number => {
  const n = Number(text);
  if (!(n > 0)) throw new InvalidArgumentError(`expected an amount above 0, got "${text}"`);
  return n;
};
const names = (text: string): string[] =>
  text
    .split(',')
    .map((s) => s.trim())
    .filter(Boolean);

export const propose = define<Options>({
  name: 'propose',
  summary: 'a vetted rule file from a few normals and a paragraph of instructions',
  example: 'logsad propose my-part --normals photos/good --instructions my-part.md --dry-run',
  declare: (c) =>
    c
      .argument('<dir>', 'folder for rules.yaml, review.html and exchanges.jsonl')
      .requiredOption('--normals <dir>', 'photographs of good parts')
      .option('--instructions <file>', 'what a correct part is, in a person\u2019s words')
      .option(
        '--images <a,b,c>',
        'normals to show to the model; default: chosen so that every look is among them',
        names,
      )
      .option('--sheet', 'send one contact sheet instead of single pictures')
      .option('--llm <file>', 'YAML with url and model; default: LOGSAD_LLM_URL, _MODEL and _KEY')
      .option('--no-llm', 'ask no model: mine rules from hand-drawn exemplars')
      .option('--exemplars <file>', 'with --no-llm: rule file whose interests are drawn; default: rules.yaml of <dir>')
      .option('--replay <file>', 'answer from the exchanges.jsonl of an earlier run, ask nobody')
      .option('--fresh', 'ask again what the record of <dir> already answers')
      .option('--dry-run', 'show exactly what would leave the machine, send nothing')
      .option('--max-tokens <n>', 'hard cap on tokens, all requests together (default 400000)', wholeNumber(1))
      .option('--max-cost <dollars>', 'hard cap on cost; needs prices in the file of --llm', dollars)
      .option('--out <file>', 'where the rule file goes; default: rules.yaml of <dir>')
      .option('--force', 'overwrite a rule file that is there')
      .option('--models <set>', 'model set that grounds and measures')
      .option('--seed <s>', 'seed of learning and of the mutants', wholeNumber(0), 0),
  async run(context, o, [dir]) {
    const api = await loadApi();
    const places = placesOf(dir!, o);
    if (!o.dryRun) await refuseToOverwrite(api, places.rules, o);
    const instructions =
      o.instructions === undefined
        ? null
        : await api.files.readText(o.instructions, 'a text that says what is correct');
    if (o.llm === false) return drawn(api, context, o, places, dir!, instructions);
    if (instructions === null) {
      throw new api.LogsadError('USAGE', { reason: 'expected --instructions FILE (or --no-llm)', command: 'propose' });
    }
    const { images: normals, warnings } = await api.files.listNormals(o.normals);
    for (const w of warnings) context.terminal.err(`warning ${w.code}: ${w.message}\n  fix: ${w.fix}\n`);
    const input: ProposeInput = {
      product: api.productName(basename(resolve(dir!))),
      file: places.rules,
      instructions,
      normals,
      ...(o.images ? { images: o.images } : {}),
      ...(o.sheet ? { sheet: true } : {}),
      ...(o.models === undefined ? {} : { set: o.models }),
      seed: o.seed,
    };
    return o.dryRun ? shown(api, context, o, input) : asked(api, context, o, places, input);
  },
});

function placesOf(dir: string, o: Options): Places {
  const rules = o.out ?? join(dir, 'rules.yaml');
  return { rules, sheet: join(dir, 'review.html'), record: join(dir, 'exchanges.jsonl') };
}

async function refuseToOverwrite(api: Api, rules: string, o: Options): Promise<void> {
  if (!o.force && (await api.files.exists(rules))) {
    const reason = `${rules} exists and is not overwritten (pass --out FILE or --force)`;
    throw new api.LogsadError('USAGE', { reason, command: 'propose' });
  }
  await api.files.checkWritable(rules);
}

/** The sheet first: a rule file without it is never left behind. */
async function write(api: Api, places: Places, p: Proposal): Promise<void> {
  await api.files.writeAtomic(places.sheet, p.html);
  await api.files.writeAtomic(places.rules, p.text);
}

const llmOptions = (o: Options) => ({
  ...(typeof o.llm === 'string' ? { config: o.llm } : {}),
  caps: {
    ...(o.maxTokens === undefined ? {} : { tokens: o.maxTokens }),
    ...(o.maxCost === undefined ? {} : { dollars: o.maxCost }),
  },
});

/** Steps, and counts where a step has them. */
function meterOf(terminal: Terminal): ProgressMeter {
  const meter = progressMeter(terminal);
  return {
    clear: meter.clear,
    step: (p) => {
      if (p.total > 0) return meter.step(p);
      meter.clear();
      terminal.err(`${p.stage}\n`);
    },
  };
}

async function asked(
  api: Api,
  { terminal, signal }: Context,
  o: Options,
  places: Places,
  input: ProposeInput,
): Promise<ExitCode> {
  const llm =
    o.replay === undefined
      ? await api.openModel({ ...llmOptions(o), record: places.record, reuse: !o.fresh })
      : await api.openRecord(o.replay);
  await using engine = await api.openEngine();
  const meter = meterOf(terminal);
  const p = await api.proposeRules(engine, input, llm, { signal, onProgress: meter.step });
  meter.clear();
  signal.throwIfAborted();
  await llm.finish();
  await write(api, places, p);
  const usage = llm.exchanges.reduce((sum, x) => sum + (x.reply.usage?.input ?? 0) + (x.reply.usage?.output ?? 0), 0);
  report(terminal, o, places, p, {
    model: llm.model,
    endpoint: llm.endpoint,
    exchanges: llm.exchanges.length,
    failed: llm.entries.length - llm.exchanges.length,
    asked: llm.asked,
    tokens: usage,
    record: o.replay ?? places.record,
  });
  return EXIT.ok;
}

async function drawn(
  api: Api,
  { terminal, signal }: Context,
  o: Options,
  places: Places,
  dir: string,
  instructions: string | null,
): Promise<ExitCode> {
  const from = o.exemplars ?? join(dir, 'rules.yaml');
  if (!(await api.files.exists(from))) {
    const reason = `${from} with hand-drawn interests is not there: write one with logsad init, or name it with --exemplars`;
    throw new api.LogsadError('USAGE', { reason, command: 'propose' });
  }
  const hand = await api.loadRules(from);
  const { normals, warnings } = await api.gatherNormals(o.normals, hand.compiled.file);
  for (const w of warnings) terminal.err(`warning ${w.code}: ${w.message}\n  fix: ${w.fix}\n`);
  await using engine = await api.openEngine();
  const meter = meterOf(terminal);
  const set = o.models === undefined ? {} : { set: o.models };
  const input = { file: places.rules, instructions, normals, seed: o.seed, ...set };
  const p = await api.proposeFromDrawing(engine, hand, input, { signal, onProgress: meter.step });
  meter.clear();
  signal.throwIfAborted();
  await write(api, places, p);
  report(terminal, o, places, p, null);
  return EXIT.ok;
}

interface Asked {
  readonly model: string;
  readonly endpoint: string;
  readonly exchanges: number;
  /** Attempts that brought no answer. */
  readonly failed: number;
  readonly asked: number;
  readonly tokens: number;
  readonly record: string;
}

function report(terminal: Terminal, o: Options, places: Places, p: Proposal, llm: Asked | null): void {
  const { rules, open, score, alarms, shown: images } = p;
  const failures = p.failures.map((f) => ({ image: f.image, error: f.error.toJSON() }));
  if (o.json) {
    printJson(terminal, {
      file: places.rules,
      review: places.sheet,
      rules,
      open,
      score,
      alarms,
      shown: images,
      llm,
      failures,
    });
    return;
  }
  for (const f of failures) terminal.err(`left out ${f.image}: ${f.error.message}\n`);
  terminal.out(
    `wrote ${places.rules}: ${rules.model + rules.mined} rules (${rules.mined} mined), ${rules.left} left out\n`,
  );
  terminal.out(`wrote ${places.sheet}: read it before you accept\n`);
  if (llm) {
    const failed = llm.failed === 0 ? '' : `, ${llm.failed} attempts failed`;
    terminal.out(
      `${llm.exchanges} exchanges with ${llm.model} (${llm.asked} asked now${failed}, ${llm.tokens} tokens): ${llm.record}\n`,
    );
  }
  const kills = score === null ? '' : `, mutation score ${score.toFixed(2)}`;
  terminal.out(`vetted: any rule fires on ${alarms.fired} of ${alarms.of} normals left out in turn${kills}\n`);
  for (const q of open) terminal.out(`open: ${q}\n`);
  terminal.out(`next: logsad rules accept ${quote(places.rules)}\n`);
}

/** The first request, to the byte; what follows depends on the answer, and is said in words. */
async function shown(api: Api, { terminal, signal }: Context, o: Options, input: ProposeInput): Promise<ExitCode> {
  await using engine = await api.openEngine();
  const meter = meterOf(terminal);
  const dry = await api.dryRun(engine, input, llmOptions(o), { signal, onProgress: meter.step });
  meter.clear();
  const { endpoint, model, tokens, maxOutputTokens, dollars, cap, sent } = dry;
  if (o.json) {
    const { body, ...request } = sent;
    printJson(terminal, { sent: false, endpoint, model, tokens, maxOutputTokens, dollars, cap, request, body });
    return EXIT.ok;
  }
  const cost = dollars === null ? '' : `, $${dollars.toFixed(4)} at most`;
  terminal.out(
    `nothing is sent. To ${endpoint}, model ${model}, would go first (about ${tokens} tokens, answer at most ${maxOutputTokens}${cost}; cap of all requests ${cap}):\n\n`,
  );
  const headers = Object.entries(sent.headers).map(([name, value]) => `${name}: ${value}`);
  terminal.out(`${[`${sent.method} ${sent.url}`, ...headers].join('\n')}\n${sent.bytes} bytes of JSON, in which:\n\n`);
  terminal.out(`${requestText(dry.request)}\n\n`);
  terminal.out(
    'then: the same pictures with outlines and what was measured; the instructions with what was measured and the kinds of rules; ' +
      'and, where needed, faults and counter-evidence. --json prints the body of the first request, pictures included.\n',
  );
  return EXIT.ok;
}

function requestText(request: ChatRequest): string {
  const lines = request.messages.flatMap((m) =>
    m.parts.map((p) =>
      'text' in p
        ? `[${m.role}]\n${p.text}`
        : `[${m.role}] JPEG ${p.image.name}: ${p.image.width} x ${p.image.height}, ${p.image.jpeg.length} bytes, sha256 ${p.image.sha256}`,
    ),
  );
  return [...lines, `[shape of the answer, mode ${request.mode}]\n${JSON.stringify(request.schema.schema)}`].join(
    '\n\n',
  );
}
