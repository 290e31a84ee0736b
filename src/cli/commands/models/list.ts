import { loadApi } from '../../api.ts';
import { define, EXIT, printJson } from '../../command.ts';

interface Options {
  readonly json?: true;
}

export const list = define<Options>({
  name: 'list',
  summary: 'the models and sets that the manifests name, and which are on this machine',
  example: 'logsad models list',
  declare: (c) => c,
  async run({ terminal }, o) {
    const { modelStore } = await loadApi();
    const store = modelStore();
    const [models, sets] = [await store.list(), await store.sets()];
    if (o.json) {
      printJson(terminal, { home: store.home, sets, models });
      return EXIT.ok;
    }
    const width = Math.max(...models.map((m) => m.id.length));
    for (const m of models) {
      const where =
        m.source === 'remote' ? 'served' : m.present ? 'here' : m.source === 'pull' ? 'not pulled' : 'missing';
      const doubt = m.unverified && !m.present ? ', hub path unverified' : '';
      terminal.out(`${m.id.padEnd(width)}  ${where.padEnd(10)}  ${m.role}, weights ${m.licence}${doubt}\n`);
    }
    for (const [name, set] of Object.entries(sets)) {
      const uses = Object.entries(set).map(([use, id]) => `${use} ${id}`);
      terminal.out(`set ${name}: ${uses.join(', ')}\n`);
    }
    terminal.out(`pulled models lie in ${store.home}\n`);
    return EXIT.ok;
  },
});
