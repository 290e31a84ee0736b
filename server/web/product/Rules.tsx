/** The rules of a product: as a table for people who do not read YAML, or as the file itself; both edit one draft. */
import { useEffect, useState } from 'preact/hooks';
import schemaAddress from '../../../rules/rules.schema.json';
import { at, call, may } from '../api.ts';
import { plural } from '../format.ts';
import { useLoaded } from '../load.ts';
import { Empty, FaultBox, Waiting } from '../parts/basics.tsx';
import { lazy } from '../parts/lazy.tsx';
import { query, setQuery } from '../router.ts';
import type { Lint, RuleFault, RuleFileText } from '../types.ts';
import type { JsonSchema } from './completion.ts';
import { type RuleRow, removeRule, rulesOf, setInRule } from './document.ts';
import type { RuleDraft } from './draft.ts';

const Editor = lazy(async () => (await import('./Editor.tsx')).Editor);

const NO_FAULTS: readonly RuleFault[] = [];
const PAUSE_MS = 350;

/** What the service says of a text, a little after the last key. */
function useLint(product: string, text: string): Lint | null {
  const [lint, setLint] = useState<Lint | null>(null);
  useEffect(() => {
    if (!may('engineer')) return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      call<Lint>(at(['products', product, 'rules', 'lint']), {
        method: 'POST',
        json: { text },
        signal: stop.signal,
      }).then(setLint, () => undefined);
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [product, text]);
  return lint;
}

export function Rules({ product, draft }: { product: string; draft: RuleDraft }) {
  const q = query.value;
  const shownVersion = Number(q.version ?? 0);
  const old = shownVersion > 0 && shownVersion !== draft.newest?.version ? shownVersion : null;
  const version = useLoaded<RuleFileText>(old === null ? null : `rules ${product} ${old}`, (signal) =>
    call(at(['products', product, 'rules', old!]), { signal }),
  );
  const schema = useLoaded<JsonSchema>(q.view === 'yaml' ? 'schema' : null, async (signal) =>
    (await fetch(schemaAddress, { signal })).json(),
  );
  const text = old === null ? draft.text : version.data?.text;
  const lint = useLint(product, draft.text);
  // Those of the draft: an old version has other lines.
  const faults = old === null ? (lint?.faults ?? NO_FAULTS) : NO_FAULTS;
  const yaml = q.view === 'yaml';
  return (
    <div class="rules">
      <div class="tools">
        {/* biome-ignore lint/a11y/useSemanticElements: buttons in a row, no form. */}
        <div class="segmented" role="group" aria-label="View">
          <button type="button" aria-pressed={!yaml} onClick={() => setQuery({ view: null, line: null })}>
            Table
          </button>
          <button type="button" aria-pressed={yaml} onClick={() => setQuery({ view: 'yaml' })}>
            YAML
          </button>
        </div>
        {old === null ? (
          <Faults lint={lint} />
        ) : (
          <span class="note small">
            Version {old}, as it was; it cannot be edited.{' '}
            <button type="button" class="quiet" onClick={() => setQuery({ version: null, line: null })}>
              Show the newest
            </button>
          </span>
        )}
      </div>
      <FaultBox fault={version.fault} />
      {text === undefined ? (
        <Waiting />
      ) : yaml ? (
        <Editor
          text={text}
          label={`Rule file of ${product}`}
          readOnly={old !== null || !may('engineer')}
          line={q.line ? Number(q.line) : null}
          faults={faults}
          schema={schema.data}
          onChange={draft.set}
        />
      ) : (
        <Table text={text} locked={old !== null || !may('engineer')} faults={faults} onEdit={draft.edit} />
      )}
    </div>
  );
}

function Faults({ lint }: { lint: Lint | null }) {
  if (!lint) return null;
  if (lint.faults.length === 0) return <span class="small good">No faults</span>;
  const first = lint.faults.find((f) => f.severity === 'error') ?? lint.faults[0]!;
  const counts = [
    ...(lint.errors > 0 ? [plural(lint.errors, 'error')] : []),
    ...(lint.warnings > 0 ? [plural(lint.warnings, 'warning')] : []),
  ];
  return (
    <button
      type="button"
      class={`quiet small faults ${lint.errors > 0 ? 'bad' : ''}`}
      onClick={() => setQuery({ view: 'yaml', line: first.line })}
    >
      {counts.join(', ')}: line {first.line}, {first.message}
    </button>
  );
}

interface TableProps {
  readonly text: string;
  readonly locked: boolean;
  readonly faults: readonly RuleFault[];
  readonly onEdit: (change: (text: string) => string) => void;
}

function Table({ text, locked, faults, onEdit }: TableProps) {
  const rows = rulesOf(text);
  if (rows.length === 0)
    return (
      <Empty title="No rules yet">
        <p class="faint">
          Mine them from the normals under Checks, propose them from instructions, or write them as YAML.
        </p>
      </Empty>
    );
  return (
    <div class="rule-scroll">
      <table class="rule-table">
        <thead>
          <tr>
            <th>What must hold</th>
            <th>Measures</th>
            <th>Settings</th>
            <th>If not</th>
            <th>
              <span class="unseen">Remove</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((r, n) => {
            const end = rows[n + 1]?.line ?? Number.POSITIVE_INFINITY;
            const wrong = faults.filter((f) => f.line >= r.line && f.line < end && n < rows.length - 1);
            return <Rule key={`${r.index} ${r.id}`} row={r} wrong={wrong} locked={locked} onEdit={onEdit} />;
          })}
        </tbody>
      </table>
    </div>
  );
}

