/**
 * Scenes of `cases:` as people write them: drawn, listed, or told as a departure from the scene of another case, so that
 * a case says only what is different about it.
 */
import type { Scene } from '../scene.ts';
import type { CompiledRules } from './compiled.ts';
import { drawScene, type Legend, type ListedInstance, type SceneOptions, sceneOfFacts } from './drawnScene.ts';

export interface NamedInstance extends ListedInstance {
  /** What other cases call it by, in `without` and `with`. */
  readonly name?: string;
}

export interface WrittenScene {
  readonly drawn?: string;
  /** Default: the legend of the nearest case above that has one. */
  readonly legend?: Legend;
  readonly instances?: readonly NamedInstance[];
  /** The listed scene of the case with this note ... */
  readonly like?: string;
  /** ... without the instances of these names ... */
  readonly without?: readonly string[];
  /** ... and with these: one of a known name takes its place, what it does not say is kept. */
  readonly with?: readonly (Partial<NamedInstance> & { readonly name?: string })[];
  /** Native pixels, [width, height]; lengths and distances depend on their ratio. Default: as `like`, else square. */
  readonly size?: readonly [number, number];
  readonly variant?: string;
  readonly product?: SceneOptions['product'];
}

export interface WrittenCase {
  readonly note?: string;
  readonly scene: WrittenScene;
  /** What bounds are learnt from: scenes, or notes of other cases. */
  readonly normals?: readonly (WrittenScene | string)[];
  readonly expect: { readonly violated: readonly string[] };
}

/** How long a chain of `like` may be. */
const DEPTH = 20;

function caseOf(cases: readonly WrittenCase[], note: string): WrittenCase {
  const found = cases.find((c) => c.note === note);
  if (!found)
    throw new RangeError(
      `cases: no case has the note \u201c${note}\u201d (there are: ${cases.flatMap((c) => c.note ?? []).join('; ')})`,
    );
  return found;
}

/** A scene with its departures worked in: drawn, or listed in full. */
function plain(written: WrittenScene, cases: readonly WrittenCase[], depth = 0): WrittenScene {
  if (written.like === undefined) return written;
  if (depth > DEPTH) throw new RangeError(`cases: \u201clike: ${written.like}\u201d leads in a circle`);
  const base = plain(caseOf(cases, written.like).scene, cases, depth + 1);
  if (!base.instances)
    throw new RangeError(
      `cases: the scene of \u201c${written.like}\u201d is drawn; only a listed scene can be departed from`,
    );
  const names = new Set(base.instances.flatMap((i) => i.name ?? []));
  for (const name of written.without ?? [])
    if (!names.has(name))
      throw new RangeError(
        `cases: \u201c${written.like}\u201d has no instance called ${name} (it has ${[...names].join(', ')})`,
      );
  const gone = new Set(written.without ?? []);
  const changed = new Map(
    (written.with ?? []).flatMap((i) => (i.name !== undefined && names.has(i.name) ? [[i.name, i] as const] : [])),
  );
  const kept = base.instances
    .filter((i) => !gone.has(i.name ?? ''))
    .map((i): NamedInstance => ({ ...i, ...changed.get(i.name ?? '') }));
  const added = (written.with ?? []).filter((i) => !names.has(i.name ?? '') || gone.has(i.name ?? ''));
  const { like: _l, without: _o, with: _w, ...own } = written;
  return { ...base, ...own, instances: [...kept, ...(added as NamedInstance[])] };
}

/** The scene that a case (or one of its normals) means. @throws RangeError on a name that leads nowhere, or a bad drawing. */
export function caseScene(
  written: WrittenScene | string,
  compiled: CompiledRules,
  cases: readonly WrittenCase[] = [],
  image = 'case',
): Scene {
  const whole = plain(typeof written === 'string' ? caseOf(cases, written).scene : written, cases);
  const { file } = compiled;
  const parents = Object.fromEntries(
    Object.values(file.interests).flatMap((i) => (i.parent === undefined ? [] : [[i.id, i.parent]])),
  );
  const options = {
    image,
    parents,
    ...(whole.product ? { product: whole.product } : {}),
    ...(whole.size ? { imageWidth: whole.size[0], imageHeight: whole.size[1] } : {}),
  };
  const scene =
    whole.drawn === undefined
      ? sceneOfFacts(whole.instances ?? [], options)
      : drawScene(whole.drawn, whole.legend ?? legendAbove(written, cases), options);
  return { ...scene, variant: whole.variant ?? variantOf(compiled, scene) };
}

/** The legend of the case that a scene belongs to, or of the nearest one above it. */
function legendAbove(written: WrittenScene | string, cases: readonly WrittenCase[]): Legend {
  const at = cases.findIndex((c) => c.scene === written || c.note === written || c.normals?.includes(written));
  for (let i = at; i >= 0; i--) if (cases[i]!.scene.legend) return cases[i]!.scene.legend!;
  return {};
}

/** Value of the `variants.by` attribute on its largest instance. */
function variantOf({ file }: CompiledRules, scene: Scene): string | null {
  const by = file.variants && file.attributes[file.variants.by];
  if (!by) return null;
  const carriers = scene.instances.filter((i) => i.interest === by.of).sort((a, b) => b.area - a.area);
  return carriers[0]?.attributes[by.id]?.value ?? null;
}
