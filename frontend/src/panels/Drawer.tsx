/** The YAML drawer: edit, see the difference to the live object, try it, apply it, settle conflicts. */
import { FlaskConical, X } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { editable, fetchLive, keepDraft, toYaml } from "@/actions/documents";
import { type ApplyResult, applyText, blastRadius, type Conflict, type Outcome } from "@/editor/apply";
import { diffLines, hunks } from "@/editor/diff";
import type { Finding } from "@/editor/lint";
import { rememberApply } from "@/editor/revert";
import { type EditorHandle, YamlEditor } from "@/editor/YamlEditor";
import { toFailure } from "@/net/errors";
import type { KubeObject } from "@/protocol/kube";
import type { Schema } from "@/protocol/rest";
import { type EditorDraft, echo, settle, toast, ui, useUi } from "@/store/ui";
import { useTables } from "@/store/views";
import { Button, IconButton } from "@/ui/Button";
import { Empty, Spinner } from "@/ui/bits";
import { cx } from "@/ui/cx";
import { Keys } from "@/ui/Keys";
import { Tip } from "@/ui/Tip";
import { useSession } from "./context";

const schemas = new Map<string, Promise<Schema>>();

export default function Drawer() {
  const draft = useUi(s => s.editor);
  if (!draft) return null;
  const key = draft.object
    ? `${draft.object.kind}/${draft.object.namespace}/${draft.object.name}`
    : draft.title;
  return <Body key={key} draft={draft} />;
}

type Mode = "edit" | "diff";

