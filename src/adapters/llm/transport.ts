/** What passes between the package and a server: nothing that the configuration does not name. */

/** Variables by which the package would add headers of its own; they may hold keys of another server. */
const AMBIENT = 'OPENAI_CUSTOM_HEADERS';

/**
 * Runs `make` while the package cannot see the headers that the environment holds: it reads them when a client is made
 * and has no switch for them. `make` is synchronous, so nobody else sees the gap.
 */
export function withoutAmbientHeaders<T>(make: () => T): T {
  const kept = process.env[AMBIENT];
  delete process.env[AMBIENT];
  try {
    return make();
  } finally {
    if (kept !== undefined) process.env[AMBIENT] = kept;
  }
}
