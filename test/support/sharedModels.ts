/** A manifest, outside the repository, of the backbones of ../shared/models, for tests and benchmarks. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shared } from './shared.ts';

const TEXT = (folder: string): string => `schema: logsad/models/v1
sets: {}
models:
  resnet50v2:
    title: ResNet-50 v2, three stages
    role: dense
    format: onnx
    source: { folder: ${JSON.stringify(folder)} }
    files: [{ path: resnet50v2_stages123_fp32.onnx, sha256: b74e90b4577348aebbd3296d530817a7d47c092db700d7ccbd2eb5d7a52043ac }]
    licence: { weights: Apache-2.0 }
    preprocessing: { colour: rgb, range: unit, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
    multiple: 32
    input: pixel_values
    stages:
      - { name: s4, output: layer1, stride: 4, channels: 256 }
      - { name: s8, output: layer2, stride: 8, channels: 512 }
      - { name: s16, output: layer3, stride: 16, channels: 1024 }
  vit-tiny:
    title: ViT-Ti/16, tokens of three blocks
    role: dense
    format: onnx
    source: { folder: ${JSON.stringify(folder)} }
    files: [{ path: vit_tiny_patch16_dyn_fp32.onnx, sha256: 3bd60bea7c181b1cde333c1bfd5e2aaa982d67e09f6b450d756d5862615661f8 }]
    licence: { weights: unknown, note: local evaluation only }
    preprocessing: { colour: rgb, range: unit, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }
    multiple: 16
    input: pixel_values
    stages:
      - { name: b3, output: tokens_b3, stride: 16, channels: 192, layout: tokens, skip: 1 }
      - { name: b6, output: tokens_b6, stride: 16, channels: 192, layout: tokens, skip: 1 }
      - { name: b9, output: tokens_b9, stride: 16, channels: 192, layout: tokens, skip: 1 }
`;

/** Path of the manifest and what removes it again, or null where the models are not on this machine. */
export function sharedModels(): { readonly path: string; readonly remove: () => void } | null {
  const models = shared('models');
  if (models === null) return null;
  const folder = mkdtempSync(join(tmpdir(), 'logsad-models-'));
  const path = join(folder, 'manifest.yaml');
  writeFileSync(path, TEXT(models));
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