function Body({ draft }: { draft: EditorDraft }) {
  const session = useSession();
  const offline = useUi(s => s.link.phase !== "live" || !s.canWrite);
  const editor = useRef<EditorHandle>(null);
  const [text, setText] = useState(draft.text);
  const [mode, setMode] = useState<Mode>("edit");
  const [schema, setSchema] = useState<Schema | null>(null);
  const [findings, setFindings] = useState<Finding[]>([]);
  const [server, setServer] = useState<Finding[]>([]);
  const [busy, setBusy] = useState<"" | "apply" | "dry">("");
  const [outcome, setOutcome] = useState<{ result: ApplyResult; dry: boolean; radius: string[] } | null>(
    null,
  );
  const live = useLiveText(draft);
  const [base, setBase] = useState<string | null>(null);
  useEffect(() => {
    if (live.text !== null) setBase(old => old ?? live.text);
  }, [live.text]);

  useEffect(() => {
    const cached = schemas.get(session.name) ?? session.api.schema();
    schemas.set(session.name, cached);
    cached.then(setSchema).catch(() => schemas.delete(session.name));
  }, [session]);

  const change = useCallback(
    (next: string) => {
      setText(next);
      setServer([]);
      setOutcome(null);
      keepDraft(session, draft, next);
    },
    [session, draft],
  );

  const submit = async (dry: boolean, force = false) => {
    if (busy) return;
    if (offline) {
      toast({
        tone: "bad",
        title: "Not connected",
        detail: "The draft is kept here until you can apply it.",
      });
      return;
    }
    const source = editor.current?.text() ?? text;
    setBusy(dry ? "dry" : "apply");
    const id = dry
      ? 0
      : echo(
          "Apply",
          `kubectl apply --server-side --field-manager=playground${force ? " --force-conflicts" : ""} -f ${draft.object?.name ?? "new"}.yaml`,
        );
    try {
      const namespace = draft.object?.namespace;
      let result = await applyText(session.kube, source, { dryRun: dry, force, namespace, remember: !dry });
      const conflicts = result.outcomes.flatMap(o => o.conflicts);
      if (dry && conflicts.length) {
        // What would happen if one insisted; the conflicts are still told.
        const forced = await applyText(session.kube, source, { dryRun: true, force: true, namespace });
        result = {
          ...forced,
          outcomes: forced.outcomes.map((o, i) => ({ ...o, conflicts: i === 0 ? conflicts : [] })),
        };
      }
      setServer(result.findings);
      const failed = result.error || result.outcomes.find(o => o.error)?.error || "";
      if (!dry) settle(id, failed ? "failed" : "ok", failed || undefined);
      const radius = dry ? await radiusOf(result, session) : [];
      setOutcome({ result, dry, radius });
      const first = result.findings.find(f => f.severity === "error");
      if (first) {
        setMode("edit");
        requestAnimationFrame(() => editor.current?.goTo(first.from));
      }
      if (!failed && !dry) {
        keepDraft(session, draft, null);
        const done = result.outcomes.map(o => `${o.document.kind} ${o.document.name}`);
        toast({
          tone: "ok",
          title:
            done.length > 2
              ? `${done.length} objects applied`
              : done.length
                ? done.map(name => `${name} applied`).join(", ")
                : "Nothing to apply",
          detail: done.length > 2 ? done.join(", ") : undefined,
        });
        if (done.length) rememberApply(session, source, namespace, result.outcomes);
        if (draft.object) live.reload(fresh => setBase(fresh));
        else if (result.outcomes.length) ui.set({ editor: null });
      }
    } catch (error) {
      const failure = toFailure(error);
      if (!dry) settle(id, "failed", failure.message);
      toast({
        tone: "bad",
        title: `${failure.code || ""} ${failure.reason}`.trim(),
        detail: failure.message,
      });
    } finally {
      setBusy("");
    }
  };

  const problems = [...findings, ...server].filter(f => f.severity === "error");
  const idle = findings.filter(f => f.severity === "info").length;
  const changed = live.text !== null && text !== live.text;
  const moved = base !== null && live.text !== null && base !== live.text;
  return (
    <aside
      aria-label="YAML"
      className="enter-left absolute inset-y-0 right-0 z-20 flex w-[min(680px,94vw)] flex-col border-l border-line bg-panel shadow-float"
      onKeyDown={event => {
        if (event.key === "Escape" && !event.defaultPrevented) ui.set({ editor: null });
      }}
    >
      <header className="flex items-center gap-2 border-b border-line px-4 py-2.5">
        <div className="min-w-0 flex-1">
          <h2 className="m-0 truncate text-[15px] font-semibold tracking-[-0.01em]">{draft.title}</h2>
          <p className="m-0 truncate text-[12px] text-ink-3">
            {draft.object
              ? draft.object.namespace || "cluster-wide"
              : "any number of documents, separated by ---"}
            {changed && " · differs from live"}
          </p>
        </div>
        {draft.object && (
          <div className="flex rounded-lg bg-sunken p-0.5" role="tablist" aria-label="View">
            {(["edit", "diff"] as const).map(m => (
              <button
                key={m}
                type="button"
                role="tab"
                aria-selected={mode === m}
                onClick={() => setMode(m)}
                className={cx(
                  "h-6.5 rounded-md px-2.5 text-[12px] font-medium capitalize",
                  mode === m ? "bg-raised text-ink shadow-sm" : "text-ink-2",
                )}
              >
                {m}
              </button>
            ))}
          </div>
        )}
        <Tip label="Try it without changing anything" keys="Ctrl-Shift-Enter">
          <Button disabled={offline || busy !== ""} onClick={() => void submit(true)}>
            {busy === "dry" ? <Spinner size={14} /> : <FlaskConical size={14} aria-hidden="true" />} Dry run
          </Button>
        </Tip>
        <Tip label="Server-side apply" keys="Ctrl-Enter">
          <Button tone="primary" disabled={offline || busy !== ""} onClick={() => void submit(false)}>
            {busy === "apply" && <Spinner size={14} />} Apply
          </Button>
        </Tip>
        <IconButton label="Close; the draft is kept" onClick={() => ui.set({ editor: null })}>
          <X size={16} />
        </IconButton>
      </header>
      {moved && (
        <Bar tone="warn">
          <span className="flex-1">The live object changed since you opened it.</span>
          <Button size="sm" onClick={() => setMode("diff")}>
            Show difference
          </Button>
          <Button
            size="sm"
            onClick={() => {
              editor.current?.replace(live.text!);
              keepDraft(session, draft, null);
              setBase(live.text);
            }}
          >
            Take live
          </Button>
          <Button size="sm" onClick={() => setBase(live.text)}>
            Keep mine
          </Button>
        </Bar>
      )}
      {outcome && (
        <OutcomeBar
          outcome={outcome}
          onForce={() => void submit(false, true)}
          onDismiss={() => setOutcome(null)}
        />
      )}
      <div className={cx("min-h-0 flex-1", mode === "diff" && "hidden")}>
        <YamlEditor
          ref={editor}
          initial={draft.text}
          label={`YAML of ${draft.title}`}
          schema={schema}
          words={type => session.api.typeWords(type)}
          serverFindings={server}
          onChange={change}
          onFindings={setFindings}
          onApply={() => void submit(false)}
          onDryRun={() => void submit(true)}
        />
      </div>
      {mode === "diff" && <Diff before={live.text ?? ""} after={text} />}
      <footer className="flex h-9 shrink-0 items-center gap-3 border-t border-line px-4 text-[12px] text-ink-2">
        {problems.length ? (
          <button
            type="button"
            className="flex items-center gap-1.5 text-bad hover:underline"
            onClick={() => {
              setMode("edit");
              editor.current?.nextProblem();
            }}
          >
            {problems.length} problem{problems.length === 1 ? "" : "s"}
            <Keys keys="F8" />
          </button>
        ) : (
          <span className="text-ok">{schema ? "No problems" : "Checking syntax only"}</span>
        )}
        {idle > 0 && (
          <span>
            {idle} field{idle === 1 ? "" : "s"} without effect here
          </span>
        )}
        {changed && live.text !== null && (
          <button
            type="button"
            className="hover:underline"
            onClick={() => {
              editor.current?.replace(live.text!);
              keepDraft(session, draft, null);
            }}
          >
            Undo all changes
          </button>
        )}
        <span className="ml-auto text-ink-3">{text.split("\n").length} lines</span>
      </footer>
    </aside>
  );
}

