/** What happens in the service: the one list, which the page is bundled with. No imports: they would be bundled too. */
export const EVENT_KINDS = [
  'inspection.done',
  'inspection.failed',
  'profile.progress',
  'profile.ready',
  'profile.failed',
  'profile.used',
  'rules.live',
  'review.made',
  'review.undone',
  'task.progress',
  'task.done',
  'task.failed',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];
