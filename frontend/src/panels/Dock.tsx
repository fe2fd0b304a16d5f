/** The dock under the map: events grouped, what was done here as kubectl, logs. */
import { Copy, Check as Done, LoaderCircle, X } from "lucide-react";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { age } from "@/actions/look";
import { toFailure } from "@/net/errors";
import type { EventRow } from "@/protocol/rows";
import { type DockTab, type Ref, select, ui, useUi } from "@/store/ui";
import { useTables } from "@/store/views";
import { IconButton } from "@/ui/Button";
import { Badge, Check, Empty } from "@/ui/bits";
import { cx } from "@/ui/cx";
import { useNow, useSession } from "./context";

const Audit = lazy(() => import("./Audit"));

export const TABS: { tab: DockTab; title: string }[] = [
  { tab: "events", title: "Events" },
  { tab: "activity", title: "Activity" },
  { tab: "logs", title: "Logs" },
  { tab: "audit", title: "Audit" },
];

export function Dock() {
  const dock = useUi(s => s.dock);
  if (!dock) return null;
  return (
    <section aria-label="Dock" className="enter-up flex h-72 shrink-0 flex-col border-t border-line bg-panel">
      <header className="flex h-9 shrink-0 items-center gap-1 border-b border-line px-2">
        {TABS.map(t => (
          <button
            key={t.tab}
            type="button"
            aria-pressed={dock === t.tab}
            onClick={() => ui.set({ dock: t.tab })}
            className={cx(
              "h-7 rounded-lg px-2.5 text-[12.5px] font-medium",
              dock === t.tab ? "text-ink" : "text-ink-3 hover:bg-hover hover:text-ink",
            )}
          >
            {t.title}
          </button>
        ))}
        <div className="flex-1" />
        <IconButton label="Close" size="sm" side="top" onClick={() => ui.set({ dock: null })}>
          <X size={15} />
        </IconButton>
      </header>
      <div className="min-h-0 flex-1 overflow-auto">
        {dock === "events" && <Events />}
        {dock === "activity" && <Activity />}
        {dock === "logs" && <Logs />}
        {dock === "audit" && (
          <Suspense fallback={null}>
            <Audit />
          </Suspense>
        )}
      </div>
    </section>
  );
}

interface Group {
  key: string;
  event: EventRow;
  count: number;
  names: Set<string>;
}

/** One line for each reason on one controller's objects: forty pods that failed scheduling are one line. */
export function groupEvents(events: Iterable<EventRow>): Group[] {
  const groups = new Map<string, Group>();
  for (const event of events) {
    const family = event.objKind === "Pod" ? event.objName.replace(/-[a-z0-9]{5}$/, "") : event.objName;
    const key = `${event.objKind}|${event.objNs}|${family}|${event.reason}`;
    const group = groups.get(key);
    if (!group) groups.set(key, { key, event, count: event.count || 1, names: new Set([event.objName]) });
    else {
      group.count += event.count || 1;
      group.names.add(event.objName);
      if (event.last > group.event.last) group.event = event;
    }
  }
  return [...groups.values()].sort((a, b) => b.event.last - a.event.last);
}

const KIND_REF: Record<string, Ref["kind"]> = {
  Pod: "pod",
  Node: "node",
  Deployment: "workload",
  ReplicaSet: "workload",
  StatefulSet: "workload",
  DaemonSet: "workload",
  Job: "workload",
  CronJob: "workload",
  Service: "service",
};

