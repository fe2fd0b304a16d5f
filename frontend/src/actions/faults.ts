/** Breaking things on purpose, and healing them. */
import type { Fault } from "@/protocol/rows";
import { run } from "./run";
import type { ClusterSession } from "./session";

export interface FaultKind {
  kind: string;
  target: "node" | "pod" | "component";
  title: string;
  /** what Kubernetes will do about it */
  story: string;
  /** an instant, not a state: it has no duration */
  once?: boolean;
}

export const FAULT_KINDS: readonly FaultKind[] = [
  {
    kind: "node-power",
    target: "node",
    title: "Power off",
    story:
      "Heartbeats stop. After about 40 s the node is NotReady, after 300 s more its pods are evicted and come up elsewhere.",
  },
  {
    kind: "kubelet-stop",
    target: "node",
    title: "Stop the kubelet",
    story:
      "Containers keep running, but nobody reports them: the node turns NotReady and its pods are replaced.",
  },
  {
    kind: "memory-pressure",
    target: "node",
    title: "Run low on memory",
    story:
      "Something beside the pods eats memory. The node is tainted, and the kubelet evicts one pod every 10 s: first those that take more than they asked for.",
  },
  {
    kind: "disk-pressure",
    target: "node",
    title: "Fill the disk",
    story: "The node is tainted, takes no new pods, and the kubelet evicts one pod every 10 s.",
  },
  {
    kind: "registry-down",
    target: "node",
    title: "Cut off the registry",
    story:
      "Images that are not on the node cannot be pulled: ErrImagePull, then ImagePullBackOff. What runs goes on.",
  },
  {
    kind: "pod-crash",
    target: "pod",
    title: "Crash",
    story: "All containers exit with 137, once. The kubelet restarts them, waiting longer each time.",
    once: true,
  },
  {
    kind: "pod-oom",
    target: "pod",
    title: "Leak memory",
    story: "Its containers are OOMKilled 10 s after each start, until healed: CrashLoopBackOff.",
  },
  {
    kind: "readiness-fail",
    target: "pod",
    title: "Fail readiness",
    story: "Its readiness probe fails: after its threshold the pod leaves its Services' endpoints.",
  },
  {
    kind: "liveness-fail",
    target: "pod",
    title: "Fail liveness",
    story:
      "Its liveness probe fails: after its threshold the kubelet restarts the container, again and again.",
  },
  {
    kind: "component-stop",
    target: "component",
    title: "Stop",
    story: "Nothing of it runs any more. What it looks after stays as it is.",
  },
];

/** What stops working without a component. */
export const COMPONENT_STORY: Record<string, string> = {
  "kube-scheduler": "New pods stay Pending: nobody chooses a node for them.",
  "kube-controller-manager": "Nothing is replaced, scaled or rolled out; dead nodes go unnoticed.",
};

const WORDS: Record<string, string> = {
  "node-power": "Powered off",
  "kubelet-stop": "Kubelet stopped on",
  "memory-pressure": "Low memory on",
  "disk-pressure": "Full disk on",
  "registry-down": "No registry for",
  "pod-crash": "Crashing",
  "pod-oom": "Leaking memory:",
  "readiness-fail": "Failing readiness:",
  "liveness-fail": "Failing liveness:",
  "component-stop": "Stopped",
};

/** What a fault did, before its target's name. */
export function faultWords(kind: string): string {
  return WORDS[kind] ?? kind;
}

export function inject(session: ClusterSession, kind: string, target: string, duration?: string): void {
  void run({
    title: `${faultWords(kind)} ${target}`,
    command: `manage.py cluster fault ${session.name} ${kind} ${target}${duration ? ` --for ${duration}` : ""}`,
    run: () => session.api.inject({ kind, target, ...(duration ? { duration } : {}) }),
  });
}

export function heal(session: ClusterSession, fault: Fault): void {
  void run({
    title: `Heal: ${faultWords(fault.kind).toLowerCase()} ${fault.target}`,
    command: `manage.py cluster heal ${session.name} ${fault.id}`,
    run: () => session.api.heal(fault.id),
  });
}

export function stopComponent(session: ClusterSession, name: string): void {
  inject(session, "component-stop", name);
}

export function startComponent(session: ClusterSession, name: string): void {
  const fault = [...session.model.faults.values()].find(
    f => f.kind === "component-stop" && f.target === name,
  );
  if (fault) heal(session, fault);
}
