/** Tells picture formats by their first bytes: names lie, and libvips would try loaders we do not want to offer. */

/** The formats that are read. */
export const READ_FORMATS: readonly string[] = ['jpeg', 'png', 'webp', 'tiff', 'avif'];

/** Formats recognised in order to refuse them by name. */
const SIGNATURES: readonly (readonly [format: string, offset: number, text: string])[] = [
  ['jpeg', 0, '\xff\xd8\xff'],
  ['png', 0, '\x89PNG\r\n\x1a\n'],
  ['webp', 8, 'WEBP'],
  ['tiff', 0, 'II*\0'],
  ['tiff', 0, 'MM\0*'],
  ['tiff', 0, 'II+\0'],
  ['tiff', 0, 'MM\0+'],
  ['avif', 4, 'ftypavif'],
  ['avif sequence', 4, 'ftypavis'],
  ['gif', 0, 'GIF8'],
  ['bmp', 0, 'BM'],
  ['heic', 4, 'ftyphei'],
  ['heic', 4, 'ftypmif1'],
  ['jpeg 2000', 4, 'jP  '],
  ['jpeg 2000', 0, '\xff\x4f\xff\x51'],
  ['jpeg xl', 0, '\xff\x0a'],
  ['jpeg xl', 4, 'JXL '],
  ['photoshop', 0, '8BPS'],
  ['pdf', 0, '%PDF'],
  ['openexr', 0, '\x76\x2f\x31\x01'],
];

/** How many bytes of an unknown file are looked at to call it text. */
const TEXT_PROBE = 512;

/** The format by its signature; `known: false` with a description (`text`, `unknown data`) for what is no picture. */
export function sniff(bytes: Uint8Array): { format: string; known: boolean } {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, TEXT_PROBE)).toString('latin1');
  const found = SIGNATURES.find(([, offset, text]) => head.startsWith(text, offset));
  if (found) return { format: found[0], known: true };
  if (/^\s*<(\?xml|svg|!DOCTYPE svg)/.test(head) && head.includes('<svg')) return { format: 'svg', known: true };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells data from text
  const text = !/[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(head);
  return { format: text ? 'text' : 'unknown data', known: false };
}

/** Whether a PNG declares an animation (`acTL` before the first `IDAT`): libvips shows its first frame without a word. */
export function isAnimatedPng(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === 'acTL') return true;
    if (type === 'IDAT' || type === 'IEND') return false;
  }
  return false;
}
