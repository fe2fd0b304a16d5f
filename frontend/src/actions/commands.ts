/**
 * Every command of the page, once. Palette, context menu, inspector, list rows and keyboard all show and run these, so
 * that whatever a drag does can be done without one.
 */
import { KNOWN } from "@/protocol/kube";
import type { Pod } from "@/protocol/rows";
import { useHistory } from "@/store/history";
import { openSide, type Ref, select, ui } from "@/store/ui";
import type { Carried, Landing } from "@/tools/carry";
import { nudgeSpeed, SPEEDS, setSpeed, speedLabel, step, togglePause } from "./clock";
import { openYaml } from "./documents";
import { faultWords, heal, startComponent, stopComponent } from "./faults";
import { describe, named } from "./look";
import { addNode, drain, setCordon, setKubelet, setPower } from "./nodes";
import { crashPod, deletePod, evictPod } from "./pods";
import type { ClusterSession } from "./session";
import { redo, undo, undoWords } from "./undo";
import { deleteObject, restart, scalable, scale, setPaused } from "./workloads";

export interface Command {
  id: string;
  title: string;
  group: string;
  /** as shown on a key cap */
  keys?: string;
  danger?: boolean;
  /** does not change the cluster, so it works without a connection too */
  local?: boolean;
  run: () => void;
}

/** What the map itself offers; panels may be mounted without one. */
export interface MapControl {
  /** something is carried over the map from beside it; null: it is not over the map */
  carry(item: Carried, x: number, y: number): Landing | null;
  /** it was put down, or taken away again */
  endCarry(): void;
  fit(): void;
  focus(id: string): void;
  zoom(factor: number): void;
  tidy(): void;
  /** where people put node cards, by node name */
  setLayout(moved: Map<string, { x: number; y: number }>): void;
  startMove(pod: Pod): void;
}

/** Commands for an object. */
export function commandsFor(session: ClusterSession, ref: Ref, map: MapControl | null): Command[] {
  const list: Command[] = [];
  const add = (id: string, title: string, run: () => void, more: Partial<Command> = {}) =>
    list.push({ id, title, group: "Object", run, ...more });
  switch (ref.kind) {
    case "pod":
      podCommands(session, ref, map, add);
      break;
    case "node":
      nodeCommands(session, ref, add);
      break;
    case "workload":
      workloadCommands(session, ref, add);
      break;
    case "component":
      componentCommands(session, ref, add);
      break;
    case "service":
    case "config":
      add("yaml", "Open YAML", () => openYaml(session, ref), { keys: "E", local: true });
      deletion(session, ref, add);
      break;
    case "namespace":
      add("yaml", "Open YAML", () => openYaml(session, ref), { keys: "E", local: true });
      break;
  }
  if (ref.kind === "pod" || ref.kind === "node")
    add(
      "break",
      "Break it…",
      () => {
        ui.set({ selection: ref });
        openSide("failures");
      },
      { keys: "X", local: true },
    );
  if (ref.kind !== "component")
    add("audit", "Show its requests in the audit log", () => openAudit(session, ref), { local: true });
  if (map) add("focus", "Show on the map", () => showOnMap(map, ref), { keys: "F", local: true });
  // What cannot be undone comes last.
  return [...list.filter(c => !c.danger), ...list.filter(c => c.danger)];
}

type Add = (id: string, title: string, run: () => void, more?: Partial<Command>) => void;

function podCommands(session: ClusterSession, ref: Ref, map: MapControl | null, add: Add): void {
  const pod = session.model.pods.get(ref.id);
  if (!pod) return;
  if (pod.state !== "running" && pod.state !== "succeeded") {
    add("why", "Why is it not running?", () => select(ref, "why"), { keys: "W", local: true });
  }
  if (map)
    add("move", pod.node ? "Move to another node…" : "Bind to a node…", () => map.startMove(pod), {
      keys: "M",
    });
  add("logs", "Show logs", () => openLogs(pod), { keys: "L", local: true });
  add("yaml", "Open YAML", () => openYaml(session, ref), { keys: "E", local: true });
  if (pod.node) add("crash", "Crash its containers", () => crashPod(session, pod));
  if (pod.node && pod.owner) add("evict", "Evict", () => evictPod(session, pod));
  add("delete", "Delete", () => deletePod(session, pod), { keys: "Del", danger: true });
  add("kill", "Delete now, without grace", () => deletePod(session, pod, true), { danger: true });
}

