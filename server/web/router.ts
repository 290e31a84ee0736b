/** Where the page is: path and query below /app. All that a reload must not lose and that another person may open lives here. */
import { computed, signal } from '@preact/signals';
import { type Query, queryText } from './api.ts';

const BASE = '/app';
const here = (): string => location.pathname + location.search;
const address = signal(here());

addEventListener('popstate', () => {
  address.value = here();
});

/** Segments of the path below /app. */
export const path = computed((): readonly string[] => {
  const [plain] = address.value.split('?');
  const parts = plain!.slice(BASE.length).split('/').filter(Boolean);
  return parts.map((p) => decodeURIComponent(p));
});
export const query = computed(
  (): Readonly<Record<string, string>> => Object.fromEntries(new URLSearchParams(address.value.split('?')[1] ?? '')),
);

/** The address of a place, for links. */
export const to = (parts: readonly string[], q: Query = {}): string =>
  `${BASE}/${parts.map((p) => encodeURIComponent(p)).join('/')}${queryText(q)}`;

/** Goes to an address of this page; `replace` leaves no step in the history. */
export function go(href: string, replace = false): void {
  if (href === address.peek()) return;
  if (replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  address.value = here();
}

/** Changes some of the query and keeps the rest; null takes a name out. */
export function setQuery(changes: Query, replace = true): void {
  go(to(path.peek(), { ...query.peek(), ...changes }), replace);
}

/** Links of this page change the address without loading it anew; modified clicks stay the browser's. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = (event.target as Element).closest('a');
  if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (!link.pathname.startsWith(`${BASE}/`)) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
