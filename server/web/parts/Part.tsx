/** One inspected part: the picture with its layers, and what can be shown on it. */
import { useSignal } from '@preact/signals';
import { useMemo, useState } from 'preact/hooks';
import { at, call, picture } from '../api.ts';
import { useKept, useLoaded } from '../load.ts';
import type { Box, Inspection, Result, Scene } from '../types.ts';
import { HeatMap, largeInterests, legend, Overlay } from './layers.tsx';
import { Stage } from './Stage.tsx';

export interface PartData {
  readonly result: Result | undefined;
  readonly scene: Scene | undefined;
  readonly fault: unknown;
}

/** Result and scene of an inspection that is done. */
export function usePart(i: Pick<Inspection, 'id' | 'state'> | undefined): PartData {
  const done = i?.state === 'done';
  const result = useLoaded<Result>(done ? `result ${i.id}` : null, (signal) =>
    call(at(['inspections', i!.id, 'result']), { signal }),
  );
  const scene = useLoaded<Scene>(done ? `scene ${i.id}` : null, (signal) =>
    call(at(['inspections', i!.id, 'scene']), { signal }),
  );
  return { result: result.data, scene: scene.data, fault: result.fault ?? scene.fault };
}

const NO_FRAME = { width: 4, height: 3 };
/** Long side of the copy for browsers that cannot show the format that was sent. */
const COPY = 2048;

/** The photograph, as sent where the browser can show it. */
export function Photo({ src, copy, alt, onSize }: PhotoProps) {
  const failed = useSignal('');
  return (
    <img
      class="layer photo"
      src={failed.value === src ? copy : src}
      alt={alt}
      draggable={false}
      onLoad={(e) => onSize?.({ width: e.currentTarget.naturalWidth, height: e.currentTarget.naturalHeight })}
      onError={() => {
        failed.value = src;
      }}
    />
  );
}
interface PhotoProps {
  readonly src: string;
  readonly copy: string;
  readonly alt: string;
  readonly onSize?: (size: { width: number; height: number }) => void;
}

interface Props extends PartData {
  readonly inspection: Inspection;
  readonly focus: Box | null;
  /** Everything that can be switched on and off; a queue shows the picture alone. */
  readonly tools: boolean;
}

/** How somebody looks at parts: the same for the next part, and after a reload. */
const LOOK = { overlay: true, violations: true, ghosts: true, map: '', opacity: 0.8 };

export function PartPicture({ inspection: i, result, scene, focus, tools }: Props) {
  const chosen = useKept<readonly string[] | null>(`hidden ${i.product}`, null);
  const look = useKept(`look`, LOOK);
  // Where nothing can be switched, everything is on.
  const { overlay, violations, ghosts, map: detector, opacity } = tools ? look.value : LOOK;
  const set = (change: Partial<typeof LOOK>): void => {
    look.value = { ...look.peek(), ...change };
  };
  const hidden = useMemo(
    () => (tools && chosen.value ? new Set(chosen.value) : scene ? largeInterests(scene) : new Set<string>()),
    [chosen.value, scene, tools],
  );
  const [natural, setNatural] = useState<{ width: number; height: number } | null>(null);
  const native = scene ? { width: scene.frame.imageWidth, height: scene.frame.imageHeight } : (natural ?? NO_FRAME);
  const map = result?.maps.includes(detector) ? detector : '';
  const toggle = (name: string): void => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    chosen.value = [...next];
  };
  return (
    <div class="part">
      <Stage native={native} focus={focus} label={`Picture of ${i.name}; plus and minus zoom, arrows move`}>
        <Photo
          key={i.id}
          src={picture.inspection(i.id)}
          copy={picture.inspection(i.id, COPY)}
          alt={i.name}
          onSize={setNatural}
        />
        {map && scene ? (
          <HeatMap key={`${i.id} ${map}`} id={i.id} detector={map} opacity={opacity} box={scene.frame.box} />
        ) : null}
        {overlay && scene ? (
          <Overlay scene={scene} result={result ?? null} shown={{ hidden, violations, ghosts }} />
        ) : null}
      </Stage>
      {tools && scene ? (
        <fieldset class="layers">
          <legend>Layers</legend>
          <Check name="Overlay" on={overlay} set={(on) => set({ overlay: on })} />
          <Check name="Violations" on={violations} set={(on) => set({ violations: on })} off={!overlay} />
          <Check name="Expected here" on={ghosts} set={(on) => set({ ghosts: on })} off={!overlay || !violations} />
          <span class="gap" />
          {result && result.maps.length > 0 ? (
            <span class="map-choice">
              <label>
                Map
                <select value={map} onChange={(e) => set({ map: e.currentTarget.value })}>
                  <option value="">none</option>
                  {result.maps.map((m) => (
                    <option key={m}>{m}</option>
                  ))}
                </select>
              </label>
              <label class={map ? '' : 'off'}>
                Opacity
                <input
                  type="range"
                  min="0"
                  max="1"
                  step="0.05"
                  value={opacity}
                  disabled={!map}
                  onInput={(e) => set({ opacity: Number(e.currentTarget.value) })}
                />
              </label>
            </span>
          ) : null}
          <div class="interests">
            {legend(scene).map(({ name, colour, count }) => (
              <label key={name} class={overlay ? 'check' : 'check off'}>
                <input type="checkbox" checked={!hidden.has(name)} disabled={!overlay} onChange={() => toggle(name)} />
                <span class="swatch" style={{ background: colour }} />
                {name} <span class="faint">{count}</span>
              </label>
            ))}
          </div>
        </fieldset>
      ) : null}
    </div>
  );
}

function Check({
  name,
  on,
  set,
  off = false,
}: {
  name: string;
  on: boolean;
  set: (on: boolean) => void;
  off?: boolean;
}) {
  return (
    <label class={off ? 'check off' : 'check'}>
      <input type="checkbox" checked={on} disabled={off} onChange={(e) => set(e.currentTarget.checked)} />
      {name}
    </label>
  );
}
