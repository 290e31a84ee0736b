/** A picture that is looked at closely: wheel, pinch, drag, keys and buttons zoom and move it; layers lie on top. */
import { signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { Box } from '../types.ts';

interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** Zoom steps; a part is shown with so much room around it, as shares of the stage. */
const ZOOM = { step: 1.3, least: 1, most: 24, wheel: 0.0016, room: 0.55, pan: 60, bar: 640 } as const;
const WHOLE: View = { scale: 1, x: 0, y: 0 };

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The picture's size within the stage at scale 1. */
function fitted(stage: Size, native: Size): Size {
  const k = Math.min(stage.width / native.width, stage.height / native.height);
  return { width: native.width * k, height: native.height * k };
}

/** Keeps the picture over the middle of the stage. */
function held(view: View, size: Size, stage: Size): View {
  const scale = Math.min(ZOOM.most, Math.max(ZOOM.least, view.scale));
  const limit = (length: number, room: number): number => Math.max(0, (length * scale - room) / 2);
  const [lx, ly] = [limit(size.width, stage.width), limit(size.height, stage.height)];
  return { scale, x: Math.min(lx, Math.max(-lx, view.x)), y: Math.min(ly, Math.max(-ly, view.y)) };
}

export interface StageProps {
  readonly native: Size;
  readonly label: string;
  /** The part to look at; a new one moves the view. */
  readonly focus?: Box | null;
  /** Drawing takes the pointer instead of moving the picture. */
  readonly still?: boolean;
  readonly children: ComponentChildren;
}

export function Stage({ native, label, focus = null, still = false, children }: StageProps) {
  const frame = useRef<HTMLDivElement>(null);
  const stage = useSignal<Size>({ width: 1, height: 1 });
  const view = useMemo(() => signal<View>(WHOLE), []);
  const size = fitted(stage.value, native);
  const change = (next: View): void => {
    view.value = held(next, fitted(stage.peek(), native), stage.peek());
  };
  /** Zooms about a point, given from the middle of the stage. */
  const zoom = (factor: number, px = 0, py = 0): void => {
    const { scale, x, y } = view.peek();
    const k = Math.min(ZOOM.most, Math.max(ZOOM.least, scale * factor)) / scale;
    change({ scale: scale * k, x: px - (px - x) * k, y: py - (py - y) * k });
  };
  useLayoutEffect(() => {
    const watch = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      stage.value = { width: Math.max(1, width), height: Math.max(1, height) };
      change(view.peek());
    });
    watch.observe(frame.current!);
    return () => watch.disconnect();
  }, [native.width, native.height]);
  const wanted = focus === null ? '' : focus.join();
  useEffect(() => {
    if (focus === null) {
      change(WHOLE);
      return;
    }
    const fit = fitted(stage.peek(), native);
    const [x0, y0, x1, y1] = focus;
    const room = Math.min(
      (stage.peek().width * ZOOM.room) / Math.max(1, (x1 - x0) * fit.width),
      (stage.peek().height * ZOOM.room) / Math.max(1, (y1 - y0) * fit.height),
    );
    const scale = Math.min(6, Math.max(1, room));
    change({ scale, x: (0.5 - (x0 + x1) / 2) * fit.width * scale, y: (0.5 - (y0 + y1) / 2) * fit.height * scale });
  }, [wanted]);
  const gestures = useGestures(frame, view, change, zoom, still);
  const { scale, x, y } = view.value;
  const onKeyDown = (e: KeyboardEvent): void => {
    const moves: Record<string, () => void> = {
      '+': () => zoom(ZOOM.step),
      '=': () => zoom(ZOOM.step),
      '-': () => zoom(1 / ZOOM.step),
      '0': () => change(WHOLE),
      ArrowLeft: () => change({ scale, x: x + ZOOM.pan, y }),
      ArrowRight: () => change({ scale, x: x - ZOOM.pan, y }),
      ArrowUp: () => change({ scale, x, y: y + ZOOM.pan }),
      ArrowDown: () => change({ scale, x, y: y - ZOOM.pan }),
    };
    const move = moves[e.key];
    // Arrows belong to the list while the whole picture is seen.
    if (!move || e.ctrlKey || e.metaKey || (e.key.startsWith('Arrow') && scale === 1)) return;
    e.preventDefault();
    e.stopPropagation();
    move();
  };
  return (
    <div class="stage">
      {/* biome-ignore lint/a11y/useSemanticElements: a picture with layers is no fieldset. */}
      <div
        ref={frame}
        class="stage-frame"
        role="group"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is moved by keys.
        tabIndex={0}
        onKeyDown={onKeyDown}
        {...gestures}
      >
        <div
          class="stage-layers"
          style={{
            width: `${size.width}px`,
            height: `${size.height}px`,
            transform: `translate(-50%,-50%) translate(${x}px,${y}px) scale(${scale})`,
          }}
        >
          {children}
        </div>
      </div>
      <div class="stage-tools" role="toolbar" aria-label="Zoom">
        <button
          type="button"
          class="quiet"
          onClick={() => zoom(1 / ZOOM.step)}
          disabled={scale <= 1}
          aria-label="Zoom out"
        >
          −
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() => change(WHOLE)}
          aria-label={`${Math.round(scale * 100)} %, show the whole picture`}
        >
          {Math.round(scale * 100)} %
        </button>
        <button type="button" class="quiet" onClick={() => zoom(ZOOM.step)} aria-label="Zoom in">
          +
        </button>
      </div>
    </div>
  );
}

