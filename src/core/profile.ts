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

const MAGIC = 'LOGSADP1';

/**
 * Profile -> bytes: magic, header length (uint32 LE), JSON header, then the arrays as little-endian float32 in the order
 * the header lists them. Deterministic: the same profile gives the same bytes.
 */
export function encodeProfile(profile: Profile): Uint8Array {
  const blocks: { section: string; name: string; length: number }[] = [];
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
  const start = (MAGIC.length + 4 + header.length + 3) & ~3;
  const out = new Uint8Array(start + 4 * arrays.reduce((n, a) => n + a.length, 0));
  out.set(new TextEncoder().encode(MAGIC), 0);
  new DataView(out.buffer).setUint32(MAGIC.length, header.length, true);
  out.set(header, MAGIC.length + 4);
  let at = start;
  for (const a of arrays) {
    out.set(new Uint8Array(a.buffer, a.byteOffset, a.byteLength), at);
    at += a.byteLength;
  }
  return out;
}

/** Bytes -> Profile. @throws LogsadError PROFILE_UNREADABLE, PROFILE_VERSION */
export function decodeProfile(bytes: Uint8Array, file: string): Profile {
  const damaged = (reason: string): LogsadError => new LogsadError('PROFILE_UNREADABLE', { path: file, reason });
  const magic = new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) {
    if (magic.startsWith('LOGSADP'))
      throw new LogsadError('PROFILE_VERSION', { path: file, found: magic, expected: MAGIC });
    throw damaged('it is not a profile');
  }
  if (bytes.length < MAGIC.length + 4) throw damaged('it is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = view.getUint32(MAGIC.length, true);
  const from = MAGIC.length + 4;
  if (from + headerLength > bytes.length) throw damaged('it is cut short');
  let header: Omit<Profile, 'sections'> & {
    sections: Record<string, unknown>;
    blocks: { section: string; name: string; length: number }[];
  };
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(from, from + headerLength)));
  } catch {
    throw damaged('its header is damaged');
  }
  let at = (from + headerLength + 3) & ~3;
  const wanted = at + 4 * header.blocks.reduce((n, b) => n + b.length, 0);
  if (wanted !== bytes.length) throw damaged(`it holds ${bytes.length} bytes where ${wanted} were expected`);
  const sections: Record<string, ProfileSection> = {};
  for (const [name, facts] of Object.entries(header.sections)) sections[name] = { facts, arrays: {} };
  for (const b of header.blocks) {
    const data = new Float32Array(b.length);
    new Uint8Array(data.buffer).set(bytes.subarray(at, at + 4 * b.length));
    (sections[b.section]!.arrays as Record<string, Float32Array>)[b.name] = data;
    at += 4 * b.length;
  }
  const { blocks: _, ...rest } = header;
  return { ...rest, sections };
}
