/** What is printed on instances: read where a `text` rule asks for it and the model set has a recogniser. */
import type { NormalRecord } from '../core/profile.ts';
import type { RuleFile, RuleSpec } from '../core/rules/definition.ts';
import type { Instance, Scene } from '../core/scene.ts';
import type { Deps, ImageRef } from './learn.ts';
import type { ImageInput } from './segmenter.ts';

/** Interests whose print rules ask for, also inside combinators. */
function printed(rules: readonly RuleSpec[]): string[] {
  return rules.flatMap((r) => [
    ...(r.kind === 'text' && typeof r.params.of === 'string' ? [r.params.of] : []),
    ...printed(r.rules),
  ]);
}

/** A Scene with the print of its instances; read off the picture at its own resolution, not the frame's. */
export type PrintReader = (scene: Scene, image: ImageInput, signal?: AbortSignal) => Promise<Scene>;

/** A reader of print and the model behind it. */
export interface Print {
  readonly backbone: { readonly id: string; readonly digest: string };
  readonly read: PrintReader;
}

/** Null where no rule asks for print or the set has no recogniser. @throws LogsadError MODEL_* */
export async function openPrint(file: RuleFile, set: string, deps: Deps): Promise<Print | null> {
  const wanted = new Set(printed(file.rules));
  const reader = wanted.size > 0 ? await deps.backbones.reader?.(set) : null;
  if (!reader) return null;
  const read: PrintReader = async (scene, image, signal) => {
    if (!scene.instances.some((i) => wanted.has(i.interest))) return scene;
    const bytes = 'path' in image ? await deps.images.bytes(image.path, signal) : image.bytes;
    const instances: Instance[] = [];
    for (const i of scene.instances) {
      if (!wanted.has(i.interest)) {
        instances.push(i);
        continue;
      }
      const { pixels } = await deps.images.decode(bytes, image.name, { box: i.box, ...(signal ? { signal } : {}) });
      instances.push({ ...i, text: await reader.read(pixels, signal) });
    }
    return { ...scene, instances };
  };
  return { backbone: { id: reader.id, digest: reader.digest }, read };
}

/** Records of one folder with their print. `refs`: that folder alone, for another may hold a file of the same name. */
export async function printOf(
  print: PrintReader,
  records: readonly NormalRecord[],
  refs: readonly ImageRef[],
  signal?: AbortSignal,
): Promise<NormalRecord[]> {
  const ofName = new Map(refs.map((r) => [r.name, r]));
  const read: NormalRecord[] = [];
  for (const r of records) read.push({ ...r, scene: await print(r.scene, ofName.get(r.image)!, signal) });
  return read;
}
