/** Learning from the normals: progress as it goes, what the profile rests on, and the normals that fit it worst. */
import { at, call, may, picture } from '../api.ts';
import { useEvents } from '../events.ts';
import { exactly, plural } from '../format.ts';
import { useLoaded } from '../load.ts';
import { Empty, FaultBox, StageLine, StoredFault, sayFault, Waiting } from '../parts/basics.tsx';
import { to } from '../router.ts';
import type { Page, Product, Profile } from '../types.ts';
import type { RuleDraft } from './draft.ts';

export function Learn({ product, draft, onLearnt }: { product: Product; draft: RuleDraft; onLearnt: () => void }) {
  const profiles = useLoaded<Page<Profile>>(`profiles ${product.id}`, (signal) =>
    call(at(['products', product.id, 'profiles']), { signal }),
  );
  useEvents((e) => {
    if (e.product !== product.id || !e.kind.startsWith('profile.')) return;
    profiles.reload();
    if (e.kind === 'profile.ready' || e.kind === 'profile.used') onLearnt();
  });
  const newest = draft.newest;
  const learn = (rules: number): void => {
    call(at(['products', product.id, 'profiles']), { method: 'POST', json: { rules } }).then(profiles.reload, sayFault);
  };
  const list = profiles.data?.items;
  if (!list) return profiles.fault ? <FaultBox fault={profiles.fault} retry={profiles.reload} /> : <Waiting />;
  const busy = list.some((p) => p.state === 'queued' || p.state === 'running');
  const choices = [...new Set([newest?.version, product.liveRules ?? undefined])].filter((v) => v !== undefined);
  return (
    <div class="stack">
      <div class="tools">
        <p class="faint">
          {plural(product.normals, 'photograph')} of good parts.{' '}
          {draft.dirty ? 'The draft is not saved: learning takes a saved version.' : ''}
        </p>
        <span class="gap" />
        {may('engineer')
          ? choices.map((v, n) => (
              <button
                key={v}
                type="button"
                class={n === 0 ? 'primary' : ''}
                disabled={busy || product.normals === 0}
                onClick={() => learn(v)}
              >
                Learn with version {v}
                {v === product.liveRules ? ' (live)' : ''}
              </button>
            ))
          : null}
      </div>
      {list.length === 0 ? (
        <Empty title="Nothing was learnt yet">
          <p class="faint">Learning looks at every normal once; then parts can be inspected.</p>
        </Empty>
      ) : null}
      {list.map((p) => (
        <ProfileCard key={p.version} profile={p} inUse={p.version === product.readyProfile} />
      ))}
    </div>
  );
}

const WORST = 6;

/** The event that follows shows it. What does not fit the live rules is refused, with the version to accept. */
const use = (p: Profile): void => {
  call(at(['products', p.product, 'profiles', p.version, 'use']), { method: 'POST' }).catch(sayFault);
};

function ProfileCard({ profile: p, inUse }: { profile: Profile; inUse: boolean }) {
  return (
    <article class="card">
      <header class="part-head">
        <h2>
          Profile {p.version} <span class={`badge ${p.state}`}>{inUse ? 'in use' : p.state}</span>
        </h2>
        <span class="faint small">
          rules {p.rules} · {p.author} · {exactly(p.createdAt)}
        </span>
        {p.state === 'ready' && !inUse && may('engineer') ? (
          <button type="button" title="Judge new parts by this profile" onClick={() => use(p)}>
            Use
          </button>
        ) : null}
      </header>
      {p.progress && p.state === 'running' ? <StageLine progress={p.progress} /> : null}
      {p.state === 'queued' ? <Waiting what="Waiting for its turn" /> : null}
      {p.error ? <StoredFault error={p.error} /> : null}
      {p.facts ? (
        <>
          <p>
            From {plural(p.facts.normals, 'normal')}
            {p.facts.calibration > 0 ? ` and ${p.facts.calibration} for calibration` : ''}, with{' '}
            {p.facts.models.join(', ')}.
          </p>
          {p.facts.failures.map((f) => (
            <p key={f.image} class="reason">
              {f.image}: {f.error.message}
            </p>
          ))}
          {p.facts.worst.length > 0 ? (
            <>
              <h3>Normals that fit worst: look whether the grounding is right there</h3>
              <ul class="thumbs">
                {p.facts.worst.slice(0, WORST).map((w) => (
                  <li key={w.image}>
                    <a
                      class={`thumb-card ${w.unit > 1 ? 'reject' : 'pass'}`}
                      href={to(['products', p.product, 'draw'], { normal: w.image })}
                    >
                      <img src={picture.normal(p.product, w.image, 200)} alt="" loading="lazy" />
                      <span class="thumb-name">{w.image}</span>
                      <span class="thumb-foot">unit {w.unit.toFixed(2)}</span>
                      {w.reasons[0] ? <span class="thumb-cause">{w.reasons[0]}</span> : null}
                    </a>
                  </li>
                ))}
              </ul>
            </>
          ) : null}
        </>
      ) : null}
    </article>
  );
}
