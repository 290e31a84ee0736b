/** What the service and its engine processes say to each other. Plain values; faults travel as code and parameters. */
import type { ErrorCode, Offers, Replay } from '../../src/index.ts';
import type { Judged, ProfileFacts, TaskKind } from '../schemas.ts';

/** A rule file and the profile that goes with it; the engine keeps one inspector warm per key. */
export interface ProductKey {
  readonly product: string;
  readonly rulesVersion: number;
  readonly profileVersion: number;
  readonly rules: string;
  /** Path of the profile. */
  readonly profile: string;
}

export interface PictureFile {
  readonly name: string;
  readonly path: string;
}

/** The rules that are live and what they learn from. */
export interface ReviewKey {
  readonly product: string;
  readonly rules: string;
  /** Path of the profile. */
  readonly profile: string;
}

/** A stored part, its Scene as text. */
export interface PartText {
  readonly id: string;
  readonly name: string;
  readonly sha256: string;
  readonly review: 'ok' | 'nok' | null;
  readonly scene: string;
}

export type Ask =
  | { readonly kind: 'inspect'; readonly key: ProductKey; readonly image: PictureFile; readonly blobs: string }
  | {
      readonly kind: 'learn';
      readonly product: string;
      readonly rules: string;
      readonly normals: readonly PictureFile[];
      readonly calibration: readonly PictureFile[];
      readonly exemplars: readonly PictureFile[];
      readonly seed: number;
      readonly models: string;
      readonly blobs: string;
    }
  | {
      readonly kind: 'overlay';
      readonly rules: string;
      readonly image: string;
      /** The stored result and scene. */
      readonly body: string;
      readonly scene: string;
    }
  /** A picture as WebP, its long side at most `long` pixels; never larger than it is. */
  | { readonly kind: 'small'; readonly image: string; readonly long: number }
  | {
      readonly kind: 'diff';
      readonly from: string;
      readonly to: string;
      /** Path of the profile both are judged with, null where there is none. */
      readonly profile: string | null;
      readonly scenes: readonly string[];
    }
  | { readonly kind: 'fits'; readonly rules: string; readonly profile: string }
  | {
      readonly kind: 'offers';
      readonly key: ReviewKey;
      readonly part: PartText;
      readonly violation: string | null;
      readonly reviewed: readonly PartText[];
    }
  /** What every normal of the profile measures by these rules. */
  | { readonly kind: 'normals'; readonly key: ReviewKey }
  | { readonly kind: 'replay'; readonly key: ReviewKey; readonly text: string; readonly parts: readonly PartText[] }
  | {
      readonly kind: 'task';
      readonly task: TaskKind;
      readonly product: string;
      /** Null: a proposal starts from nothing. */
      readonly rules: string | null;
      /** Path of the profile, null where none is needed. */
      readonly profile: string | null;
      readonly normals: readonly PictureFile[];
      readonly seed: number;
      readonly models: string | null;
      readonly instructions: string;
    }
  | {
      readonly kind: 'preview';
      readonly product: string;
      readonly rules: string;
      readonly normal: PictureFile;
      readonly normals: readonly PictureFile[];
      readonly models: string;
    }
  | {
      readonly kind: 'vet';
      readonly product: string;
      readonly rules: string;
      readonly profile: string;
      readonly seed: number;
    };

export interface Answers {
  readonly inspect: Judged;
  readonly learn: { readonly blob: string; readonly facts: ProfileFacts };
  readonly overlay: Uint8Array;
  readonly small: Uint8Array;
  readonly diff: {
    readonly changed: Readonly<Record<string, 'added' | 'removed' | 'edited'>>;
    readonly changes: readonly {
      readonly image: string;
      readonly before: 'pass' | 'review' | 'reject';
      readonly after: 'pass' | 'review' | 'reject';
      readonly cause: string | null;
      readonly units: { readonly before: number; readonly after: number };
    }[];
  };
  /** Null, or why a profile cannot serve these rules. */
  readonly fits: string | null;
  /** A `TaskResult` as JSON. */
  readonly task: string;
  readonly preview: { readonly scene: string; readonly png: Uint8Array; readonly problems: readonly string[] };
  readonly offers: Offers;
  readonly replay: { readonly replay: Replay; readonly approximate: boolean };
  readonly normals: readonly {
    readonly rule: string;
    readonly quantity: string;
    readonly values: readonly number[];
  }[];
  readonly vet: {
    /** The vetting as JSON, and the rule file with it written in. */
    readonly body: string;
    readonly text: string;
  };
}
export type Answer<K extends Ask['kind']> = Answers[K];
export type AskOf<K extends Ask['kind']> = Extract<Ask, { kind: K }>;

export interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}

export type ToEngine = { readonly id: number; readonly ask: Ask };
export type FromEngine =
  /** Said once, when the process takes requests. */
  | { readonly up: true }
  | { readonly id: number; readonly answer: unknown; readonly rss: number }
  | { readonly id: number; readonly progress: Progress }
  | {
      readonly id: number;
      /** `code` null: not one of the catalogue, a fault of the program. */
      readonly fault: {
        readonly code: ErrorCode | null;
        readonly params: Record<string, unknown>;
        readonly place?: { readonly file: string; readonly line?: number; readonly col?: number };
        readonly message: string;
        /** The operating system's name of the fault (`EMFILE`), where it was one. */
        readonly errno?: string;
      };
    };
