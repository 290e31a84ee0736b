/** The instructions as text: sentences, and whether a reason quotes them. They are material, never commands. */

/** Longest instructions that are sent. */
export const INSTRUCTION_LIMITS = { characters: 20_000 } as const;
/** A quotation has at least so many words, unless the sentence itself is shorter. */
const LEAST_WORDS = 3;

/** Letters and digits alone, so that quotes, case, hyphens and line breaks do not matter. */
const bare = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFKC')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

/** Sentences and list items, in order; headings are none. */
export function sentencesOf(instructions: string): string[] {
  return instructions
    .replace(/^\s*#+\s.*$/gm, '\n')
    .split(/\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)/)
    .flatMap((paragraph) =>
      paragraph
        .replace(/^\s*(?:[-*+]|\d+[.)])\s+/, '')
        .replace(/\s+/g, ' ')
        .trim()
        .split(/(?<=[.!?;])\s+(?=\p{Lu}|\p{N}|["'(])/u),
    )
    .map((s) => s.trim())
    .filter((s) => bare(s) !== '');
}

/** Whether `because` is taken from the instructions, word for word but for case, spaces and punctuation. */
export function quotes(instructions: string, because: string): boolean {
  const part = bare(because);
  if (part === '') return false;
  const whole = ` ${bare(instructions)} `;
  if (!whole.includes(` ${part} `)) return false;
  return part.split(' ').length >= LEAST_WORDS || sentencesOf(instructions).some((s) => bare(s) === part);
}

/** Sentences that no reason is taken from. */
export function uncovered(instructions: string, reasons: readonly string[]): string[] {
  const said = reasons.map(bare).filter((r) => r !== '');
  return sentencesOf(instructions).filter((sentence) => {
    const s = bare(sentence);
    return !said.some((r) => s.includes(r) || r.includes(s));
  });
}
