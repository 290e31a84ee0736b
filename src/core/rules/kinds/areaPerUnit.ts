import { Type } from 'typebox';
import { FLOORS } from '../constants.ts';
import { AttributeRef, type Complaint, InterestRef, STRICT } from '../kind.ts';
import type { QuantitySpec } from '../quantities.ts';
import { defineQuantityKind } from '../quantityKind.ts';
import { noneOf } from '../select.ts';
import { idsOf, imageReading, totalArea } from '../view.ts';

const PER_UNIT: QuantitySpec = { floor: FLOORS.logArea, scale: 'log', side: 'both', dimension: 'area' };

/** Area divided by a number that an attribute names: two, three or five clamps by the colour of the cable. */
export const areaPerUnit = defineQuantityKind({
  kind: 'areaPerUnit',
  summary: 'Area of an interest divided by the number of units that an attribute stands for.',
  params: Type.Object(
    {
      of: InterestRef(),
      by: AttributeRef('the attribute that says how many units there must be'),
      units: Type.Record(Type.String(), Type.Number({ exclusiveMinimum: 0 }), {
        description: 'units per value of the attribute',
        examples: [{ yellow: 2, blue: 3 }],
      }),
    },
    STRICT,
  ),
  specs: { perUnit: PER_UNIT },
  tier: 'core',
  onEmpty: 'skip',
  precedence: 'amount',
  invariant: ['mirror', 'scale', 'shuffle'],
  interests: (p, file) => [...new Set([p.of, file.attributes[p.by]!.of])],
  measure(view, p) {
    const known = view.known(p.of);
    if (known.length === 0) return noneOf(view, p.of);
    const reading = imageReading(view, p.by);
    if (!reading) return noneOf(view, view.file.attributes[p.by]!.of);
    if (reading.value === null || p.units[reading.value] === undefined)
      return { empty: `${p.by} is not known`, instances: reading.instances };
    return [
      {
        key: 'perUnit',
        value: totalArea(known) / p.units[reading.value]!,
        spec: PER_UNIT,
        instances: [...new Set([...idsOf(known), ...reading.instances])],
      },
    ];
  },
  check(p, { file }): readonly Complaint[] {
    const values = Object.keys(file.attributes[p.by]?.values ?? {});
    const out: Complaint[] = Object.keys(p.units)
      .filter((v) => !values.includes(v))
      .map((v) => ({
        path: ['units', v],
        code: 'UNKNOWN_VALUE',
        message: `${v} is no value of ${p.by}`,
        expected: `one of ${values.join(', ')}`,
        example: `units: { ${values[0] ?? 'blue'}: 3 }`,
        candidates: values,
        got: v,
      }));
    const left = values.filter((v) => p.units[v] === undefined);
    if (left.length > 0)
      out.push({
        path: ['units'],
        code: 'MISSING',
        message: `units says nothing of ${left.join(', ')}`,
        expected: `a number for every value of ${p.by}`,
        example: `units: { ${values.map((v) => `${v}: 2`).join(', ')} }`,
      });
    return out;
  },
  describe: (_, p) => `area of ${p.of} per unit of ${p.by}`,
  examples: [
    {
      note: 'three units for blue',
      rule: { of: 'clamp', by: 'colour', units: { yellow: 2, blue: 3 }, within: [0.1, 0.15] },
      attributes: { colour: { of: 'cable', values: ['yellow', 'blue'] } },
      legend: { c: 'clamp', b: { interest: 'cable', attributes: { colour: 'blue' } } },
      scene: 'cccc\nccbb\n....\n....',
      violated: false,
    },
    {
      note: 'as much for yellow is too much',
      rule: { of: 'clamp', by: 'colour', units: { yellow: 2, blue: 3 }, within: [0.1, 0.15] },
      attributes: { colour: { of: 'cable', values: ['yellow', 'blue'] } },
      legend: { c: 'clamp', y: { interest: 'cable', attributes: { colour: 'yellow' } } },
      scene: 'cccc\nccyy\n....\n....',
      violated: true,
    },
  ],
});
