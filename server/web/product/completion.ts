/** Completion from the JSON schema of rule files: which keys and values fit where the cursor stands. */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';

export interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly if?: JsonSchema;
  readonly then?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema | boolean;
  readonly description?: string;
  readonly examples?: readonly unknown[];
}

interface Open {
  readonly indent: number;
  /** A key, or `[]` for an item of a list. */
  readonly step: string;
  /** Values of the keys beside it that were met, to tell the kinds of rules apart. */
  readonly siblings: Map<string, string>;
}

const KEY = /^(\s*)((?:- +)*)([\w-]+)\s*:(?:\s+(.*))?$/;

/**
 * The path of keys that the line at `upTo` stands in, by indentation; block style, and the flow map of one line. Enough to
 * complete while typing: what is typed is seldom a whole document.
 */
export function placeOf(
  lines: readonly string[],
  line: number,
  column: number,
): { path: string[]; siblings: Map<string, string> } {
  const stack: Open[] = [{ indent: -1, step: '', siblings: new Map() }];
  const enter = (indent: number, step: string): void => {
    while (stack.length > 1 && stack.at(-1)!.indent >= indent) stack.pop();
    stack.push({ indent, step, siblings: new Map() });
  };
  for (let n = 0; n <= line; n++) {
    const last = n === line;
    const shown = (last ? lines[n]!.slice(0, column) : lines[n]!).replace(/(^|\s)#.*$/, '');
    if (shown.trim() === '' && !last) continue;
    let indent = /^\s*/.exec(shown)![0].length;
    let rest = shown.slice(indent);
    leave(stack, indent, rest.startsWith('-'));
    while (/^-( |$)/.test(rest)) {
      enterItem(stack, indent);
      const dash = /^-\s*/.exec(rest)![0].length;
      indent += dash;
      rest = rest.slice(dash);
    }
    const key = KEY.exec(rest);
    if (key) {
      stack.at(-1)!.siblings.set(key[3]!, (key[4] ?? '').trim());
      if (!last || (key[4] ?? '') !== '' || /:\s*$/.test(rest)) enter(indent, key[3]!);
    }
    const flow = last ? inFlow(rest) : null;
    if (flow) return { path: [...steps(stack), ...flow.path], siblings: flow.siblings };
  }
  return { path: steps(stack), siblings: stack.at(-1)!.siblings };
}

/** Leaves what a line of this indentation ends; the items of a list may stand as far left as its key. */
function leave(stack: Open[], indent: number, item: boolean): void {
  const stays = (o: Open): boolean => o.indent < indent || (item && o.indent === indent && o.step !== '[]');
  while (stack.length > 1 && !stays(stack.at(-1)!)) stack.pop();
}

/** Within a flow map that the line leaves open: the key whose value is being typed, and the keys beside it. */
function inFlow(rest: string): { path: string[]; siblings: Map<string, string> } | null {
  const start = rest.lastIndexOf('{');
  if (start < 0 || rest.indexOf('}', start) >= 0) return null;
  const typed = rest.slice(start + 1);
  const siblings = new Map<string, string>();
  for (const part of typed.split(',')) {
    const [k, v] = part.split(':');
    if (v !== undefined) siblings.set(k!.trim(), v.trim());
  }
  const open = /([\w-]+)\s*:\s*([^,{}]*)$/.exec(typed);
  return { path: open ? [open[1]!] : [], siblings };
}

function enterItem(stack: Open[], indent: number): void {
  while (
    stack.length > 1 &&
    (stack.at(-1)!.indent > indent || (stack.at(-1)!.indent === indent && stack.at(-1)!.step === '[]'))
  )
    stack.pop();
  stack.push({ indent, step: '[]', siblings: new Map() });
}

const steps = (stack: readonly Open[]): string[] => stack.slice(1).map((o) => o.step);

/** All schemas that may hold at one place, references followed. */
function open(schema: JsonSchema | boolean | undefined, root: JsonSchema, depth = 0): JsonSchema[] {
  if (typeof schema !== 'object' || depth > 8) return [];
  const inner = [
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(schema.allOf ?? []),
    ...(schema.then ? [schema.then] : []),
  ];
  const named = schema.$ref ? root.$defs?.[schema.$ref.split('/').at(-1)!] : undefined;
  return [schema, ...open(named, root, depth + 1), ...inner.flatMap((s) => open(s, root, depth + 1))];
}

const constOf = (s: JsonSchema | undefined): unknown => s?.const ?? (s?.enum?.length === 1 ? s.enum[0] : undefined);

/** Schemas at a path; where some say by a `kind` that they are not meant, they are left out. */
export function schemasAt(
  root: JsonSchema,
  path: readonly string[],
  siblings: ReadonlyMap<string, string>,
): JsonSchema[] {
  let here = open(root, root);
  for (const step of path) {
    here = here.flatMap((s) => {
      if (step === '[]') return open(s.items, root);
      const own = s.properties?.[step];
      if (own) return open(own, root);
      const patterned = Object.values(s.patternProperties ?? {});
      return (patterned.length > 0 ? patterned : [s.additionalProperties]).flatMap((p) => open(p, root));
    });
  }
  const kind = siblings.get('kind');
  const fitting = kind
    ? here.filter((s) => [undefined, kind].includes(constOf(s.properties?.kind) as string | undefined))
    : here;
  return fitting.length > 0 ? fitting : here;
}

const detailOf = (s: JsonSchema): { info?: string } => (s.description ? { info: s.description } : {});

function keysOf(schemas: readonly JsonSchema[], present: ReadonlySet<string>): Completion[] {
  const found = new Map<string, Completion>();
  for (const s of schemas) {
    for (const [name, p] of Object.entries(s.properties ?? {})) {
      if (present.has(name) || found.has(name)) continue;
      found.set(name, { label: name, apply: `${name}: `, type: 'property', ...detailOf(p) });
    }
  }
  return [...found.values()];
}

function valuesOf(schemas: readonly JsonSchema[], names: readonly string[]): Completion[] {
  const found = new Map<string, Completion>();
  for (const s of schemas) {
    const said = s.const !== undefined ? [s.const] : (s.enum ?? []);
    for (const v of s.type === 'boolean' ? [true, false] : said)
      found.set(String(v), { label: String(v), type: 'constant', ...detailOf(s) });
    if (s.type === 'string' && said.length === 0) for (const n of names) found.set(n, { label: n, type: 'variable' });
  }
  return [...found.values()];
}

/** A source for CodeMirror. `names`: interests and attributes of the file, offered where a name is asked for. */
export function completeFrom(
  root: JsonSchema,
  names: () => readonly string[],
): (c: CompletionContext) => CompletionResult | null {
  return (context) => {
    const { doc } = context.state;
    const line = doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    const word = /[\w-]*$/.exec(before)![0];
    if (word === '' && !context.explicit && !/[:{,-]\s+$/.test(before)) return null;
    const lines = doc.toString().split('\n');
    const { path, siblings } = placeOf(lines, line.number - 1, before.length - word.length);
    const value = /:\s+\[?[^{}]*$/.test(before.slice(Math.max(before.lastIndexOf('{'), before.lastIndexOf(',')) + 1));
    const schemas = schemasAt(root, path, siblings);
    const options = value
      ? valuesOf(
          schemas.flatMap((s) => [s, ...open(s.items, root)]),
          names(),
        )
      : keysOf(schemas, new Set(siblings.keys()));
    return options.length === 0 ? null : { from: context.pos - word.length, options, validFor: /^[\w-]*$/ };
  };
}