function Bar({ tone, children }: { tone: "warn" | "bad" | "ok"; children: React.ReactNode }) {
  const tones = { warn: "bg-warn-soft text-warn", bad: "bg-bad-soft text-bad", ok: "bg-ok-soft text-ok" };
  return (
    <div
      role="status"
      className={cx("flex flex-wrap items-center gap-2 px-4 py-2 text-[12.5px]", tones[tone])}
    >
      {children}
    </div>
  );
}

function OutcomeBar(props: {
  outcome: { result: ApplyResult; dry: boolean; radius: string[] };
  onForce: () => void;
  onDismiss: () => void;
}) {
  const { result, dry, radius } = props.outcome;
  const conflicts = result.outcomes.flatMap(o => o.conflicts);
  const failed = result.outcomes.filter(o => o.error && !o.conflicts.length);
  if (result.error) return <Bar tone="bad">{result.error}</Bar>;
  if (conflicts.length) {
    return (
      <Conflicts conflicts={conflicts} radius={radius} onForce={props.onForce} onDismiss={props.onDismiss} />
    );
  }
  if (failed.length) {
    return (
      <Bar tone="bad">
        <ul className="m-0 max-h-32 list-none overflow-auto p-0">
          {failed.map(o => (
            <li key={`${o.document.kind}/${o.document.name}`} className="break-words">
              <span className="font-medium">
                {o.code} {o.document.kind} {o.document.name}:
              </span>{" "}
              {o.error}
            </li>
          ))}
        </ul>
      </Bar>
    );
  }
  const warnings = result.outcomes.flatMap(o => o.warnings);
  if (!dry && !warnings.length) return null;
  return (
    <Bar tone={warnings.length ? "warn" : "ok"}>
      <div className="flex-1">
        {dry && <p className="m-0 font-medium">Would work. {radius.join(". ")}.</p>}
        {warnings.map(w => (
          <p key={w} className="m-0">
            {w}
          </p>
        ))}
      </div>
      <Button size="sm" tone="ghost" onClick={props.onDismiss}>
        Dismiss
      </Button>
    </Bar>
  );
}

