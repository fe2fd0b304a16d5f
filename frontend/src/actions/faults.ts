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
    kind: "pod-crash",
    target: "pod",
    title: "Crash",
    story: "All containers exit with 137. The kubelet restarts them, waiting longer each time.",
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
  "pod-crash": "Crashing",
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
