/** Ctrl-K: objects and commands by typing. */
import { Search } from "lucide-react";
import { Dialog } from "radix-ui";
import type { ReactNode } from "react";
import { useEffect, useMemo, useRef, useState } from "react";
import { type Command, commandsFor, globalCommands } from "@/actions/commands";
import type { ClusterSession } from "@/actions/session";
import { POD_STATES } from "@/protocol/rows";
import { type Ref, select, ui, useUi } from "@/store/ui";
import { cx } from "@/ui/cx";
import { Keys } from "@/ui/Keys";
import { StateTile } from "@/ui/StateTile";
import { mapRef, useSession } from "./context";

interface Hit {
  id: string;
  title: string;
  note: string;
  icon?: ReactNode;
  keys?: string;
  danger?: boolean;
  disabled?: boolean;
  run: () => void;
}

const LIMIT = 40;

/** Every word must occur; earlier and closer to a word's start is better. Below 0: no match. */
export function score(text: string, query: string): number {
  const hay = text.toLowerCase();
  let total = 0;
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const at = hay.indexOf(word);
    if (at < 0) return -1;
    const start = at === 0 || /[\s\-/.]/.test(hay[at - 1]!);
    total += 100 - Math.min(60, at) + (start ? 40 : 0) - hay.length * 0.1;
  }
  return total;
}

function objects(session: ClusterSession, query: string): Hit[] {
  const { model } = session;
  const found: { hit: Hit; score: number }[] = [];
  const consider = (ref: Ref, title: string, note: string, bonus: number, icon?: ReactNode) => {
    const points = score(`${title} ${note}`, query);
    if (points < 0) return;
    found.push({
      score: points + bonus,
      hit: {
        id: ref.id,
        title,
        note,
        icon,
        run: () => {
          select(ref);
          if (ui.get().view === "map") mapRef.current?.focus(ref.id);
        },
      },
    });
  };
  for (const n of model.nodes.values()) consider({ kind: "node", id: n.id }, n.name, "Node", 30);
  for (const w of model.workloads.values())
    consider({ kind: "workload", id: w.id }, w.name, `${w.kind} in ${w.ns}`, w.owner ? 0 : 25);
  for (const s of model.services.values())
    consider({ kind: "service", id: s.id }, s.name, `Service in ${s.ns}`, 15);
  for (const c of model.configs.values())
    consider({ kind: "config", id: c.id }, c.name, `${c.kind} in ${c.ns}`, 0);
  const { pods } = model;
  for (const i of pods.indices()) {
    consider(
      { kind: "pod", id: pods.id[i]! },
      pods.name[i]!,
      `Pod in ${pods.ns[i]}`,
      5,
      <StateTile state={POD_STATES[pods.state[i]!]!} size={15} />,
    );
  }
  return found
    .sort((a, b) => b.score - a.score)
    .slice(0, LIMIT)
    .map(f => f.hit);
}

export function Palette() {
  const open = useUi(s => s.palette);
  return (
    <Dialog.Root open={open} onOpenChange={next => ui.set({ palette: next })}>
      <Dialog.Portal>
        <Dialog.Overlay className="enter-fade fixed inset-0 z-40 bg-black/30" />
        <Dialog.Content
          aria-describedby={undefined}
          className="enter-rise fixed left-1/2 top-[12vh] z-50 flex max-h-[64vh] w-[620px] max-w-[94vw] -translate-x-1/2 flex-col overflow-hidden rounded-2xl border border-line bg-panel shadow-float outline-none"
        >
          <Dialog.Title className="sr-only">Search or run a command</Dialog.Title>
          <Body />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Body() {
  const session = useSession();
  const selection = useUi(s => s.selection);
  const offline = useUi(s => s.link.phase !== "live" || !s.canWrite);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const sections = useMemo(() => {
    const map = mapRef.current;
    const toHit = (c: Command): Hit => ({ ...c, note: c.group, disabled: offline && !c.local });
    const matches = (commands: Command[]) => {
      const scored = commands
        .map(c => ({ c, points: query ? score(`${c.title} ${c.group}`, query) : 0 }))
        .filter(x => x.points >= 0);
      return (query ? scored.sort((a, b) => b.points - a.points) : scored).map(x => toHit(x.c));
    };
    const own = selection ? matches(commandsFor(session, selection, map)) : [];
    const global = matches(globalCommands(session, map));
    return [
      { title: "Selected", hits: own },
      ...(query ? [{ title: "Objects", hits: objects(session, query) }] : []),
      { title: "Commands", hits: query ? global.slice(0, 12) : global },
    ].filter(s => s.hits.length > 0);
  }, [session, selection, query, offline]);
  const flat = sections.flatMap(s => s.hits);
  const current = Math.min(at, flat.length - 1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: typing goes back to the top
  useEffect(() => setAt(0), [query]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chosen line stays in sight
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [current]);
  const runHit = (hit: Hit | undefined) => {
    if (!hit || hit.disabled) return;
    ui.set({ palette: false });
    hit.run();
  };
  let n = -1;
  return (
    <>
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <Search size={17} className="text-ink-3" aria-hidden="true" />
        <input
          // biome-ignore lint/a11y/noAutofocus: the dialog exists to be typed into
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={current >= 0 ? `palette-${current}` : undefined}
          aria-label="Search or run a command"
          placeholder="A pod, a node, a command…"
          value={query}
          onChange={e => setQuery(e.target.value)}
          onKeyDown={e => {
            if (e.key === "ArrowDown") setAt(Math.min(flat.length - 1, current + 1));
            else if (e.key === "ArrowUp") setAt(Math.max(0, current - 1));
            else if (e.key === "Enter") runHit(flat[current]);
            else return;
            e.preventDefault();
          }}
          className="h-12 flex-1 bg-transparent text-[15px] outline-none placeholder:text-ink-3"
        />
        <Keys keys="Esc" />
      </div>
      <div
        ref={list}
        id="palette-list"
        role="listbox"
        aria-label="Results"
        className="min-h-0 flex-1 overflow-auto p-1.5"
      >
        {flat.length === 0 && (
          <p className="m-0 px-3 py-6 text-center text-ink-3">Nothing is called “{query}”.</p>
        )}
        {sections.map(section => (
          <div key={section.title} role="group" aria-label={section.title}>
            <p className="eyebrow m-0 px-2.5 pb-1 pt-2">{section.title}</p>
            {section.hits.map(hit => {
              n++;
              const index = n;
              return (
                // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the input
                <div
                  key={hit.id}
                  id={`palette-${index}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={index === current}
                  aria-disabled={hit.disabled}
                  onPointerMove={() => setAt(index)}
                  onClick={() => runHit(hit)}
                  className={cx(
                    "flex cursor-default items-center gap-2.5 rounded-lg px-2.5 py-1.5",
                    index === current && "bg-hover",
                    hit.disabled && "opacity-40",
                    hit.danger && "text-bad",
                  )}
                >
                  {hit.icon}
                  <span className="min-w-0 flex-1 truncate">{hit.title}</span>
                  {section.title === "Objects" && (
                    <span className="shrink-0 text-[12px] text-ink-3">{hit.note}</span>
                  )}
                  {hit.keys && <Keys keys={hit.keys} />}
                </div>
              );
            })}
          </div>
        ))}
      </div>
    </>
  );
}
