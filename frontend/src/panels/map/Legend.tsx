/** Lens and legend: what the fill of a tile says; a click shows only that. */
import { ChevronDown, X } from "lucide-react";
import { useMemo } from "react";
import { POD_STATES, type PodState } from "@/protocol/rows";
import { LENSES, lensColor, lensLabel } from "@/render/lens";
import { ui, useUi } from "@/store/ui";
import { useTables } from "@/store/views";
import { cx } from "@/ui/cx";
import { Menu } from "@/ui/Menu";
import { StateTile } from "@/ui/StateTile";
import { useSession } from "../context";
import type { Stage } from "./stage";

const WORDS: Record<PodState, string> = {
  running: "Running",
  creating: "Creating",
  pending: "Pending",
  notready: "Not ready",
  crash: "Crashing",
  failed: "Failed",
  succeeded: "Succeeded",
  terminating: "Terminating",
  unknown: "Unknown",
};

interface Entry {
  key: string;
  label: string;
  count: number;
  color: string;
  state?: PodState;
}

const SHOWN = 9;

export function Legend({ stage }: { stage: Stage }) {
  const session = useSession();
  const lens = useUi(s => s.lens);
  const filter = useUi(s => s.filter);
  const version = useTables(session.views, "pods");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is read anew for each version
  const entries = useMemo(() => {
    const { model } = stage.session;
    const { pods } = model;
    const found = new Map<string, Entry>();
    for (const i of pods.indices()) {
      const state = POD_STATES[pods.state[i]!]!;
      const key = lens === "status" ? state : lensLabel(lens, model, i);
      const entry = found.get(key);
      if (entry) entry.count++;
      else {
        const color =
          lens === "status" ? `var(--state-${state})` : `var(--lens-${lensColor(lens, model, i) % 10})`;
        const label = lens === "status" ? WORDS[state] : key;
        found.set(key, { key, label, count: 1, color, state: lens === "status" ? state : undefined });
      }
    }
    const list = [...found.values()];
    if (lens === "status") {
      return list.sort((a, b) => POD_STATES.indexOf(a.state!) - POD_STATES.indexOf(b.state!));
    }
    return list.sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
  }, [version, lens, stage]);
  if (!entries.length) return null;
  const toggle = (key: string) =>
    ui.set({ filter: filter.includes(key) ? filter.filter(k => k !== key) : [...filter, key] });
  const more = entries.length - SHOWN;
  return (
    <section
      aria-label="Legend"
      className="absolute bottom-3 left-3 flex max-w-[calc(100%-190px)] flex-wrap items-center gap-0.5 rounded-xl border border-line bg-raised/95 p-1 shadow-float"
    >
      <Menu
        align="start"
        entries={LENSES.map(l => ({
          id: l.name,
          title: l.title,
          run: () => ui.set({ lens: l.name, filter: [] }),
        }))}
      >
        <button
          type="button"
          className="flex h-7 items-center gap-1 rounded-lg px-2 text-[12px] font-medium text-ink-2 hover:bg-hover hover:text-ink"
        >
          {LENSES.find(l => l.name === lens)!.title}
          <ChevronDown size={13} aria-hidden="true" />
        </button>
      </Menu>
      <span className="mx-0.5 h-4 w-px bg-line" />
      {entries.slice(0, SHOWN).map(entry => {
        const on = filter.includes(entry.key);
        return (
          <button
            key={entry.key}
            type="button"
            aria-pressed={on}
            onClick={() => toggle(entry.key)}
            className={cx(
              "flex h-7 items-center gap-1.5 rounded-lg px-2 text-[12px] transition-colors hover:bg-hover",
              on ? "bg-accent-soft text-accent" : filter.length ? "text-ink-3" : "text-ink-2",
            )}
          >
            {entry.state ? (
              <StateTile state={entry.state} size={14} />
            ) : (
              <span className="size-3 rounded-[3px]" style={{ background: entry.color }} />
            )}
            <span className="max-w-36 truncate">{entry.label}</span>
            <span className="num font-mono text-[11px] text-ink-3">{entry.count.toLocaleString("en")}</span>
          </button>
        );
      })}
      {more > 0 && <span className="px-2 text-[12px] text-ink-3">and {more} more</span>}
      {filter.length > 0 && (
        <button
          type="button"
          aria-label="Show all"
          onClick={() => ui.set({ filter: [] })}
          className="flex size-7 items-center justify-center rounded-lg text-ink-3 hover:bg-hover hover:text-ink"
        >
          <X size={14} />
        </button>
      )}
    </section>
  );
}
