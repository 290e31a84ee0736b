/** Shapes over a photograph: chosen, drawn and removed, by pointer and by keys. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { TAP } from '../parts/Stage.tsx';
import type { Point } from '../types.ts';
import type { Drawn, Shape } from './document.ts';
import { keyOf, nameOf } from './Target.tsx';

export type Tool = 'look' | Shape['kind'];
/** A box smaller than this, in fractions, was a click. */
const LEAST = 0.004;
/** A polygon is closed by a click so near to its first corner, in pixels: fingers are wider. */
const CLOSE = { mouse: 10, pen: 14, touch: 26 } as const;

/** Keys move the cross by this, in fractions of the picture; with shift by the other. */
const AIM = { near: 0.005, far: 0.05 } as const;
const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const within = (v: number): number => Math.min(1, Math.max(0, v));

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
export function Canvas({ shapes, tool, native, current, marked, onMark, onAdd, onRemove }: CanvasProps) {
  const svg = useRef<SVGSVGElement>(null);
  const [start, setStart] = useState<Point | null>(null);
  const [now, setNow] = useState<Point | null>(null);
  const [corners, setCorners] = useState<readonly Point[]>([]);
  /** Where keys would draw; null until an arrow is pressed. */
  const [aim, setAim] = useState<Point | null>(null);
  /** Pointers that are down; two fingers zoom and draw nothing. */
  const down = useRef({ ids: new Set<number>(), many: false, x: 0, y: 0 });
  useEffect(() => {
    setStart(null);
    setCorners([]);
  }, [tool]);
  const { width, height } = native;
  const place = (e: PointerEvent): Point => {
    const r = svg.current!.getBoundingClientRect();
    return [within((e.clientX - r.left) / r.width), within((e.clientY - r.top) / r.height)];
  };
  const corner = (p: Point, by: string): void => {
    const [first] = corners;
    const r = svg.current!.getBoundingClientRect();
    const far = first ? Math.hypot((p[0] - first[0]) * r.width, (p[1] - first[1]) * r.height) : Infinity;
    const closes = corners.length > 2 && far < (CLOSE[by as keyof typeof CLOSE] ?? CLOSE.mouse);
    if (closes) onAdd({ kind: 'polygon', polygon: corners });
    setCorners(closes ? [] : [...corners, p]);
  };
  const boxed = (a: Point, b: Point): void => {
    const box = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])] as const;
    if (box[2] - box[0] > LEAST && box[3] - box[1] > LEAST) onAdd({ kind: 'box', box });
  };
  /** Arrows aim, Enter draws where the cross is. True when the key was for that. */
  const byKeys = (e: KeyboardEvent): boolean => {
    const arrow = ARROWS[e.key];
    if (tool === 'look' || (!arrow && !(e.key === 'Enter' && aim))) return false;
    if (arrow) {
      const [x, y] = aim ?? [0.5, 0.5];
      const step = e.shiftKey ? AIM.far : AIM.near;
      const next: Point = [within(x + arrow[0] * step), within(y + arrow[1] * step)];
      setAim(next);
      setNow(next);
    } else if (tool === 'point') onAdd({ kind: 'point', point: aim! });
    else if (tool === 'polygon') corner(aim!, 'mouse');
    else {
      if (start !== null) boxed(start, aim!);
      setStart(start === null ? aim : null);
    }
    return true;
  };
  const onDown = (e: PointerEvent): void => {
    if (tool === 'look' || e.button !== 0) return;
    // Fingers go on to the stage, which zooms by two of them.
    if (e.pointerType !== 'touch') e.stopPropagation();
    const { ids } = down.current;
    ids.add(e.pointerId);
    down.current = { ids, many: ids.size > 1, x: e.clientX, y: e.clientY };
    setNow(place(e));
    setStart(tool === 'box' && ids.size === 1 ? place(e) : null);
    if (tool === 'box') svg.current!.setPointerCapture(e.pointerId);
  };
  const onUp = (e: PointerEvent): void => {
    const { ids, many, x, y } = down.current;
    if (!ids.delete(e.pointerId)) return;
    setStart(null);
    if (many || e.type === 'pointercancel') return;
    const p = place(e);
    const tapped = Math.hypot(e.clientX - x, e.clientY - y) <= 2 * TAP;
    if (tool === 'point' && tapped) onAdd({ kind: 'point', point: p });
    if (tool === 'polygon' && tapped) corner(p, e.pointerType);
    if (start !== null) boxed(start, p);
  };
  const onKeyDown = (e: KeyboardEvent): void => {
    if (e.key === 'Delete' || e.key === 'Backspace') onRemove();
    else if (e.key === 'Escape' && (start || corners.length > 0)) {
      setCorners([]);
      setStart(null);
    } else if (!byKeys(e)) return;
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
      aria-label={tool === 'look' ? `${shapes.length} shapes` : `${shapes.length} shapes; arrows aim, Enter draws`}
      onBlur={() => setAim(null)}
      onPointerDown={onDown}
      onPointerMove={(e) => setNow(place(e))}
      onPointerUp={onUp}
      onPointerCancel={onUp}
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
            onClick={() => tool === 'look' && onMark(marked === key ? null : key)}
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
      {aim ? <Cross x={aim[0] * width} y={aim[1] * height} arm={Math.max(width, height) / 40} /> : null}
      {corners.length > 0 && now ? <path class="rubber" d={path([...corners, now])} /> : null}
    </svg>
  );
}

function Cross({ x, y, arm }: { x: number; y: number; arm: number }) {
  const d = `M${x - arm} ${y}h${2 * arm}M${x} ${y - arm}v${2 * arm}`;
  return (
    <>
      <path class="aim under" d={d} />
      <path class="aim" d={d} />
    </>
  );
}

function Outline({ shape, width, height }: { shape: Shape; width: number; height: number }) {
  if (shape.kind === 'point') {
    const [cx, cy] = [shape.point[0] * width, shape.point[1] * height];
    const r = Math.max(width, height) / 130;
    // A finger does not hit the dot alone.
    return (
      <>
        <circle class="around" cx={cx} cy={cy} r={3 * r} />
        <circle cx={cx} cy={cy} r={r} />
      </>
    );
  }
  if (shape.kind === 'box') {
    const [x0, y0, x1, y1] = shape.box;
    return <rect x={x0 * width} y={y0 * height} width={(x1 - x0) * width} height={(y1 - y0) * height} />;
  }
  return <polygon points={shape.polygon.map(([x, y]) => `${x * width},${y * height}`).join(' ')} />;
}
