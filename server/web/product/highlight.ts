/**
 * Tones of YAML in the editor. The highlighter that CodeMirror brings has fixed tones for light ground; these are the
 * page's, which know both themes. By line: a key within a text of several lines is taken for a key.
 */
import { Prec } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  EditorView,
  MatchDecorator,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view';

const NAMES = ['comment', 'key', 'text', 'figure'] as const;
const MARKS = NAMES.map((name) => Decoration.mark({ class: `cm-yaml-${name}` }));

/** In the order of NAMES: a comment, a key with its colon behind it, a quoted text, a number or truth value. */
const WORDS =
  /((?:^|(?<=\s))#.*$)|([\w$.-]+(?=\s*:(?:\s|$)))|("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|((?<=[\s[,:])(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|true|false|null)(?=\s*(?:[\],}#]|$)))/gm;

const matcher = new MatchDecorator({
  regexp: WORDS,
  decoration: (match) => MARKS[NAMES.findIndex((_, n) => match[n + 1] !== undefined)] ?? null,
});

const words = ViewPlugin.define(
  (view): { marks: DecorationSet; update(u: ViewUpdate): void } => ({
    marks: matcher.createDeco(view),
    update(u) {
      this.marks = matcher.updateDeco(u, this.marks);
    },
  }),
  { decorations: (plugin) => plugin.marks },
);

const tones = EditorView.theme({
  // What the other highlighter would colour is plain.
  '.cm-line > span:not([class^="cm-"])': { color: 'inherit' },
  '.cm-line .cm-yaml-comment': { color: 'var(--code-comment)', fontStyle: 'italic' },
  '.cm-line .cm-yaml-key': { color: 'var(--code-key)' },
  '.cm-line .cm-yaml-text': { color: 'var(--code-text)' },
  '.cm-line .cm-yaml-figure': { color: 'var(--code-figure)' },
});

/** Marks of higher precedence lie within the others: their tone is the one that is seen. */
export const yamlTones = [Prec.highest(words), tones];
