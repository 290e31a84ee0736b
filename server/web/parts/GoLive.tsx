/** A version goes live: what speaks against it is shown first, and only who has seen it overrules it. */
import { useState } from 'preact/hooks';
import { ApiFault, at, call } from '../api.ts';
import type { AcceptedRules } from '../types.ts';
import { FaultBox } from './basics.tsx';

/**
 * Makes a version live, or answers with what speaks against it; `force` overrules that. @throws ApiFault of anything else
 */
export async function makeLive(
  product: string,
  version: number,
  why: string,
  force: boolean,
): Promise<ApiFault | null> {
  try {
    const json = { why, ...(force ? { force } : {}) };
    await call<AcceptedRules>(at(['products', product, 'rules', version, 'accept']), { method: 'POST', json });
    return null;
  } catch (fault) {
    if (!force && fault instanceof ApiFault && fault.code === 'RULES_NOT_ACCEPTABLE') return fault;
    throw fault;
  }
}

export interface GoingLive {
  readonly busy: boolean;
  readonly fault: unknown;
  /** What speaks against the version that was asked for last, and which that is. */
  readonly refused: { readonly version: number; readonly fault: ApiFault } | null;
  /** Runs steps that end with the version to make live; false where it is not live: `refused` or `fault` say why. */
  go(why: string, steps: () => Promise<number>): Promise<boolean>;
  /** Overrules what `refused` says. */
  insist(): Promise<boolean>;
}

/** The state of a dialog that makes a version live. */
export function useGoingLive(product: string): GoingLive {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const [asked, setAsked] = useState<{ version: number; why: string; fault: ApiFault } | null>(null);
  const run = async (work: () => Promise<ApiFault | null>): Promise<boolean> => {
    setBusy(true);
    setFault(null);
    try {
      return (await work()) === null;
    } catch (error) {
      setFault(error);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return {
    busy,
    fault,
    refused: asked,
    go: (why, steps) =>
      run(async () => {
        const version = await steps();
        const refusal = await makeLive(product, version, why, false);
        if (refusal) setAsked({ version, why, fault: refusal });
        return refusal;
      }),
    insist: () => run(() => makeLive(product, asked!.version, asked!.why, true)),
  };
}

/** What speaks against a version, for somebody to overrule or not. */
export function Objections(props: {
  readonly fault: ApiFault;
  readonly busy: boolean;
  readonly onLeave: () => void;
  readonly onInsist: () => void;
}) {
  return (
    <>
      <FaultBox fault={props.fault} />
      <div class="row-of-buttons">
        <button type="button" disabled={props.busy} onClick={props.onLeave}>
          Leave it as a draft
        </button>
        <button type="button" class="danger" disabled={props.busy} onClick={props.onInsist}>
          Make it live nevertheless
        </button>
      </div>
    </>
  );
}
