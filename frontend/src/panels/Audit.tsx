/** The audit log in the dock: every request to the cluster's API, as it comes, and what came before. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronRight, X } from "lucide-react";
import { type KeyboardEvent, useCallback, useEffect, useId, useRef, useState } from "react";
import { toFailure } from "@/net/errors";
import type { AuditFilter, AuditRow } from "@/protocol/rest";
import { ui, useUi } from "@/store/ui";
import { Empty } from "@/ui/bits";
import { cx } from "@/ui/cx";
import { useSession } from "./context";

const EVERY_MS = 2000;
const PAGE = 100;
const KEPT = 3000;
const ROW_H = 28;
const COLUMNS = "20px 76px minmax(120px,1.1fr) 76px minmax(120px,1.2fr) minmax(140px,1.6fr) 52px 64px";
const HEADS = ["", "Time", "User", "Verb", "Resource", "Object", "Code", "Took"];
const VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const CODES = ["2xx", "4xx", "5xx", "403", "404", "409", "422"];

interface Page {
  rows: AuditRow[];
  /** there are older ones */
  next: number | null;
}

export default function Audit() {
  const session = useSession();
  const filter = useUi(s => s.audit);
  const [page, setPage] = useState<Page | null>(null);
  const [error, setError] = useState("");
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const scroller = useRef<HTMLDivElement>(null);
  const older = useRef(false);
  const known = useRef<Page | null>(null);
  known.current = page;

  useEffect(() => {
    const abort = new AbortController();
    let first = true;
    const load = async () => {
      if (document.hidden) return;
      try {
        const newest = first ? undefined : known.current?.rows[0]?.id;
        const found = await session.api.audit(
          { ...filter, ...(newest === undefined ? {} : { after: newest }), limit: PAGE },
          abort.signal,
        );
        first = false;
        setError("");
        setPage(old => {
          // More came than fits on a page: start anew rather than show a log with a hole.
          if (!old || newest === undefined || found.next !== null)
            return { rows: found.events, next: found.next };
          return found.events.length ? { ...old, rows: [...found.events, ...old.rows].slice(0, KEPT) } : old;
        });
      } catch (e) {
        if (!abort.signal.aborted) setError(toFailure(e).message || toFailure(e).reason);
      }
    };
    const wait = setTimeout(load, 150);
    const timer = setInterval(load, EVERY_MS);
    return () => {
      clearTimeout(wait);
      clearInterval(timer);
      abort.abort();
    };
  }, [session, filter]);

  const more = useCallback(async () => {
    const at = known.current;
    if (!at || older.current || at.next === null || at.rows.length >= KEPT) return;
    older.current = true;
    try {
      const before = at.rows.at(-1)?.id;
      const found = await session.api.audit({ ...filter, before, limit: PAGE });
      setPage(
        old => old && { rows: [...old.rows, ...found.events.filter(e => e.id < before!)], next: found.next },
      );
    } catch (e) {
      setError(toFailure(e).message || toFailure(e).reason);
    } finally {
      older.current = false;
    }
  }, [session, filter]);

  const rows = page?.rows ?? [];
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: i => (open.has(rows[i]!.id) ? 260 : ROW_H),
    overscan: 10,
    getItemKey: i => rows[i]!.id,
  });
  const toggle = (id: number) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 6, PageUp: -6 }[event.key];
    const button = (event.target as HTMLElement).closest<HTMLElement>("[data-row]");
    if (!step || !button) return;
    event.preventDefault();
    const to = Math.max(0, Math.min(rows.length - 1, Number(button.dataset.row) + step));
    const focus = () => {
      const row = scroller.current?.querySelector<HTMLElement>(`[data-row="${to}"]`);
      row?.focus({ preventScroll: true });
      return row;
    };
    virtual.scrollToIndex(to);
    // Rows out of sight are there with the next frame.
    if (!focus()) requestAnimationFrame(focus);
  };
  return (
    <div className="flex h-full flex-col">
      <Filters filter={filter} rows={rows} />
      {error ? (
        <p role="alert" className="m-0 px-4 py-3 text-[12.5px] text-bad">
          {error}
        </p>
      ) : !page ? null : rows.length === 0 ? (
        <Empty title={Object.keys(filter).length ? "Nothing matches" : "Nobody asked for anything yet"}>
          Requests to the cluster's API appear here: kubectl's, the page's writes, other programs'.
        </Empty>
      ) : (
        <div
          ref={scroller}
          role="table"
          aria-label="Audit log"
          aria-rowcount={page.next === null ? rows.length + 1 : -1}
          onKeyDown={onKey}
          onScroll={event => {
            const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
            if (scrollTop + clientHeight > scrollHeight - 400) void more();
          }}
          className="min-h-0 flex-1 overflow-auto"
        >
          <div role="rowgroup" className="sticky top-0 z-[1] bg-panel">
            <div
              role="row"
              aria-rowindex={1}
              tabIndex={-1}
              className="grid items-center gap-x-2 border-b border-line px-4 text-[11.5px] font-medium text-ink-3"
              style={{ gridTemplateColumns: COLUMNS, height: 26 }}
            >
              {HEADS.map(head => (
                <span key={head} role="columnheader" tabIndex={-1}>
                  {head || <span className="sr-only">Whole event</span>}
                </span>
              ))}
            </div>
          </div>
          <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
            {virtual.getVirtualItems().map(item => {
              const row = rows[item.index]!;
              return (
                <div
                  key={item.key}
                  ref={virtual.measureElement}
                  data-index={item.index}
                  className="absolute left-0 top-0 w-full border-b border-line"
                  style={{ transform: `translateY(${item.start}px)` }}
                  role="none"
                >
                  <Line
                    row={row}
                    index={item.index}
                    open={open.has(row.id)}
                    onToggle={() => toggle(row.id)}
                  />
                </div>
              );
            })}
          </div>
        </div>
      )}
    </div>
  );
}

