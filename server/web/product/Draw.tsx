/** Drawing on normals: points, boxes and polygons become exemplars, regions and ignored places of the rule file. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { at, call, may, picture } from '../api.ts';
import type { Preview } from '../contracts.ts';
import { useLoaded } from '../load.ts';
import { Dialog, Empty, FaultBox, Waiting } from '../parts/basics.tsx';
import { Overlay } from '../parts/layers.tsx';
import { Photo } from '../parts/Part.tsx';
import { Stage } from '../parts/Stage.tsx';
import { query, setQuery } from '../router.ts';
import type { Normal, Page, Point } from '../types.ts';
import {
  addInterest,
  addShape,
  type Drawn,
  interestsOf,
  removeShape,
  type Shape,
  shapesOn,
  type Target,
} from './document.ts';
import type { RuleDraft } from './draft.ts';
import { Normals } from './Normals.tsx';

type Tool = 'look' | Shape['kind'];
const TOOLS: readonly { tool: Tool; word: string }[] = [
  { tool: 'look', word: 'Move' },
  { tool: 'point', word: 'Point' },
  { tool: 'box', word: 'Box' },
  { tool: 'polygon', word: 'Polygon' },
];
/** A box smaller than this, in fractions, was a click. */
const LEAST = 0.004;
/** A polygon is closed by a click so near to its first corner, in fractions. */
const CLOSE = 0.015;
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

/** What is drawn for, from the address: `interest:NAME`, `region:NAME`, `ignore`. */
function targetOf(text: string): Target {
  const [kind, name = ''] = text.split(/:(.*)/);
  if (kind === 'region') return { region: name };
  return kind === 'interest' && name ? { interest: name } : { ignore: true };
}
const nameOf = (t: Target): string => ('interest' in t ? t.interest : 'region' in t ? t.region : 'ignored');
const keyOf = (t: Target): string =>
  'interest' in t ? `interest:${t.interest}` : 'region' in t ? `region:${t.region}` : 'ignore';

