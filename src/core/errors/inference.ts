/** Codes of inference. */
import { type ErrorEntry, entry, list } from './entry.ts';

export const INFERENCE_ERRORS = {
  INFERENCE_UNAVAILABLE: entry({
    exit: 3,
    http: 503,
    when: 'The inference child cannot start: the runtime is missing or does not fit this machine.',
    message: (p) => `the inference process did not start: ${list(p.reason)}`,
    fix: () => 'run `logsad doctor`; `npm ci` restores onnxruntime-node',
  }),
  INFERENCE_CRASHED: entry({
    exit: 3,
    http: 503,
    when: 'The inference child died twice in the same call.',
    message: (p) => `the inference process died (${list(p.reason)}) and died again when the call was repeated`,
    fix: () => 'look at free memory and at the image that was being inspected; `logsad doctor` tests the runtime',
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
    message: (p) => `inference ran out of memory: ${list(p.reason)}`,
    fix: () => 'use a smaller `frame.long` or bank, or give the machine more memory',
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
  INFERENCE_CLOSED: entry({
    exit: 3,
    http: 503,
    when: 'A call came after the inference host was closed.',
    message: () => 'the inference host is closed',
    fix: () => 'this is a fault of the program: report it with the command that led to it',
  }),
} as const satisfies Record<string, ErrorEntry>;
