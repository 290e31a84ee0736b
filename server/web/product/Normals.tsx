/** Photographs of good parts: the strip that one is chosen from, added to and taken out of. */
import { useRef, useState } from 'preact/hooks';
import { at, call, may, picture } from '../api.ts';
import { say, sayFault } from '../parts/basics.tsx';
import { setQuery } from '../router.ts';
import type { Normal } from '../types.ts';

const THUMB = 160;

interface Props {
  readonly product: string;
  readonly normals: readonly Normal[];
  readonly chosen: string | undefined;
  readonly onChange: () => void;
}

/** A name that addresses may carry. */
const clean = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9._ -]/g, '_')
    .replace(/^[^A-Za-z0-9_]+/, '')
    .slice(0, 120) || 'photo.jpg';

export function Normals({ product, normals, chosen, onChange }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState('');
  const put = async (files: readonly File[], purpose: Normal['purpose']): Promise<void> => {
    let done = 0;
    for (const f of files) {
      setBusy(`${++done} of ${files.length}`);
      const path = at(['products', product, 'normals', clean(f.name)], { purpose });
      const headers = { 'content-type': f.type.startsWith('image/') ? f.type : 'application/octet-stream' };
      await call(path, { method: 'PUT', body: f, headers }).catch(sayFault);
    }
    setBusy('');
    onChange();
  };
  const remove = async (name: string): Promise<void> => {
    if (!confirm(`Take ${name} out of the normals? Profiles that were learnt stay as they are.`)) return;
    await call(at(['products', product, 'normals', name]), { method: 'DELETE' }).then(
      () => say(`${name} taken out.`),
      sayFault,
    );
    onChange();
  };
  return (
    <aside
      class="strip"
      aria-label="Normals"
      onDragOver={(e) => e.preventDefault()}
      onDrop={(e) => {
        e.preventDefault();
        if (may('engineer')) void put([...(e.dataTransfer?.files ?? [])], 'normal');
      }}
    >
      {may('engineer') ? (
        <>
          <button type="button" disabled={busy !== ''} onClick={() => input.current?.click()}>
            {busy || 'Add photographs'}
          </button>
          <input
            ref={input}
            class="unseen"
            tabIndex={-1}
            type="file"
            aria-label="Photographs of good parts"
            accept="image/*"
            multiple
            onChange={(e) => void put([...(e.currentTarget.files ?? [])], 'normal')}
          />
        </>
      ) : null}
      <ul>
        {normals.map((n) => (
          <li key={n.name} class={n.name === chosen ? 'chosen' : ''}>
            <button
              type="button"
              class="strip-item"
              aria-pressed={n.name === chosen}
              onClick={() => setQuery({ normal: n.name })}
            >
              <img src={picture.normal(product, n.name, THUMB)} alt="" loading="lazy" />
              <span>{n.name}</span>
              {n.purpose === 'normal' ? null : <span class="faint small">{n.purpose}</span>}
            </button>
            {may('engineer') && n.name === chosen ? (
              <button
                type="button"
                class="quiet danger strip-remove"
                aria-label={`Take ${n.name} out`}
                onClick={() => void remove(n.name)}
              >
                ×
              </button>
            ) : null}
          </li>
        ))}
      </ul>
    </aside>
  );
}
