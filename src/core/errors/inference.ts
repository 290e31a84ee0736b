/** Codes of inference. */
import { type ErrorEntry, entry, list } from './entry.ts';

export const INFERENCE_ERRORS = {
  INFERENCE_UNAVAILABLE: entry({
    exit: 3,
    http: 503,
    when: 'The inference child cannot start: the runtime is missing or does not fit this machine.',
    message: (p) => `the inference process did not start: ${list(p.reason)}`,
    fix: () =>
      'run `logsad doctor`; `npm ci` restores onnxruntime-node. No handles or processes left: raise `ulimit -n`, `ulimit -u`',
  }),
  INFERENCE_CRASHED: entry({
    exit: 3,
    http: 503,
    when: 'The inference child died twice in the same call.',
    message: (p) =>
      `the inference process died on graph '${list(p.graph)}' (${list(p.reason)}; it held ${list(p.held)} MiB before) and died again when the call was repeated`,
    fix: () =>
      'SIGKILL mostly means that the system ran out of memory: `logsad doctor` shows what is free and tests the runtime',
  }),
  INFERENCE_TIMEOUT: entry({
    exit: 3,
    http: 504,
    when: 'A call overran its deadline; the child was killed and will be started anew.',
    message: (p) => `inference took longer than ${list(p.deadlineMs)} ms`,
    fix: () => 'use a smaller `frame.long`, fewer normals in the bank, or a machine with less load',
  }),
  INFERENCE_MEMORY: entry({
    exit: 3,
    http: 503,
    when: 'The inference child ran out of memory.',
    message: (p) => {
      const asked = p.asked === undefined ? list(p.reason) : `it asked for ${list(p.asked)} at once`;
      const fed = p.fed === undefined ? '' : `, fed ${list(p.fed)}`;
      return `graph '${list(p.graph)}' ran out of memory: ${asked}${fed}; the inference process held ${list(p.held)} MiB`;
    },
    fix: () =>
      'free memory (`logsad doctor` shows how much there is), or learn again with a smaller `frame.long`, fewer normals or a smaller model: logsad learn --models SET',
  }),
  INFERENCE_SHAPE: entry({
    exit: 3,
    http: 500,
    when: 'A graph was fed tensors that are not the ones it declares.',
    message: (p) => `graph '${list(p.graph)}': expected ${list(p.expected)}, found ${list(p.found)}`,
    fix: () => 'the profile, the model and the image do not fit together: learn the profile anew',
  }),
  INFERENCE_GRAPH: entry({
    exit: 3,
    http: 503,
    when: 'The runtime refused to load a graph, or a graph failed while it ran.',
    message: (p) => `graph '${list(p.graph)}': ${list(p.reason)}`,
    fix: () => '`logsad models verify` checks the files; `logsad doctor` the runtime',
  }),
  INFERENCE_PROVIDER: entry({
    exit: 3,
    http: 503,
    when: 'LOGSAD_PROVIDERS names an execution provider that the installed onnxruntime does not have, or that does not start here.',
    message: (p) => `execution provider '${list(p.provider)}': ${list(p.reason)}; installed: ${list(p.known)}`,
    fix: () =>
      'unset LOGSAD_PROVIDERS to compute on the processor, or install what the provider needs (docs/models.md)',
  }),
  INFERENCE_CLOSED: entry({
    exit: 3,
    http: 503,
    when: 'A call came after the inference host was closed.',
    message: () => 'the inference host is closed',
    fix: () => 'this is a fault of the program: report it with the command that led to it',
  }),
  REMOTE_AWAY: entry({
    exit: 3,
    http: 503,
    when: 'The server that a model is served by did not answer in time, or cannot be reached.',
    message: (p) => `${list(p.remote)} gave no answer in ${list(p.attempts)} tries: ${list(p.reason)}`,
    fix: (p) =>
      `curl ${list(p.remote)}/v2/health/ready tells whether it is up; then correct \`remote\` of the model in its manifest, or start the server`,
  }),
  REMOTE_MODEL: entry({
    exit: 3,
    http: 503,
    when: 'A server has no model of the name (or version) that the manifest states, or has not loaded it.',
    message: (p) => `${list(p.remote)} serves no model '${list(p.model)}': ${list(p.reason)}`,
    fix: (p) =>
      `put the folder that \`logsad models export ID --to MODELS\` writes into its model repository; curl ${list(p.remote)}/v2/models/${list(p.model)} shows what it has`,
  }),
  REMOTE_FACE: entry({
    exit: 3,
    http: 503,
    when: 'A served model takes or yields other tensors than its manifest states: other names, types, sizes or values.',
    message: (p) =>
      `model '${list(p.model)}' on ${list(p.remote)}: expected ${list(p.expected)}, found ${list(p.found)}`,
    fix: () => 'serve the graph that `logsad models export` writes, with the manifest entry it prints, and learn anew',
  }),
  REMOTE_FAILED: entry({
    exit: 3,
    http: 502,
    when: 'A server refused a call, or answered something that is not the KServe v2 protocol.',
    message: (p) => `model '${list(p.model)}' on ${list(p.remote)}: ${list(p.reason)}`,
    fix: () => 'look at the log of the server; `remote` must be its HTTP address, not the one for gRPC',
  }),
} as const satisfies Record<string, ErrorEntry>;
