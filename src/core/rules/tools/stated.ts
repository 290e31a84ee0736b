/**
 * The last resort for a survivor: every counted mutant leaves the range of the normals in some quantity, so a bound stated
 * at that range would kill it. It has no tolerance and will cost false alarms; it says what would have to be believed.
 */
import type { Scene } from '../../scene.ts';
import type { CompiledRules } from '../compiled.ts';
import { evaluateRules } from '../evaluate.ts';
import type { RawRule } from './candidates.ts';
import { bindCandidates } from './mine.ts';
import { outside, type Panel, rangeOf } from './panel.ts';

type Range = readonly [number, number];

/** Outwards to four digits: rounding must not cut off a normal. */
const bound = ([low, high]: Range): [number, number] => [Math.floor(low * 1e4) / 1e4, Math.ceil(high * 1e4) / 1e4];

const EDGES: readonly string[] = ['left', 'top', 'right', 'bottom'];

/** A rule about one quantity of the panel; null where the language has none for it (one of several like parts). */
function ruleAbout(panel: Panel, key: string, variant: string | null): Record<string, unknown> | null {
  const range = rangeOf(panel, key, variant);
  const known = (id: string): boolean => Object.hasOwn(panel.file.interests, id);
  const pair = /^(\S+) to (\S+) ([xy])$/.exec(key);
  if (!range) return null;
  if (pair)
    return known(pair[1]!) && known(pair[2]!)
      ? { kind: 'position', of: pair[2], relativeTo: pair[1], axis: pair[3], within: bound(range) }
      : null;
  const match = /^(\S+) (area|x|y|left|top|right|bottom|width|height|L|a|b)( in product)?$/.exec(key);
  if (!match || !known(match[1]!)) return null;
  const [, of, what] = match as unknown as [string, string, string];
  if (what === 'area') return { kind: 'area', of, within: bound(range) };
  if (what === 'x' || what === 'y')
    return { kind: 'position', of, relativeTo: match[3] ? 'product' : 'image', axis: what, within: bound(range) };
  if (EDGES.includes(what)) return { kind: 'extent', of, edge: what, within: bound(range) };
  if (what === 'width' || what === 'height')
    return { kind: 'extent', of, measure: what === 'width' ? 'boxWidth' : 'boxHeight', within: bound(range) };
  const lab = ['L', 'a', 'b'].map((c) => rangeOf(panel, `${of} ${c}`, variant)!);
  const half = Math.hypot(...lab.map(([low, high]) => (high - low) / 2));
  return {
    kind: 'colour',
    of,
    near: lab.map(([low, high]) => Math.round((low + high) / 2)),
    deltaE: Math.ceil(half + 1),
  };
}

/** The first such rule that fires on the Scene. */
export function statedKiller(
  compiled: CompiledRules,
  panel: Panel,
  scene: Scene,
  variant: string | null,
): RawRule | null {
  const ofVariant = variant !== null && Object.hasOwn(panel.variants, variant);
  for (const key of outside(panel, scene, variant)) {
    const about = ruleAbout(panel, key, variant);
    if (!about) continue;
    const id = `range-of-${key.replace(/[^A-Za-z0-9_-]+/g, '-')}`.slice(0, 60);
    const because = `No normal${ofVariant ? ` of ${variant}` : ''} leaves this range.`;
    const raw = {
      id,
      ...about,
      because,
      ...(ofVariant && compiled.file.variants ? { when: { variant } } : {}),
    } as unknown as RawRule;
    const fires = evaluateRules(bindCandidates(compiled, [raw]), null, { ...scene, variant }).unit > 1;
    if (fires) return raw;
  }
  return null;
}
