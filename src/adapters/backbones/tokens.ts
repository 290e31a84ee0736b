/** Texts to the token numbers of CLIP: byte-pair encoding by a kept library, with the model's own tokenizer.json. */
import { Tokenizer } from '@huggingface/tokenizers';
import { LogsadError } from '../../core/errors.ts';

export const CLIP_TEXT = {
  /** Tokens of one text, its start and end among them: what every CLIP was trained with. */
  context: 77,
  /** Pads behind the end: the embedding is read at the end, and no token sees what follows it. */
  pad: 0,
} as const;

export type Tokenise = (text: string) => Int32Array;

/**
 * @param tokenizer contents of tokenizer.json, `config` of tokenizer_config.json where there is one
 * @returns a text as `[77]` numbers: start, pieces, end, padding
 * @throws LogsadError MODEL_INVALID where the file is no tokenizer; the result throws TEXT_TOO_LONG
 */
export function createTokenise(model: string, path: string, tokenizer: Uint8Array, config?: Uint8Array): Tokenise {
  let made: Tokenizer;
  try {
    const parse = (bytes: Uint8Array): object => JSON.parse(new TextDecoder().decode(bytes)) as object;
    made = new Tokenizer(parse(tokenizer), config ? parse(config) : {});
    made.encode('probe');
  } catch (cause) {
    throw new LogsadError(
      'MODEL_INVALID',
      { model, reason: `${path} is no tokenizer.json: ${cause instanceof Error ? cause.message : String(cause)}` },
      { cause },
    );
  }
  return (text) => {
    // The reference trims and folds blanks before it splits.
    const { ids } = made.encode(text.replace(/\s+/g, ' ').trim());
    if (ids.length > CLIP_TEXT.context) {
      throw new LogsadError('TEXT_TOO_LONG', { model, text, found: ids.length, expected: CLIP_TEXT.context });
    }
    const out = new Int32Array(CLIP_TEXT.context).fill(CLIP_TEXT.pad);
    out.set(ids);
    return out;
  };
}
