/**
 * What was learnt from normals: one value, one file. Rule edits never touch it; frame, interests, attributes, regions,
 * detectors, models or normals do (PROFILE_STALE).
 */
import { LogsadError } from './errors.ts';
import type { Scene } from './scene.ts';

export interface NormalRecord {
  /** File name within the normals folder. */
  readonly image: string;
  readonly sha256: string;
  readonly scene: Scene;
}

/** A normal whose own Scene sits badly with the others: worth a corrective click or a look. */
export interface WorstNormal {
  readonly image: string;
  /** Largest leave-one-out margin over rules and likeness, in tolerance units. */
  readonly unit: number;
  readonly reasons: readonly string[];
}

export interface ProfileStamp {
  readonly product: string;
  /** Digest of everything in the rule file that learning depends on (CompiledRules.digests.grounding). */
  readonly grounding: string;
  /** `role -> {id, digest}` of the backbones that were used. */
  readonly backbones: Readonly<Record<string, { readonly id: string; readonly digest: string }>>;
  readonly set: string;
  readonly seed: number;
  readonly engine: string;
}

export interface Profile {
  readonly schema: 'logsad/profile/v1';
  readonly stamp: ProfileStamp;
  /** Learnt models of the grounding and the detectors, by name; each part owns the shape of its section. */
  readonly sections: Readonly<Record<string, ProfileSection>>;
  readonly normals: readonly NormalRecord[];
  readonly calibration: readonly NormalRecord[];
  /** Some of the normals again under less and more light: they widen the bounds of weak rules and move no centre. */
  readonly relit: readonly NormalRecord[];
  readonly worst: readonly WorstNormal[];
}

/** JSON-able facts plus named blocks of numbers that are stored as raw bytes. */
export interface ProfileSection {
  readonly facts: unknown;
  readonly arrays: Readonly<Record<string, Float32Array>>;
}

/** What was seen on each of the normals. */
export function scenesOf(records: readonly NormalRecord[]): Scene[] {
  return records.map((r) => r.scene);
}

/** `role id@digest` of the models that made a profile. */
export function modelsOf({ stamp }: Profile): string[] {
  return Object.entries(stamp.backbones).map(([role, b]) => `${role} ${b.id}@${b.digest.slice(0, 12)}`);
}

const MAGIC = 'LOGSADP2';
/** Bytes before the JSON header: magic, checksum of all that follows it (two uint32), header length (uint32). */
const CHECKED_FROM = MAGIC.length + 8;
const HEADER_FROM = CHECKED_FROM + 4;

/**
 * 64 bits over the words from CHECKED_FROM on. Both lanes take in every word by a step that can be undone, so damage
 * within one word always shows; other damage is missed once in 2^64. SHA-256 in plain arithmetic takes seconds here.
 */
function checksum(view: DataView): readonly [number, number] {
  let a = view.byteLength | 0;
  let b = ~view.byteLength;
  for (let at = CHECKED_FROM; at < view.byteLength; at += 4) {
    const word = view.getUint32(at, true);
    a = Math.imul(a ^ word, 0x2c1b3c6d);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(((b << 7) | (b >>> 25)) + word, 0x297a2d39);
    b ^= b >>> 15;
  }
  return [a >>> 0, b >>> 0];
}

interface Block {
  readonly section: string;
  readonly name: string;
  readonly length: number;
}

type Header = Omit<Profile, 'sections'> & {
  readonly sections: Readonly<Record<string, unknown>>;
  readonly blocks: readonly Block[];
};

/**
 * Profile -> bytes: magic, checksum, header length (uint32 LE), JSON header, then the arrays as little-endian float32 in
 * the order the header lists them. Deterministic: the same profile gives the same bytes.
 */
export function encodeProfile(profile: Profile): Uint8Array {
  const blocks: Block[] = [];
  const arrays: Float32Array[] = [];
  const sections: Record<string, unknown> = {};
  for (const [section, { facts, arrays: mine }] of Object.entries(profile.sections)) {
    sections[section] = facts;
    for (const [name, data] of Object.entries(mine)) {
      blocks.push({ section, name, length: data.length });
      arrays.push(data);
    }
  }
  const header = new TextEncoder().encode(JSON.stringify({ ...profile, sections, blocks }));
  const start = (HEADER_FROM + header.length + 3) & ~3;
  const out = new Uint8Array(start + 4 * arrays.reduce((n, a) => n + a.length, 0));
  out.set(new TextEncoder().encode(MAGIC), 0);
  const view = new DataView(out.buffer);
  view.setUint32(CHECKED_FROM, header.length, true);
  out.set(header, HEADER_FROM);
  let at = start;
  for (const a of arrays) {
    out.set(new Uint8Array(a.buffer, a.byteOffset, a.byteLength), at);
    at += a.byteLength;
  }
  checksum(view).forEach((sum, i) => {
    view.setUint32(MAGIC.length + 4 * i, sum, true);
  });
  return out;
}

