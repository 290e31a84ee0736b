/**
 * Test files that take more than half a minute each, or need Debian's chromium or postgresql: plain `npm test` leaves them
 * out and `npm run test:all`, which `.ci/run` runs, does not.
 */
export const LONG = [
  'test/app/proposals.test.ts',
  'test/app/words.test.ts',
  'test/build.test.ts',
  'test/cli/endToEnd.test.ts',
  'test/cli/propose.test.ts',
  'test/demo/localisation.test.ts',
  'test/docs/authoring.test.ts',
  'test/docs/authoringWithAnLlm.test.ts',
  'test/docs/evaluation.test.ts',
  'test/server/access.test.ts',
  'test/server/demo.test.ts',
  'test/server/engine/engines.test.ts',
  'test/server/faults.test.ts',
  'test/server/improve.test.ts',
  'test/server/kill.test.ts',
  'test/server/operations.test.ts',
  'test/server/profiles.test.ts',
  'test/server/walk.test.ts',
  'test/server/web/logic.test.ts',
  'test/server/web/looks.test.ts',
  'test/server/web/offers.test.ts',
  'test/server/web/page.test.ts',
  'test/server/web/propose.test.ts',
  'test/server/web/touch.test.ts',
];
