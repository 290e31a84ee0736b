/** What a pointer or keys are drawing just now: points, boxes by two corners, polygons corner by corner. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { TAP } from '../parts/Stage.tsx';
import type { Point } from '../types.ts';
import type { Shape } from './document.ts';

export type Tool = 'look' | Shape['kind'];

/** A box smaller than this, in fractions, was a click. */
const LEAST = 0.004;
/** A polygon is closed by a click so near to its first corner, in pixels: fingers are wider. */
const CLOSE: Readonly<Record<string, number>> = { mouse: 10, keys: 10, pen: 14, touch: 26 };
/** Keys move the cross by this, in fractions of the picture; with shift by the other. */
const AIM = { near: 0.005, far: 0.05 } as const;
const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const within = (v: number): number => Math.min(1, Math.max(0, v));

/** State and handlers of an SVG that is drawn on; `onAdd` gets every shape that is whole. */
export function useDrawing(svg: { current: SVGSVGElement | null }, tool: Tool, onAdd: (shape: Shape) => void) {
  const start = useSignal<Point | null>(null);
  const now = useSignal<Point | null>(null);
  const corners = useSignal<readonly Point[]>([]);
  /** Where keys would draw; null until an arrow is pressed. */
  const aim = useSignal<Point | null>(null);
  /** Pointers that are down, and where the last went down. */
  const down = useRef({ ids: new Set<number>(), many: false, x: 0, y: 0 });
  const clear = (): void => {
    start.value = null;
    corners.value = [];
  };
  useEffect(clear, [tool]);
  const place = (e: PointerEvent): Point => {
    const r = svg.current!.getBoundingClientRect();
    return [within((e.clientX - r.left) / r.width), within((e.clientY - r.top) / r.height)];
  };
  const corner = (p: Point, by: string): void => {
    const { width, height } = svg.current!.getBoundingClientRect();
    const so = corners.peek();
    const [x, y] = so[0] ?? p;
    const near = Math.hypot((p[0] - x) * width, (p[1] - y) * height) < (CLOSE[by] ?? CLOSE.mouse!);
    const closes = so.length > 2 && near;
    if (closes) onAdd({ kind: 'polygon', polygon: so });
    corners.value = closes ? [] : [...so, p];
  };
  /** The second corner of a box. */
  const boxTo = (b: Point): void => {
    const a = start.peek();
    start.value = null;
    if (a === null) return;
    const box = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])] as const;
    if (box[2] - box[0] > LEAST && box[3] - box[1] > LEAST) onAdd({ kind: 'box', box });
  };
  const onPointerDown = (e: PointerEvent): void => {
    if (tool === 'look' || e.button !== 0) return;
    // Fingers go on to the stage, which zooms by two of them; those draw nothing.
    if (e.pointerType !== 'touch') e.stopPropagation();
    const { ids } = down.current;
    ids.add(e.pointerId);
    down.current = { ids, many: ids.size > 1, x: e.clientX, y: e.clientY };
    now.value = place(e);
    start.value = tool === 'box' && ids.size === 1 ? now.value : null;
    if (tool === 'box') svg.current!.setPointerCapture(e.pointerId);
  };
  const onPointerUp = (e: PointerEvent): void => {
    const { ids, many, x, y } = down.current;
    if (!ids.delete(e.pointerId)) return;
    if (many || e.type === 'pointercancel') {
      start.value = null;
      return;
    }
    const p = place(e);
    const tapped = Math.hypot(e.clientX - x, e.clientY - y) <= 2 * TAP;
    if (tool === 'point' && tapped) onAdd({ kind: 'point', point: p });
    if (tool === 'polygon' && tapped) corner(p, e.pointerType);
    if (tool === 'box') boxTo(p);
  };
  /** Arrows aim, Enter draws where the cross is, Escape begins anew. True when the key was for that. */
  const onKey = (e: KeyboardEvent): boolean => {
    const to = aim.peek();
    const arrow = ARROWS[e.key];
    if (e.key === 'Escape' && (start.peek() || corners.peek().length > 0)) clear();
    else if (tool === 'look') return false;
    else if (arrow) {
      const [x, y] = to ?? [0.5, 0.5];
      const step = e.shiftKey ? AIM.far : AIM.near;
      aim.value = [within(x + arrow[0] * step), within(y + arrow[1] * step)];
      now.value = aim.value;
    } else if (e.key !== 'Enter' || to === null) return false;
    else if (tool === 'point') onAdd({ kind: 'point', point: to });
    else if (tool === 'polygon') corner(to, 'keys');
    else if (start.peek() === null) start.value = to;
    else boxTo(to);
    return true;
  };
  const handlers = {
    onPointerDown,
    onPointerMove: (e: PointerEvent): void => {
      now.value = place(e);
    },
    onPointerUp,
    onPointerCancel: onPointerUp,
    onBlur: (): void => {
      aim.value = null;
    },
  };
  return { start: start.value, now: now.value, corners: corners.value, aim: aim.value, onKey, handlers };
}
