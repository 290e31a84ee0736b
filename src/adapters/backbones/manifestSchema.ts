/** The form of a manifest of models, for the validator, for editors (models/manifest.schema.json) and for types. */
import { type Static, Type } from 'typebox';

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

const licence = Type.Object(
  { package: Type.Optional(Type.String()), weights: Type.String(), note: Type.Optional(Type.String()) },
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
  licence,
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

const RemoteSchema = Type.Object(
  {
    role: Type.Literal('dense'),
    title: Type.String({ minLength: 1 }),
    source: Type.Object(
      {
        remote: Type.String({ pattern: '^https?://[^/]+', description: 'HTTP address of a KServe v2 server' }),
        model: Type.String({ minLength: 1, description: 'how the server calls it' }),
        version: Type.Optional(Type.String({ minLength: 1, description: 'default: what the server takes' })),
      },
      closed,
    ),
    licence,
    multiple: Type.Integer({ minimum: 1, description: 'input sides are multiples of this' }),
    stages: Type.Array(
      Type.Object(
        {
          name: Type.String({ pattern: '^[a-z][a-z0-9_]*$', description: 'of the stage and of its output tensor' }),
          stride: Type.Integer({ minimum: 1 }),
          channels: Type.Integer({ minimum: 1 }),
        },
        closed,
      ),
      { minItems: 1 },
    ),
    marks: Type.Optional(
      Type.Record(Type.String(), Type.Number({ exclusiveMinimum: 0 }), {
        description: 'per stage, as `logsad models export` prints them: a server with other weights is refused',
      }),
    ),
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
          overlap: Type.Optional(Type.Number({ description: 'of boxes; default 0.7' })),
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
    models: Type.Record(
      Type.String(),
      Type.Union([DenseSchema, TransformerSchema, MasksSchema, TextSchema, RemoteSchema]),
    ),
  },
  closed,
);

export type ManifestFile = Static<typeof ManifestSchema>;
/** A model as its manifest states it; one that is served elsewhere has no files. */
export type ModelEntry = Exclude<ManifestFile['models'][string], Static<typeof RemoteSchema>> | RemoteEntry;
export type RemoteEntry = Static<typeof RemoteSchema> & { readonly files: readonly [] };
export type DenseEntry = Static<typeof DenseSchema>;
export type TransformerEntry = Static<typeof TransformerSchema>;
export type MasksEntry = Static<typeof MasksSchema>;

/** Whether a model is a vision transformer to be prepared (else its taps are stated by name). */
export const isTransformer = (entry: ModelEntry): entry is TransformerEntry => 'transformer' in entry;

/** Whether a server runs a model. */
export const isRemote = (entry: ModelEntry): entry is RemoteEntry => 'remote' in entry.source;
