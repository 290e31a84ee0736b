/** The grounding model as a section of a Profile and back: numbers as raw arrays, everything else as JSON facts. */
import type { ProfileSection } from '../profile.ts';
import type { AttributeModel } from './attributes.ts';
import type { GroundModel } from './model.ts';

interface Facts {
  readonly classes: readonly string[];
  readonly channels: readonly number[];
  readonly colours: GroundModel['head']['colours'];
  readonly exemplars: Readonly<Record<string, string>>;
  readonly medians: GroundModel['medians'];
  readonly focus: GroundModel['focus'];
  readonly likeness: Readonly<Record<string, Omit<GroundModel['likeness'][string], 'rows'>>>;
  readonly attributes: readonly Omit<AttributeModel, 'prototypes' | 'whitening'>[];
}

/** JSON has no infinities; learnt references use them for "unbounded". */
const pack = (v: unknown): unknown =>
  JSON.parse(JSON.stringify(v, (_, x) => (typeof x === 'number' && !Number.isFinite(x) ? `#${x}` : x)));
const unpack = <T>(v: unknown): T =>
  JSON.parse(JSON.stringify(v), (_, x) =>
    typeof x === 'string' && /^#(-?Infinity|NaN)$/.test(x) ? Number(x.slice(1)) : x,
  ) as T;

/** @param exemplars sha256 of every exemplar image by name: `evaluate` never scores them */
export function groundSection(model: GroundModel, exemplars: Readonly<Record<string, string>>): ProfileSection {
  const arrays: Record<string, Float32Array> = { weights: model.head.weights };
  model.head.stages.forEach((s, i) => {
    arrays[`mean${i}`] = s.mean;
    arrays[`scale${i}`] = s.scale;
  });
  const likeness: Record<string, unknown> = {};
  for (const [id, { rows, ...facts }] of Object.entries(model.likeness)) {
    arrays[`likeness:${id}`] = rows;
    likeness[id] = facts;
  }
  const attributes = model.attributes.map(({ prototypes, whitening, ...facts }) => {
    arrays[`prototypes:${facts.attribute}`] = prototypes;
    arrays[`whitening:${facts.attribute}`] = whitening;
    return facts;
  });
  const facts = {
    classes: model.head.classes,
    channels: model.head.stages.map((s) => s.channels),
    colours: model.head.colours,
    exemplars,
    medians: model.medians,
    focus: model.focus ?? null,
    likeness,
    attributes,
  };
  return { facts: pack(facts), arrays };
}

export function groundModel(section: ProfileSection): GroundModel {
  const facts = unpack<Facts>(section.facts);
  const { arrays } = section;
  return {
    head: {
      classes: facts.classes,
      colours: facts.colours,
      stages: facts.channels.map((channels, i) => ({
        channels,
        mean: arrays[`mean${i}`]!,
        scale: arrays[`scale${i}`]!,
      })),
      weights: arrays.weights!,
    },
    medians: facts.medians,
    focus: facts.focus ?? null,
    likeness: Object.fromEntries(
      Object.entries(facts.likeness).map(([id, l]) => [id, { ...l, rows: arrays[`likeness:${id}`]! }]),
    ),
    attributes: facts.attributes.map((a) => ({
      ...a,
      prototypes: arrays[`prototypes:${a.attribute}`]!,
      whitening: arrays[`whitening:${a.attribute}`]!,
    })),
  };
}