interface Finger {
  readonly x: number;
  readonly y: number;
  readonly startX: number;
  readonly startY: number;
}
/** A pointer that moved no further, in pixels, pointed at something. */
export const TAP = 6;

/** Wheel, drag and pinch, as handlers of the frame. */
function useGestures(
  frame: { current: HTMLDivElement | null },
  view: { peek(): View },
  change: (v: View) => void,
  zoom: (factor: number, px?: number, py?: number) => void,
  still: boolean,
) {
  const fingers = useRef(new Map<number, Finger>());
  const fromMiddle = (x: number, y: number): [number, number] => {
    const r = frame.current!.getBoundingClientRect();
    return [x - r.left - r.width / 2, y - r.top - r.height / 2];
  };
  useEffect(() => {
    const element = frame.current!;
    // Not by a property: only a listener that is not passive may keep the page from scrolling.
    const onWheel = (e: WheelEvent): void => {
      e.preventDefault();
      zoom(Math.exp(-e.deltaY * ZOOM.wheel), ...fromMiddle(e.clientX, e.clientY));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  });
  const spread = (): number => {
    const [a, b] = [...fingers.current.values()];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  };
  return {
    onPointerDown: (e: PointerEvent): void => {
      if (still && e.pointerType !== 'touch') return;
      fingers.current.set(e.pointerId, { x: e.clientX, y: e.clientY, startX: e.clientX, startY: e.clientY });
    },
    onPointerMove: (e: PointerEvent): void => {
      const last = fingers.current.get(e.pointerId);
      if (!last) return;
      const before = spread();
      const now = { ...last, x: e.clientX, y: e.clientY };
      fingers.current.set(e.pointerId, now);
      // Only a drag takes the pointer: a tap stays a click on what lies there.
      if (!still && Math.hypot(now.x - now.startX, now.y - now.startY) > TAP)
        frame.current!.setPointerCapture(e.pointerId);
      if (fingers.current.size === 2 && before > 0) {
        const [a, b] = [...fingers.current.values()];
        zoom(spread() / before, ...fromMiddle((a!.x + b!.x) / 2, (a!.y + b!.y) / 2));
      } else if (!still) {
        const v = view.peek();
        change({ ...v, x: v.x + now.x - last.x, y: v.y + now.y - last.y });
      }
    },
    onPointerUp: (e: PointerEvent): void => void fingers.current.delete(e.pointerId),
    onPointerCancel: (e: PointerEvent): void => void fingers.current.delete(e.pointerId),
    onPointerLeave: (e: PointerEvent): void => void fingers.current.delete(e.pointerId),
  };
}
