import fc from 'fast-check';
import { type TSchema, Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { fromPortable, toPortable } from '../../../src/core/propose/portable.ts';
import { CORRECT, DESCRIBE, OFFERED, REVISE, RULES } from '../../../src/core/propose/replies.ts';

type Json = Record<string, unknown>;
const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Everything that FIELD D.2 forbids, with where it stands. */
function offences(schema: unknown, at = '$'): string[] {
  if (!isObject(schema)) return [`${at} is no schema`];
  const known = ['type', 'properties', 'required', 'additionalProperties', 'items', 'anyOf', 'enum', 'description'];
  const out = Object.keys(schema).flatMap((k) => (known.includes(k) ? [] : [`${at}: ${k}`]));
  if (schema.type === 'object') {
    const properties = schema.properties as Json;
    if (schema.additionalProperties !== false) out.push(`${at} is open`);
    if (JSON.stringify(schema.required) !== JSON.stringify(Object.keys(properties)))
      out.push(`${at} has optional members`);
    for (const [k, p] of Object.entries(properties)) out.push(...offences(p, `${at}.${k}`));
  }
  if (schema.type === 'array') out.push(...offences(schema.items, `${at}[]`));
  if (Array.isArray(schema.anyOf)) for (const [i, a] of schema.anyOf.entries()) out.push(...offences(a, `${at}|${i}`));
  return out;
}

/** A value as a server that holds to the portable schema sends it: absent members null, tables as lists of pairs. */
function strict(schema: unknown, value: unknown): unknown {
  const s = schema as Json;
  const union = (s.anyOf ?? []) as Json[];
  if (union.length > 0) {
    const one = union.find((u) =>
      isObject(value) ? u.type === 'object' : Array.isArray(value) === (u.type === 'array'),
    );
    return one ? strict(one, value) : value;
  }
  if (s.patternProperties) {
    const inner = Object.values(s.patternProperties as Json)[0];
    return Object.entries(value as Json).map(([key, v]) => ({ key, value: strict(inner, v) }));
  }
  if (s.type === 'object' && isObject(value)) {
    return Object.fromEntries(
      Object.entries(s.properties as Json).map(([k, p]) => [k, k in value ? strict(p, value[k]) : null]),
    );
  }
  if (s.type === 'array' && Array.isArray(value)) return value.map((v) => strict(s.items, v));
  return value;
}

describe('portable schemas', () => {
  it.each([DESCRIBE, CORRECT, RULES, REVISE])('$name keeps to the subset that every server takes', ({ portable }) => {
    expect(offences(portable)).toEqual([]);
    expect((portable as Json).type).toBe('object');
  });

  it('says in words what it cannot demand', () => {
    const schema = toPortable(Type.Object({ n: Type.Integer({ minimum: 2, maximum: 5, description: 'how many' }) }));
    expect((schema.properties as Record<string, Json>).n).toEqual({
      type: 'integer',
      description: 'how many; at least 2; at most 5',
    });
  });

  it('brings every example of every kind back as it was', () => {
    const item = ((RULES.full as unknown as Json).properties as Json).rules as Json;
    let tried = 0;
    for (const kind of OFFERED) {
      const branch = ((item.items as Json).anyOf as Json[]).find(
        (b) => ((b.properties as Json).kind as Json).const === kind.kind,
      )!;
      for (const e of kind.examples) {
        const asked = Object.keys(branch.properties as Json);
        // An example may use a setting that is not asked of a model, or several guards at once.
        if (!Object.keys(e.rule).every((k) => asked.includes(k) && k !== 'when')) continue;
        const rule = { id: 'r', kind: kind.kind, because: 'It says so.', ...e.rule };
        const sent = { rules: [strict(branch, rule)], left: [] };
        expect(fromPortable(RULES.full, sent)).toEqual({ rules: [rule], left: [] });
        tried++;
      }
    }
    expect(tried).toBeGreaterThan(20);
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const s of [DESCRIBE, CORRECT, RULES, REVISE]) expect(() => fromPortable(s.full, value)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });

  it('leaves values alone that were whole already', () => {
    const schema: TSchema = Type.Object({
      a: Type.Optional(Type.String()),
      b: Type.Union([Type.Number(), Type.Null()]),
      t: Type.Record(Type.String(), Type.Number()),
    });
    for (const v of [
      { b: null, t: { x: 1 } },
      { a: 'x', b: 2, t: {} },
    ])
      expect(fromPortable(schema, v)).toEqual(v);
  });
});
