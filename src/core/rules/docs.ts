/** docs/rules.md, docs/errors.md and rules/rules.schema.json, all generated from what the engine itself runs. */
import { stringify } from 'yaml';
import { CATALOGUE, type ErrorEntry } from '../errors.ts';
import { FLOORS, LEARN, LIMITS, MARGIN, PRECEDENCE } from './constants.ts';
import { FAULTS } from './faults.ts';
import type { AnyRuleKind, KindExample } from './kind.ts';
import { KINDS } from './kinds/index.ts';
import { ALWAYS, COMBINATOR_NAMES, combinatorSchema, FileSchema, JUDGED, ruleSchema, SETTINGS } from './schema.ts';
import { exampleOf } from './schemaFault.ts';
import { AttributeSchema, ExemplarSchema, InterestSchema, ShapeSchema, ValueSchema } from './schemaParts.ts';

type Json = Readonly<Record<string, unknown>>;

/** JSON Schema of a rule file (draft 2020-12), for editors and for language models. */
export function rulesSchema(): string {
  const rule = {
    description: 'a rule of one kind, or a combinator of rules',
    anyOf: [
      ...KINDS.map((k) => ({ $ref: `#/$defs/${k.kind}` })),
      ...COMBINATOR_NAMES.map((c) => ({ $ref: `#/$defs/${c}` })),
    ],
  };
  const part = {
    anyOf: [
      ...KINDS.map((k) => ({ $ref: `#/$defs/${k.kind}-part` })),
      ...COMBINATOR_NAMES.map((c) => ({ $ref: `#/$defs/${c}` })),
    ],
  };
  const defs: Record<string, unknown> = { rule, part };
  for (const kind of KINDS) {
    defs[kind.kind] = ruleSchema(kind);
    defs[`${kind.kind}-part`] = ruleSchema(kind, true);
  }
  for (const name of COMBINATOR_NAMES) {
    const schema = combinatorSchema(name as 'all', true) as unknown as { properties: Json };
    const body =
      name === 'not' ? { $ref: '#/$defs/part' } : { type: 'array', minItems: 1, items: { $ref: '#/$defs/part' } };
    defs[name] = { ...schema, properties: { ...schema.properties, [name]: body } };
  }
  const file = FileSchema as unknown as { properties: Json };
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'logsad rule file',
    ...file,
    properties: {
      ...file.properties,
      rules: { type: 'array', description: 'what must hold', items: { $ref: '#/$defs/rule' } },
    },
    $defs: defs,
  };
  return `${JSON.stringify(clean(schema), null, 2)}\n`;
}

/** Our annotations for the compiler are none of an editor's business. */
function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith('x-'))
      .map(([key, v]) => [key, clean(v)]),
  );
}

const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\n/g, ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---').join('|')}|`,
    ...rows.map((r) => `| ${r.map(cell).join(' | ')} |`),
  ].join('\n');

function settingsTable(properties: Json, required: readonly string[] = []): string {
  return table(
    ['key', 'what it says', 'example'],
    Object.entries(properties).map(([key, s]) => [
      `\`${key}\`${required.includes(key) ? ' (required)' : ''}`,
      String((s as Json).description ?? ''),
      `\`${exampleOf(s)}\``,
    ]),
  );
}

/** The keys of a mapping below a key, also where it is one form of several. */
function membersOf(schema: unknown, key: string): Json {
  const found = ((schema as { properties: Json }).properties[key] ?? {}) as { properties?: Json; anyOf?: Json[] };
  return found.properties ?? Object.assign({}, ...(found.anyOf ?? []).map((s) => s.properties ?? {}));
}

/** The keys of every form of a place. */
function shapeMembers(): Json {
  return membersOf({ properties: { shape: ShapeSchema } }, 'shape');
}

function exampleText(kind: AnyRuleKind, e: KindExample): string {
  const fence = '```';
  const rule = stringify({ kind: kind.kind, ...e.rule }, { flowCollectionPadding: true }).trimEnd();
  const legend = Object.entries(e.legend)
    .map(([k, v]) => `${k} = ${typeof v === 'string' ? v : JSON.stringify(v)}`)
    .join(', ');
  const block = (drawing: string): string =>
    drawing
      .split('\n')
      .map((l) => `    ${l}`)
      .join('\n');
  const normals = e.normals ? `learnt from ${e.normals.length} normals, such as\n${block(e.normals[0]!)}\n` : '';
  return `${fence}text\n${rule.split('\n').join('\n')}\n\n${legend}\n${normals}${e.violated ? 'violated' : 'holds'} (${e.note}):\n${block(e.scene)}\n${fence}`;
}

