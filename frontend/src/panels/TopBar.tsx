/** The top bar: which cluster, search, health at a glance, connection, theme. */
import { ChevronDown, Moon, Plus, Redo2, Search, Sun, SunMoon, Undo2, UserPlus } from "lucide-react";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { openYaml } from "@/actions/documents";
import { addNode } from "@/actions/nodes";
import { redo, undo, undoWords } from "@/actions/undo";
import { clusters } from "@/net/playground";
import { type Step, useHistory } from "@/store/history";
import { STATE } from "@/store/pods";
import { type ThemeChoice, ui, useUi } from "@/store/ui";
import { useTables } from "@/store/views";
import { Button, IconButton } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { Keys } from "@/ui/Keys";
import { Menu, type MenuEntry } from "@/ui/Menu";
import { Tip } from "@/ui/Tip";
import { useSession } from "./context";

export function TopBar() {
  const session = useSession();
  const offline = useUi(s => s.link.phase !== "live");
  const canWrite = useUi(s => s.canWrite);
  const disabled = offline || !canWrite;
  return (
    <header className="flex h-13 shrink-0 items-center gap-2 border-b border-line bg-panel px-3">
      <Switcher name={session.name} />
      <Health />
      <div className="flex-1" />
      <button
        type="button"
        onClick={() => ui.set({ palette: true })}
        className="flex h-8 w-64 items-center gap-2 rounded-lg border border-line bg-sunken px-2.5 text-left text-[12.5px] text-ink-3 transition-colors hover:border-line-strong max-xl:w-44 max-[1120px]:w-8! max-[1120px]:justify-center max-[1120px]:px-0"
      >
        <Search size={14} aria-hidden="true" />
        <span className="flex-1 truncate max-[1120px]:sr-only">Search or run a command</span>
        <span className="max-xl:hidden">
          <Keys keys="Ctrl-K" />
        </span>
      </button>
      <div className="flex-1" />
      <Peers />
      <ShareButton />
      <Pill />
      <UndoButtons />
      <Tip label="Apply new YAML">
        <Button disabled={disabled} className="max-sm:hidden" onClick={() => openYaml(session, null)}>
          Apply YAML
        </Button>
      </Tip>
      <Tip label="Add a node" keys="N">
        <Button disabled={disabled} onClick={() => addNode(session)}>
          <Plus size={15} aria-hidden="true" /> Node
        </Button>
      </Tip>
      <ThemeSwitch />
    </header>
  );
}

function Switcher({ name }: { name: string }) {
  const [, go] = useLocation();
  const [names, setNames] = useState<string[]>([name]);
  const load = () => {
    clusters
      .list()
      .then(list => setNames(list.map(c => c.name)))
      .catch(() => undefined);
  };
  const entries: MenuEntry[] = [
    ...names.map(n => ({ id: n, title: n, run: () => go(`/clusters/${n}`) })),
    { id: "*", title: "All clusters…", run: () => go("/") },
  ];
  return (
    <Menu entries={entries} align="start" title="Clusters">
      <button
        type="button"
        onPointerDown={load}
        onFocus={load}
        className="flex h-8 items-center gap-1.5 rounded-lg px-2 text-[15px] font-semibold tracking-[-0.01em] hover:bg-hover"
      >
        {name}
        <ChevronDown size={14} className="text-ink-3" aria-hidden="true" />
      </button>
    </Menu>
  );
}

/** Counts that matter, and nothing when all is well. */
function Health() {
  const session = useSession();
  useTables(session.views, "pods", "nodes");
  const { pods, nodes } = session.model;
  let ready = 0;
  let bad = 0;
  let pending = 0;
  for (const i of pods.indices()) {
    const s = pods.state[i]!;
    if (s === STATE.running || s === STATE.succeeded) ready++;
    else if (s === STATE.crash || s === STATE.failed) bad++;
    else if (s === STATE.pending) pending++;
  }
  const up = [...nodes.values()].filter(n => n.ready === "True" && n.power !== "off").length;
  if (!session.model.loaded) return null;
  return (
    <div className="ml-1 flex items-center gap-3 text-[12.5px] text-ink-2 max-md:hidden">
      <Figure label="nodes" value={`${up}/${nodes.size}`} tone={up < nodes.size ? "bad" : undefined} />
      <Figure label="pods" value={`${ready.toLocaleString("en")}/${pods.size.toLocaleString("en")}`} />
      {pending > 0 && <Figure label="pending" value={String(pending)} tone="warn" />}
      {bad > 0 && <Figure label="failing" value={String(bad)} tone="bad" />}
    </div>
  );
}