function set(patch: Partial<AuditFilter>): void {
  const audit: AuditFilter = { ...ui.get().audit, ...patch };
  for (const key of Object.keys(audit) as (keyof AuditFilter)[]) if (!audit[key]) delete audit[key];
  ui.set({ audit });
}

const FIELD = "h-6.5 rounded-md border border-line-strong bg-raised px-1.5 text-[12px] text-ink";

function Filters({ filter, rows }: { filter: AuditFilter; rows: AuditRow[] }) {
  const users = [...new Set(rows.map(r => r.user))].sort();
  const resources = [...new Set(rows.map(r => r.resource).filter(Boolean))].sort();
  const object = filter.object || filter.namespace;
  return (
    <search className="flex shrink-0 flex-wrap items-center gap-1.5 border-b border-line px-4 py-1.5 text-[12px]">
      <Field label="Text" hint="Find in path or user" value={filter.text} onChange={text => set({ text })} />
      <Field label="User" value={filter.user} known={users} onChange={user => set({ user })} />
      <Choice label="Verb" value={filter.verb} all={VERBS} onChange={verb => set({ verb })} />
      <Field
        label="Resource"
        value={filter.resource}
        known={resources}
        onChange={resource => set({ resource })}
      />
      <Choice label="Code" value={filter.code} all={CODES} onChange={code => set({ code })} />
      {object && (
        <button
          type="button"
          aria-label="All objects again"
          onClick={() => set({ object: undefined, namespace: undefined, resource: undefined })}
          className="flex h-6.5 items-center gap-1 rounded-full bg-accent-soft px-2.5 font-medium text-accent"
        >
          {[filter.namespace, filter.object].filter(Boolean).join("/")}
          <X size={12} aria-hidden="true" />
        </button>
      )}
    </search>
  );
}

function Field(props: {
  label: string;
  hint?: string;
  value: string | undefined;
  /** what there is to choose from */
  known?: readonly string[];
  onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <>
      <input
        aria-label={props.label}
        placeholder={props.hint ?? props.label}
        list={props.known && id}
        value={props.value ?? ""}
        maxLength={200}
        onChange={e => props.onChange(e.target.value)}
        className={cx(FIELD, "w-40 placeholder:text-ink-3")}
      />
      {props.known && (
        <datalist id={id}>
          {props.known.map(value => (
            <option key={value} value={value} />
          ))}
        </datalist>
      )}
    </>
  );
}

