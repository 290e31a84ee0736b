/** Every address of the API, in the order the reference shows them. */
import type { Endpoint } from '../endpoint.ts';
import { adminRoutes } from './admin.ts';
import { eventRoutes } from './events.ts';
import { improveRoutes } from './improve.ts';
import { inspectionRoutes } from './inspections.ts';
import { pictureRoutes } from './pictures.ts';
import { productRoutes } from './products.ts';
import { profileRoutes } from './profiles.ts';
import { reviewRoutes } from './reviews.ts';
import { ruleRoutes } from './rules.ts';
import { taskRoutes } from './tasks.ts';

export const ENDPOINTS: readonly Endpoint[] = [
  ...productRoutes,
  ...ruleRoutes,
  ...profileRoutes,
  ...inspectionRoutes,
  ...pictureRoutes,
  ...reviewRoutes,
  ...improveRoutes,
  ...taskRoutes,
  ...eventRoutes,
  ...adminRoutes,
];
