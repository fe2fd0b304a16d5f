/** Scale, restart, delete. */
import { KNOWN, resourcePath } from "@/protocol/kube";
import type { Workload } from "@/protocol/rows";
import { swap, takeBack } from "./inverse";
import { run } from "./run";
import type { ClusterSession } from "./session";

function pathOf(w: Workload, sub?: string): string {
  return resourcePath(KNOWN[w.kind]!, w.ns, w.name, sub);
}

export function scalable(w: Workload): boolean {
  return ["Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"].includes(w.kind);
}

export function scale(session: ClusterSession, w: Workload, replicas: number): void {
  const to = Math.max(0, Math.round(replicas));
  const before = w.desired;
  const command = (n: number) => `kubectl scale ${w.kind.toLowerCase()} ${w.name} -n ${w.ns} --replicas=${n}`;
  void run({
    title: `Scale ${w.name} to ${to}`,
    command: command(to),
    run: () => session.kube.patch(pathOf(w, "scale"), { spec: { replicas: to } }),
    undo: {
      command: command(before),
      run: () => takeBack(session.kube.patch(pathOf(w, "scale"), swap("/spec/replicas", to, before), "json")),
    },
  });
}

export function restart(session: ClusterSession, w: Workload): void {
  const at = new Date(session.clock.now() / 1000).toISOString().replace(/\.\d+Z$/, "Z");
  const annotations = { "kubectl.kubernetes.io/restartedAt": at };
  void run({
    title: `Restart ${w.name}`,
    command: `kubectl rollout restart ${w.kind.toLowerCase()} ${w.name} -n ${w.ns}`,
    run: () =>
      session.kube.patch(pathOf(w), { spec: { template: { metadata: { annotations } } } }, "strategic"),
  });
}

export function setPaused(session: ClusterSession, w: Workload, paused: boolean): void {
  void run({
    title: `${paused ? "Pause" : "Resume"} ${w.name}`,
    command: `kubectl rollout ${paused ? "pause" : "resume"} deployment ${w.name} -n ${w.ns}`,
    run: () => session.kube.patch(pathOf(w), { spec: { paused: paused || null } }),
    undo: {
      command: `kubectl rollout ${paused ? "resume" : "pause"} deployment ${w.name} -n ${w.ns}`,
      run: () =>
        takeBack(
          session.kube.patch(
            pathOf(w),
            swap("/spec/paused", paused || undefined, !paused || undefined),
            "json",
          ),
        ),
    },
  });
}

export function deleteObject(session: ClusterSession, kind: string, ns: string, name: string): void {
  const ref = KNOWN[kind];
  if (!ref) return;
  void run({
    title: `Delete ${kind} ${name}`,
    command: `kubectl delete ${kind.toLowerCase()} ${name}${ns ? ` -n ${ns}` : ""}`,
    run: () =>
      session.kube.delete(resourcePath(ref, ns, name), {
        apiVersion: "v1",
        kind: "DeleteOptions",
        propagationPolicy: "Background",
      }),
  });
}