/** Bytes -> Profile. @throws LogsadError PROFILE_UNREADABLE, PROFILE_VERSION */
export function decodeProfile(bytes: Uint8Array, file: string): Profile {
  const damaged = (reason: string): LogsadError => new LogsadError('PROFILE_UNREADABLE', { path: file, reason });
  const magic = new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) {
    if (/^LOGSADP\d$/.test(magic))
      throw new LogsadError('PROFILE_VERSION', { path: file, found: magic, expected: MAGIC });
    throw damaged('it is not a profile');
  }
  if (bytes.length < HEADER_FROM || bytes.length % 4 !== 0) throw damaged('it is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (checksum(view).some((sum, i) => sum !== view.getUint32(MAGIC.length + 4 * i, true))) {
    throw damaged('its checksum does not match: it is damaged or cut short');
  }
  const headerEnd = HEADER_FROM + view.getUint32(CHECKED_FROM, true);
  if (headerEnd > bytes.length) throw damaged('it is cut short');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(HEADER_FROM, headerEnd)));
  } catch {
    throw damaged('its header is damaged');
  }
  if (!isHeader(header)) throw damaged('its header lacks what a profile holds');
  let at = (headerEnd + 3) & ~3;
  const wanted = at + 4 * header.blocks.reduce((n, b) => n + b.length, 0);
  if (wanted !== bytes.length) throw damaged(`it holds ${bytes.length} bytes where ${wanted} were expected`);
  const arrays = new Map<string, Record<string, Float32Array>>();
  for (const b of header.blocks) {
    const data = new Float32Array(b.length);
    new Uint8Array(data.buffer).set(bytes.subarray(at, at + 4 * b.length));
    arrays.set(b.section, { ...arrays.get(b.section), [b.name]: data });
    at += 4 * b.length;
  }
  const { blocks: _, ...rest } = header;
  const sections = Object.entries(header.sections).map(([name, facts]): [string, ProfileSection] => [
    name,
    { facts, arrays: arrays.get(name) ?? {} },
  ]);
  return { ...rest, sections: Object.fromEntries(sections) };
}

// --- shape of the header: written by this program, but perhaps by another state of it --------------------------------

type Members = Readonly<Record<string, unknown>>;
const isObject = (v: unknown): v is Members => typeof v === 'object' && v !== null && !Array.isArray(v);
const areStrings = (o: Members, names: readonly string[]): boolean => names.every((n) => typeof o[n] === 'string');
const isList = (v: unknown, each: (e: unknown) => boolean): boolean => Array.isArray(v) && v.every(each);

function isRecord(v: unknown): boolean {
  if (!isObject(v) || !areStrings(v, ['image', 'sha256']) || !isObject(v.scene)) return false;
  const { schema, frame, grid, instances, unknown, detectors } = v.scene;
  return (
    schema === 'logsad/scene/v1' &&
    [frame, grid, detectors].every(isObject) &&
    isList(instances, isObject) &&
    isList(unknown, isObject)
  );
}

function isStamp(v: unknown): boolean {
  return (
    isObject(v) &&
    areStrings(v, ['product', 'grounding', 'set', 'engine']) &&
    typeof v.seed === 'number' &&
    isObject(v.backbones) &&
    Object.values(v.backbones).every((b) => isObject(b) && areStrings(b, ['id', 'digest']))
  );
}

function isHeader(v: unknown): v is Header {
  if (!isObject(v) || v.schema !== 'logsad/profile/v1' || !isStamp(v.stamp) || !isObject(v.sections)) return false;
  const { sections } = v;
  const isBlock = (b: unknown): boolean =>
    isObject(b) &&
    areStrings(b, ['section', 'name']) &&
    Object.hasOwn(sections, b.section as string) &&
    Number.isSafeInteger(b.length) &&
    (b.length as number) >= 0;
  return (
    isList(v.blocks, isBlock) &&
    [v.normals, v.calibration, v.relit].every((list) => isList(list, isRecord)) &&
    isList(
      v.worst,
      (w) => isObject(w) && typeof w.image === 'string' && isList(w.reasons, (r) => typeof r === 'string'),
    )
  );
}
