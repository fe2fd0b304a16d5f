/** The failure palette: what can be broken, what Kubernetes will do about it, and what is broken just now. */
import { Box, Cpu, Server, Zap } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import { COMPONENT_STORY, FAULT_KINDS, type FaultKind, inject } from "@/actions/faults";
import { openSide, useUi } from "@/store/ui";
import { useTables } from "@/store/views";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { SidePanel } from "@/ui/SidePanel";
import { useSession } from "./context";
import { FaultLine } from "./FaultTray";

const DURATIONS = [
  { value: "", label: "until healed" },
  { value: "30s", label: "30 s" },
  { value: "2m", label: "2 min" },
  { value: "10m", label: "10 min" },
];

const GROUPS: { target: FaultKind["target"]; title: string; icon: ReactNode }[] = [
  { target: "node", title: "Nodes", icon: <Server size={15} /> },
  { target: "pod", title: "Pods", icon: <Box size={15} /> },
  { target: "component", title: "Control plane", icon: <Cpu size={15} /> },
];

export default function Failures() {
  return (
    <SidePanel label="Failures" title="Break something" onClose={() => openSide(null)}>
      <p className="m-0 mb-3 text-[12.5px] text-ink-2">
        Faults act on the machines under Kubernetes, not on its objects. It has to find out by itself.
      </p>
      <Active />
      {GROUPS.map(g => (
        <section key={g.target} className="mt-4">
          <p className="eyebrow m-0 mb-1.5 flex items-center gap-1.5">
            {g.icon}
            {g.title}
          </p>
          <Kinds target={g.target} />
        </section>
      ))}
    </SidePanel>
  );
}

/** What can be done to one sort of target; the chosen one below. */
function Kinds({ target }: { target: FaultKind["target"] }) {
  const kinds = FAULT_KINDS.filter(k => k.target === target);
  const [chosen, setChosen] = useState(kinds[0]!.kind);
  return (
    <>
      {kinds.length > 1 && (
        <div className="mb-2 flex flex-wrap gap-1.5">
          {kinds.map(k => (
            <button
              key={k.kind}
              type="button"
              aria-pressed={k.kind === chosen}
              onClick={() => setChosen(k.kind)}
              className={cx(
                "h-7 rounded-full border px-2.5 text-[12px] font-medium",
                k.kind === chosen
                  ? "border-transparent bg-bad-soft text-bad"
                  : "border-line-strong text-ink-2 hover:bg-hover hover:text-ink",
              )}
            >
              {k.title}
            </button>
          ))}
        </div>
      )}
      <Injector key={chosen} kind={kinds.find(k => k.kind === chosen)!} />
    </>
  );
}

function Injector({ kind }: { kind: FaultKind }) {
  const session = useSession();
  const version = useTables(session.views, "nodes", "pods", "components", "faults");
  const selection = useUi(s => s.selection);
  const offline = useUi(s => s.link.phase !== "live" || !s.canWrite);
  const [chosen, setChosen] = useState("");
  const [duration, setDuration] = useState("");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is read anew for each version
  const targets = useMemo(() => targetsOf(kind, session), [kind, session, version]);
  const selected = selection ? nameOf(kind, session, selection.id) : "";
  const fallback = targets.find(t => !isControlPlane(session, t)) ?? targets[0] ?? "";
  const target = targets.includes(chosen) ? chosen : targets.includes(selected) ? selected : fallback;
  const radius = useBlastRadius(kind, target);
  return (
    <div className="rounded-xl border border-line p-3">
      <div className="flex items-center justify-between gap-2">
        <span className="font-medium">{kind.title}</span>
        <Button
          size="sm"
          className="text-bad"
          aria-label={`${kind.title}: ${target}`}
          disabled={offline || !target}
          onClick={() => inject(session, kind.kind, target, duration || undefined)}
        >
          <Zap size={13} aria-hidden="true" /> {kind.title}
        </Button>
      </div>
      <p className="m-0 mt-1 text-[12px] leading-snug text-ink-2">
        {kind.kind === "component-stop" ? (COMPONENT_STORY[target] ?? kind.story) : kind.story}
      </p>
      <div className="mt-2 flex gap-1.5">
        <select
          aria-label={`${kind.title}: target`}
          value={target}
          onChange={e => setChosen(e.target.value)}
          className="h-7 min-w-0 flex-1 rounded-lg border border-line-strong bg-raised px-1.5 text-[12px]"
        >
          {targets.length === 0 && <option value="">nothing to break</option>}
          {targets.slice(0, 500).map(t => (
            <option key={t}>{t}</option>
          ))}
        </select>
        {!kind.once && (
          <select
            aria-label={`${kind.title}: duration`}
            value={duration}
            onChange={e => setDuration(e.target.value)}
            className="h-7 rounded-lg border border-line-strong bg-raised px-1.5 text-[12px]"
          >
            {DURATIONS.map(d => (
              <option key={d.value} value={d.value}>
                {d.label}
              </option>
            ))}
          </select>
        )}
      </div>
      {radius && <p className="m-0 mt-1.5 text-[11.5px] text-ink-3">{radius}</p>}
    </div>
  );
}

function targetsOf(kind: FaultKind, session: ReturnType<typeof useSession>): string[] {
  const { model } = session;
  const broken = new Set([...model.faults.values()].filter(f => f.kind === kind.kind).map(f => f.target));
  let names: string[];
  if (kind.target === "node")
    names = [...model.nodes.values()].filter(n => n.power === "on").map(n => n.name);
  else if (kind.target === "pod") {
    names = [];
    for (const i of model.pods.indices())
      if (model.pods.node[i]! >= 0) names.push(`${model.pods.ns[i]}/${model.pods.name[i]}`);
  } else {
    names = ["kube-scheduler", "kube-controller-manager"];
  }
  const free = names.filter(n => kind.target === "pod" || !broken.has(n));
  return kind.target === "component"
    ? free
    : free.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

function isControlPlane(session: ReturnType<typeof useSession>, name: string): boolean {
  const i = session.model.nodeByName.get(name);
  return i !== undefined && session.model.nodes.at(i)?.role === "control-plane";
}

function nameOf(kind: FaultKind, session: ReturnType<typeof useSession>, id: string): string {
  const { model } = session;
  if (kind.target === "node") return model.nodes.get(id)?.name ?? "";
  if (kind.target === "pod") {
    const pod = model.pods.get(id);
    return pod ? `${pod.ns}/${pod.name}` : "";
  }
  return id;
}

function useBlastRadius(kind: FaultKind, target: string): string {
  const session = useSession();
  const { pods, nodeByName } = session.model;
  if (kind.target !== "node" || !target) return "";
  const index = nodeByName.get(target);
  let count = 0;
  const workloads = new Set<string>();
  for (const i of pods.indices()) {
    if (pods.node[i] !== index) continue;
    count++;
    workloads.add(`${pods.ns[i]}/${pods.workload[i]}`);
  }
  return `Hits ${count} pod${count === 1 ? "" : "s"} of ${workloads.size} workload${workloads.size === 1 ? "" : "s"}.`;
}

function Active() {
  const session = useSession();
  useTables(session.views, "faults");
  const faults = session.model.faults.list();
  if (!faults.length) return null;
  return (
    <div className="rounded-xl bg-bad-soft p-1.5">
      {faults.map(f => (
        <FaultLine key={f.id} fault={f} />
      ))}
    </div>
  );
}
