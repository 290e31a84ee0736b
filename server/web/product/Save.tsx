/** The way from a draft to live rules: what it changes, what it does to stored parts, why, and who said so. */
import { useState } from 'preact/hooks';
import { ApiFault, at, call, may } from '../api.ts';
import type { Replay } from '../contracts.ts';
import { useDraft, useLoaded } from '../load.ts';
import { Dialog, FaultBox, say, Waiting } from '../parts/basics.tsx';
import { Diff, diffOf, ReplayLine, ReplayParts } from '../parts/Diff.tsx';
import type { AcceptedRules, RuleFileText } from '../types.ts';
import type { RuleDraft } from './draft.ts';

/** Shown on every tab while there is something to save. */
export function DraftBar({ product, draft }: { product: string; draft: RuleDraft }) {
  const [open, setOpen] = useState(false);
  if ((!draft.dirty && !open) || !may('engineer')) return null;
  const drop = (): void => {
    if (confirm('Throw the draft away? The saved versions stay.')) draft.drop();
  };
  return (
    <div class="draft-bar">
      <span>
        <b>Draft</b> <span class="faint">from version {draft.base}, kept in this browser</span>
      </span>
      {draft.overtaken ? <span class="bad">Version {draft.newest?.version} was saved meanwhile.</span> : null}
      <span class="gap" />
      <button type="button" class="quiet danger" onClick={drop}>
        Throw away
      </button>
      <button type="button" class="primary" onClick={() => setOpen(true)}>
        Check and save …
      </button>
      {open ? <SaveDialog product={product} draft={draft} onClose={() => setOpen(false)} /> : null}
    </div>
  );
}

function SaveDialog({ product, draft, onClose }: { product: string; draft: RuleDraft; onClose: () => void }) {
  const reason = useDraft(`why ${product}`);
  const why = reason.value;
  const [fault, setFault] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<{ version: number; why: string; fault: ApiFault } | null>(null);
  const replay = useLoaded<Replay>(`replay ${product} ${draft.text}`, (signal) =>
    call(at(['products', product, 'replay']), { method: 'POST', json: { text: draft.text }, signal }),
  );
  const live = async (version: number, because: string, force: boolean): Promise<void> => {
    const path = at(['products', product, 'rules', version, 'accept']);
    await call<AcceptedRules>(path, { method: 'POST', json: { why: because, ...(force ? { force } : {}) } });
    say(`Version ${version} is live.`);
  };
  const save = async (accept: boolean): Promise<void> => {
    setBusy(true);
    setFault(null);
    try {
      const path = at(['products', product, 'rules']);
      const { version } = await call<RuleFileText>(path, {
        method: 'POST',
        json: { text: draft.text, why, base: draft.base },
      });
      reason.value = '';
      draft.drop();
      draft.reload();
      if (!accept) say(`Saved as version ${version}, not live yet.`);
      else {
        try {
          await live(version, why, false);
        } catch (error) {
          if (!(error instanceof ApiFault && error.code === 'RULES_NOT_ACCEPTABLE')) throw error;
          setRefused({ version, why, fault: error });
          setBusy(false);
          return;
        }
      }
      draft.reload();
      onClose();
    } catch (error) {
      setFault(error);
      setBusy(false);
    }
  };
  const insist = async (): Promise<void> => {
    setBusy(true);
    try {
      await live(refused!.version, refused!.why, true);
      draft.reload();
      onClose();
    } catch (error) {
      setFault(error);
      setBusy(false);
    }
  };
  if (refused) {
    return (
      <Dialog title={`Saved as version ${refused.version}, not live`} onClose={onClose}>
        <div class="stack">
          <FaultBox fault={refused.fault} />
          <FaultBox fault={fault} />
          <div class="row-of-buttons">
            <button type="button" onClick={onClose}>
              Leave it as a draft
            </button>
            <button type="button" class="danger" disabled={busy} onClick={() => void insist()}>
              Make it live nevertheless
            </button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="Save rules" onClose={onClose}>
      <div class="stack">
        {replay.data ? (
          <ReplayLine replay={replay.data} />
        ) : replay.fault ? (
          <FaultBox fault={replay.fault} />
        ) : (
          <Waiting what="Judging stored parts again" />
        )}
        {replay.data ? <ReplayParts replay={replay.data} /> : null}
        <Diff lines={diffOf(draft.newest?.text ?? '', draft.text)} />
        <label class="stack">
          Why
          <textarea
            rows={2}
            value={why}
            maxLength={2000}
            onInput={(e) => {
              reason.value = e.currentTarget.value;
            }}
            placeholder="Kept in the history with your name"
          />
        </label>
        <FaultBox fault={fault} />
        <div class="row-of-buttons">
          <button type="button" disabled={busy || why.trim() === ''} onClick={() => void save(false)}>
            Save only
          </button>
          <button type="button" class="primary" disabled={busy || why.trim() === ''} onClick={() => void save(true)}>
            Save and make live
          </button>
        </div>
      </div>
    </Dialog>
  );
}
