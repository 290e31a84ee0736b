/** What every loaded dense backbone comes to, whether its graph runs here or on a server. */
import { createHash } from 'node:crypto';
import type { DenseBackbone, Inference } from '../../app/ports.ts';
import { headGraph } from './graphs.ts';

/**
 * Loads the head for these stages. `graph` is loaded already; `identity` is all that its arrays depend on, and becomes the
 * digest of every fingerprint.
 */
export async function denseBackbone(
  inference: Inference,
  id: string,
  graph: string,
  entry: Pick<DenseBackbone, 'multiple' | 'stages'>,
  identity: object,
): Promise<DenseBackbone> {
  const { multiple, stages } = entry;
  const head = `head/${id}`;
  await inference.load(head, { bytes: headGraph(stages) });
  return {
    id,
    digest: createHash('sha256').update(JSON.stringify(identity)).digest('hex'),
    multiple,
    stages: stages.map(({ name, stride, channels }) => ({ name, stride, channels })),
    graph,
    headGraph: head,
  };
}
