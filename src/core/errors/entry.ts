/** What one code of the catalogue states. */

export type Params = Readonly<Record<string, string | number | readonly (string | number)[] | undefined>>;

export interface ErrorEntry {
  /** 2: usage or a file is at fault; 3: the machine is. */
  readonly exit: 2 | 3;
  readonly http: number;
  /** One line for docs/errors.md: when this happens. */
  readonly when: string;
  readonly message: (p: Params) => string;
  /** What to do about it; names the next command to type where there is one. */
  readonly fix: (p: Params) => string;
}

export const list = (v: Params[string]): string => (Array.isArray(v) ? v.join(', ') : String(v ?? ''));
export const entry = (e: ErrorEntry): ErrorEntry => e;
