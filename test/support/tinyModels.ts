/** The tiny random-weight models of ../shared/golden as a manifest: the whole machinery without a pretrained weight. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sharedPath } from './shared.ts';

const CLIP_MEAN = 'mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711]';
const IMAGENET = 'mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]';

function model(
  id: string,
  role: string,
  folder: string,
  files: Readonly<Record<string, string>>,
  rest: string,
): string {
  const listed = Object.entries(files).map(([part, path]) => {
    const sha256 = createHash('sha256')
      .update(readFileSync(sharedPath('golden', folder, path)))
      .digest('hex');
    return `      - { path: ${path}, part: ${part}, sha256: ${sha256} }`;
  });
  return `  ${id}:
    title: ${id}
    role: ${role}
    format: onnx
    source: { folder: ${JSON.stringify(sharedPath('golden', folder))} }
    files:
${listed.join('\n')}
    licence: { weights: random }
${rest}`;
}

const clip = (id: string, vision: string, text: string): string =>
  model(
    id,
    'image-text',
    'clip-tiny',
    { vision, text, tokenizer: 'tokenizer.json', 'tokenizer-config': 'tokenizer_config.json' },
    `    preprocessing: { colour: rgb, range: unit, ${CLIP_MEAN} }
    transformer: { patch: 8, size: 64, positions: openclip, width: 64, activation: gelu }
`,
  );

const sam = (id: string, encoder: string, decoder: string): string =>
  model(
    id,
    'masks',
    'sam-tiny',
    { encoder, decoder },
    `    preprocessing: { colour: rgb, range: unit, ${IMAGENET} }
    size: 128
    automatic: { pointsPerSide: 5, predictedIou: 0.3, stability: 0.3 }
`,
  );

/** The text of the manifest; sets `tiny` (transformers.js layout) and `tiny-immich` (immich and Meta layout). */
export const tinyManifest = (): string => `schema: logsad/models/v1
sets:
  tiny: { ground: dinov2-tiny, match: dinov2-tiny, words: clip-tiny, masks: sam-tiny }
  tiny-immich: { ground: clip-tiny-immich, match: clip-tiny-immich, words: clip-tiny-immich, masks: sam-tiny-meta }
models:
${clip('clip-tiny', 'onnx/vision_model.onnx', 'onnx/text_model.onnx')}${clip('clip-tiny-immich', 'visual/model.onnx', 'textual/model.onnx')}${model(
  'dinov2-tiny',
  'dense',
  'dinov2-tiny',
  { vision: 'onnx/model.onnx' },
  `    preprocessing: { colour: rgb, range: unit, ${IMAGENET} }
    transformer: { patch: 14, size: 112, positions: dinov2, width: 64, activation: gelu }
`,
)}${sam('sam-tiny', 'onnx/vision_encoder.onnx', 'onnx/prompt_encoder_mask_decoder.onnx')}${sam('sam-tiny-meta', 'meta/encoder.onnx', 'meta/decoder.onnx')}`;

/** Writes the manifest into a folder and gives its path. */
export async function writeTinyManifest(folder: string, change: (text: string) => string = (t) => t): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'manifest.yaml');
  await writeFile(path, change(tinyManifest()));
  return path;
}