function Conflicts({
  conflicts,
  radius,
  onForce,
  onDismiss,
}: {
  conflicts: Conflict[];
  radius: string[];
  onForce: () => void;
  onDismiss: () => void;
}) {
  const managers = new Map<string, string[]>();
  for (const c of conflicts) {
    const manager = /conflict with "([^"]+)"/.exec(c.message)?.[1] ?? "another manager";
    managers.set(manager, [...(managers.get(manager) ?? []), c.field]);
  }
  return (
    <Bar tone="warn">
      <div className="min-w-0 flex-1">
        {radius.length > 0 && <p className="m-0 font-medium">{radius.join(". ")}.</p>}
        <p className="m-0 font-medium">Others own fields that you change</p>
        {[...managers.entries()].map(([manager, fields]) => (
          <p key={manager} className="m-0 break-words">
            <span className="font-mono text-[11.5px] font-semibold">{manager}</span> owns{" "}
            <span className="font-mono text-[11.5px]">{fields.join(", ")}</span>
          </p>
        ))}
        <p className="m-0 text-ink-2">
          Applying anyway makes you their owner; the next apply of the other one will conflict.
        </p>
      </div>
      <Button size="sm" onClick={onDismiss}>
        Not now
      </Button>
      <Button size="sm" tone="primary" onClick={onForce}>
        Apply anyway
      </Button>
    </Bar>
  );
}

function Diff({ before, after }: { before: string; after: string }) {
  const parts = useMemo(() => hunks(diffLines(before, after)), [before, after]);
  if (!parts.length) return <Empty title="No difference">The text says what the live object is.</Empty>;
  return (
    <div
      className="min-h-0 flex-1 overflow-auto font-mono text-[12.5px] leading-[1.6]"
      tabIndex={0}
      role="region"
      aria-label="Difference to the live object"
    >
      {parts.map((hunk, i) => (
        <div key={i}>
          {hunk.skipped > 0 && (
            <div className="bg-sunken px-4 py-0.5 text-[11.5px] text-ink-3">
              {hunk.skipped} unchanged lines
            </div>
          )}
          {hunk.lines.map((line, k) => (
            <div
              key={k}
              className={cx(
                "whitespace-pre-wrap break-all px-4",
                line.kind === "added" && "bg-ok-soft",
                line.kind === "removed" && "bg-bad-soft",
              )}
            >
              <span className="inline-block w-4 select-none text-ink-3">
                {line.kind === "added" ? "+" : line.kind === "removed" ? "−" : ""}
              </span>
              {line.text}
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}

/** The live object's text, kept up to date while the drawer is open. */
function useLiveText(draft: EditorDraft): {
  text: string | null;
  reload: (done: (text: string) => void) => void;
} {
  const session = useSession();
  const version = useTables(session.views, "workloads", "services", "nodes", "configs");
  const [text, setText] = useState<string | null>(null);
  const load = useCallback(
    async (done?: (text: string) => void) => {
      if (!draft.object) return;
      try {
        const found = await toYaml(editable(await fetchLive(session, draft.object)));
        setText(found);
        done?.(found);
      } catch {
        // Gone, or not reachable: the draft stays, and applying says why.
      }
    },
    [session, draft.object],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: a changed table asks again, after a moment
  useEffect(() => {
    const timer = setTimeout(() => void load(), 400);
    return () => clearTimeout(timer);
  }, [load, version]);
  return { text, reload: done => void load(done) };
}

async function radiusOf(result: ApplyResult, session: ReturnType<typeof useSession>): Promise<string[]> {
  const words: string[] = [];
  for (const outcome of result.outcomes.filter(
    (o): o is Outcome & { object: KubeObject } => o.object !== null,
  )) {
    const { document: d, object } = outcome;
    const live = await fetchLive(session, {
      apiVersion: d.apiVersion,
      kind: d.kind,
      namespace: object.metadata.namespace ?? d.namespace,
      name: d.name,
    }).catch(() => null);
    words.push(...blastRadius(live, object));
  }
  return words;
}
