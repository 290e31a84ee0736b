/** Codes of language models and proposals. */
import { type ErrorEntry, entry, list } from './entry.ts';

export const LANGUAGE_ERRORS = {
  LLM_NOT_CONFIGURED: entry({
    exit: 2,
    http: 422,
    when: 'propose or llm probe was called and no language model is named.',
    message: (p) => `no language model is configured: ${list(p.reason)}`,
    fix: () =>
      'set LOGSAD_LLM_MODEL and LOGSAD_LLM_URL (and LOGSAD_LLM_KEY where the server asks for one), or pass --llm FILE; without any: --no-llm',
  }),
  LLM_CONFIG: entry({
    exit: 2,
    http: 422,
    when: 'The file that describes a language model is not valid.',
    message: (p) => `${list(p.file)} does not describe a language model: ${list(p.reason)}`,
    fix: () => 'expected for example: { url: "http://localhost:11434/v1", model: NAME, keyEnv: NAME_OF_A_VARIABLE }',
  }),
  LLM_AUTH: entry({
    exit: 3,
    http: 502,
    when: 'The server of the language model refuses the key, or the key may not use the model.',
    message: (p) => `${list(p.endpoint)} refuses access (${list(p.status)}): ${list(p.reason)}`,
    fix: () => 'check the key in LOGSAD_LLM_KEY (or the variable that keyEnv names) and that it may use the model',
  }),
  LLM_UNREACHABLE: entry({
    exit: 3,
    http: 502,
    when: 'Nothing answers at the address of the language model.',
    message: (p) => `${list(p.endpoint)} cannot be reached: ${list(p.reason)}`,
    fix: () => 'start the server or correct LOGSAD_LLM_URL, then: logsad llm probe',
  }),
  LLM_TIMEOUT: entry({
    exit: 3,
    http: 504,
    when: 'The language model did not answer in time.',
    message: (p) => `${list(p.endpoint)} gave no answer to ${list(p.stage)} within ${list(p.seconds)} s`,
    fix: () => 'allow more time (timeoutSeconds in the file of --llm), or use a faster model',
  }),
  LLM_BUSY: entry({
    exit: 3,
    http: 503,
    when: 'The server of the language model limits the rate, also after the retries.',
    message: (p) => `${list(p.endpoint)} is busy (429): ${list(p.reason)}`,
    fix: () => 'wait and run the same command again: what was answered is in the record and is not asked twice',
  }),
  LLM_SERVER: entry({
    exit: 3,
    http: 502,
    when: 'The server of the language model answers with a fault, or with something that is no chat completion.',
    message: (p) => `${list(p.endpoint)} answered ${list(p.status)}: ${list(p.reason)}`,
    fix: () => 'look at the log of the server; logsad llm probe tries what it can do',
  }),
  LLM_REFUSED: entry({
    exit: 2,
    http: 422,
    when: 'The language model refuses to answer.',
    message: (p) => `${list(p.model)} refused ${list(p.stage)}: ${list(p.reason)}`,
    fix: () => 'reword the instructions, use another model, or author without one: --no-llm',
  }),
  LLM_TRUNCATED: entry({
    exit: 2,
    http: 422,
    when: 'An answer was cut off at the token limit, also at twice the limit.',
    message: (p) => `the answer of ${list(p.model)} to ${list(p.stage)} was cut off at ${list(p.tokens)} tokens`,
    fix: () => 'raise maxOutputTokens in the file of --llm, shorten the instructions, or show fewer pictures',
  }),
  LLM_REPLY_INVALID: entry({
    exit: 2,
    http: 422,
    when: 'The answers of a language model are not what was asked for, also after the repair rounds.',
    message: (p) =>
      `${list(p.model)} gave no usable answer to ${list(p.stage)} in ${list(p.rounds)} rounds\n${(p.faults as readonly string[] | undefined)?.map((f) => `  ${f}`).join('\n') ?? ''}`,
    fix: () => 'use a stronger model, name better pictures with --images, or draw the exemplars by hand: --no-llm',
  }),
  LLM_BUDGET: entry({
    exit: 2,
    http: 402,
    when: 'The next request would pass the cap on tokens or cost; it was not sent.',
    message: (p) =>
      `${list(p.stage)} would need about ${list(p.needed)} ${list(p.unit)}; ${list(p.used)} of ${list(p.cap)} are used`,
    fix: (p) => `raise the cap with ${list(p.option)}, or show fewer pictures: --images a,b,c`,
  }),
  LLM_RECORD_MISSING: entry({
    exit: 2,
    http: 404,
    when: 'A replay asks for an exchange that the record does not hold: pictures, instructions, prompts or models changed.',
    message: (p) => `the record ${list(p.file)} holds no answer to this ${list(p.stage)} request (${list(p.key)})`,
    fix: () => 'run without --replay to ask the model, or restore what the record was made with',
  }),
  LLM_RECORD_INVALID: entry({
    exit: 2,
    http: 422,
    when: 'A record of exchanges cannot be read.',
    message: (p) => `${list(p.file)} is no record of exchanges: ${list(p.reason)}`,
    fix: () => 'use the exchanges.jsonl that propose wrote, unchanged',
  }),
  PROMPT_INVALID: entry({
    exit: 2,
    http: 500,
    when: 'A prompt file has no valid front matter, or other slots than it names.',
    message: (p) => `${list(p.file)} is no prompt: ${list(p.reason)}`,
    fix: () => 'restore the file from the package, or correct the front matter: name and slots',
  }),
  PROPOSE_NOTHING: entry({
    exit: 2,
    http: 422,
    when: 'propose ended with nothing worth writing: no interest could be found on the normals, or no rule stands.',
    message: (p) => `nothing can be proposed: ${list(p.reason)}`,
    fix: (p) => list(p.fix),
  }),
} as const satisfies Record<string, ErrorEntry>;
