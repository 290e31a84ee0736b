import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import type { Grid } from '../../src/core/grid/grid.ts';

/** Undoes the per-row filter of PNG (specification, section 9): sub, up, average, Paeth. */
function unfilter(raw: Uint8Array, height: number, rowBytes: number, step: number): Uint8Array {
  const out = new Uint8Array(height * rowBytes);
  for (let y = 0; y < height; y++) {
    const kind = raw[y * (rowBytes + 1)]!;
    for (let x = 0; x < rowBytes; x++) {
      const at = y * rowBytes + x;
      const left = x >= step ? out[at - step]! : 0;
      const up = y > 0 ? out[at - rowBytes]! : 0;
      const corner = x >= step && y > 0 ? out[at - rowBytes - step]! : 0;
      const p = left + up - corner;
      const [dl, du, dc] = [Math.abs(p - left), Math.abs(p - up), Math.abs(p - corner)];
      const paeth = dl <= du && dl <= dc ? left : du <= dc ? up : corner;
      const guess = [0, left, up, (left + up) >> 1, paeth][kind]!;
      out[at] = raw[y * (rowBytes + 1) + 1 + x]! + guess;
    }
  }
  return out;
}

/** Decodes an 8-bit grey or RGB PNG without interlace: enough for the goldens, and independent of the product's reader. */
export function readPng(path: string): Grid<Uint8Array> {
  const bytes = readFileSync(path);
  const width = bytes.readUInt32BE(16);
  const height = bytes.readUInt32BE(20);
  const channels = ({ 0: 1, 2: 3 } as Record<number, number>)[bytes[25]!];
  if (bytes[24] !== 8 || channels === undefined || bytes[28] !== 0) throw new Error(`png: unsupported kind in ${path}`);
  const parts: Buffer[] = [];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const length = bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(bytes.subarray(at + 8, at + 8 + length));
  }
  const data = unfilter(inflateSync(Buffer.concat(parts)), height, width * channels, channels);
  return { data, height, width, channels };
}

/** Reads an uncompressed little-endian one-strip float32 TIFF (anomaly maps of the LOCO kit's goldens). */
export function readFloatTiff(path: string): Grid<Float32Array> {
  const bytes = readFileSync(path);
  const directory = bytes.readUInt32LE(4);
  const tag = new Map<number, number>();
  for (let i = 0; i < bytes.readUInt16LE(directory); i++) {
    const at = directory + 2 + 12 * i;
    tag.set(
      bytes.readUInt16LE(at),
      bytes.readUInt16LE(at + 2) === 3 ? bytes.readUInt16LE(at + 8) : bytes.readUInt32LE(at + 8),
    );
  }
  const [width, height, strip] = [tag.get(256)!, tag.get(257)!, tag.get(273)!];
  if (tag.get(258) !== 32 || tag.get(259) !== 1 || tag.get(278) !== height)
    throw new Error(`tiff: unsupported kind in ${path}`);
  const data = new Float32Array(new Uint8Array(bytes.subarray(strip, strip + 4 * width * height)).buffer);
  return { data, height, width, channels: 1 };
}
