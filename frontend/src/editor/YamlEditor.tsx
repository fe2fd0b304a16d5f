/** The YAML editor: CodeMirror with our linter, completion and theme. */
import {
  autocompletion,
  type CompletionContext,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from "@codemirror/language";
import {
  type Diagnostic,
  forceLinting,
  linter,
  lintGutter,
  lintKeymap,
  nextDiagnostic,
} from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags as t } from "@lezer/highlight";
import { type Ref, useEffect, useImperativeHandle, useRef } from "react";
import type { Schema, TypeWords } from "@/protocol/rest";
import { optionsAt, spotAt } from "./complete";
import type { Finding } from "./lint";
import { Linter } from "./linter";
import { SchemaIndex } from "./schema";
import { fieldWords, optionWords, Words } from "./words";

const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "12.5px", backgroundColor: "var(--panel)", color: "var(--ink)" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "1.6", overflow: "auto" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--accent)" },
  ".cm-gutters": {
    backgroundColor: "var(--panel)",
    color: "var(--ink-3)",
    border: "none",
    paddingLeft: "4px",
  },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent) 6%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--ink)" },
  "&.cm-focused": { outline: "none" },
  "&.cm-focused .cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 24%, transparent)",
  },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--accent) 14%, transparent)" },
  ".cm-foldGutter .cm-gutterElement": { color: "var(--ink-3)", cursor: "pointer" },
  ".cm-tooltip": {
    backgroundColor: "var(--raised)",
    border: "1px solid var(--line)",
    borderRadius: "10px",
    boxShadow: "var(--float)",
    overflow: "hidden",
  },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-mono)", maxHeight: "16em", padding: "4px" },
  ".cm-tooltip-autocomplete > ul > li": {
    padding: "3px 8px !important",
    borderRadius: "6px",
    display: "flex",
    gap: "14px",
  },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--hover)", color: "var(--ink)" },
  ".cm-completionDetail": {
    color: "var(--ink-3)",
    fontStyle: "normal",
    marginLeft: "auto",
    fontSize: "11px",
  },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent)", fontWeight: "600" },
  ".cm-diagnostic": {
    padding: "6px 10px",
    borderLeftWidth: "3px",
    fontFamily: "var(--font-sans)",
    fontSize: "12.5px",
    maxWidth: "440px",
  },
  ".cm-tooltip-section:not(:first-child)": { borderTop: "1px solid var(--line)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--state-pending)" },
  ".cm-diagnostic-info": { borderLeftColor: "var(--state-creating)" },
  ".cm-field-words": {
    padding: "8px 11px",
    maxWidth: "420px",
    fontFamily: "var(--font-sans)",
    fontSize: "12.5px",
  },
  ".cm-field-words strong": { fontFamily: "var(--font-mono)", fontSize: "11.5px", color: "var(--accent)" },
  ".cm-field-words p": {
    margin: "4px 0 0",
    color: "var(--ink-2)",
    lineHeight: "1.45",
    whiteSpace: "pre-wrap",
  },
  ".cm-completionInfo": { padding: "0 !important" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--ink)", borderColor: "var(--line)" },
  ".cm-lint-marker": { width: "0.85em", height: "0.85em" },
});

const colors = HighlightStyle.define([
  { tag: [t.propertyName, t.definition(t.propertyName)], color: "var(--accent)" },
  { tag: [t.string, t.content], color: "var(--ink)" },
  { tag: [t.number, t.bool, t.null, t.keyword], color: "var(--warn)" },
  { tag: t.comment, color: "var(--ink-3)", fontStyle: "italic" },
  { tag: [t.punctuation, t.separator, t.squareBracket, t.brace, t.meta], color: "var(--ink-3)" },
  { tag: [t.labelName, t.typeName], color: "var(--ok)" },
]);

export interface EditorHandle {
  text(): string;
  replace(text: string): void;
  goTo(from: number): void;
  nextProblem(): void;
  focus(): void;
}

