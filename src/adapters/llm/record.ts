/**
 * Every exchange is written down, and what is written down is not asked again. One JSON line per exchange; the file is
 * always replaced whole, so a run that dies leaves the answers it had.
 */
import type { ChatExchange, ChatReply, ChatRequest, LanguageModel } from '../../app/ports.ts';
import { canonicalJson, sha256 } from '../../core/digest.ts';
import { LogsadError } from '../../core/errors.ts';
import { exists, readText } from '../files.ts';
import { writeAtomic } from '../writing.ts';

/** Digest of a request: pictures count by their own digest, so that a key is the same for the same pictures. */
export function exchangeKey(request: ChatRequest, model: string): string {
  return sha256(canonicalJson({ ...withoutPixels(request), model }));
}

function withoutPixels({ messages, ...rest }: ChatRequest): object {
  const part = (p: ChatRequest['messages'][number]['parts'][number]): unknown =>
    'text' in p ? p : { image: p.image.sha256, name: p.image.name };
  return { ...rest, messages: messages.map((m) => ({ role: m.role, parts: m.parts.map(part) })) };
}

const textOf = (request: ChatRequest): string =>
  request.messages.flatMap((m) => m.parts.flatMap((p) => ('text' in p ? [`${m.role}: ${p.text}`] : []))).join('\n');

function exchangeOf(
  request: ChatRequest,
  reply: ChatReply,
  of: Pick<LanguageModel, 'model' | 'endpoint'>,
): ChatExchange {
  const images = request.messages.flatMap((m) => m.parts.flatMap((p) => ('image' in p ? [p.image] : [])));
  return {
    schema: 'logsad/exchange/v1',
    key: exchangeKey(request, of.model),
    stage: request.stage,
    mode: request.mode,
    endpoint: of.endpoint,
    model: of.model,
    prompt: sha256(textOf(request)),
    maxOutputTokens: request.maxOutputTokens,
    images: images.map(({ name, sha256: digest }) => ({ name, sha256: digest })),
    reply,
  };
}

/** @throws LogsadError LLM_RECORD_INVALID at the line, FILE_* */
export async function readRecord(file: string): Promise<ChatExchange[]> {
  const text = await readText(file, 'the exchanges.jsonl of an earlier run');
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const invalid = (reason: string) =>
      new LogsadError('LLM_RECORD_INVALID', { file, reason }, { place: { file, line: i + 1, col: 1 } });
    let value: Partial<ChatExchange>;
    try {
      value = JSON.parse(line) as Partial<ChatExchange>;
    } catch {
      throw invalid('a line is no JSON');
    }
    const whole =
      value?.schema === 'logsad/exchange/v1' &&
      [value.key, value.stage, value.model, value.endpoint].every((v) => typeof v === 'string') &&
      typeof value.reply?.text === 'string' &&
      typeof value.reply.at === 'string';
    if (!whole) throw invalid('a line is no exchange of this version');
    return [value as ChatExchange];
  });
}

const linesOf = (exchanges: readonly ChatExchange[]): string => exchanges.map((e) => `${JSON.stringify(e)}\n`).join('');

export interface RecordedModel extends LanguageModel {
  /** What this run used, in order: asked or taken from the record. */
  readonly exchanges: readonly ChatExchange[];
  /** How many of them were asked anew. */
  readonly asked: number;
  /** Leaves in the file what this run used and nothing else. */
  finish(): Promise<void>;
}

export interface RecordOptions {
  /** Where the record is kept; null: nowhere. */
  readonly file: string | null;
  /** What is known already. */
  readonly known?: readonly ChatExchange[];
  /** Answers only from what is known. */
  readonly replay?: boolean;
}

/** A model whose exchanges are kept. @throws (of complete) LogsadError LLM_RECORD_MISSING in a replay */
export function recorded(model: LanguageModel, options: RecordOptions): RecordedModel {
  const known = new Map<string, ChatExchange[]>();
  for (const e of options.known ?? []) known.set(e.key, [...(known.get(e.key) ?? []), e]);
  const used: ChatExchange[] = [];
  let asked = 0;
  const write = async (all: readonly ChatExchange[]): Promise<void> => {
    if (options.file !== null && !options.replay) await writeAtomic(options.file, linesOf(all));
  };
  return {
    ...model,
    exchanges: used,
    get asked() {
      return asked;
    },
    finish: () => write(used),
    async complete(request, callOptions = {}) {
      callOptions.signal?.throwIfAborted();
      const key = exchangeKey(request, model.model);
      const hit = known.get(key)?.shift();
      if (hit) {
        used.push(hit);
        return hit.reply;
      }
      if (options.replay) {
        throw new LogsadError('LLM_RECORD_MISSING', {
          file: options.file ?? 'given',
          stage: request.stage,
          key: key.slice(0, 12),
        });
      }
      const reply = await model.complete(request, callOptions);
      asked++;
      used.push(exchangeOf(request, reply, model));
      // Answers of earlier runs that have not come up yet stay, for the case that this run ends here.
      await write([...used, ...[...known.values()].flat()]);
      return reply;
    },
  };
}

/** A model that exists only as a record: its name and host are those of the first exchange. @throws as readRecord */
export async function replayed(file: string): Promise<RecordedModel> {
  const known = await readRecord(file);
  const first = known[0];
  if (!first) throw new LogsadError('LLM_RECORD_INVALID', { file, reason: 'it is empty' });
  const silent: LanguageModel = {
    model: first.model,
    endpoint: first.endpoint,
    mode: first.mode,
    maxOutputTokens: first.maxOutputTokens,
    prices: null,
    complete: () => Promise.reject(new LogsadError('LLM_RECORD_MISSING', { file, stage: 'any', key: '' })),
  };
  return recorded(silent, { file, known, replay: true });
}

/** The record of an earlier run beside a proposal, or nothing. @throws as readRecord */
export async function knownExchanges(file: string): Promise<ChatExchange[]> {
  return (await exists(file)) ? readRecord(file) : [];
}
