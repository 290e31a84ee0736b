/** What a server can do, tried once: which way of asking for a shape it honours, and whether it sees pictures. */
import { LogsadError } from '../../core/errors.ts';
import { digitPicture, PROBE, PROBE_QUESTION } from '../../core/propose/probe.ts';
import { readReply } from '../../core/propose/reply.ts';
import type { ChatMode, LanguageModel } from '../ports.ts';
import { requestOf, say } from './ask.ts';
import type { PictureDeps } from './pictures.ts';

export interface Probed {
  /** The strongest mode whose answer has the asked shape. */
  readonly mode: ChatMode;
  /** The digit was read off the picture. */
  readonly images: boolean;
  readonly tried: readonly { readonly mode: ChatMode; readonly outcome: string }[];
  readonly model: string;
  readonly at: string;
}

const MODES: readonly ChatMode[] = ['strict', 'schema', 'tool', 'plain'];
/** Any digit but 0, which is what a model says that sees nothing. */
const DIGIT = 7;
const SIDE = 256;
const MAX_OUTPUT = 400;

/** @throws LogsadError LLM_* of the server, LLM_REPLY_INVALID where no mode gives an answer of the asked shape */
export async function probe(
  llm: LanguageModel,
  deps: Pick<PictureDeps, 'images' | 'hash'>,
  signal?: AbortSignal,
): Promise<Probed> {
  const pixels = await deps.images.renderSvg(digitPicture(DIGIT, SIDE), SIDE, SIDE);
  const jpeg = await deps.images.encodeJpeg(pixels);
  const picture = { name: 'digit', jpeg, width: SIDE, height: SIDE, sha256: deps.hash(jpeg) };
  const tried: { mode: ChatMode; outcome: string }[] = [];
  for (const mode of MODES) {
    const request = requestOf('probe', mode, [say('user', PROBE_QUESTION, [picture])], PROBE, MAX_OUTPUT);
    const reply = await llm.complete(request, signal ? { signal } : {});
    const read = reply.unsupported === null ? readReply(PROBE, reply.text) : null;
    if (read && 'value' in read) {
      tried.push({ mode, outcome: `digit ${read.value.digit}` });
      return { mode, images: read.value.digit === DIGIT, tried, model: reply.model, at: reply.at };
    }
    tried.push({ mode, outcome: reply.unsupported ?? reply.refusal ?? 'an answer of another shape' });
  }
  const faults = tried.map((t) => `${t.mode}: ${t.outcome}`);
  throw new LogsadError('LLM_REPLY_INVALID', { model: llm.model, stage: 'probe', rounds: MODES.length, faults });
}
