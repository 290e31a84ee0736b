/** How much a request will cost, before it is sent: rough, and rather too much than too little. */

export const ESTIMATE = {
  /** Characters of English per token. */
  characters: 3.5,
  /** Tokens of a character outside the Latin script: Chinese, Japanese and Korean take one, rarely more. */
  perOther: 1.2,
  /** Tokens of a picture: a base, and one tile of so many pixels a side at a time (the largest of the usual tariffs). */
  imageBase: 85,
  tile: 512,
  perTile: 170,
} as const;

export function textTokens(text: string): number {
  let others = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x24f) others++;
  return Math.ceil((text.length - others) / ESTIMATE.characters + others * ESTIMATE.perOther);
}

export function imageTokens(width: number, height: number): number {
  const tiles = Math.ceil(width / ESTIMATE.tile) * Math.ceil(height / ESTIMATE.tile);
  return ESTIMATE.imageBase + ESTIMATE.perTile * tiles;
}

/** Dollars. */
export function costOf(
  usage: { readonly input: number; readonly output: number },
  prices: { readonly input: number; readonly output: number },
): number {
  return (usage.input * prices.input + usage.output * prices.output) / 1e6;
}
