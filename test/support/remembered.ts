/**
 * A deterministic function that is asked the same thing many times, computed once per file of tests. For `vi.mock`, where
 * many runs of one story differ in what is said and not in what is measured.
 */

/**
 * @param said what of the arguments decides the answer; compared as JSON
 * @returns the function, which gives what it gave (or is about to give) for the same arguments
 */
export function remembered<A extends readonly unknown[], R>(
  compute: (...args: A) => R,
  said: (...args: A) => unknown = (...args) => args,
): (...args: A) => R {
  const known = new Map<string, R>();
  return (...args) => {
    const key = JSON.stringify(said(...args));
    const answer = known.has(key) ? known.get(key)! : compute(...args);
    known.set(key, answer);
    return answer;
  };
}
