/**
 * One schema per body: it validates requests, is the TypeScript type, and stands in the OpenAPI file. A schema with a
 * `title` becomes a named component there.
 */
import { listOf } from './schemas/base.ts';
import { Inspection, Review } from './schemas/inspections.ts';
import { Normal, Product, Profile, RuleFile } from './schemas/products.ts';
import { Task } from './schemas/review.ts';
import { AuditEntry, Delivery, Token, Webhook } from './schemas/service.ts';

export * from './schemas/base.ts';
export * from './schemas/inspections.ts';
export * from './schemas/products.ts';
export * from './schemas/review.ts';
export * from './schemas/service.ts';

export const Lists = {
  products: listOf('ProductList', Product),
  rules: listOf('RuleFileList', RuleFile),
  normals: listOf('NormalList', Normal),
  profiles: listOf('ProfileList', Profile),
  inspections: listOf('InspectionList', Inspection),
  reviews: listOf('ReviewList', Review),
  tasks: listOf('TaskList', Task),
  tokens: listOf('TokenList', Token),
  webhooks: listOf('WebhookList', Webhook),
  deliveries: listOf('DeliveryList', Delivery),
  audit: listOf('AuditList', AuditEntry),
};
