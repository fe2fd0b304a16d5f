/** What people do to nodes: cordon, drain, remove, power, add. */
import { StatusError, toFailure } from "@/net/errors";
import { KNOWN, resourcePath } from "@/protocol/kube";
import type { Node, Pod } from "@/protocol/rows";
import { STATE } from "@/store/pods";
import { setDrain, toast, ui } from "@/store/ui";
import { swap, takeBack } from "./inverse";
import { evict } from "./pods";
import { run } from "./run";
import type { ClusterSession } from "./session";

const NODE = KNOWN.Node!;

function nodePath(name: string): string {
  return resourcePath(NODE, undefined, name);
}

export function setCordon(session: ClusterSession, node: Node, on: boolean): void {
  void run({
    title: `${on ? "Cordon" : "Uncordon"} ${node.name}`,
    command: `kubectl ${on ? "cordon" : "uncordon"} ${node.name}`,
    run: () =>
      session.kube.patch(nodePath(node.name), { spec: { unschedulable: on ? true : null } }, "strategic"),
    undo: {
      command: `kubectl ${on ? "uncordon" : "cordon"} ${node.name}`,
      run: () =>
        takeBack(
          session.kube.patch(
            nodePath(node.name),
            swap("/spec/unschedulable", on || undefined, !on || undefined),
            "json",
          ),
        ),
    },
  });
}

export function setPower(session: ClusterSession, node: Node, on: boolean): void {
  if (on) {
    const fault = [...session.model.faults.values()].find(
      f => f.target === node.name && f.kind === "node-power",
    );
    void run({
      title: `Power on ${node.name}`,
      command: fault ? `manage.py cluster heal ${session.name} ${fault.id}` : `power on ${node.name}`,
      run: () => (fault ? session.api.heal(fault.id) : session.api.patchMachine(node.name, { power: "on" })),
    });
    return;
  }
  void run({
    title: `Power off ${node.name}`,
    command: `manage.py cluster fault ${session.name} node-power ${node.name}`,
    run: () => session.api.inject({ kind: "node-power", target: node.name }),
  });
}

export function setKubelet(session: ClusterSession, node: Node, on: boolean): void {
  const fault = [...session.model.faults.values()].find(
    f => f.target === node.name && f.kind === "kubelet-stop",
  );
  void run({
    title: `${on ? "Start" : "Stop"} the kubelet on ${node.name}`,
    command: on
      ? `manage.py cluster heal ${session.name} ${fault?.id ?? ""}`.trim()
      : `manage.py cluster fault ${session.name} kubelet-stop ${node.name}`,
    run: () => {
      if (!on) return session.api.inject({ kind: "kubelet-stop", target: node.name });
      return fault ? session.api.heal(fault.id) : session.api.patchMachine(node.name, { kubelet: "running" });
    },
  });
}

export function addNode(session: ClusterSession, zone?: string): void {
  void run({
    title: "Add a node",
    command: `POST ${session.api.base}/machines`,
    run: () => session.api.addMachine(zone ? { zone } : {}),
    done: machine => (machine?.name ? `${machine.name} is booting` : "A node is booting"),
    undo: {
      command: "take the machine away and kubectl delete node, unless pods run on it",
      run: async machine => {
        const name = machine?.name ?? "";
        const node = session.model.nodes.at(session.model.nodeByName.get(name) ?? -1);
        if (node && evictable(session, node).length)
          throw new Error(`Pods run on ${name} by now: drain it instead.`);
        await removeMachineAndNode(session, name);
      },
    },
  });
}

/** Pods that a drain evicts: not those of DaemonSets, not static ones, not finished ones. */
export function evictable(session: ClusterSession, node: Node): Pod[] {
  const { pods, nodes } = session.model;
  const index = nodes.index.get(node.id);
  const found: Pod[] = [];
  for (const i of pods.indices()) {
    if (pods.node[i] !== index) continue;
    const state = pods.state[i]!;
    if (state === STATE.succeeded || state === STATE.failed) continue;
    const pod = pods.row(i);
    if (pod.workload.startsWith("DaemonSet/") || nodes.get(pod.owner)) continue;
    found.push(pod);
  }
  return found;
}

const RETRY_MS = 1500;
const POLL_MS = 200;

/** Cordon, evict within budgets, and if wanted take the machine and the Node object away. Progress is in `ui.drains`. */
export async function drain(session: ClusterSession, node: Node, remove: boolean): Promise<void> {
  if (ui.get().drains[node.name]) return;
  let cancelled = false;
  const targets = evictable(session, node);
  setDrain(node.name, {
    node: node.name,
    phase: "cordon",
    total: targets.length,
    left: targets.length,
    message: "Cordoning",
    cancel: () => {
      cancelled = true;
    },
  });
  const command = `kubectl drain ${node.name} --ignore-daemonsets --delete-emptydir-data${remove ? ` && kubectl delete node ${node.name}` : ""}`;
  const finished = await run({
    title: remove ? `Remove ${node.name}` : `Drain ${node.name}`,
    command,
    run: async () => {
      await session.kube.patch(nodePath(node.name), { spec: { unschedulable: true } }, "strategic");
      await evictAll(session, node, () => cancelled);
      if (cancelled) return "cancelled";
      if (remove) {
        setDrain(node.name, { phase: "delete", message: "Deleting the node" });
        await removeMachineAndNode(session, node.name);
      }
      return "done";
    },
  });
  if (finished === "cancelled") {
    toast({
      tone: "plain",
      title: `Stopped draining ${node.name}`,
      detail: "It stays cordoned; evicted pods are not put back.",
    });
  } else if (finished === "done") {
    toast({ tone: "ok", title: remove ? `${node.name} left the cluster` : `${node.name} is drained` });
  }
  setDrain(node.name, null);
}

async function evictAll(session: ClusterSession, node: Node, cancelled: () => boolean): Promise<void> {
  setDrain(node.name, { phase: "evict", message: "Evicting pods" });
  const asked = new Set<string>();
  for (;;) {
    if (cancelled()) return;
    const left = evictable(session, node);
    setDrain(node.name, {
      left: left.length,
      message: left.length ? `${left.length} pods to go` : "Drained",
    });
    if (!left.length) return;
    let refused = "";
    for (const pod of left) {
      if (asked.has(pod.id) || cancelled()) continue;
      try {
        await evict(session, pod);
        asked.add(pod.id);
      } catch (error) {
        if (error instanceof StatusError && error.status.code === 404) asked.add(pod.id);
        else if (error instanceof StatusError && error.status.code === 429) refused = error.message;
        else throw error;
      }
    }
    if (refused) setDrain(node.name, { phase: "wait", message: refused });
    await pause(refused ? RETRY_MS : POLL_MS);
  }
}

/** The machine first: its kubelet would register the Node again. */
async function removeMachineAndNode(session: ClusterSession, name: string): Promise<void> {
  await session.api.removeMachine(name).catch(tolerate404);
  await session.kube.delete(nodePath(name)).catch(tolerate404);
}

function tolerate404(error: unknown): void {
  if (toFailure(error).code !== 404) throw error;
}

/** Without asking anybody: the machine goes dark; Kubernetes finds out by itself. */
export function pullThePlug(session: ClusterSession, node: Node): void {
  setPower(session, node, false);
}

function pause(ms: number): Promise<void> {
  return new Promise(done => setTimeout(done, ms));
}
