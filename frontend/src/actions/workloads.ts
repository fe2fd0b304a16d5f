/** Scale, restart, delete. */
import { KNOWN, resourcePath } from "@/protocol/kube";
import { SCALABLE, type Workload } from "@/protocol/rows";
import type { Confirmation } from "@/store/ui";
import { swap, takeBack } from "./inverse";
import { run } from "./run";
import type { ClusterSession } from "./session";

function pathOf(w: Workload, sub?: string): string {
  return resourcePath(KNOWN[w.kind]!, w.ns, w.name, sub);
}

export function scalable(w: Workload): boolean {
  return SCALABLE.includes(w.kind);
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

/** What drawing a workload's edge out or in asks for. */
export function scaleProposal(session: ClusterSession, w: Workload, to: number): Omit<Confirmation, "at"> {
  const by = to - w.desired;
  const pods = `${Math.abs(by)} pod${Math.abs(by) === 1 ? "" : "s"}`;
  return {
    title: `Scale ${w.name} to ${to}`,
    body:
      by > 0
        ? `${pods} more: they go to nodes that have room.`
        : `${pods} fewer: ${w.kind === "StatefulSet" ? "the highest numbers go first" : "those that are not ready go first, then the newest"}.`,
    calls: [`PATCH ${pathOf(w, "scale")}`],
    command: `kubectl scale ${w.kind.toLowerCase()} ${w.name} -n ${w.ns} --replicas=${to}`,
    warning: w.hpa ? `HorizontalPodAutoscaler ${w.hpa} owns this number and will set its own.` : undefined,
    action: "Scale",
    run: () => scale(session, w, to),
  };
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