function Events() {
  const session = useSession();
  const version = useTables(session.views, "events");
  const now = useNow();
  const [warnings, setWarnings] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is read anew for each version
  const groups = useMemo(() => groupEvents(session.model.events.values()), [session, version]);
  const shown = groups.filter(g => !warnings || g.event.type === "Warning").slice(0, 200);
  if (!groups.length)
    return <Empty title="Nothing happened yet">Events of the cluster appear here, grouped.</Empty>;
  return (
    <table className="w-full border-collapse text-[12.5px]">
      <thead className="sticky top-0 z-[1] bg-panel text-left text-[11.5px] text-ink-3">
        <tr>
          <th scope="col" className="w-20 py-1.5 pl-4 font-medium">
            Last
          </th>
          <th scope="col" className="w-48 font-medium">
            Reason
          </th>
          <th scope="col" className="w-72 font-medium">
            Object
          </th>
          <th scope="col" className="font-medium">
            <span className="flex items-center justify-between pr-4">
              Message
              <Check checked={warnings} onChange={setWarnings}>
                Warnings only
              </Check>
            </span>
          </th>
        </tr>
      </thead>
      <tbody>
        {shown.map(({ key, event, count, names }) => {
          const kind = KIND_REF[event.objKind];
          return (
            <tr key={key} className="border-t border-line align-top hover:bg-hover">
              <td className="num whitespace-nowrap py-1.5 pl-4 text-ink-3">{age(event.last, now)}</td>
              <td className="py-1.5 pr-2">
                <Badge tone={event.type === "Warning" ? "warn" : "plain"}>{event.reason}</Badge>
                {count > 1 && <span className="num ml-1.5 font-mono text-[11px] text-ink-3">×{count}</span>}
              </td>
              <td className="max-w-72 py-1.5 pr-3">
                <button
                  type="button"
                  disabled={!kind}
                  className="max-w-full truncate text-left enabled:text-accent enabled:hover:underline"
                  onClick={() => kind && select({ kind, id: event.objId })}
                >
                  {event.objName}
                </button>
                {names.size > 1 && <span className="text-ink-3"> and {names.size - 1} more</span>}
              </td>
              <td className="break-words py-1.5 pr-4 text-ink-2">{event.message}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Activity() {
  const echoes = useUi(s => s.echoes);
  if (!echoes.length)
    return (
      <Empty title="Nothing done yet">
        Whatever you do here appears as the command that does the same in a terminal.
      </Empty>
    );
  return (
    <ol className="m-0 list-none p-0 font-mono text-[12px]">
      {[...echoes].reverse().map(e => (
        <li
          key={e.id}
          className="group flex items-start gap-2.5 border-b border-line px-4 py-1.5 hover:bg-hover"
        >
          <span className="mt-0.5" role="img" aria-label={e.state}>
            {e.state === "ok" ? (
              <Done size={13} className="text-ok" />
            ) : e.state === "failed" ? (
              <X size={13} className="text-bad" />
            ) : (
              <LoaderCircle size={13} className="animate-spin text-ink-3" />
            )}
          </span>
          <div className="min-w-0 flex-1">
            <span className="break-all">{e.command}</span>
            {e.error && <p className="m-0 break-words font-sans text-[12px] text-bad">{e.error}</p>}
          </div>
          <time className="num shrink-0 text-[11px] text-ink-3">
            {new Date(e.at).toLocaleTimeString("en-GB")}
          </time>
          <button
            type="button"
            aria-label="Copy"
            className="shrink-0 rounded p-0.5 text-ink-3 opacity-0 hover:text-ink focus-visible:opacity-100 group-hover:opacity-100"
            onClick={() => void navigator.clipboard?.writeText(e.command)}
          >
            <Copy size={13} />
          </button>
        </li>
      ))}
    </ol>
  );
}

const LOG_EVERY_MS = 2000;
const LOG_LINES = 500;

function Logs() {
  const session = useSession();
  const of = useUi(s => s.logsOf);
  const [text, setText] = useState("");
  const [error, setError] = useState("");
  const end = useRef<HTMLDivElement>(null);
  const [follow, setFollow] = useState(true);
  useEffect(() => {
    if (!of) return;
    setText("");
    setError("");
    const abort = new AbortController();
    const load = () => {
      const query = new URLSearchParams({ tailLines: String(LOG_LINES) });
      if (of.container) query.set("container", of.container);
      session.kube
        .text(`/api/v1/namespaces/${of.ns}/pods/${of.pod}/log?${query}`, abort.signal)
        .then(found => {
          setText(found);
          setError("");
        })
        .catch(e => !abort.signal.aborted && setError(toFailure(e).message || toFailure(e).reason));
    };
    load();
    const timer = setInterval(load, LOG_EVERY_MS);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [session, of]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new text scrolls to its end
  useEffect(() => {
    if (follow) end.current?.scrollIntoView({ block: "end" });
  }, [text, follow]);
  if (!of) return <Empty title="No pod chosen">Select a pod and press L, or use “Show logs”.</Empty>;
  const pod = [...session.model.pods.indices()].find(
    i => session.model.pods.name[i] === of.pod && session.model.pods.ns[i] === of.ns,
  );
  const containers = pod === undefined ? [] : session.model.pods.containers[pod]!;
  return (
    <div className="flex h-full flex-col">
      <div className="flex shrink-0 items-center gap-2 px-4 py-1.5 text-[12px] text-ink-2">
        <span className="truncate font-mono">
          {of.ns}/{of.pod}
        </span>
        {containers.length > 1 && (
          <select
            aria-label="Container"
            value={of.container}
            onChange={e => ui.set({ logsOf: { ...of, container: e.target.value } })}
            className="h-6 rounded-md border border-line-strong bg-raised px-1 text-[12px]"
          >
            {containers.map(c => (
              <option key={c.name}>{c.name}</option>
            ))}
          </select>
        )}
        <span className="ml-auto">
          <Check checked={follow} onChange={setFollow}>
            Follow
          </Check>
        </span>
      </div>
      <div
        className="min-h-0 flex-1 overflow-auto bg-sunken px-4 py-2"
        tabIndex={0}
        role="log"
        aria-label={`Logs of ${of.pod}`}
        aria-live="off"
      >
        {error ? (
          <p className="m-0 text-[12.5px] text-bad">{error}</p>
        ) : text ? (
          <pre className="m-0 whitespace-pre-wrap break-all font-mono text-[12px] leading-relaxed">
            {text}
          </pre>
        ) : (
          <p className="m-0 text-[12.5px] text-ink-3">It has not written anything yet.</p>
        )}
        <div ref={end} />
      </div>
    </div>
  );
}
