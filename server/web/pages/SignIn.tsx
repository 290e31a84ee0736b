/** A token becomes a session; the token itself is kept nowhere. */
import { useState } from 'preact/hooks';
import { openSession } from '../api.ts';
import { FaultBox } from '../parts/basics.tsx';

export function SignIn() {
  const [token, setToken] = useState('');
  const [fault, setFault] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    setBusy(true);
    setFault(null);
    try {
      await openSession(token.trim());
    } catch (error) {
      setFault(error);
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <form class="card" onSubmit={submit}>
        <h1>
          <span class="mark" aria-hidden="true" /> logsad
        </h1>
        <label>
          Token
          <input
            type="password"
            name="token"
            autocomplete="current-password"
            required
            minLength={8}
            value={token}
            onInput={(e) => setToken(e.currentTarget.value)}
          />
        </label>
        <FaultBox fault={fault} />
        <button type="submit" class="primary" disabled={busy}>
          {busy ? 'Signing in …' : 'Sign in'}
        </button>
        <p class="faint small">
          The service shows the first token when it starts; an admin makes more. A lost one is replaced by{' '}
          <code>logsad token create</code>.
        </p>
      </form>
    </main>
  );
}
