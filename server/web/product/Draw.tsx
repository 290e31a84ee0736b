/** Drawing on normals: points, boxes and polygons become exemplars, regions and ignored places of the rule file. */
import { useEffect, useState } from 'preact/hooks';
import { at, call, may, picture } from '../api.ts';
import type { Preview } from '../contracts.ts';
import { plural } from '../format.ts';
import { useLoaded } from '../load.ts';
import { Empty, FaultBox, Waiting } from '../parts/basics.tsx';
import { Overlay } from '../parts/layers.tsx';
import { Photo } from '../parts/Part.tsx';
import { Stage } from '../parts/Stage.tsx';
import { query, setQuery } from '../router.ts';
import type { Normal, Page } from '../types.ts';
import { Canvas } from './Canvas.tsx';
import { addShape, interestsOf, removeShape, type Shape, shapesOn } from './document.ts';
import type { RuleDraft } from './draft.ts';
import type { Tool } from './drawing.ts';
import { Normals } from './Normals.tsx';
import { keyOf, TargetChoice, targetOf } from './Target.tsx';

const TOOLS: readonly { tool: Tool; word: string }[] = [
  { tool: 'look', word: 'Move' },
  { tool: 'point', word: 'Point' },
  { tool: 'box', word: 'Box' },
  { tool: 'polygon', word: 'Polygon' },
];
const PAUSE_MS = 500;

export function Draw({ product, draft }: { product: string; draft: RuleDraft }) {
  const q = query.value;
  const normals = useLoaded<Page<Normal>>(`normals ${product}`, (signal) =>
    call(at(['products', product, 'normals']), { signal }),
  );
  const list = normals.data?.items ?? [];
  const image = list.find((n) => n.name === q.normal)?.name ?? list[0]?.name;
  if (!normals.data) return normals.fault ? <FaultBox fault={normals.fault} /> : <Waiting />;
  return (
    <div class="draw">
      <Normals product={product} normals={list} chosen={image} onChange={normals.reload} />
      {image === undefined ? (
        <Empty title="No photographs yet">
          <p class="faint">Drop some of good parts on the left; four to twenty are enough to begin.</p>
        </Empty>
      ) : (
        <Board key={image} product={product} draft={draft} image={image} />
      )}
    </div>
  );
}

function Board({ product, draft, image }: { product: string; draft: RuleDraft; image: string }) {
  const q = query.value;
  const interests = interestsOf(draft.text);
  const chosen = q.for ?? (interests[0] ? `interest:${interests[0].name}` : 'ignore');
  const target = targetOf(chosen);
  const [native, setNative] = useState({ width: 4, height: 3 });
  const tool = TOOLS.find((t) => t.tool === q.tool)?.tool ?? 'look';
  const [marked, mark] = useState<string | null>(null);
  const shown = q.grounding === 'on';
  const preview = usePreview(product, image, draft.text, shown);
  const shapes = shapesOn(draft.text, image);
  const locked = !may('engineer');
  const add = (shape: Shape): void => draft.edit((text) => addShape(text, image, target, shape));
  const remove = (): void => {
    const hit = shapes.find((s) => s.path.join() === marked);
    if (hit) draft.edit((text) => removeShape(text, hit.path));
    mark(null);
  };
  return (
    <section class="board" aria-label={`Drawing on ${image}`}>
      {locked ? null : (
        <div class="tools">
          <TargetChoice chosen={chosen} text={draft.text} onText={draft.set} />
          {/* biome-ignore lint/a11y/useSemanticElements: buttons in a row, no form. */}
          <div class="segmented" role="group" aria-label="Tool">
            {TOOLS.map((t) => (
              <button
                key={t.tool}
                type="button"
                aria-pressed={tool === t.tool}
                disabled={t.tool === 'point' && !('interest' in target)}
                onClick={() => setQuery({ tool: t.tool === 'look' ? null : t.tool })}
              >
                {t.word}
              </button>
            ))}
          </div>
          <button type="button" class="danger" disabled={marked === null} onClick={remove}>
            Remove shape
          </button>
          <span class="gap" />
          <label class="check">
            <input
              type="checkbox"
              checked={shown}
              onChange={(e) => setQuery({ grounding: e.currentTarget.checked ? 'on' : null })}
            />
            Show grounding
          </label>
        </div>
      )}
      <Stage native={native} label={`Photograph ${image}`} still={tool !== 'look'}>
        <Photo
          src={picture.normal(product, image)}
          copy={picture.normal(product, image, 2048)}
          alt={image}
          onSize={setNative}
        />
        {preview.data && shown ? (
          <Overlay
            scene={preview.data.scene}
            result={null}
            shown={{ hidden: new Set(), violations: false, ghosts: false }}
          />
        ) : null}
        <Canvas
          shapes={shapes}
          tool={locked ? 'look' : tool}
          native={native}
          current={keyOf(target)}
          marked={marked}
          onMark={mark}
          onAdd={add}
          onRemove={remove}
        />
      </Stage>
      <p class="small faint board-foot" role="status">
        {shown && preview.loading ? <Grounding first={preview.data === undefined} /> : null}
        {shown && !preview.loading && preview.data
          ? `${plural(preview.data.scene.instances.length, 'instance')} found, in ${(preview.data.ms / 1000).toFixed(1)} s`
          : null}
        {!shown ? `${HINTS[tool]}${tool === 'look' ? '' : BY_KEYS}` : null}
      </p>
      {shown ? <FaultBox fault={preview.fault} /> : null}
      {shown
        ? preview.data?.problems.map((p) => (
            <p key={p} class="reason">
              {p}
            </p>
          ))
        : null}
    </section>
  );
}

/** From this second on it is said why it takes long. */
const LONG_S = 3;

/** The models learn from the exemplars before they can show what those find: it is said, and that something goes on. */
function Grounding({ first }: { first: boolean }) {
  const [seconds, count] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => count((s) => s + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <span class="grounding">
      <span class="spinner" aria-hidden="true" /> Grounding{first ? '' : ' anew'} …{' '}
      {seconds < LONG_S
        ? null
        : `The exemplars are learnt first, after every change of them: up to half a minute. ${seconds} s so far.`}
    </span>
  );
}

const HINTS: Readonly<Record<Tool, string>> = {
  look: 'Click a shape to choose it; Delete removes it.',
  point: 'Click places that belong to it; a few, well inside.',
  box: 'Drag a box tightly around one whole thing.',
  polygon: 'Click the corners; click the first one again to close, Escape to start anew.',
};

const BY_KEYS = ' By keys: arrows aim (with shift in large steps), Enter draws.';

/** What the text finds on this picture, a little after the last change. */
function usePreview(product: string, image: string, text: string, on: boolean) {
  const [asked, ask] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => ask(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return useLoaded<Preview>(on ? `preview ${product} ${image} ${asked}` : null, (signal) =>
    call(at(['products', product, 'preview']), { method: 'POST', json: { text: asked, normal: image }, signal }),
  );
}
