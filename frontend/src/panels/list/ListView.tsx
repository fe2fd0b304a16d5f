/** The list: everything the map shows, as a tree grid that needs neither eyes nor a pointer. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronRight, MoreHorizontal, Search } from "lucide-react";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { commandsFor } from "@/actions/commands";
import { select, ui, useUi } from "@/store/ui";
import { useTables } from "@/store/views";
import { Empty } from "@/ui/bits";
import { cx } from "@/ui/cx";
import { Menu, PointMenu } from "@/ui/Menu";
import { StateTile } from "@/ui/StateTile";
import { useNow, useSession } from "../context";
import { FaultTray } from "../FaultTray";
import { listRows, type Row } from "./rows";

const ROW_H = 32;
const COLUMNS = "minmax(240px,2.4fr) minmax(130px,1.2fr) 72px 72px 110px 132px minmax(90px,1fr) 64px 40px";
const HEADS = ["Name", "Status", "Ready", "Restarts", "CPU", "Memory", "Where", "Age", ""];

export default function ListView() {
  const session = useSession();
  const version = useTables(session.views, "pods", "nodes", "workloads", "services", "components");
  const now = useNow(5000);
  const selection = useUi(s => s.selection);
  const offline = useUi(s => s.link.phase !== "live" || !s.canWrite);
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const [query, setQuery] = useState("");
  const [namespace, setNamespace] = useState("");
  const [at, setAt] = useState(0);
  const [menu, setMenu] = useState<{ row: Row; x: number; y: number } | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is read anew for each version
  const rows = useMemo(
    () => listRows(session.model, { collapsed, query, namespace, now }),
    [session, version, collapsed, query, namespace, now],
  );
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_H,
    overscan: 12,
    getItemKey: i => rows[i]?.key ?? i,
  });
  const current = Math.min(at, rows.length - 1);
  const names = session.model.namespaces
    .list()
    .map(n => n.name)
    .sort();

  useEffect(() => {
    scroller.current?.focus();
  }, []);

  const toggle = (row: Row, open?: boolean) => {
    const next = new Set(collapsed);
    if (open ?? next.has(row.key)) next.delete(row.key);
    else next.add(row.key);
    setCollapsed(next);
  };
  const go = (i: number) => {
    const to = Math.max(0, Math.min(rows.length - 1, i));
    setAt(to);
    virtual.scrollToIndex(to);
    const row = rows[to];
    if (row?.ref) ui.set({ selection: row.ref });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.target !== scroller.current) return;
    const row = rows[current];
    if (event.key === "ArrowDown") go(current + 1);
    else if (event.key === "ArrowUp") go(current - 1);
    else if (event.key === "PageDown") go(current + 15);
    else if (event.key === "PageUp") go(current - 15);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(rows.length - 1);
    else if (event.key === "ArrowRight" && row?.expandable)
      row.expanded ? go(current + 1) : toggle(row, true);
    else if (event.key === "ArrowLeft" && row) {
      if (row.expandable && row.expanded) toggle(row, false);
      else {
        for (let i = current - 1; i >= 0; i--) {
          if (rows[i]!.level < row.level) {
            go(i);
            break;
          }
        }
      }
    } else if ((event.key === "Enter" || event.key === " ") && row) {
      if (row.ref) select(row.ref);
      else toggle(row);
    } else if (
      (event.key === "ContextMenu" || (event.shiftKey && event.key === "F10") || event.key === ".") &&
      row?.ref
    ) {
      const element = document.getElementById(`row-${current}`)?.getBoundingClientRect();
      if (element) setMenu({ row, x: element.left + 40, y: element.bottom });
    } else if (event.key === "Escape") select(null);
    else return;
    event.preventDefault();
  };
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col bg-panel">
      <FaultTray />
      <div className="flex shrink-0 items-center gap-2 border-b border-line px-4 py-2">
        <label className="flex h-8 w-72 items-center gap-2 rounded-lg border border-line-strong px-2.5 focus-within:border-accent">
          <Search size={14} className="text-ink-3" aria-hidden="true" />
          <span className="sr-only">Filter</span>
          <input
            value={query}
            onChange={e => setQuery(e.target.value)}
            placeholder="Filter by name, status, workload"
            className="min-w-0 flex-1 bg-transparent outline-none placeholder:text-ink-3"
          />
        </label>
        <select
          aria-label="Namespace"
          value={namespace}
          onChange={e => setNamespace(e.target.value)}
          className="h-8 rounded-lg border border-line-strong bg-raised px-2"
        >
          <option value="">All namespaces</option>
          {names.map(n => (
            <option key={n}>{n}</option>
          ))}
        </select>
        <span className="ml-auto text-[12px] text-ink-3" role="status">
          {session.model.pods.size.toLocaleString("en")} pods on {session.model.nodes.size} nodes
        </span>
      </div>
      {rows.length === 0 ? (
        <Empty title={query ? `Nothing matches “${query}”` : "The cluster is empty"}>
          {query
            ? "Try a part of a name, or another namespace."
            : "Press N on the map, or use “+ Node” above."}
        </Empty>
      ) : (
        <div
          ref={scroller}
          role="treegrid"
          aria-label="Objects of the cluster"
          aria-rowcount={rows.length + 1}
          aria-colcount={HEADS.length}
          aria-activedescendant={`row-${current}`}
          tabIndex={0}
          onKeyDown={onKey}
          className="min-h-0 flex-1 overflow-auto outline-none"
        >
          <div role="rowgroup" className="sticky top-0 z-10 bg-panel">
            <div
              role="row"
              aria-rowindex={1}
              className="grid items-center border-b border-line px-4 text-[11.5px] font-medium text-ink-3"
              style={{ gridTemplateColumns: COLUMNS, height: 30 }}
              tabIndex={-1}
            >
              {HEADS.map((h, i) => (
                <span key={h || "menu"} role="columnheader" tabIndex={-1} className={i === 0 ? "pl-1" : ""}>
                  {h || <span className="sr-only">Commands</span>}
                </span>
              ))}
            </div>
          </div>
          <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
            {virtual.getVirtualItems().map(item => {
              const row = rows[item.index]!;
              const chosen = row.ref !== null && row.ref.id === selection?.id;
              return (
                // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the grid
                <div
                  key={item.key}
                  id={`row-${item.index}`}
                  role="row"
                  tabIndex={-1}
                  aria-rowindex={item.index + 2}
                  aria-level={row.level}
                  aria-setsize={row.siblings}
                  aria-posinset={row.position}
                  aria-expanded={row.expandable ? row.expanded : undefined}
                  aria-selected={chosen}
                  onClick={() => {
                    setAt(item.index);
                    if (row.ref) select(row.ref);
                    else toggle(row);
                  }}
                  onContextMenu={e => {
                    e.preventDefault();
                    if (row.ref) setMenu({ row, x: e.clientX, y: e.clientY });
                  }}
                  className={cx(
                    "absolute left-0 top-0 grid w-full items-center border-b border-line px-4 text-[12.5px]",
                    chosen ? "bg-accent-soft" : "hover:bg-hover",
                    item.index === current && "shadow-[inset_2px_0_0_var(--accent)]",
                    row.level === 1 && "bg-sunken font-semibold",
                  )}
                  style={{
                    gridTemplateColumns: COLUMNS,
                    height: ROW_H,
                    transform: `translateY(${item.start}px)`,
                  }}
                >
                  <Name row={row} onToggle={() => toggle(row)} />
                  <Cell
                    className={cx(
                      "truncate",
                      row.tone === "bad" ? "text-bad" : row.tone === "warn" ? "text-warn" : "text-ink-2",
                    )}
                  >
                    {row.status}
                  </Cell>
                  <Cell mono>{row.ready}</Cell>
                  <Cell mono>{row.restarts}</Cell>
                  <Cell mono>{row.cpu}</Cell>
                  <Cell mono>{row.mem}</Cell>
                  <Cell className="truncate text-ink-2">{row.where}</Cell>
                  <Cell mono>{row.age}</Cell>
                  <Cell>{row.ref && <RowMenu row={row} offline={offline} />}</Cell>
                </div>
              );
            })}
          </div>
        </div>
      )}
      {menu && (
        <PointMenu
          x={menu.x}
          y={menu.y}
          title={menu.row.title}
          entries={commandsFor(session, menu.row.ref!, null).map(c => ({
            ...c,
            disabled: offline && !c.local,
          }))}
          onClose={() => {
            setMenu(null);
            scroller.current?.focus();
          }}
        />
      )}
    </div>
  );
}

function Cell({
  children,
  mono,
  className,
}: {
  children?: React.ReactNode;
  mono?: boolean;
  className?: string;
}) {
  return (
    <span
      role="gridcell"
      tabIndex={-1}
      className={cx(mono && "num font-mono text-[11.5px] text-ink-2", className)}
    >
      {children}
    </span>
  );
}

function Name({ row, onToggle }: { row: Row; onToggle: () => void }) {
  return (
    <span
      role="gridcell"
      tabIndex={-1}
      className="flex min-w-0 items-center gap-1.5 pr-2"
      style={{ paddingLeft: (row.level - 1) * 18 }}
    >
      {row.expandable ? (
        <button
          type="button"
          tabIndex={-1}
          aria-label={row.expanded ? `Close ${row.title}` : `Open ${row.title}`}
          onClick={e => {
            e.stopPropagation();
            onToggle();
          }}
          className="flex size-5 items-center justify-center rounded text-ink-3 hover:text-ink"
        >
          <ChevronRight size={14} className={cx("transition-transform", row.expanded && "rotate-90")} />
        </button>
      ) : (
        <span className="w-5" />
      )}
      {row.state ? (
        <StateTile state={row.state} size={15} />
      ) : (
        row.tone && row.level > 1 && <Dot tone={row.tone} />
      )}
      <span className="truncate">{row.title}</span>
    </span>
  );
}

function Dot({ tone }: { tone: Row["tone"] }) {
  const color =
    tone === "bad" ? "var(--bad)" : tone === "warn" ? "var(--state-pending)" : "var(--state-running)";
  return <span className="size-2 shrink-0 rounded-full" style={{ background: color }} />;
}

function RowMenu({ row, offline }: { row: Row; offline: boolean }) {
  const session = useSession();
  return (
    <Menu
      title={row.title}
      entries={commandsFor(session, row.ref!, null).map(c => ({ ...c, disabled: offline && !c.local }))}
    >
      <button
        type="button"
        tabIndex={-1}
        aria-label={`Commands for ${row.title}`}
        onClick={e => e.stopPropagation()}
        className="flex size-7 items-center justify-center rounded-lg text-ink-3 hover:bg-hover hover:text-ink"
      >
        <MoreHorizontal size={15} />
      </button>
    </Menu>
  );
}
