/** A hard cap: what would pass it is not sent. */
import { LogsadError } from '../../core/errors.ts';
import { costOf, imageTokens, textTokens } from '../../core/propose/estimate.ts';
import type { ChatRequest, LanguageModel } from '../ports.ts';

export interface Caps {
  /** Tokens in and out, all requests together. */
  readonly tokens: number;
  /** Dollars; needs the prices of the model. */
  readonly dollars?: number;
}

export const DEFAULT_CAPS: Caps = { tokens: 400_000 };

/** Tokens that a request will take in, roughly. */
export function estimateTokens({ messages, schema }: ChatRequest): number {
  let tokens = textTokens(JSON.stringify(schema.schema));
  for (const { parts } of messages) {
    for (const p of parts) tokens += 'text' in p ? textTokens(p.text) : imageTokens(p.image.width, p.image.height);
  }
  return tokens;
}

/** What a request will take, and cost where prices are known, in words. */
export function estimateText(request: ChatRequest, prices: LanguageModel['prices']): string {
  const input = estimateTokens(request);
  const tokens = `about ${input} tokens`;
  if (prices === null) return tokens;
  return `${tokens}, $${costOf({ input, output: request.maxOutputTokens }, prices).toFixed(4)} at most`;
}

/** @throws (of complete) LogsadError LLM_BUDGET before anything is sent */
export function budgeted(model: LanguageModel, caps: Caps): LanguageModel {
  const used = { input: 0, output: 0 };
  const check = (request: ChatRequest): number => {
    const input = estimateTokens(request);
    const total = used.input + used.output;
    if (total + input + request.maxOutputTokens > caps.tokens) {
      const needed = input + request.maxOutputTokens;
      throw new LogsadError('LLM_BUDGET', {
        stage: request.stage,
        needed,
        unit: 'tokens',
        used: total,
        cap: caps.tokens,
        option: '--max-tokens',
      });
    }
    if (caps.dollars !== undefined && model.prices !== null) {
      const spent = costOf(used, model.prices);
      const needed = costOf({ input, output: request.maxOutputTokens }, model.prices);
      if (spent + needed > caps.dollars) {
        throw new LogsadError('LLM_BUDGET', {
          stage: request.stage,
          needed: needed.toFixed(3),
          unit: 'dollars',
          used: spent.toFixed(3),
          cap: caps.dollars,
          option: '--max-cost',
        });
      }
    }
    return input;
  };
  return {
    ...model,
    async complete(request, options = {}) {
      let input = 0;
      const reply = await model.complete(request, {
        ...options,
        // Every attempt counts, repeats too: one that fails may have been read, and billed, all the same.
        onAttempt: () => {
          options.onAttempt?.();
          input = check(request);
          used.input += input;
        },
        // One that ended without a status of the server may have been answered in full for all we know.
        onFault: (fault) => {
          if (fault.status === null || fault.status < 300) used.output += request.maxOutputTokens;
          return options.onFault?.(fault);
        },
      });
      // A server that does not count is taken at our estimate.
      used.input += (reply.usage?.input ?? input) - input;
      used.output += reply.usage?.output ?? textTokens(reply.text);
      return reply;
    },
  };
}