function Figure({ label, value, tone }: { label: string; value: string; tone?: "warn" | "bad" }) {
  return (
    <span
      className={cx(
        "flex items-baseline gap-1",
        tone === "bad" ? "text-bad" : tone === "warn" ? "text-warn" : "",
      )}
    >
      <span className={cx("num font-mono text-[12.5px] font-medium", !tone && "text-ink")}>{value}</span>
      {label}
    </span>
  );
}

function ShareButton() {
  const may = useUi(s => s.canShare);
  if (!may) return null;
  return (
    <IconButton label="Share" onClick={() => ui.set({ share: true })}>
      <UserPlus size={16} />
    </IconButton>
  );
}

/** What the last step was, and what taking it back would call. */
function UndoButtons() {
  const offline = useUi(s => s.link.phase !== "live" || !s.canWrite);
  const { past, future, busy } = useHistory();
  const last = past.at(-1);
  const next = future.at(-1);
  const blocked = (step: Step | undefined) => !step || busy || (offline && step.scope === "cluster");
  return (
    <div className="flex max-md:hidden">
      <IconButton
        label={last ? `Undo ${undoWords(last)}` : "Nothing to undo"}
        keys="Ctrl-Z"
        disabled={blocked(last)}
        onClick={() => undo()}
      >
        <Undo2 size={16} />
      </IconButton>
      <IconButton
        label={next ? `Redo ${next.title}` : "Nothing to redo"}
        keys="Ctrl-Shift-Z"
        disabled={blocked(next)}
        onClick={() => redo()}
      >
        <Redo2 size={16} />
      </IconButton>
    </div>
  );
}

function Peers() {
  const peers = useUi(s => s.peers);
  if (!peers.length) return null;
  return (
    <div className="flex -space-x-1.5 pr-1" role="img" aria-label={`${peers.length} others are here`}>
      {peers.slice(0, 5).map(p => (
        <Tip key={p.session} label={p.user || "guest"}>
          <span
            className="flex size-6.5 items-center justify-center rounded-full border-2 border-panel text-[11px] font-semibold uppercase text-white"
            style={{ background: p.color }}
          >
            {(p.user || "g").slice(0, 1)}
          </span>
        </Tip>
      ))}
    </div>
  );
}

function Pill() {
  const session = useSession();
  const link = useUi(s => s.link);
  const canWrite = useUi(s => s.canWrite);
  const past = useUi(s => s.past !== null);
  const [, tick] = useState(0);
  useEffect(() => {
    if (link.phase !== "waiting") return;
    const timer = setInterval(() => tick(n => n + 1), 250);
    return () => clearInterval(timer);
  }, [link]);
  if (link.phase === "live") {
    return (
      <span
        className="flex h-7 items-center gap-1.5 rounded-full px-2.5 text-[12px] text-ink-2"
        role="status"
      >
        <span
          className={cx(
            "size-2 rounded-full",
            past ? "bg-[var(--state-pending)]" : "bg-[var(--state-running)]",
          )}
        />
        {past ? "Looking back" : canWrite ? "Live" : "Live, read only"}
      </span>
    );
  }
  const left =
    link.phase === "waiting" ? Math.max(0, Math.ceil((link.retryAt - performance.now()) / 1000)) : 0;
  const words =
    link.phase === "connecting"
      ? "Connecting…"
      : link.phase === "closed"
        ? link.reason
        : left
          ? `Reconnecting ${left} s…`
          : "Reconnecting…";
  return (
    <Tip label={link.phase === "waiting" ? `${link.reason}. Click to try now.` : words}>
      <button
        type="button"
        onClick={() => session.link.retryNow()}
        className="flex h-7 items-center gap-1.5 rounded-full bg-warn-soft px-2.5 text-[12px] font-medium text-warn"
      >
        <span className="size-2 rounded-full bg-warn" style={{ animation: "breathe 1.2s infinite" }} />
        <span role="status">{words}</span>
      </button>
    </Tip>
  );
}

const THEMES: Record<ThemeChoice, { next: ThemeChoice; label: string }> = {
  system: { next: "light", label: "Theme: as the system" },
  light: { next: "dark", label: "Theme: light" },
  dark: { next: "system", label: "Theme: dark" },
};

export function ThemeSwitch() {
  const theme = useUi(s => s.theme);
  const Icon = theme === "dark" ? Moon : theme === "light" ? Sun : SunMoon;
  return (
    <IconButton label={THEMES[theme].label} onClick={() => ui.set({ theme: THEMES[theme].next })}>
      <Icon size={16} />
    </IconButton>
  );
}
