/** Figures for Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Upper borders in seconds: from a cached answer to a slow learning run. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface Metrics {
  request(method: string, route: string, status: number, seconds: number): void;
  inspected(outcome: string, seconds: number): void;
  /** Text in the exposition format; `gauges` are read now. */
  text(gauges: Readonly<Record<string, number>>, depth: Readonly<Record<string, number>>): Promise<string>;
  readonly type: string;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'logsad_' });
  const registers = [registry];
  const requests = new Histogram({
    name: 'logsad_http_request_seconds',
    help: 'Time to answer, by route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers,
  });
  const inspections = new Histogram({
    name: 'logsad_inspection_seconds',
    help: 'Time in an engine process',
    buckets: BUCKETS,
    registers,
  });
  const outcomes = new Counter({
    name: 'logsad_inspections_total',
    help: 'Inspections finished by this process',
    labelNames: ['outcome'],
    registers,
  });
  const jobs = new Gauge({ name: 'logsad_jobs', help: 'Jobs that wait or run', labelNames: ['queue'], registers });
  const engines = new Gauge({ name: 'logsad_engines', help: 'Engine processes', labelNames: ['what'], registers });
  return {
    request: (method, route, status, seconds) => requests.observe({ method, route, status: String(status) }, seconds),
    inspected: (outcome, seconds) => {
      outcomes.inc({ outcome });
      inspections.observe(seconds);
    },
    text: (gauges, depth) => {
      for (const [what, value] of Object.entries(gauges)) engines.set({ what }, value);
      for (const [queue, value] of Object.entries(depth)) jobs.set({ queue }, value);
      return registry.metrics();
    },
    type: registry.contentType,
  };
}