function nodeCommands(session: ClusterSession, ref: Ref, add: Add): void {
  const node = session.model.nodes.get(ref.id);
  if (!node) return;
  add("cordon", node.cordoned ? "Uncordon" : "Cordon", () => setCordon(session, node, !node.cordoned), {
    keys: "C",
  });
  add("drain", "Drain", () => void drain(session, node, false), { keys: "D" });
  if (node.power !== "") {
    const on = node.power === "on";
    add("power", on ? "Power off" : "Power on", () => setPower(session, node, !on), { danger: on });
    if (on) {
      const runs = node.kubelet !== "stopped";
      add(
        "kubelet",
        runs ? "Stop the kubelet" : "Start the kubelet",
        () => setKubelet(session, node, !runs),
        {
          danger: runs,
        },
      );
    }
  }
  add("yaml", "Open YAML", () => openYaml(session, ref), { keys: "E", local: true });
  if (node.role === "worker") {
    add("remove", "Drain and remove from the cluster", () => void drain(session, node, true), {
      keys: "Del",
      danger: true,
    });
  }
}

function workloadCommands(session: ClusterSession, ref: Ref, add: Add): void {
  const w = session.model.workloads.get(ref.id);
  if (!w) return;
  add("yaml", "Open YAML", () => openYaml(session, ref), { keys: "E", local: true });
  if (scalable(w)) {
    add("more", `Scale up to ${w.desired + 1}`, () => scale(session, w, w.desired + 1), { keys: "+" });
    if (w.desired > 0)
      add("fewer", `Scale down to ${w.desired - 1}`, () => scale(session, w, w.desired - 1), { keys: "-" });
    add("ten", "Scale to 10", () => scale(session, w, 10));
    if (w.desired > 0) add("none", "Scale to 0", () => scale(session, w, 0));
  }
  if (["Deployment", "StatefulSet", "DaemonSet"].includes(w.kind)) {
    add("restart", "Restart (rolling)", () => restart(session, w));
  }
  if (w.kind === "Deployment")
    add("pause", w.paused ? "Resume rollout" : "Pause rollout", () => setPaused(session, w, !w.paused));
  deletion(session, ref, add);
}

function componentCommands(session: ClusterSession, ref: Ref, add: Add): void {
  const rows = [...session.model.components.values()].filter(c => c.id === ref.id || c.name === ref.id);
  const name = rows[0]?.name ?? ref.id;
  if (name === "kube-apiserver" || name === "etcd") return;
  const stopped = rows.length > 0 && rows.every(c => c.state !== "running");
  if (stopped) add("start", "Start", () => startComponent(session, name));
  else add("stop", "Stop", () => stopComponent(session, name), { danger: true });
}

function deletion(session: ClusterSession, ref: Ref, add: Add): void {
  const object = named(session, ref);
  if (object) {
    add("delete", "Delete", () => deleteObject(session, object.kind, object.ns, object.name), {
      keys: "Del",
      danger: true,
    });
  }
}

export function openLogs(pod: Pod): void {
  ui.set({ dock: "logs", logsOf: { ns: pod.ns, pod: pod.name, container: pod.containers[0]?.name ?? "" } });
}

/** Who asked the API for this object. */
function openAudit(session: ClusterSession, ref: Ref): void {
  const object = named(session, ref);
  const resource = object && KNOWN[object.kind];
  if (!object || !resource) return;
  const namespace = object.ns ? { namespace: object.ns } : {};
  ui.set({ dock: "audit", audit: { ...namespace, object: object.name, resource: resource.plural } });
}

function showOnMap(map: MapControl, ref: Ref): void {
  ui.set({ view: "map" });
  requestAnimationFrame(() => map.focus(ref.id));
}

