/**
 * `models/manifest.yaml`: its schema, and reading it with every fault located. A further manifest (a folder of models
 * brought by hand, tests, benchmarks) has the same form; its files lie relative to itself.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { type Static, Type } from 'typebox';
import { isNode, LineCounter, parseDocument, visit } from 'yaml';
import { LogsadError } from '../../core/errors.ts';

const closed = { additionalProperties: false } as const;
const Triple = Type.Tuple([Type.Number(), Type.Number(), Type.Number()]);
const Scale = Type.Tuple([
  Type.Number({ exclusiveMinimum: 0 }),
  Type.Number({ exclusiveMinimum: 0 }),
  Type.Number({ exclusiveMinimum: 0 }),
]);

const StageSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9_]*$', description: 'how detectors and profiles call the stage' }),
    output: Type.String({ minLength: 1, description: 'the tensor in the source graph' }),
    stride: Type.Integer({ minimum: 1 }),
    channels: Type.Integer({ minimum: 1 }),
    layout: Type.Optional(Type.Union([Type.Literal('nchw'), Type.Literal('tokens')], { description: 'default nchw' })),
    skip: Type.Optional(Type.Integer({ minimum: 0, description: 'tokens: leading ones that stand for no position' })),
  },
  closed,
);

const common = {
  title: Type.String({ minLength: 1 }),
  format: Type.Union([Type.Literal('tfjs'), Type.Literal('onnx')], { description: 'tfjs: graph, then weights' }),
  source: Type.Union([
    Type.Object({ package: Type.String({ minLength: 1 }), version: Type.String({ minLength: 1 }) }, closed),
    Type.Object({ folder: Type.String({ minLength: 1, description: 'relative to the manifest' }) }, closed),
    Type.Object(
      {
        pull: Type.String({ minLength: 1, description: 'repository on the hub, for `logsad models pull`' }),
        revision: Type.Optional(Type.String({ minLength: 1, description: 'branch, tag or commit; default main' })),
        unverified: Type.Optional(
          Type.Boolean({ description: 'the repository and its paths were never reached from where this was written' }),
        ),
      },
      closed,
    ),
  ]),
  files: Type.Array(
    Type.Object(
      {
        path: Type.String({ minLength: 1, pattern: '^[^/\\\\].*$' }),
        sha256: Type.Optional(
          Type.String({ pattern: '^[0-9a-f]{64}$', description: 'may lack for `pull`: pinned in the lock file then' }),
        ),
        part: Type.Optional(
          Type.Union(
            [
              Type.Literal('vision'),
              Type.Literal('text'),
              Type.Literal('tokenizer'),
              Type.Literal('tokenizer-config'),
              Type.Literal('encoder'),
              Type.Literal('decoder'),
              Type.Literal('data'),
            ],
            { description: 'what the file is, where a model has several' },
          ),
        ),
      },
      closed,
    ),
    { minItems: 1 },
  ),
  licence: Type.Object(
    { package: Type.Optional(Type.String()), weights: Type.String(), note: Type.Optional(Type.String()) },
    closed,
  ),
};

const preprocessing = Type.Object(
  {
    colour: Type.Union([Type.Literal('rgb'), Type.Literal('bgr')]),
    range: Type.Union([Type.Literal('byte'), Type.Literal('unit')], { description: '0..255 or 0..1' }),
    mean: Triple,
    std: Scale,
  },
  closed,
);

/** What is stated of a vision transformer; everything else is read off its graph and checked against this. */
const transformer = Type.Object(
  {
    patch: Type.Integer({ minimum: 1, description: 'pixels per side of a patch' }),
    size: Type.Integer({ minimum: 1, description: 'input side it was trained at' }),
    positions: Type.Union([Type.Literal('openclip'), Type.Literal('dinov2'), Type.Literal('plain')], {
      description: 'how its position table is resized',
    }),
    width: Type.Integer({ minimum: 1, description: 'channels of a stage' }),
    activation: Type.Union([Type.Literal('gelu'), Type.Literal('quick-gelu')]),
  },
  closed,
);

const DenseSchema = Type.Object(
  {
    role: Type.Literal('dense'),
    ...common,
    preprocessing,
    multiple: Type.Integer({ minimum: 1, description: 'input sides are multiples of this' }),
    input: Type.String({ minLength: 1, description: 'the tensor that takes the image' }),
    stages: Type.Array(StageSchema, { minItems: 1 }),
  },
  closed,
);

const TransformerSchema = Type.Object(
  { role: Type.Union([Type.Literal('dense'), Type.Literal('image-text')]), ...common, preprocessing, transformer },
  closed,
);

const MasksSchema = Type.Object(
  {
    role: Type.Literal('masks'),
    ...common,
    preprocessing,
    size: Type.Integer({ minimum: 1, description: 'side of the square input' }),
    automatic: Type.Optional(
      Type.Object(
        {
          pointsPerSide: Type.Optional(Type.Integer({ minimum: 1, maximum: 64, description: 'default 32' })),
          predictedIou: Type.Optional(Type.Number({ description: 'default 0.88' })),
          stability: Type.Optional(Type.Number({ description: 'default 0.95' })),
        },
        { ...closed, description: 'automatic masks, where not as published' },
      ),
    ),
  },
  closed,
);

const TextSchema = Type.Object({ role: Type.Literal('text-recognition'), ...common }, closed);

/** The form of a manifest; `models/manifest.schema.json` is written from it. */
export const ManifestSchema = Type.Object(
  {
    schema: Type.Literal('logsad/models/v1'),
    sets: Type.Record(
      Type.String(),
      Type.Object(
        {
          ground: Type.Optional(Type.String()),
          match: Type.Optional(Type.String()),
          words: Type.Optional(Type.String()),
          masks: Type.Optional(Type.String()),
          text: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
    models: Type.Record(Type.String(), Type.Union([DenseSchema, TransformerSchema, MasksSchema, TextSchema])),
  },
  closed,
);

export type ManifestFile = Static<typeof ManifestSchema>;
export type ModelEntry = ManifestFile['models'][string];
export type DenseEntry = Static<typeof DenseSchema>;
export type TransformerEntry = Static<typeof TransformerSchema>;
export type MasksEntry = Static<typeof MasksSchema>;

/** Whether a model is a vision transformer to be prepared (else its taps are stated by name). */
export const isTransformer = (entry: ModelEntry): entry is TransformerEntry => 'transformer' in entry;

export interface Manifest {
  readonly path: string;
  /** `folder` sources are relative to this. */
  readonly base: string;
  readonly sets: ManifestFile['sets'];
  readonly models: ManifestFile['models'];
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
  return { path, base: dirname(resolve(path)), sets, models };
}

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
  const { models } = document.toJS() as ManifestFile;
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
