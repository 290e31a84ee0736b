/** Mined rules as commented YAML, in the place of a rule file's own, with provenance. */
import { parse } from 'yaml';
import { record } from '../normalise.ts';
import type { MinedRule, Mining } from './mine.ts';
import { blockOf, flow, setBlock, setWord } from './textEdit.ts';

export interface Provenance {
  /** ISO date, handed in: core has no clock. */
  readonly date: string;
  /** Digest of the profile's grounding and models, as the caller names them. */
  readonly models: readonly string[];
}

function percent(v: number): string {
  return `${(100 * v).toFixed(1)} %`;
}

function comment(m: MinedRule): string[] {
  const e = m.estimate;
  const aside = m.setAside.length > 0 ? `; set aside as gross outliers: ${m.setAside.join(', ')}` : '';
  return [
    m.sentence,
    `n ${m.n}; left out in turn it fired on ${e.fired} of ${e.n} (95 %: ${percent(e.interval.low)} to ${percent(e.interval.high)}), largest margin ${e.worst.toFixed(2)}${e.worstImage === null ? '' : ` (${e.worstImage})`}${aside}`,
    `kills ${m.kills} mutants, ${m.adds} of them beyond the rules above`,
  ];
}

function ruleLines(m: MinedRule): string {
  return [...comment(m).map((c) => `  # ${c.replace(/\s*[\r\n]+\s*/g, ' ')}`), `  - ${flow(m.raw)}`, ''].join('\n');
}

function spareLines(m: MinedRule): string {
  return `  # - ${flow(m.raw)}`;
}

/** The `rules:` block. */
function rulesBlock(mining: Mining): string {
  const score =
    mining.score === null
      ? 'no mutants could be made'
      : `together they kill ${percent(mining.score)} of the mutants, every operator weighing the same (${mining.mutants} mutants of all sizes, seed ${mining.seed})`;
  const head = [
    '# Mined from the normals: each rule holds on all of them. In the order of what each adds;',
    `# ${score}.`,
  ];
  if (mining.rules.length === 0) return [...head, 'rules: []', ''].join('\n');
  const spare =
    mining.spare.length === 0
      ? []
      : [
          '  # These hold on all normals too, and kill no further mutant. Remove the "# " of what the product must obey.',
          ...mining.spare.map(spareLines),
        ];
  return [...head, 'rules:', ...mining.rules.map(ruleLines), ...spare, ''].join('\n');
}

/**
 * The text of a proposed rule file: frame, interests, attributes, regions and comments of `text`, rules as mined. Cases and
 * vetting of the old rules are left out: they speak of rules that are gone.
 */
export function minedText(text: string, mining: Mining, provenance: Provenance): string {
  const old = record(record(parse(text, { logLevel: 'silent' })).provenance);
  const rules = {
    by: 'mining',
    n: mining.normals,
    date: provenance.date,
    seed: mining.seed,
    mutants: mining.mutants,
    models: [...provenance.models],
  };
  let out = text;
  for (const gone of ['cases', 'vetting', 'provenance']) out = setBlock(out, gone, '');
  out = setBlock(out, 'rules', rulesBlock(mining));
  out = setWord(out, 'status', 'proposed', ['title', 'product', 'schema']);
  const body = Object.entries({ ...old, rules }).map(([key, value]) => `  ${key}: ${flow(value)}`);
  out = setBlock(out.trimEnd(), 'provenance', ['provenance:', ...body, ''].join('\n'));
  return blockOf(out, 'rules') ? out : `${out}\nrules: []\n`;
}
