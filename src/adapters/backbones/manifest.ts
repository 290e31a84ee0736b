/**
 * `models/manifest.yaml`: its schema, and reading it with every fault located. A further manifest (a folder of models
 * brought by hand, tests, benchmarks) has the same form; its files lie relative to itself.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { isNode, LineCounter, parseDocument, visit } from 'yaml';
import { LogsadError } from '../../core/errors.ts';
import { type ManifestFile, ManifestSchema, type ModelEntry } from './manifestSchema.ts';

export * from './manifestSchema.ts';

export interface Manifest {
  readonly path: string;
  /** `folder` sources are relative to this. */
  readonly base: string;
  readonly sets: ManifestFile['sets'];
  readonly models: Readonly<Record<string, ModelEntry>>;
}

const validate = new Ajv({ allErrors: true, strict: true, strictTuples: false }).compile(ManifestSchema);

/** Reads and checks a manifest. @throws LogsadError MODEL_MANIFEST with all faults, each at file:line:col */
export async function readManifest(path: string): Promise<Manifest> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new LogsadError('MODEL_MANIFEST', { faults: `${path}: cannot be read (${String(cause)})` }, { cause });
  });
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  let faults = yamlFaults(document);
  if (faults.length === 0) faults = shapeFaults(document);
  if (faults.length === 0) faults = stageFaults(document);
  if (faults.length > 0) {
    throw new LogsadError('MODEL_MANIFEST', { faults: faults.map((f) => `${at(f.offset)}: ${f.text}`).join('\n') });
  }
  const { sets, models } = document.toJS() as ManifestFile;
  return { path, base: dirname(resolve(path)), sets, models: withFiles(models) };
}

const withFiles = (models: ManifestFile['models']): Record<string, ModelEntry> =>
  Object.fromEntries(Object.entries(models).map(([id, m]) => [id, 'files' in m ? m : { ...m, files: [] as const }]));

type YamlDocument = ReturnType<typeof parseDocument>;
interface ManifestFault {
  readonly offset: number;
  readonly text: string;
}

function yamlFaults(document: YamlDocument): ManifestFault[] {
  const faults = document.errors.map((e) => ({ offset: e.pos[0], text: e.message.split('\n')[0]! }));
  // Aliases are of no use here, and can make a small file a huge one.
  visit(document, {
    Alias: (_, node) => {
      faults.push({ offset: node.range?.[0] ?? 0, text: 'aliases (*name) are not allowed' });
    },
  });
  return faults;
}

function shapeFaults(document: YamlDocument): ManifestFault[] {
  if (validate(document.toJS())) return [];
  return deepest(validate.errors ?? []).map((error) => {
    const keys = error.instancePath
      .split('/')
      .slice(1)
      .map((p) => p.replace(/~1/g, '/').replace(/~0/g, '~'));
    return { offset: offsetOf(document, keys), text: `${error.instancePath || '/'} ${explain(error)}` };
  });
}

/** What a schema cannot say: pins, paths, stage names that are unique, strides that divide the multiple of input sides. */
function stageFaults(document: YamlDocument): ManifestFault[] {
  const models = withFiles((document.toJS() as ManifestFile).models);
  return Object.entries(models).flatMap(([id, entry]) => {
    const bare = 'pull' in entry.source ? -1 : entry.files.findIndex((f) => f.sha256 === undefined);
    if (bare >= 0)
      return [
        { offset: offsetOf(document, ['models', id, 'files', String(bare)]), text: `file of '${id}' needs a sha256` },
      ];
    const climbing = entry.files.findIndex((f) => f.path.split(/[/\\]/).includes('..'));
    if (climbing >= 0)
      return [
        {
          offset: offsetOf(document, ['models', id, 'files', String(climbing)]),
          text: `path of '${id}' leaves its folder`,
        },
      ];
    if (!('stages' in entry)) return [];
    return entry.stages.flatMap(({ name, stride }, i) => {
      const offset = offsetOf(document, ['models', id, 'stages', String(i)]);
      const twice = entry.stages.findIndex((s) => s.name === name) < i;
      const uneven = entry.multiple % stride !== 0;
      return [
        ...(twice ? [{ offset, text: `stage '${name}' stands twice in '${id}'` }] : []),
        ...(uneven
          ? [{ offset, text: `multiple ${entry.multiple} is no multiple of the stride ${stride} of '${name}'` }]
          : []),
      ];
    });
  });
}

/** A fault inside one branch of a union also reports the union and the other branches: keep what lies deepest. */
function deepest(errors: readonly ErrorObject[]): ErrorObject[] {
  const inner = errors.filter((e) => !errors.some((o) => o !== e && o.instancePath.startsWith(`${e.instancePath}/`)));
  const specific = inner.filter((e) => e.keyword !== 'anyOf');
  const seen = new Set<string>();
  return (specific.length > 0 ? specific : inner).filter((e) => {
    const key = `${e.instancePath}|${explain(e)}`;
    return !seen.has(key) && Boolean(seen.add(key));
  });
}

function explain(error: ErrorObject): string {
  const p = error.params as Readonly<Record<string, unknown>>;
  if (error.keyword === 'additionalProperties') return `has no key '${String(p.additionalProperty)}'`;
  if (error.keyword === 'const') return `must be '${String(p.allowedValue)}'`;
  return error.message ?? error.keyword;
}

/** Where the node at `keys` stands, or the nearest one around it. */
function offsetOf(document: YamlDocument, keys: readonly string[]): number {
  for (let length = keys.length; length > 0; length--) {
    const path = keys.slice(0, length).map((k) => (/^\d+$/.test(k) ? Number(k) : k));
    const node = document.getIn(path, true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}
