/**
 * The sheet that `init` writes: every normal with rulers in fractions of the image, so that a person can read off the
 * boxes and points that a rule file asks for.
 */
import { wrap } from './caption.ts';
import { escapeXml } from './style.ts';

/** Pixels: width of one picture, room for rulers and title, gap between pictures. */
const SHEET = {
  columns: 3,
  picture: 420,
  ruler: 30,
  title: 26,
  note: 16,
  noteSize: 12,
  noteLines: 3,
  gap: 22,
  tick: 6,
  fontSize: 11,
} as const;

export interface SheetPicture {
  readonly name: string;
  /** A data URL. */
  readonly href: string;
  /** Native pixels after the EXIF turn. */
  readonly width: number;
  readonly height: number;
  /** What was seen in it, as SVG text of any size. */
  readonly drawing?: string;
  /** A remark below the name. */
  readonly note?: string;
}

/** SVG text and its size in pixels; rows are as high as their tallest picture. */
export function contactSheet(pictures: readonly SheetPicture[]): { svg: string; width: number; height: number } {
  const columns = Math.min(SHEET.columns, Math.max(1, pictures.length));
  const cell = SHEET.picture + SHEET.ruler + SHEET.gap;
  const width = columns * cell + SHEET.gap;
  const cells: string[] = [];
  let y = SHEET.gap;
  for (let from = 0; from < pictures.length; from += columns) {
    const row = pictures.slice(from, from + columns);
    cells.push(...row.map((p, i) => picture(p, SHEET.gap + i * cell, y, headOf(row))));
    y += headOf(row) + SHEET.ruler + Math.max(...row.map(heightOf)) + SHEET.gap;
  }
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" font-family="DejaVu Sans, Segoe UI, Helvetica, Arial, sans-serif">` +
    `<rect width="${width}" height="${y}" fill="#fff"/>${cells.join('')}</svg>`;
  return { svg, width, height: y };
}

const heightOf = (p: SheetPicture): number => Math.round((SHEET.picture * p.height) / p.width);

const notesOf = (p: SheetPicture): string[] =>
  p.note ? wrap(p.note, SHEET.picture, SHEET.noteSize, SHEET.noteLines) : [];

/** Room for names and remarks above a row of pictures. */
const headOf = (row: readonly SheetPicture[]): number =>
  SHEET.title + SHEET.note * Math.max(...row.map((p) => notesOf(p).length));

function picture(p: SheetPicture, x: number, y: number, head: number): string {
  const w = SHEET.picture;
  const h = heightOf(p);
  const left = x + SHEET.ruler;
  const top = y + head + SHEET.ruler;
  const marks: string[] = [];
  for (let tenth = 0; tenth <= 10; tenth++) {
    const f = (tenth / 10).toFixed(1).replace('0.', '.');
    const gx = left + (w * tenth) / 10;
    const gy = top + (h * tenth) / 10;
    const line = `stroke="#fff" stroke-width="1" stroke-opacity="${tenth === 5 ? 0.75 : 0.35}"`;
    marks.push(
      `<path d="M${gx} ${top}v${h}M${left} ${gy}h${w}" stroke="#000" stroke-width="1.8" stroke-opacity=".18"/><path d="M${gx} ${top}v${h}M${left} ${gy}h${w}" ${line}/>`,
      `<path d="M${gx} ${top}v${-SHEET.tick}M${left} ${gy}h${-SHEET.tick}" stroke="#222"/>`,
      `<text x="${gx}" y="${top - SHEET.tick - 3}" font-size="${SHEET.fontSize}" text-anchor="middle" fill="#222">${f}</text>`,
      `<text x="${left - SHEET.tick - 3}" y="${gy + 4}" font-size="${SHEET.fontSize}" text-anchor="end" fill="#222">${f}</text>`,
    );
  }
  // Which way the fractions run, in the corner that the rulers leave free.
  const arrow = (words: string, ax: number, ay: number): string =>
    `<text x="${ax}" y="${ay}" font-size="${SHEET.fontSize}" font-weight="700" text-anchor="end" fill="#222">${words}</text>`;
  marks.push(arrow('x →', left - 10, top - SHEET.tick - 3), arrow('y ↓', left - SHEET.tick - 3, top + 17));
  // A nested drawing keeps its own view box and is stretched over the picture.
  const drawing =
    p.drawing?.replace(
      /^<svg([^>]*?) width="\d+" height="\d+"/,
      `<svg$1 x="${left}" y="${top}" width="${w}" height="${h}"`,
    ) ?? '';
  const notes = notesOf(p).map(
    (line, i) =>
      `<text x="${left}" y="${y + 32 + i * SHEET.note}" font-size="${SHEET.noteSize}" fill="#a33">${escapeXml(line)}</text>`,
  );
  return (
    `<text x="${left}" y="${y + 16}" font-size="14" font-weight="700" fill="#111">${escapeXml(p.name)}  <tspan font-weight="400" fill="#555">${p.width} × ${p.height}</tspan></text>${notes.join('')}` +
    `<image href="${escapeXml(p.href)}" x="${left}" y="${top}" width="${w}" height="${h}" preserveAspectRatio="none"/>${drawing}${marks.join('')}`
  );
}
