/** Which language model: the environment, or a YAML file. Keys stay inside this folder and are never shown. */
import { Ajv } from 'ajv';
import { type Static, Type } from 'typebox';
import { parse } from 'yaml';
import { LogsadError } from '../../core/errors.ts';
import { readText } from '../files.ts';

/** Times and sizes where the user states none (FIELD D.1: the client's own default waits for half an hour). */
export const LLM_DEFAULTS = {
  /** Seconds for one answer, retries included. */
  timeoutSeconds: 180,
  /** Repeats after 429, 5xx and lost connections; Retry-After is obeyed. */
  retries: 2,
  maxOutputTokens: 8000,
  url: 'https://api.openai.com/v1',
} as const;

const closed = { additionalProperties: false } as const;
const ConfigSchema = Type.Object(
  {
    url: Type.Optional(Type.String({ pattern: '^https?://' })),
    model: Type.String({ minLength: 1 }),
    key: Type.Optional(Type.String({ minLength: 1 })),
    keyEnv: Type.Optional(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' })),
    azure: Type.Optional(Type.Object({ apiVersion: Type.String({ minLength: 1 }) }, closed)),
    timeoutSeconds: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 3600 })),
    retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 10 })),
    maxOutputTokens: Type.Optional(Type.Integer({ minimum: 64, maximum: 200_000 })),
    stream: Type.Optional(Type.Boolean()),
    mode: Type.Optional(
      Type.Union([Type.Literal('strict'), Type.Literal('schema'), Type.Literal('tool'), Type.Literal('plain')]),
    ),
    prices: Type.Optional(
      Type.Object({ input: Type.Number({ minimum: 0 }), output: Type.Number({ minimum: 0 }) }, closed),
    ),
  },
  closed,
);
type Written = Static<typeof ConfigSchema>;

export interface LlmConfig extends Omit<Written, 'key' | 'keyEnv' | 'url'> {
  readonly url: string;
  readonly key: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

const validate = new Ajv({ allErrors: true }).compile<Written>(ConfigSchema);

/**
 * From a file, or from LOGSAD_LLM_URL, LOGSAD_LLM_MODEL and LOGSAD_LLM_KEY (OPENAI_BASE_URL and OPENAI_API_KEY serve
 * where these are not set). @throws LogsadError LLM_NOT_CONFIGURED, LLM_CONFIG, FILE_*
 */
export async function llmConfig(file: string | undefined, environment: Environment = process.env): Promise<LlmConfig> {
  if (file !== undefined)
    return fromText(await readText(file, 'a YAML file that names url and model'), file, environment);
  const model = environment.LOGSAD_LLM_MODEL;
  if (!model) {
    throw new LogsadError('LLM_NOT_CONFIGURED', { reason: 'LOGSAD_LLM_MODEL is not set and no --llm FILE was given' });
  }
  const url = environment.LOGSAD_LLM_URL ?? environment.OPENAI_BASE_URL ?? LLM_DEFAULTS.url;
  // A key for one server is never sent to another: OPENAI_API_KEY goes where OPENAI_BASE_URL points, or to its owner.
  const own = environment.LOGSAD_LLM_URL === undefined;
  const key = environment.LOGSAD_LLM_KEY ?? (own ? environment.OPENAI_API_KEY : undefined) ?? null;
  return checked({ url, model }, 'LOGSAD_LLM_URL', key);
}

function fromText(text: string, file: string, environment: Environment): LlmConfig {
  let value: unknown;
  try {
    value = parse(text, { logLevel: 'silent' });
  } catch (error) {
    throw new LogsadError('LLM_CONFIG', { file, reason: (error as Error).message.split('\n')[0]! });
  }
  if (!validate(value)) {
    const e = validate.errors![0]!;
    // The value itself is not shown: it may be a key.
    const where = e.instancePath === '' ? '' : `${e.instancePath.slice(1)} `;
    const more = e.keyword === 'additionalProperties' ? ` (${String(e.params.additionalProperty)})` : '';
    throw new LogsadError('LLM_CONFIG', { file, reason: `${where}${e.message ?? 'is not valid'}${more}` });
  }
  const key = value.key ?? (value.keyEnv === undefined ? null : (environment[value.keyEnv] ?? null));
  if (value.keyEnv !== undefined && key === null) {
    throw new LogsadError('LLM_CONFIG', { file, reason: `the variable ${value.keyEnv} (keyEnv) is not set` });
  }
  return checked(value, file, key);
}

function checked({ key: _, keyEnv: __, ...rest }: Written, file: string, key: string | null): LlmConfig {
  const url = rest.url ?? LLM_DEFAULTS.url;
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new LogsadError('LLM_CONFIG', { file, reason: 'url is no address' });
  }
  if (parsed.username !== '' || parsed.password !== '' || parsed.search !== '') {
    throw new LogsadError('LLM_CONFIG', {
      file,
      reason: 'url must hold no user, password or query: use key or keyEnv',
    });
  }
  return { ...rest, url, key };
}
