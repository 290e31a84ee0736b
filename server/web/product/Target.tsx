/** What is drawn for: an interest, a region, or a place that is never scored; new ones get their name here. */
import { useState } from 'preact/hooks';
import { Dialog } from '../parts/basics.tsx';
import { setQuery } from '../router.ts';
import { addInterest, interestsOf, shapesOn, type Target } from './document.ts';

/** What is drawn for, from the address: `interest:NAME`, `region:NAME`, `ignore`. */
export function targetOf(text: string): Target {
  const [kind, name = ''] = text.split(/:(.*)/);
  if (kind === 'region') return { region: name };
  return kind === 'interest' && name ? { interest: name } : { ignore: true };
}
export const nameOf = (t: Target): string => ('interest' in t ? t.interest : 'region' in t ? t.region : 'ignored');
export const keyOf = (t: Target): string =>
  'interest' in t ? `interest:${t.interest}` : 'region' in t ? `region:${t.region}` : 'ignore';

export function TargetChoice({
  chosen,
  text,
  onText,
}: {
  chosen: string;
  text: string;
  onText: (text: string) => void;
}) {
  const [making, make] = useState<'interest' | 'region' | null>(null);
  const name = chosen.startsWith('region:') ? chosen.slice('region:'.length) : '';
  const regions = new Set([...Object.keys(regionsOf(text)), ...(name ? [name] : [])]);
  const choose = (value: string): void => {
    if (value === 'new-interest') make('interest');
    else if (value === 'new-region') make('region');
    else setQuery({ for: value });
  };
  const made = (named: string, form: string): void => {
    if (making === 'interest') onText(addInterest(text, named, form));
    setQuery({ for: `${making}:${named}` });
    make(null);
  };
  return (
    <>
      <select aria-label="Draw for" value={chosen} onChange={(e) => choose(e.currentTarget.value)}>
        <optgroup label="Interests">
          {interestsOf(text).map((i) => (
            <option key={i.name} value={`interest:${i.name}`}>
              {i.name} ({i.form})
            </option>
          ))}
          <option value="new-interest">new interest …</option>
        </optgroup>
        <optgroup label="Regions">
          {[...regions].map((r) => (
            <option key={r} value={`region:${r}`}>
              {r}
            </option>
          ))}
          <option value="new-region">new region …</option>
        </optgroup>
        <option value="ignore">ignored place</option>
      </select>
      {making ? <NameDialog what={making} onMade={made} onClose={() => make(null)} /> : null}
    </>
  );
}

/** Asks how something new is called, and of an interest whether it is counted. */
function NameDialog(props: {
  what: 'interest' | 'region';
  onMade: (name: string, form: string) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState('');
  const [form, setForm] = useState('thing');
  return (
    <Dialog title={`New ${props.what}`} onClose={props.onClose}>
      <form
        class="stack"
        onSubmit={(e) => {
          e.preventDefault();
          props.onMade(name.trim(), form);
        }}
      >
        <label class="stack">
          Name
          <input
            type="text"
            required
            pattern="[A-Za-z][A-Za-z0-9_\-]*"
            title="letters, digits, dashes; a letter first"
            value={name}
            onInput={(e) => setName(e.currentTarget.value)}
          />
        </label>
        {props.what === 'interest' ? (
          <label class="stack">
            It is
            <select value={form} onChange={(e) => setForm(e.currentTarget.value)}>
              <option value="thing">a thing: instances that are counted</option>
              <option value="stuff">stuff: one mass, such as a liquid or a background</option>
            </select>
          </label>
        ) : null}
        <div class="row-of-buttons">
          <button type="submit" class="primary">
            Create
          </button>
        </div>
      </form>
    </Dialog>
  );
}

const regionsOf = (text: string): Record<string, true> =>
  Object.fromEntries(
    shapesOn(text, '').flatMap((s) => ('region' in s.target ? [[s.target.region, true as const]] : [])),
  );