function kindText(kind: AnyRuleKind): string {
  const tier = typeof kind.tier === 'string' ? kind.tier : 'core or weak, by what it is about';
  const common = kind.settings.length > 0 ? ` Also: ${kind.settings.map((s) => `\`${s}\``).join(', ')}.` : '';
  const invariant = kind.invariant.length > 0 ? `${kind.invariant.join(', ')}` : 'nothing';
  return `### \`${kind.kind}\`

${kind.summary}

${settingsTable(kind.params.properties as Json, kind.params.required)}

An absent interest: ${kind.onEmpty}. Tier: ${tier}. Cause: ${kind.precedence}. Unmoved by: ${invariant}.${common}

${kind.examples.map((e) => exampleText(kind, e)).join('\n\n')}
`;
}

/** docs/rules.md. */
export function rulesMarkdown(): string {
  const file = FileSchema as unknown as { properties: Json; required: string[] };
  const numbers = (t: Readonly<Record<string, number>>): string =>
    table(
      ['constant', 'value'],
      Object.entries(t).map(([k, v]) => [k, String(v)]),
    );
  return `# The rule language

<!-- Generated by npm run docs from src/core/rules. Edit the code, not this file. -->

A rule file says what to look for (interests), what to tell apart (attributes) and what must hold (rules). All coordinates
are fractions of the image, from the top left. Editors complete keys where a file begins with
\`# yaml-language-server: $schema=PATH\`, PATH leading from the file to \`rules/rules.schema.json\` of a checkout or to
\`node_modules/logsad/rules/rules.schema.json\` of an installed package; \`logsad init\` writes the line that fits.

## The file

${settingsTable(file.properties, file.required)}

### Interests

${settingsTable(InterestSchema.properties as Json, InterestSchema.required)}

#### An exemplar (a member of \`exemplars:\`)

${settingsTable(ExemplarSchema.properties as Json, ExemplarSchema.required)}

#### \`clean:\` of an interest

${settingsTable(membersOf(InterestSchema, 'clean'))}

#### \`instances:\` of an interest

${settingsTable(membersOf(InterestSchema, 'instances'))}

#### \`colour:\` of an interest or value, where it is no list of words

${settingsTable(membersOf(InterestSchema, 'colour'))}

### Attributes

${settingsTable(AttributeSchema.properties as Json, AttributeSchema.required)}

#### A value (a member of \`values:\`)

${settingsTable(ValueSchema.properties as Json, ValueSchema.required)}

### \`frame:\`

${settingsTable(membersOf(FileSchema, 'frame'))}

### A place (a member of \`regions:\` or \`ignore:\`)

One of these: \`box\`, \`polygon\`, \`mask\`, \`interest\` (with \`grow\`), or \`region\`.

${settingsTable(shapeMembers())}

### \`segmentation:\`

${settingsTable(membersOf(FileSchema, 'segmentation'))}

## Rules

Settings that every rule has:

${settingsTable({ ...ALWAYS, ...JUDGED }, ['id'])}

Settings that the kinds name which obey them:

${settingsTable(SETTINGS)}

Every rule yields a margin in tolerance units: 0 at the centre, 1 at the border, above 1 violated. \`all\` (list), \`any\`
(list) and \`not\` (one rule) combine rules: \`{ id: either, any: [{ kind: count, of: pin, equals: 3 }, ...] }\`.

Violations are named by severity, then by cause (${Object.keys(PRECEDENCE).join(', ')}), then by margin; what lies in a violated
parent comes after it. Appearance and likeness of an interest that is missing or of the wrong size are not reported.

${KINDS.map(kindText).join('\n')}
## Faults that the compiler reports

All at once, each with place, excerpt, expectation and a valid example.

${table(
  ['code', 'when'],
  Object.entries(FAULTS).map(([code, when]) => [`\`${code}\``, when]),
)}

## Constants

Smallest sigma believed (image fractions, logs, degrees as radians, Lab units):

${numbers(FLOORS)}

Margins:

${numbers(MARGIN)}

Learning:

${numbers(LEARN)}

Limits of a file:

${numbers(LIMITS)}
`;
}

/** docs/errors.md. */
export function errorsMarkdown(): string {
  const rows = Object.entries(CATALOGUE as Readonly<Record<string, ErrorEntry>>).map(([code, e]) => [
    `\`${code}\``,
    String(e.exit),
    String(e.http),
    e.when,
  ]);
  return `# Errors

<!-- Generated by npm run docs from src/core/errors.ts. Edit the code, not this file. -->

Every fault of input or environment has a code, a message that says what was expected and what came, and a fix. Exit 2:
usage or a file is at fault; exit 3: the machine is. A defective part is no error.

${table(['code', 'exit', 'HTTP', 'when'], rows)}
`;
}