function Board({ product, draft, image }: { product: string; draft: RuleDraft; image: string }) {
  const q = query.value;
  const interests = interestsOf(draft.text);
  const chosen = q.for ?? (interests[0] ? `interest:${interests[0].name}` : 'ignore');
  const target = targetOf(chosen);
  const [native, setNative] = useState({ width: 4, height: 3 });
  const [tool, setTool] = useState<Tool>('look');
  const [marked, mark] = useState<string | null>(null);
  const [shown, show] = useState(false);
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
                onClick={() => setTool(t.tool)}
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
            <input type="checkbox" checked={shown} onChange={(e) => show(e.currentTarget.checked)} />
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
        {shown && preview.loading ? 'Grounding …' : null}
        {shown && !preview.loading && preview.data
          ? `Grounded in ${preview.data.ms} ms: ${preview.data.scene.instances.length} instances`
          : null}
        {!shown ? HINTS[tool] : null}
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

const HINTS: Readonly<Record<Tool, string>> = {
  look: 'Click a shape to choose it; Delete removes it.',
  point: 'Click places that belong to it; a few, well inside.',
  box: 'Drag a box tightly around one whole thing.',
  polygon: 'Click the corners; click the first one again to close, Escape to start anew.',
};

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

function TargetChoice({ chosen, text, onText }: { chosen: string; text: string; onText: (text: string) => void }) {
  const [making, make] = useState<'interest' | 'region' | null>(null);
  const name = chosen.startsWith('region:') ? chosen.slice('region:'.length) : '';
  const regions = new Set([...Object.keys(regionsOf(text)), ...(name ? [name] : [])]);
  const choose = (value: string): void => {
    if (value === 'new-interest') make('interest');
    else if (value === 'new-region') make('region');
    else setQuery({ for: value });
  };
  const made = (named: string, form: string): void => {
    if (making === 'interest') onText(addInterest(text, named, form));
    setQuery({ for: `${making}:${named}` });
    make(null);
  };
  return (
    <>
      <select aria-label="Draw for" value={chosen} onChange={(e) => choose(e.currentTarget.value)}>
        <optgroup label="Interests">
          {interestsOf(text).map((i) => (
            <option key={i.name} value={`interest:${i.name}`}>
              {i.name} ({i.form})
            </option>
          ))}
          <option value="new-interest">new interest …</option>
        </optgroup>
        <optgroup label="Regions">
          {[...regions].map((r) => (
            <option key={r} value={`region:${r}`}>
              {r}
            </option>
          ))}
          <option value="new-region">new region …</option>
        </optgroup>
        <option value="ignore">ignored place</option>
      </select>
      {making ? <NameDialog what={making} onMade={made} onClose={() => make(null)} /> : null}
    </>
  );
}

/** Asks how something new is called, and of an interest whether it is counted. */
function NameDialog(props: {
  what: 'interest' | 'region';
  onMade: (name: string, form: string) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState('');
  const [form, setForm] = useState('thing');
  return (
    <Dialog title={`New ${props.what}`} onClose={props.onClose}>
      <form
        class="stack"
        onSubmit={(e) => {
          e.preventDefault();
          props.onMade(name.trim(), form);
        }}
      >
        <label class="stack">
          Name
          <input
            type="text"
            required
            pattern="[A-Za-z][A-Za-z0-9_\-]*"
            title="letters, digits, dashes; a letter first"
            value={name}
            onInput={(e) => setName(e.currentTarget.value)}
          />
        </label>
        {props.what === 'interest' ? (
          <label class="stack">
            It is
            <select value={form} onChange={(e) => setForm(e.currentTarget.value)}>
              <option value="thing">a thing: instances that are counted</option>
              <option value="stuff">stuff: one mass, such as a liquid or a background</option>
            </select>
          </label>
        ) : null}
        <div class="row-of-buttons">
          <button type="submit" class="primary">
            Create
          </button>
        </div>
      </form>
    </Dialog>
  );
}

const regionsOf = (text: string): Record<string, true> =>
  Object.fromEntries(
    shapesOn(text, '').flatMap((s) => ('region' in s.target ? [[s.target.region, true as const]] : [])),
  );

interface CanvasProps {
  readonly shapes: readonly Drawn[];
  readonly tool: Tool;
  readonly native: { readonly width: number; readonly height: number };
  readonly current: string;
  readonly marked: string | null;
  readonly onMark: (path: string | null) => void;
  readonly onAdd: (shape: Shape) => void;
  readonly onRemove: () => void;
}

/** Shapes as SVG over the photograph, in its pixels; what is being drawn follows the pointer. */
function Canvas({ shapes, tool, native, current, marked, onMark, onAdd, onRemove }: CanvasProps) {
  const svg = useRef<SVGSVGElement>(null);
  const [start, setStart] = useState<Point | null>(null);
  const [now, setNow] = useState<Point | null>(null);
  const [corners, setCorners] = useState<readonly Point[]>([]);
  useEffect(() => {
    setStart(null);
    setCorners([]);
  }, [tool]);
  const { width, height } = native;
  const place = (e: PointerEvent): Point => {
    const r = svg.current!.getBoundingClientRect();
    const within = (v: number): number => Math.min(1, Math.max(0, v));
    return [within((e.clientX - r.left) / r.width), within((e.clientY - r.top) / r.height)];
  };
  const down = (e: PointerEvent): void => {
    if (tool === 'look' || e.button !== 0) return;
    e.stopPropagation();
    const p = place(e);
    if (tool === 'point') onAdd({ kind: 'point', point: p });
    else if (tool === 'box') {
      svg.current!.setPointerCapture(e.pointerId);
      setStart(p);
    } else {
      const [first] = corners;
      const closes = first && corners.length > 2 && Math.hypot(p[0] - first[0], p[1] - first[1]) < CLOSE;
      if (closes) onAdd({ kind: 'polygon', polygon: corners });
      setCorners(closes ? [] : [...corners, p]);
    }
  };
  const up = (e: PointerEvent): void => {
    if (start === null) return;
    const p = place(e);
    const box = [
      Math.min(start[0], p[0]),
      Math.min(start[1], p[1]),
      Math.max(start[0], p[0]),
      Math.max(start[1], p[1]),
    ] as const;
    setStart(null);
    if (box[2] - box[0] > LEAST && box[3] - box[1] > LEAST) onAdd({ kind: 'box', box });
  };
  const onKeyDown = (e: KeyboardEvent): void => {
    if (e.key === 'Delete' || e.key === 'Backspace') onRemove();
    else if (e.key === 'Escape') setCorners([]);
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  const path = (points: readonly Point[]): string =>
    points.map(([x, y], i) => `${i ? 'L' : 'M'}${x * width} ${y * height}`).join('');
  return (
    // biome-ignore lint/a11y/useSemanticElements: shapes of a drawing are no fieldset.
    <svg
      ref={svg}
      class={tool === 'look' ? 'layer shapes' : 'layer shapes draws'}
      viewBox={`0 0 ${width} ${height}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: shapes are chosen and removed by keys.
      tabIndex={0}
      role="group"
      aria-label={`${shapes.length} shapes`}
      onPointerDown={down}
      onPointerMove={(e) => setNow(place(e))}
      onPointerUp={up}
      onKeyDown={onKeyDown}
    >
      {shapes.map((s) => {
        const key = s.path.join();
        const other = keyOf(s.target) !== current;
        return (
          // biome-ignore lint/a11y/useSemanticElements: shapes of a drawing.
          <g
            key={key}
            class={`shape ${marked === key ? 'marked' : ''} ${other ? 'other' : ''}`}
            role="button"
            tabIndex={tool === 'look' ? 0 : -1}
            aria-label={`${nameOf(s.target)} ${s.shape.kind}`}
            aria-pressed={marked === key}
            onPointerDown={(e) => {
              if (tool !== 'look') return;
              e.stopPropagation();
              onMark(marked === key ? null : key);
            }}
            onKeyDown={(e) => {
              if (e.key === 'Enter' || e.key === ' ') {
                e.preventDefault();
                onMark(marked === key ? null : key);
              }
            }}
          >
            <title>{nameOf(s.target)}</title>
            <Outline shape={s.shape} width={width} height={height} />
          </g>
        );
      })}
      {start && now ? (
        <path class="rubber" d={`${path([start, [now[0], start[1]], now, [start[0], now[1]]])}Z`} />
      ) : null}
      {corners.length > 0 && now ? <path class="rubber" d={path([...corners, now])} /> : null}
    </svg>
  );
}

function Outline({ shape, width, height }: { shape: Shape; width: number; height: number }) {
  if (shape.kind === 'point') {
    return <circle cx={shape.point[0] * width} cy={shape.point[1] * height} r={Math.max(width, height) / 130} />;
  }
  if (shape.kind === 'box') {
    const [x0, y0, x1, y1] = shape.box;
    return <rect x={x0 * width} y={y0 * height} width={(x1 - x0) * width} height={(y1 - y0) * height} />;
  }
  return <polygon points={shape.polygon.map(([x, y]) => `${x * width},${y * height}`).join(' ')} />;
}