function Rule({
  row: r,
  wrong,
  locked,
  onEdit,
}: { row: RuleRow; wrong: readonly RuleFault[] } & Pick<TableProps, 'locked' | 'onEdit'>) {
  const set = (key: string, value: unknown): void => onEdit((text) => setInRule(text, r.index, key, value));
  return (
    <tr class={wrong.some((f) => f.severity === 'error') ? 'bad' : ''}>
      <td>
        <textarea
          rows={1}
          aria-label={`What ${r.id} stands for`}
          key={r.because}
          defaultValue={r.because}
          readOnly={locked}
          onChange={(e) => set('because', e.currentTarget.value.trim() || undefined)}
        />
        <button type="button" class="quiet small place" onClick={() => setQuery({ view: 'yaml', line: r.line })}>
          {r.id} · line {r.line}
        </button>
        {wrong.map((f) => (
          <p key={f.message} class="small bad">
            {f.message}
          </p>
        ))}
      </td>
      <td>{r.kind}</td>
      <td>
        <dl class="settings">
          {r.settings.map(({ key, value, text: shown }) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>
                {typeof value === 'number' && !locked ? (
                  <input
                    type="number"
                    step="any"
                    aria-label={`${key} of ${r.id}`}
                    key={value}
                    defaultValue={value}
                    onChange={(e) => e.currentTarget.value !== '' && set(key, Number(e.currentTarget.value))}
                  />
                ) : (
                  <span class="place">{shown}</span>
                )}
              </dd>
            </div>
          ))}
        </dl>
      </td>
      <td>
        <select
          aria-label={`Severity of ${r.id}`}
          value={r.severity}
          disabled={locked}
          onChange={(e) => set('severity', e.currentTarget.value === 'reject' ? undefined : e.currentTarget.value)}
        >
          <option value="reject">reject</option>
          <option value="warn">warn</option>
        </select>
      </td>
      <td>
        {locked ? null : (
          <button
            type="button"
            class="quiet danger"
            aria-label={`Remove ${r.id}`}
            onClick={() => onEdit((text) => removeRule(text, r.index))}
          >
            ×
          </button>
        )}
      </td>
    </tr>
  );
}