function Choice(props: {
  label: string;
  value: string | undefined;
  all: readonly string[];
  onChange: (value: string) => void;
}) {
  return (
    <select
      aria-label={props.label}
      value={props.value ?? ""}
      onChange={e => props.onChange(e.target.value)}
      className={FIELD}
    >
      <option value="">{`Any ${props.label.toLowerCase()}`}</option>
      {props.all.map(value => (
        <option key={value}>{value}</option>
      ))}
    </select>
  );
}

function Line(props: { row: AuditRow; index: number; open: boolean; onToggle: () => void }) {
  const { row, open } = props;
  const what = [row.namespace, row.name].filter(Boolean).join("/") || row.path;
  return (
    <>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the row's button does the same by key */}
      <div
        role="row"
        tabIndex={-1}
        aria-rowindex={props.index + 2}
        onClick={props.onToggle}
        className="grid cursor-pointer items-center gap-x-2 px-4 text-[12px] hover:bg-hover"
        style={{ gridTemplateColumns: COLUMNS, height: ROW_H - 1 }}
      >
        <span role="cell">
          <button
            type="button"
            data-row={props.index}
            aria-expanded={open}
            aria-label={`${actor(row)} ${row.verb} ${row.resource || row.path} ${row.name}: ${row.code}`}
            onClick={event => {
              event.stopPropagation();
              props.onToggle();
            }}
            className="flex size-5 items-center justify-center rounded text-ink-3 hover:text-ink"
          >
            <ChevronRight size={13} className={cx("transition-transform", open && "rotate-90")} />
          </button>
        </span>
        <time role="cell" dateTime={row.time} className="num font-mono text-[11.5px] text-ink-3">
          {row.time.slice(11, 19)}
        </time>
        <span role="cell" className="truncate" title={actor(row)}>
          {actor(row)}
        </span>
        <span role="cell" className="truncate font-mono text-[11.5px]">
          {row.verb}
        </span>
        <span role="cell" className="truncate font-mono text-[11.5px]" title={row.resource}>
          {row.resource || "–"}
        </span>
        <span role="cell" className="truncate text-ink-2" title={row.path}>
          {what}
        </span>
        <span role="cell" className={cx("num font-mono text-[11.5px] font-medium", toneOf(row.code))}>
          {row.code}
        </span>
        <span role="cell" className="num text-right font-mono text-[11.5px] text-ink-3">
          {took(row.latency)}
        </span>
      </div>
      {open && <Whole id={row.id} />}
    </>
  );
}

function toneOf(code: number): string {
  return code >= 500 ? "text-bad" : code >= 400 ? "text-warn" : "text-ok";
}

/** Who asked, and whom they acted as. */
function actor(row: AuditRow): string {
  return row.actingAs ? `${row.user} as ${row.actingAs}` : row.user || "–";
}

function took(us: number): string {
  return us < 1000 ? `${us} µs` : us < 1e6 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1e6).toFixed(1)} s`;
}

/** The event as an API server writes it, fetched when somebody wants to see it. */
function Whole({ id }: { id: number }) {
  const session = useSession();
  const [text, setText] = useState("Loading…");
  useEffect(() => {
    const abort = new AbortController();
    session.api
      .auditEvent(id, abort.signal)
      .then(event => setText(JSON.stringify(event, null, 2)))
      .catch(e => !abort.signal.aborted && setText(toFailure(e).message || toFailure(e).reason));
    return () => abort.abort();
  }, [session, id]);
  return (
    <div role="row" tabIndex={-1}>
      <pre
        role="cell"
        tabIndex={0}
        aria-label="Whole event"
        className="m-0 max-h-64 overflow-auto whitespace-pre-wrap break-all bg-sunken px-11 py-2 font-mono text-[11.5px] leading-relaxed"
      >
        {text}
      </pre>
    </div>
  );
}
