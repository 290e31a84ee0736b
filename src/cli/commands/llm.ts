/** Language models, as far as authoring uses them. */
import { loadApi } from '../api.ts';
import { type CommandGroup, define, EXIT, printJson } from '../command.ts';

interface Options {
  readonly llm?: string;
  readonly json?: true;
}

const probe = define<Options>({
  name: 'probe',
  summary: 'ask a server once what it can do (schemas, pictures), and remember it',
  example: 'logsad llm probe --llm my-server.yaml',
  declare: (c) => c.option('--llm <file>', 'YAML with url and model; default: LOGSAD_LLM_URL, _MODEL and _KEY'),
  async run({ terminal, signal }, o) {
    const api = await loadApi();
    const found = await api.probeModel(o.llm, signal);
    if (o.json) {
      printJson(terminal, found);
      return EXIT.ok;
    }
    for (const t of found.tried) terminal.out(`${t.mode}: ${t.outcome}\n`);
    const sight = found.images
      ? 'it reads pictures'
      : 'it did not read the digit in the picture: it cannot describe photographs';
    terminal.out(`${found.endpoint} ${found.asked}: answers of a given shape by mode ${found.mode}; ${sight}\n`);
    terminal.out(`remembered in ${found.memory}\n`);
    return found.images ? EXIT.ok : EXIT.found;
  },
});

export const llm: CommandGroup = {
  name: 'llm',
  summary: 'try the server of a language model',
  commands: [probe],
};
