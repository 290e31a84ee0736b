/** Shapes over a photograph: chosen, drawn and removed, by pointer and by keys. */
import { useRef } from 'preact/hooks';
import type { Point } from '../types.ts';
import type { Drawn, Shape } from './document.ts';
import { type Tool, useDrawing } from './drawing.ts';
import { keyOf, nameOf } from './Target.tsx';

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
  const { start, now, corners, aim, onKey, handlers } = useDrawing(svg, tool, onAdd);
  const { width, height } = native;
  const onKeyDown = (e: KeyboardEvent): void => {
    if (e.key === 'Delete' || e.key === 'Backspace') onRemove();
    else if (!onKey(e)) return;
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
      // In lower case: names of SVG attributes are told apart by it, and no other one takes the focus.
      tabindex={0}
      role="group"
      aria-label={tool === 'look' ? `${shapes.length} shapes` : `${shapes.length} shapes; arrows aim, Enter draws`}
      {...handlers}
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
            tabindex={tool === 'look' ? 0 : -1}
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
