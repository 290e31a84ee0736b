/** Codes of models. */
import { type ErrorEntry, entry, list } from './entry.ts';

export const MODEL_ERRORS = {
  MODEL_MANIFEST: entry({
    exit: 2,
    http: 500,
    when: 'A model manifest is missing, no YAML, or not of the shape models/manifest.yaml has.',
    message: (p) => `the model manifest is not usable:\n${list(p.faults)}`,
    fix: () => 'correct the lines named; models/README.md documents every key',
  }),
  MODEL_SET_UNKNOWN: entry({
    exit: 2,
    http: 422,
    when: 'A model set was named that no manifest defines, or that lacks the role asked for.',
    message: (p) => `no model set '${list(p.set)}' with a '${list(p.role)}' model; known sets: ${list(p.known)}`,
    fix: () => 'name one of the known sets, or add a manifest by LOGSAD_MODELS=/path/manifest.yaml',
  }),
  MODEL_ROLE: entry({
    exit: 2,
    http: 422,
    when: 'A model set names a model whose role does not fit the use.',
    message: (p) => `model '${list(p.model)}' has role '${list(p.found)}', expected '${list(p.expected)}'`,
    fix: () => 'name a model of the right role in the set of the manifest',
  }),
  MODEL_MISSING: entry({
    exit: 3,
    http: 503,
    when: 'The package or file that carries a model is not on this machine.',
    message: (p) => `model '${list(p.model)}': ${list(p.path)} is missing`,
    fix: (p) => list(p.remedy),
  }),
  MODEL_DIGEST: entry({
    exit: 3,
    http: 503,
    when: 'A model file is not the one the manifest pins by sha256.',
    message: (p) =>
      `model '${list(p.model)}': ${list(p.path)} expected sha256 ${list(p.expected)}, found ${list(p.found)}`,
    fix: (p) => list(p.remedy),
  }),
  MODEL_INVALID: entry({
    exit: 3,
    http: 503,
    when: 'A model file cannot be read as the graph the manifest says it is.',
    message: (p) => `model '${list(p.model)}': ${list(p.reason)}`,
    fix: () => 'restore the file the manifest pins (`logsad models verify`), or correct the entry of the manifest',
  }),
  MODEL_UNSUPPORTED_OP: entry({
    exit: 3,
    http: 503,
    when: 'A graph to be converted holds an operation, or a setting of one, that the converter does not know.',
    message: (p) => `model '${list(p.model)}': node '${list(p.node)}': ${list(p.reason)}`,
    fix: (p) => `use the pinned version of the package; the converter knows ${list(p.known)}`,
  }),
  MODEL_TAP: entry({
    exit: 3,
    http: 503,
    when: 'A stage of the manifest names a tensor that the graph does not hold.',
    message: (p) => `model '${list(p.model)}': the graph holds no tensor '${list(p.tensor)}'`,
    fix: () => 'correct `stages` (or `input`) of the entry in the manifest',
  }),

  MODEL_LAYOUT: entry({
    exit: 3,
    http: 503,
    when: 'A model file is an ONNX graph, but not built as its role needs: other inputs, another structure, an optimised or quantised export.',
    message: (p) => `model '${list(p.model)}': ${list(p.path)}: expected ${list(p.expected)}, found ${list(p.found)}`,
    fix: (p) =>
      `bring the plain float32 export: logsad models pull ${list(p.model)} --force; or export the checkpoint anew (docs/models.md says how)`,
  }),
  MODEL_UNPINNED: entry({
    exit: 3,
    http: 503,
    when: 'A model that is brought from outside has files here, but no digest of them was ever pinned.',
    message: (p) => `model '${list(p.model)}': ${list(p.path)} has no sha256 in ${list(p.lock)}`,
    fix: (p) => `run: logsad models pull ${list(p.model)}`,
  }),
  MODEL_UNKNOWN: entry({
    exit: 2,
    http: 404,
    when: 'A model or a set was named that no manifest defines.',
    message: (p) => `no ${list(p.what)} '${list(p.name)}'; known: ${list(p.known)}`,
    fix: () => 'name one of those; see: logsad models list',
  }),
  PULL_FAILED: entry({
    exit: 3,
    http: 502,
    when: 'A file of a model could not be brought: no answer, a refusal, or a transfer that kept breaking off. What arrived is kept and continued.',
    message: (p) => `${list(p.url)} could not be brought in ${list(p.attempts)} tries: ${list(p.reason)}`,
    fix: () =>
      'run the same command again: it continues; behind a proxy set HTTPS_PROXY; elsewhere: logsad models pull ID --from MIRROR or --from FOLDER (docs/models.md)',
  }),
  PULL_DIGEST: entry({
    exit: 3,
    http: 502,
    when: 'A brought file is not the one that was pinned, or that the server says it is: damaged on the way, or changed at its source.',
    message: (p) => `${list(p.url)}: expected sha256 ${list(p.expected)}, found ${list(p.found)}`,
    fix: () =>
      'run it again (the damaged file was removed); if its source has truly changed and you trust it: logsad models pull ID --force',
  }),
  PULL_SOURCE: entry({
    exit: 2,
    http: 404,
    when: 'The folder given as --from does not hold a file of the model.',
    message: (p) => `${list(p.from)} holds no ${list(p.path)} of '${list(p.model)}'; looked at ${list(p.tried)}`,
    fix: () => 'put the file at one of those places, or name another folder, mirror or hub as --from',
  }),
  TEXT_TOO_LONG: entry({
    exit: 2,
    http: 422,
    when: 'A text of the rule file (say, object, states) is longer than the text model reads.',
    message: (p) =>
      `model '${list(p.model)}' reads ${list(p.expected)} tokens, found ${list(p.found)} in \u201c${list(p.text).slice(0, 80)}\u201d`,
    fix: () => 'say it in fewer words under say:, object: or states: of the rule file; then: logsad rules lint RULES',
  }),
} as const satisfies Record<string, ErrorEntry>;
