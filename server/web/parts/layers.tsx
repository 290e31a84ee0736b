/** Layers over a picture: what was seen and found, drawn by the same function as reports, and maps of detectors. */
import { useEffect, useRef } from 'preact/hooks';
import { heatOf } from '../../../src/core/report/heat.ts';
import { looks } from '../../../src/core/report/style.ts';
import { sceneToSvg } from '../../../src/core/report/svg.ts';
import { picture } from '../api.ts';
import type { Box, Result, Scene } from '../types.ts';

/** Grey of a map's border: tolerance unit 1 (`mapPng` of the service). */
const BORDER_GREY = 128;

export interface Shown {
  /** Interests that are not drawn. */
  readonly hidden: ReadonlySet<string>;
  readonly violations: boolean;
  readonly ghosts: boolean;
}

/** Puts SVG text into the page as a tree: nothing of it is ever read as HTML. */
export function Svg({ text, class: name }: { text: string; class: string }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (text === '') {
      host.current!.replaceChildren();
      return;
    }
    // Plots carry no namespace: in HTML files they need none.
    const named = text.replace(/^<svg(?![^>]* xmlns=)/, '<svg xmlns="http://www.w3.org/2000/svg"');
    const tree = new DOMParser().parseFromString(named, 'image/svg+xml').documentElement;
    host.current!.replaceChildren(document.adoptNode(tree));
  }, [text]);
  return <div ref={host} class={name} />;
}

/** Outlines, violations and ghosts. Without a result only what was seen. */
export function Overlay({ scene, result, shown }: { scene: Scene; result: Result | null; shown: Shown }) {
  const seen = { ...scene, instances: scene.instances.filter((i) => !shown.hidden.has(i.interest)) };
  const violations = (shown.violations ? (result?.violations ?? []) : []).map((v) => {
    if (shown.ghosts || !v.ghost) return v;
    const { ghost: _, ...rest } = v;
    return rest;
  });
  const judged = result === null ? null : { ...result, violations, scene: seen };
  const text = sceneToSvg(seen, judged, { interests: scene.instances.map((i) => i.interest), idPrefix: 'stage' });
  return <Svg class="layer" text={text} />;
}

/** What covers so much of the picture is not outlined at first: a background says little and hides much. */
const LARGE = 0.35;

export function largeInterests(scene: Scene): ReadonlySet<string> {
  const areas = new Map<string, number>();
  for (const i of scene.instances) areas.set(i.interest, (areas.get(i.interest) ?? 0) + i.area);
  return new Set([...areas].filter(([, area]) => area > LARGE).map(([name]) => name));
}

/** Interests of a scene with the colours they are drawn in. */
export function legend(scene: Scene): { name: string; colour: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const i of scene.instances) counts.set(i.interest, (counts.get(i.interest) ?? 0) + 1);
  return [...looks(counts.keys())].map(([name, { colour }]) => ({ name, colour, count: counts.get(name)! }));
}

/** A detector's map in the colours of the report: blue within tolerance, orange to yellow beyond the border. */
export function HeatMap(props: { id: string; detector: string; opacity: number; box: Box }) {
  const { id, detector, opacity } = props;
  const [x0, y0, x1, y1] = props.box;
  const share = (v: number): string => `${100 * v}%`;
  const place = { left: share(x0), top: share(y0), width: share(x1 - x0), height: share(y1 - y0) };
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let gone = false;
    const grey = new Image();
    grey.src = picture.map(id, detector);
    void grey
      .decode()
      .then(() => {
        const target = canvas.current;
        if (gone || !target) return;
        target.width = grey.naturalWidth;
        target.height = grey.naturalHeight;
        const pen = target.getContext('2d', { willReadFrequently: true })!;
        pen.drawImage(grey, 0, 0);
        const pixels = pen.getImageData(0, 0, target.width, target.height);
        for (let i = 0; i < pixels.data.length; i += 4) {
          const [r, g, b, alpha] = heatOf(pixels.data[i]! / BORDER_GREY);
          pixels.data.set([r, g, b, 255 * alpha], i);
        }
        pen.putImageData(pixels, 0, 0);
      })
      .catch(() => undefined);
    return () => {
      gone = true;
    };
  }, [id, detector]);
  return (
    <canvas
      ref={canvas}
      class="layer heat"
      style={{ opacity, ...place }}
      role="img"
      aria-label={`Map of ${detector}`}
    />
  );
}
