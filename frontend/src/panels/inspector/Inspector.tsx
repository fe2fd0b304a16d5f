/** The inspector: what the selected object is, why it is so, and what can be done. */
import { MoreHorizontal, X } from "lucide-react";
import { Tabs } from "radix-ui";
import { commandsFor } from "@/actions/commands";
import { openYaml } from "@/actions/documents";
import { named } from "@/actions/look";
import { type Ref, select, type Tab, ui, useUi } from "@/store/ui";
import { useTables } from "@/store/views";
import { Button, IconButton } from "@/ui/Button";
import { Empty } from "@/ui/bits";
import { Menu } from "@/ui/Menu";
import { mapRef, useSession } from "../context";
import { Conditions } from "./Conditions";
import { Containers } from "./Containers";
import { ObjectEvents } from "./ObjectEvents";
import { Relations } from "./Relations";
import { Summary } from "./Summary";
import { useLive } from "./useLive";
import { Why } from "./Why";

const TITLES: Record<Tab, string> = {
  summary: "Summary",
  why: "Why?",
  conditions: "Conditions",
  containers: "Containers",
  events: "Events",
  relations: "Relations",
  yaml: "YAML",
};

function tabsOf(kind: Ref["kind"]): Tab[] {
  switch (kind) {
    case "pod":
      return ["summary", "why", "conditions", "containers", "events", "relations"];
    case "node":
    case "workload":
      return ["summary", "conditions", "events", "relations"];
    case "service":
      return ["summary", "events", "relations"];
    case "component":
      return ["summary"];
    default:
      return ["summary", "events"];
  }
}

export function Inspector() {
  const selection = useUi(s => s.selection);
  const open = useUi(s => s.inspector);
  if (!open || !selection) return null;
  return (
    <aside
      aria-label="Inspector"
      className="enter-left flex w-[408px] shrink-0 flex-col border-l border-line bg-panel max-md:absolute max-md:inset-y-0 max-md:right-0 max-md:z-20 max-md:w-[min(408px,92vw)] max-md:shadow-float"
    >
      <Body key={selection.id} of={selection} />
    </aside>
  );
}

function Body({ of }: { of: Ref }) {
  const session = useSession();
  useTables(session.views, "pods", "nodes", "workloads", "services", "components");
  const tab = useUi(s => s.tab);
  const offline = useUi(s => s.link.phase !== "live" || !s.canWrite);
  const object = named(session, of);
  const live = useLive(session, of);
  const tabs = tabsOf(of.kind);
  const current = tabs.includes(tab) ? tab : "summary";
  const name =
    object?.name ?? (of.kind === "component" ? (session.model.components.get(of.id)?.name ?? of.id) : "");
  const commands = commandsFor(session, of, mapRef.current);
  const yaml = commands.find(c => c.id === "yaml");
  return (
    <Tabs.Root
      value={current}
      onValueChange={value => ui.set({ tab: value as Tab })}
      className="flex min-h-0 flex-1 flex-col"
      onKeyDown={event => event.key === "Escape" && select(null)}
    >
      <header className="flex items-start gap-1 px-4 pb-2 pt-3.5">
        <div className="min-w-0 flex-1">
          <p className="eyebrow m-0">
            {object?.kind ?? (of.kind === "component" ? "Component" : of.kind)}
            {object?.ns && <span className="normal-case tracking-normal"> · {object.ns}</span>}
          </p>
          <h2 className="m-0 mt-0.5 break-all text-[16px] font-semibold leading-snug tracking-[-0.01em]">
            {name || "Gone"}
          </h2>
        </div>
        {yaml && (
          <Button size="sm" onClick={() => openYaml(session, of)}>
            YAML
          </Button>
        )}
        <Menu entries={commands.map(c => ({ ...c, disabled: offline && !c.local }))}>
          <IconButton label="Commands" size="sm">
            <MoreHorizontal size={16} />
          </IconButton>
        </Menu>
        <IconButton label="Close" size="sm" onClick={() => select(null)}>
          <X size={16} />
        </IconButton>
      </header>
      {tabs.length > 1 && (
        <Tabs.List
          aria-label="About this object"
          className="flex gap-0.5 overflow-x-auto border-b border-line px-3"
        >
          {tabs.map(t => (
            <Tabs.Trigger
              key={t}
              value={t}
              className="-mb-px border-b-2 border-transparent px-[6px] pb-2 pt-1 text-[12.5px] tracking-[-0.005em] font-medium text-ink-2 transition-colors hover:text-ink focus-visible:-outline-offset-2 data-[state=active]:border-accent data-[state=active]:text-ink"
            >
              {TITLES[t]}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
      )}
      {!object && of.kind !== "component" ? (
        <Empty title="It is gone">The object was deleted. Select another on the map.</Empty>
      ) : (
        tabs.map(t => (
          <Tabs.Content key={t} value={t} className="min-h-0 flex-1 overflow-auto px-4 py-3.5 outline-none">
            {t === current && <Content tab={t} of={of} live={live} />}
          </Tabs.Content>
        ))
      )}
    </Tabs.Root>
  );
}

function Content({ tab, of, live }: { tab: Tab; of: Ref; live: ReturnType<typeof useLive> }) {
  switch (tab) {
    case "summary":
      return <Summary of={of} live={live} />;
    case "why":
      return <Why of={of} />;
    case "conditions":
      return <Conditions live={live} />;
    case "containers":
      return <Containers of={of} live={live} />;
    case "events":
      return <ObjectEvents of={of} />;
    case "relations":
      return <Relations of={of} />;
    default:
      return null;
  }
}
