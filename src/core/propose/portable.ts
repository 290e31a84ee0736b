/**
 * A schema in the subset that every server's constrained decoding takes, and the way back. The subset (FIELD D.2): an
 * object at the root, every property required, `additionalProperties: false`, optional = union with null, unions as
 * `anyOf`, `enum` for constants, no pattern, no bounds, no free tables. What is lost is put into the description, and the
 * answer is checked against the full schema afterwards.
 */

type Json = Readonly<Record<string, unknown>>;

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
const list = (v: unknown): readonly unknown[] => (Array.isArray(v) ? v : []);

/** Bounds as words: the model is told what the decoder is not. */
function boundsOf(s: Json): string[] {
  const words: [string, string][] = [
    ['minimum', 'at least'],
    ['exclusiveMinimum', 'more than'],
    ['maximum', 'at most'],
    ['exclusiveMaximum', 'less than'],
    ['minItems', 'entries: at least'],
    ['maxItems', 'entries: at most'],
    ['minLength', 'letters: at least'],
    ['maxLength', 'letters: at most'],
    ['pattern', 'pattern'],
  ];
  return words.flatMap(([key, word]) =>
    s[key] === undefined || (key === 'minLength' && s[key] === 1) ? [] : [`${word} ${String(s[key])}`],
  );
}

function described(s: Json, body: Json): Json {
  const text = [typeof s.description === 'string' ? s.description : '', ...boundsOf(s)].filter(Boolean).join('; ');
  return text === '' ? body : { ...body, description: text };
}

/** The value schema of a free table (`Type.Record`), or null. */
function tableOf(s: Json): Json | null {
  if (!isObject(s.patternProperties)) return null;
  const first = Object.values(s.patternProperties)[0];
  return isObject(first) ? first : null;
}

/** @param schema JSON Schema as TypeBox writes it: objects, tables, arrays, unions, constants, scalars. */
export function toPortable(schema: unknown): Json {
  const s = isObject(schema) ? schema : {};
  if ('const' in s) return described(s, { type: typeof s.const, enum: [s.const] });
  const union = list(s.anyOf).filter(isObject);
  if (union.length > 0) return described(s, portableUnion(union));
  const table = tableOf(s);
  if (table) {
    const entry = strictObject({ key: { type: 'string' }, value: toPortable(table) });
    return described(s, { type: 'array', items: entry });
  }
  if (s.type === 'object') {
    const required = list(s.required);
    const properties = Object.entries(isObject(s.properties) ? s.properties : {}).map(([name, p]): [string, Json] => [
      name,
      required.includes(name) ? toPortable(p) : nullable(toPortable(p)),
    ]);
    return described(s, strictObject(Object.fromEntries(properties)));
  }
  if (s.type === 'array') return described(s, { type: 'array', items: toPortable(s.items) });
  return described(s, { type: s.type ?? 'string' });
}

const strictObject = (properties: Json): Json => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

function portableUnion(union: readonly Json[]): Json {
  // Constants of one type are a choice of words.
  const words = union.map((u) => u.const);
  if (words.every((w) => typeof w === 'string')) return { type: 'string', enum: words };
  const flat = union.map(toPortable).flatMap((u) => (Array.isArray(u.anyOf) ? (u.anyOf as Json[]) : [u]));
  return { anyOf: flat };
}

function nullable(s: Json): Json {
  const { description, ...body } = s;
  const anyOf = [...(Array.isArray(body.anyOf) ? (body.anyOf as Json[]) : [body]), { type: 'null' }];
  return { anyOf, ...(description === undefined ? {} : { description }) };
}

/** Whether a portable value could be meant for this schema: constants and members decide, depth does not. */
function fits(schema: Json, value: unknown): boolean {
  if ('const' in schema) return value === schema.const;
  const union = list(schema.anyOf).filter(isObject);
  if (union.length > 0) return union.some((u) => fits(u, value));
  if (tableOf(schema)) return Array.isArray(value) || isObject(value);
  switch (schema.type) {
    case 'object': {
      if (!isObject(value)) return false;
      const properties = isObject(schema.properties) ? schema.properties : {};
      const constants = Object.entries(properties).filter(([, p]) => isObject(p) && 'const' in p);
      const known = Object.keys(value).every((k) => value[k] === null || Object.hasOwn(properties, k));
      return known && constants.every(([k, p]) => value[k] === (p as Json).const);
    }
    case 'array':
      return Array.isArray(value);
    case 'integer':
    case 'number':
      return typeof value === 'number';
    case 'null':
      return value === null;
    default:
      return typeof value === schema.type;
  }
}

/**
 * A portable value in the shape of the full schema: members that are null where null is no value are left out, lists of
 * `{ key, value }` become tables. What does not fit stays as it is, for the full check to name.
 */
export function fromPortable(schema: unknown, value: unknown): unknown {
  const s = isObject(schema) ? schema : {};
  const union = list(s.anyOf).filter(isObject);
  if (union.length > 0) {
    const meant = union.find((u) => fits(u, value)) ?? byConstant(union, value);
    return meant ? fromPortable(meant, value) : value;
  }
  const table = tableOf(s);
  if (table) return tableFrom(table, value);
  if (s.type === 'array' && Array.isArray(value)) return value.map((v) => fromPortable(s.items, v));
  if (s.type !== 'object' || !isObject(value)) return value;
  const properties = isObject(s.properties) ? s.properties : {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([k, v]): [string, unknown][] => {
      const p = Object.hasOwn(properties, k) ? properties[k] : undefined;
      if (v === null && !(isObject(p) && fits(p, null))) return [];
      return [[k, p === undefined ? v : fromPortable(p, v)]];
    }),
  );
}

/** Of objects none of which fits, the one whose constants the value names: its other faults are then reported. */
function byConstant(union: readonly Json[], value: unknown): Json | undefined {
  if (!isObject(value)) return undefined;
  return union.find((u) =>
    Object.entries(isObject(u.properties) ? u.properties : {}).some(
      ([k, p]) => isObject(p) && 'const' in p && value[k] === p.const,
    ),
  );
}

function tableFrom(entry: Json, value: unknown): unknown {
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, fromPortable(entry, v)]));
  }
  const pairs = list(value);
  if (!Array.isArray(value) || !pairs.every((p) => isObject(p) && typeof p.key === 'string')) return value;
  return Object.fromEntries(pairs.map((p) => [(p as Json).key as string, fromPortable(entry, (p as Json).value)]));
}
