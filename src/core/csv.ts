/** Comma-separated values as RFC 4180 has them: quotes, doubled quotes, line breaks inside quotes, CRLF or LF. */
import { LogsadError } from './errors.ts';

export interface CsvRecord<C extends string> {
  /** 1-based line where the record starts. */
  readonly line: number;
  readonly values: Readonly<Record<C, string>>;
}

/**
 * Records of a CSV whose header holds at least `columns`, in any order; further columns are ignored, blank lines too.
 * @throws LogsadError CSV_INVALID at the line of the first fault
 */
export function parseCsv<C extends string>(text: string, file: string, columns: readonly C[]): CsvRecord<C>[] {
  const rows = splitRows(text);
  const fault = (reason: string, line: number) =>
    new LogsadError('CSV_INVALID', { reason, columns }, { place: { file, line, col: 1 } });
  const header = rows[0]?.cells.map((c) => c.trim());
  if (!header) throw fault('the file is empty', 1);
  const missing = columns.filter((c) => !header.includes(c));
  if (missing.length > 0) throw fault(`no column ${missing.join(', ')}; found ${header.join(', ')}`, 1);
  return rows.slice(1).map(({ line, cells }) => {
    if (cells.length !== header.length) throw fault(`${cells.length} values, expected ${header.length}`, line);
    const values = Object.fromEntries(columns.map((c) => [c, cells[header.indexOf(c)]!.trim()])) as Record<C, string>;
    return { line, values };
  });
}

function splitRows(text: string): { line: number; cells: string[] }[] {
  const rows: { line: number; cells: string[] }[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let line = 1;
  let start = 1;
  const endRow = () => {
    cells.push(cell);
    if (cells.length > 1 || cells[0]!.trim() !== '') rows.push({ line: start, cells });
    cells = [];
    cell = '';
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '\n') line++;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[++i]!;
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ',') {
      cells.push(cell);
      cell = '';
    } else if (c === '\n') {
      endRow();
      start = line;
    } else if (c !== '\r') cell += c;
  }
  endRow();
  return rows;
}
