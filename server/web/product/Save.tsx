/** The way from a draft to live rules: what it changes, what it does to stored parts, why, and who said so. */
import { useState } from 'preact/hooks';
import { at, call, may } from '../api.ts';
import { useDraft } from '../load.ts';
import { Dialog, FaultBox, say } from '../parts/basics.tsx';
import { Diff, diffOf, Judging, ReplayLine, ReplayParts } from '../parts/Diff.tsx';
import { Objections, useGoingLive } from '../parts/GoLive.tsx';
import { useReplay } from '../replay.ts';
import type { RuleFileText } from '../types.ts';
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
  const live = useGoingLive(product);
  const [saving, setSaving] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const [without, setWithout] = useState(false);
  const replay = useReplay(product, draft.text);
  const judged = !replay.loading && replay.data !== undefined && !replay.fault;
  const save = async (): Promise<number> => {
    const json = { text: draft.text, why, base: draft.base };
    const { version } = await call<RuleFileText>(at(['products', product, 'rules']), { method: 'POST', json });
    reason.value = '';
    draft.drop();
    draft.reload();
    return version;
  };
  const saveOnly = async (): Promise<void> => {
    setSaving(true);
    setFault(null);
    try {
      say(`Saved as version ${await save()}, not live yet.`);
      onClose();
    } catch (error) {
      setFault(error);
    }
    setSaving(false);
  };
  const over = (done: boolean): void => {
    if (!done) return;
    say('The rules are live.');
    draft.reload();
    onClose();
  };
  if (live.refused) {
    return (
      <Dialog title={`Saved as version ${live.refused.version}, not live`} onClose={onClose}>
        <div class="stack">
          <FaultBox fault={live.fault} />
          <Objections
            fault={live.refused.fault}
            busy={live.busy}
            onLeave={onClose}
            onInsist={async () => over(await live.insist())}
          />
        </div>
      </Dialog>
    );
  }
  const blocked = saving || live.busy || why.trim() === '';
  return (
    <Dialog title="Save rules" onClose={onClose}>
      <div class="stack">
        <ReplayState replay={replay} />
        {replay.fault ? (
          <label class="check">
            <input type="checkbox" checked={without} onChange={(e) => setWithout(e.currentTarget.checked)} /> Go on
            without knowing what it does to stored parts
          </label>
        ) : null}
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
        <FaultBox fault={fault ?? live.fault} />
        <div class="row-of-buttons">
          <button type="button" disabled={blocked} onClick={() => void saveOnly()}>
            Save only
          </button>
          <button
            type="button"
            class="primary"
            disabled={blocked || !(judged || (replay.fault && without))}
            onClick={async () => over(await live.go(why, save))}
          >
            Save and make live
          </button>
        </div>
      </div>
    </Dialog>
  );
}

/** What the draft does to everything that is stored, once that is known; how far it is, until then. */
function ReplayState({ replay }: { replay: ReturnType<typeof useReplay> }) {
  if (replay.loading) return <Judging progress={replay.progress} />;
  if (replay.fault) return <FaultBox fault={replay.fault} retry={replay.reload} />;
  if (!replay.data)
    return <p class="faint">No rules are live, or no profile is ready: there is nothing to compare with.</p>;
  return (
    <>
      <ReplayLine replay={replay.data} />
      <ReplayParts replay={replay.data} />
    </>
  );
}