/** Commands of the page and the cluster, for the palette. */
export function globalCommands(session: ClusterSession, map: MapControl | null): Command[] {
  const state = ui.get();
  const view = (id: string, title: string, run: () => void, keys?: string): Command => ({
    id,
    title,
    group: "View",
    keys,
    local: true,
    run,
  });
  const { past, future } = useHistory.getState();
  const list: Command[] = [
    ...(past.length
      ? [{ ...view("undo", `Undo ${undoWords(past.at(-1)!)}`, () => void undo(), "Ctrl-Z"), group: "Undo" }]
      : []),
    ...(future.length
      ? [
          {
            ...view("redo", `Redo ${future.at(-1)!.title}`, () => void redo(), "Ctrl-Shift-Z"),
            group: "Undo",
          },
        ]
      : []),
    view("map", "Go to the map", () => ui.set({ view: "map" }), "G"),
    view("list", "Go to the list", () => ui.set({ view: "list" }), "T"),
    view("failures", "Break something…", () => openSide("failures"), "X"),
    view("build", "Build: nodes, workloads, labels, taints, images…", () => openSide("build"), "B"),
    view("events", "Show events", () => ui.set({ dock: "events" })),
    view("activity", "Show what I did, as kubectl", () => ui.set({ dock: "activity" })),
    view("audit", "Show the audit log: every request to the API", () => ui.set({ dock: "audit", audit: {} })),
    ...(state.canShare ? [view("share", "Share this cluster…", () => ui.set({ share: true }))] : []),
    view("help", "Keyboard help", () => ui.set({ help: true }), "?"),
    view("packets", state.packets ? "Hide traffic" : "Show traffic", () =>
      ui.set({ packets: !state.packets }),
    ),
    view("light", "Light theme", () => ui.set({ theme: "light" })),
    view("dark", "Dark theme", () => ui.set({ theme: "dark" })),
    view("system", "Theme of the system", () => ui.set({ theme: "system" })),
  ];
  if (map) {
    list.push(
      view("fit", "Fit everything", () => map.fit(), "0"),
      view("tidy", "Tidy up the nodes", () => map.tidy()),
    );
  }
  list.push(
    {
      id: "new",
      title: "Apply new YAML…",
      group: "Cluster",
      local: true,
      run: () => openYaml(session, null),
    },
    { id: "add-node", title: "Add a node", group: "Cluster", keys: "N", run: () => addNode(session) },
    {
      id: "pause",
      title: "Pause or run time",
      group: "Time",
      keys: "Space",
      run: () => togglePause(session),
    },
    { id: "step", title: "Step to the next event", group: "Time", keys: ".", run: () => step(session) },
    { id: "faster", title: "Faster", group: "Time", keys: ">", run: () => nudgeSpeed(session, 1) },
    { id: "slower", title: "Slower", group: "Time", keys: "<", run: () => nudgeSpeed(session, -1) },
    ...SPEEDS.map(speed => ({
      id: `speed-${speed}`,
      title: `Time at ${speedLabel(speed)}`,
      group: "Time",
      run: () => setSpeed(session, speed),
    })),
  );
  for (const fault of session.model.faults.values()) {
    list.push({
      id: `heal-${fault.id}`,
      title: `Heal: ${faultWords(fault.kind).toLowerCase()} ${fault.target}`,
      group: "Failures",
      run: () => heal(session, fault),
    });
  }
  for (const name of ["kube-scheduler", "kube-controller-manager"]) {
    const rows = [...session.model.components.values()].filter(c => c.name === name);
    const stopped = rows.length > 0 && rows.every(c => c.state !== "running");
    list.push({
      id: `component-${name}`,
      title: `${stopped ? "Start" : "Stop"} ${name}`,
      group: "Failures",
      danger: !stopped,
      run: () => (stopped ? startComponent(session, name) : stopComponent(session, name)),
    });
  }
  return list;
}

/** Say something to screen readers. */
export function announce(session: ClusterSession, ref: Ref | null): void {
  if (ref) ui.set({ announcement: describe(session, ref) });
}
