/** The closed list of rule kinds, in the order documents show them. Adding a kind: one file here, one line below. */
import type { AnyRuleKind } from '../kind.ts';
import { agreement } from './agreement.ts';
import { area } from './area.ts';
import { areaPerUnit } from './areaPerUnit.ts';
import { attribute } from './attribute.ts';
import { colour } from './colour.ts';
import { components } from './components.ts';
import { count } from './count.ts';
import { crossings } from './crossings.ts';
import { distance } from './distance.ts';
import { extent } from './extent.ts';
import { histogram } from './histogram.ts';
import { inside } from './inside.ts';
import { layout } from './layout.ts';
import { likeness } from './likeness.ts';
import { match } from './match.ts';
import { order } from './order.ts';
import { position } from './position.ts';
import { presence } from './presence.ts';
import { structure } from './structure.ts';
import { symmetry } from './symmetry.ts';
import { text } from './text.ts';
import { touching } from './touching.ts';

export const KINDS: readonly AnyRuleKind[] = [
  presence,
  count,
  likeness,
  components,
  crossings,
  area,
  areaPerUnit,
  extent,
  position,
  distance,
  symmetry,
  order,
  inside,
  touching,
  layout,
  histogram,
  attribute,
  agreement,
  colour,
  text,
  match,
  structure,
];

const BY_NAME = new Map(KINDS.map((k) => [k.kind, k]));

export const kindOf = (name: string): AnyRuleKind | undefined => BY_NAME.get(name);
