/** Shapes over a photograph: chosen, drawn and removed, by pointer and by keys. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Point } from '../types.ts';
import type { Drawn, Shape } from './document.ts';
import { keyOf, nameOf } from './Target.tsx';

export type Tool = 'look' | Shape['kind'];
/** A box smaller than this, in fractions, was a click. */
const LEAST = 0.004;
/** A polygon is closed by a click so near to its first corner, in fractions. */
const CLOSE = 0.015;

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
