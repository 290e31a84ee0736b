/** A CLIP of the manifest: its image tower as a vision model, its text tower beside it. */
import { createHash } from 'node:crypto';
import type { ImageTextModel, Inference } from '../../app/ports.ts';
import { LogsadError } from '../../core/errors.ts';
import { preparedFolder } from '../home.ts';
import { isTransformer } from './manifest.ts';
import { type ModelFiles, partOf } from './store.ts';
import { createTextTower } from './textTower.ts';
import { createTokenise } from './tokens.ts';
import { loadGraph, loadVision, readGraph } from './vision.ts';

/** @throws LogsadError MODEL_* */
export async function loadImageText(inference: Inference, model: ModelFiles, home: string): Promise<ImageTextModel> {
  const { id, entry } = model;
  if (entry.role !== 'image-text' || !isTransformer(entry))
    throw new LogsadError('MODEL_ROLE', { model: id, found: entry.role, expected: 'image-text' });
  const vision = await loadVision(inference, model, home);
  const { dimension } = vision;
  if (dimension === null)
    throw new LogsadError('MODEL_INVALID', { model: id, reason: 'its picture tower has no text space' });
  const [text, tokenizer] = [partOf(model, 'text'), partOf(model, 'tokenizer')];
  const tower = createTextTower(inference, {
    digest: createHash('sha256').update(`${text.sha256} ${tokenizer.sha256}`).digest('hex'),
    cache: preparedFolder(home),
    async open() {
      const config = model.files.find((f) => f.part === 'tokenizer-config');
      const tokenise = createTokenise(id, tokenizer.path, await tokenizer.read(), await config?.read());
      const source = await readGraph(id, text);
      const graph = `text/${id}`;
      await loadGraph(inference, id, text.path, graph, { path: text.path });
      return { model: id, path: text.path, graph, source, tokenise };
    },
  });
  return {
    ...vision,
    dimension,
    size: entry.transformer.size,
    patch: entry.transformer.patch,
    async embed(texts) {
      const rows = await tower.embed(texts);
      if (texts.length > 0 && rows.channels !== dimension) {
        throw new LogsadError('MODEL_LAYOUT', {
          model: id,
          path: text.path,
          expected: `text embeddings of ${dimension} values, as its pictures have`,
          found: `${rows.channels}`,
        });
      }
      return rows;
    },
  };
}
