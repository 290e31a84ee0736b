/** The YAML editor. It lives in a shadow tree: its styles are sheets there, and none are written into the page. */
import { autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { yaml } from '@codemirror/lang-yaml';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap, tooltips } from '@codemirror/view';
import { basicSetup } from 'codemirror';
import { useEffect, useRef } from 'preact/hooks';
import type { RuleFault } from '../types.ts';
import { completeFrom, type JsonSchema } from './completion.ts';
import { interestsOf } from './document.ts';
import { yamlTones } from './highlight.ts';

interface Props {
  readonly text: string;
  readonly label: string;
  readonly readOnly: boolean;
  /** 1 is the first line; shown and chosen. */
  readonly line: number | null;
  readonly faults: readonly RuleFault[];
  readonly schema: JsonSchema | undefined;
  readonly onChange: (text: string) => void;
}

/** The page's tokens reach into the shadow tree. */
const THEME = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--paper)', color: 'var(--ink)', fontSize: '13px' },
  '.cm-scroller': {
    fontFamily: 'ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace',
    lineHeight: '1.55',
  },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-2px' },
  '.cm-gutters': { backgroundColor: 'var(--sunk)', color: 'var(--faint)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--chosen) 60%, transparent)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--focus) 30%, transparent) !important',
  },
  '.cm-selectionMatch': { backgroundColor: 'color-mix(in srgb, var(--accent) 22%, transparent)' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'color-mix(in srgb, var(--accent) 30%, transparent)' },
  '.cm-tooltip': { backgroundColor: 'var(--paper)', color: 'var(--ink)', border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-panels': { backgroundColor: 'var(--sunk)', color: 'var(--ink)' },
});

export function Editor({ text, label, readOnly, line, faults, schema, onChange }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef({ onChange, schema, text });
  latest.current = { onChange, schema, text };
  /** What was typed and has not come back as `text` yet: older texts that come meanwhile must not overwrite it. */
  const sent = useRef<string | null>(null);
  useEffect(() => {
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: 'open' });
    const complete: ReturnType<typeof completeFrom> = (context) => {
      const known = latest.current.schema;
      const names = (): string[] => interestsOf(context.state.doc.toString()).map((i) => i.name);
      return known ? completeFrom(known, names)(context) : null;
    };
    const state = EditorState.create({
      doc: text,
      extensions: [
        basicSetup,
        yaml(),
        lintGutter(),
        // What pops up stays within the editor, which cuts off what does not.
        tooltips({ tooltipSpace: (v) => v.dom.getBoundingClientRect() }),
        autocompletion({ override: [complete] }),
        keymap.of(completionKeymap),
        EditorState.readOnly.of(readOnly),
        EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
        EditorView.updateListener.of((u) => {
          if (!u.docChanged || readOnly) return;
          const typed = u.state.doc.toString();
          sent.current = typed === latest.current.text ? null : typed;
          latest.current.onChange(typed);
        }),
        EditorView.lineWrapping,
        THEME,
        yamlTones,
      ],
    });
    const made = new EditorView({ state, parent: root, root });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
  }, [readOnly, label]);
  useEffect(() => {
    // The table and the drawing change the text too; what is typed here comes back unchanged.
    if (sent.current !== null) {
      if (text === sent.current) sent.current = null;
      return;
    }
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === text) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
  }, [text, readOnly]);
  useEffect(() => {
    const editor = view.current;
    if (!editor || line === null || line > editor.state.doc.lines) return;
    const { from, to } = editor.state.doc.line(line);
    editor.dispatch({
      selection: { anchor: from, head: to },
      effects: EditorView.scrollIntoView(from, { y: 'center' }),
    });
  }, [line, readOnly]);
  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const { doc } = editor.state;
    const marks = faults.map((f): Diagnostic => {
      const at = doc.line(Math.min(Math.max(1, f.line), doc.lines));
      const from = Math.min(at.from + Math.max(0, f.col - 1), at.to);
      const better = f.didYouMean ? ` Did you mean '${f.didYouMean}'?` : '';
      const message = `${f.message}${better}${f.expected ? `\nexpected: ${f.expected}` : ''}${f.example ? `\nexample: ${f.example}` : ''}`;
      return { from, to: Math.max(from, at.to), severity: f.severity, message };
    });
    editor.dispatch(setDiagnostics(editor.state, marks));
  }, [faults]);
  return <div ref={host} class="editor" />;
}
