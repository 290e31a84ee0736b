/**
 * The messages between the host and its child. Requests are answered in order, one at a time; both sides run the same
 * build, so no version is negotiated.
 */
import type { LocalGraph, Tensor } from '../../app/ports.ts';

/** What a feed of a step may be. */
export type Feed = Tensor | { readonly resident: string } | { readonly step: number; readonly output: string };

export interface WireStep {
  readonly graph: string;
  readonly feeds: Readonly<Record<string, Feed>>;
}

export type Request =
  | {
      readonly kind: 'load';
      readonly graph: string;
      readonly source: LocalGraph;
      readonly threads: number;
      /** Execution providers, in the order they are tried. */
      readonly providers: readonly string[];
    }
  | { readonly kind: 'put'; readonly name: string; readonly tensor: Tensor }
  | { readonly kind: 'drop'; readonly name: string }
  | {
      readonly kind: 'run';
      readonly steps: readonly WireStep[];
      readonly fetch: readonly (readonly [number, string])[];
      /** Fetched tensors that stay here as residents: index into `fetch`, name. */
      readonly keep: readonly (readonly [number, string])[];
      /** Residents that nobody asks for any more. */
      readonly forget: readonly string[];
    };

/** The faults a child reports; the host turns them into LogsadErrors. Crash and timeout are seen by the host itself. */
export interface Fault {
  readonly kind: 'memory' | 'shape' | 'graph' | 'provider';
  readonly graph: string;
  readonly reason: string;
  readonly expected?: string;
  readonly found?: string;
}

export type Reply =
  | { readonly ready: true }
  | { readonly unavailable: string }
  | { readonly id: number; readonly rss: number; readonly result: Result }
  | { readonly id: number; readonly rss: number; readonly fault: Fault };

export type Result =
  | { readonly inputs: readonly string[]; readonly outputs: readonly string[] }
  | { readonly tensors: readonly Tensor[] }
  | null;

export type Envelope = { readonly id: number; readonly request: Request };
