/**
 * Every request that was sent is written down, with its answer or with its fault, and what was answered is not asked again.
 * One JSON line per request; the file is always replaced whole, so a run that dies leaves the answers it had.
 */
import { rm } from 'node:fs/promises';
import type { ChatAsked, ChatEntry, ChatExchange, ChatFailure, ChatRequest, LanguageModel } from '../../app/ports.ts';
import { canonicalJson, sha256 } from '../../core/digest.ts';
import { CATALOGUE, LogsadError } from '../../core/errors.ts';
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

function askedOf(request: ChatRequest, of: Pick<LanguageModel, 'model' | 'endpoint'>): ChatAsked {
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
  };
}

/** @throws LogsadError LLM_RECORD_INVALID at the line, FILE_* */
export async function readRecord(file: string): Promise<ChatEntry[]> {
  const text = await readText(file, 'the exchanges.jsonl of an earlier run');
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const invalid = (reason: string) =>
      new LogsadError('LLM_RECORD_INVALID', { file, reason }, { place: { file, line: i + 1, col: 1 } });
    let value: Partial<ChatExchange & ChatFailure> | null;
    try {
      value = JSON.parse(line) as typeof value;
    } catch {
      throw invalid('a line is no JSON');
    }
    const whole =
      value?.schema === 'logsad/exchange/v1' &&
      [value.key, value.stage, value.model, value.endpoint].every((v) => typeof v === 'string') &&
      (isFault(value.fault) || (typeof value.reply?.text === 'string' && typeof value.reply.at === 'string'));
    if (!whole) throw invalid('a line is no exchange of this version');
    return [value as ChatEntry];
  });
}

/** A code of the catalogue, or none: nothing else can be thrown again in a replay. */
const isFault = (fault: Partial<ChatFailure['fault']> | undefined): boolean =>
  fault !== undefined &&
  typeof fault.at === 'string' &&
  typeof fault.params === 'object' &&
  fault.params !== null &&
  (fault.code === null || (typeof fault.code === 'string' && Object.hasOwn(CATALOGUE, fault.code)));

const linesOf = (entries: readonly ChatEntry[]): string => entries.map((e) => `${JSON.stringify(e)}\n`).join('');

/** Where a run that asks everything anew writes until it is through: the record before it stays whole. */
const partial = (file: string): string => `${file}.partial`;

export interface RecordedModel extends LanguageModel {
  /** The answers that this run used, in order: asked or taken from the record. */
  readonly exchanges: readonly ChatExchange[];
  /** The same with the attempts between them that failed. */
  readonly entries: readonly ChatEntry[];
  /** How many of the answers were asked anew. */
  readonly asked: number;
  /** Leaves in the file what this run used and nothing else. */
  finish(): Promise<void>;
}

export interface RecordOptions {
  /** Where the record is kept; null: nowhere. */
  readonly file: string | null;
  /** What is known already. */
  readonly known?: readonly ChatEntry[];
  /** Answers only from what is known; what failed fails again. */
  readonly replay?: boolean;
  /** The file is left alone until `finish`. */
  readonly fresh?: boolean;
}

/** A model whose exchanges are kept. @throws (of complete) LogsadError LLM_RECORD_MISSING in a replay, and what was recorded as a fault */
export function recorded(model: LanguageModel, options: RecordOptions): RecordedModel {
  const known = new Map<string, ChatEntry[]>();
  for (const e of options.known ?? []) known.set(e.key, [...(known.get(e.key) ?? []), e]);
  const used: ChatEntry[] = [];
  let asked = 0;
  const { file, replay = false, fresh = false } = options;
  /** Answers of earlier runs that have not come up yet stay, for the case that this run ends here. */
  const save = async (): Promise<void> => {
    if (file === null || replay) return;
    await writeAtomic(fresh ? partial(file) : file, linesOf([...used, ...[...known.values()].flat()]));
  };
  return {
    ...model,
    entries: used,
    get exchanges() {
      return used.filter((e): e is ChatExchange => 'reply' in e);
    },
    get asked() {
      return asked;
    },
    async finish() {
      if (file === null || replay) return;
      await writeAtomic(file, linesOf(used));
      await rm(partial(file), { force: true });
    },
    async complete(request, callOptions = {}) {
      callOptions.signal?.throwIfAborted();
      const key = exchangeKey(request, model.model);
      const fault = { last: null as ChatFailure | null };
      for (let hit = known.get(key)?.shift(); hit !== undefined; hit = known.get(key)?.shift()) {
        used.push(hit);
        if ('reply' in hit) return hit.reply;
        fault.last = hit;
      }
      if (replay) {
        const { last } = fault;
        if (last?.fault.code) throw new LogsadError(last.fault.code, last.fault.params);
        throw new LogsadError('LLM_RECORD_MISSING', {
          file: file ?? 'given',
          stage: request.stage,
          key: key.slice(0, 12),
        });
      }
      const reply = await model.complete(request, {
        ...callOptions,
        onFault: async (f) => {
          used.push({ ...askedOf(request, model), fault: f });
          await save();
          await callOptions.onFault?.(f);
        },
      });
      asked++;
      used.push({ ...askedOf(request, model), reply });
      await save();
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

/** The record of earlier runs beside a proposal, with what a run that did not end left beside it. @throws as readRecord */
export async function knownExchanges(file: string): Promise<ChatEntry[]> {
  const beside = (await exists(partial(file))) ? await readRecord(partial(file)) : [];
  const lines = new Set(beside.map((e) => JSON.stringify(e)));
  const record = (await exists(file)) ? await readRecord(file) : [];
  return [...beside, ...record.filter((e) => !lines.has(JSON.stringify(e)))];
}
