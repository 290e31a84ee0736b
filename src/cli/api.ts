/**
 * The engine, loaded when a command runs and not for `--help`. Kept apart: where `await using` is compiled down, TypeScript
 * leaves the extension of an import() in the same function as it is written.
 */
export const loadApi = (): Promise<typeof import('../index.ts')> => import('../index.ts');
