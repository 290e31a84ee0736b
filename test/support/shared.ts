import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Absolute path of `<repository>/../shared/<sub>`, or null where this machine does not have it. Tests that need it are
 * declared with `describe.skipIf(shared('golden/x') === null)`.
 */
export function shared(sub: string): string | null {
  const path = fileURLToPath(new URL(`../../../shared/${sub}`, import.meta.url));
  return existsSync(path) ? path : null;
}

/** As `shared`, but a path in any case: for use inside a block that is skipped where the folder is missing. */
export function sharedPath(...parts: readonly string[]): string {
  return fileURLToPath(new URL(`../../../shared/${parts.join('/')}`, import.meta.url));
}