export interface YamlEditorProps {
  initial: string;
  schema: Schema | null;
  /** fetches what a type's fields are for */
  words(type: string): Promise<TypeWords>;
  /** what the server said, with places in the text; kept until the text changes */
  serverFindings: Finding[];
  onChange(text: string): void;
  onFindings(findings: Finding[]): void;
  onApply(): void;
  onDryRun(): void;
  label: string;
  ref?: Ref<EditorHandle>;
}

export function YamlEditor(props: YamlEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const lint = useRef<Linter | null>(null);
  const index = useRef<SchemaIndex | null>(null);

  useEffect(() => {
    if (!host.current) return;
    const worker = new Linter();
    const words = new Words(type => latest.current.words(type));
    lint.current = worker;
    if (latest.current.schema) worker.setSchema(latest.current.schema);
    const made = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: latest.current.initial,
        extensions: [
          lineNumbers(),
          lintGutter(),
          foldGutter({ openText: "⌄", closedText: "›" }),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          highlightSelectionMatches(),
          yaml(),
          syntaxHighlighting(colors),
          theme,
          EditorView.contentAttributes.of({ "aria-label": latest.current.label }),
          EditorState.tabSize.of(2),
          keymap.of([
            { key: "Mod-Shift-Enter", run: () => told(latest.current.onDryRun) },
            { key: "Mod-Enter", run: () => told(latest.current.onApply) },
            ...closeBracketsKeymap,
            ...completionKeymap,
            ...defaultKeymap,
            ...searchKeymap,
            ...historyKeymap,
            ...foldKeymap,
            ...lintKeymap,
            indentWithTab,
          ]),
          linter(v => diagnose(v, worker), { delay: 180 }),
          fieldWords(words, () => index.current),
          autocompletion({
            override: [context => complete(context, index.current, words)],
            icons: false,
            activateOnTyping: true,
          }),
          EditorView.updateListener.of(update => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    made.focus();
    return () => {
      made.destroy();
      worker.dispose();
      view.current = null;
      lint.current = null;
    };
    async function diagnose(v: EditorView, linterWorker: Linter): Promise<Diagnostic[]> {
      const length = v.state.doc.length;
      const findings = await linterWorker.lint(v.state.doc.toString());
      latest.current.onFindings(findings);
      return [...findings, ...latest.current.serverFindings]
        .filter(f => f.from <= length)
        .map(f => ({ from: f.from, to: Math.min(f.to, length), severity: f.severity, message: f.message }));
    }
  }, []);

  useEffect(() => {
    if (!props.schema) return;
    index.current = new SchemaIndex(props.schema);
    lint.current?.setSchema(props.schema);
    if (view.current) forceLinting(view.current);
  }, [props.schema]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: new words of the server are shown at once
  useEffect(() => {
    if (view.current) forceLinting(view.current);
  }, [props.serverFindings]);

  useImperativeHandle(props.ref, () => ({
    text: () => view.current?.state.doc.toString() ?? "",
    replace: text => {
      const v = view.current;
      v?.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: text } });
    },
    goTo: from => {
      const v = view.current;
      if (!v) return;
      const at = Math.min(from, v.state.doc.length);
      v.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
      v.focus();
    },
    nextProblem: () => {
      if (view.current) nextDiagnostic(view.current);
    },
    focus: () => view.current?.focus(),
  }));

  return <div ref={host} className="h-full min-h-0 overflow-hidden" />;
}

/** A key was taken. */
function told(tell: () => void): boolean {
  tell();
  return true;
}

function complete(context: CompletionContext, index: SchemaIndex | null, words: Words) {
  if (!index) return null;
  const text = context.state.doc.toString();
  const spot = spotAt(text, context.pos);
  if (!spot || (!context.explicit && spot.prefix === "" && !spot.valueOf)) return null;
  const options = optionsAt(spot, index);
  if (!options.length) return null;
  return {
    from: spot.from,
    validFor: /^[\w.$/-]*$/,
    options: options.map(o => ({
      label: o.label,
      apply: o.apply,
      detail: o.detail,
      boost: o.required ? 10 : 0,
      info: o.type ? () => optionWords(words, o.type!, o.label) : undefined,
    })),
  };
}
