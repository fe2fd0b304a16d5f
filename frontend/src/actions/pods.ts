/** What people do to pods: evict, delete, bind, move. Each is the Kubernetes call a terminal would make. */
import { toFailure } from "@/net/errors";
import { KNOWN, type KubeObject, resourcePath } from "@/protocol/kube";
import type { MoveVerdicts } from "@/protocol/rest";
import type { Pod } from "@/protocol/rows";
import { type Confirmation, ui } from "@/store/ui";
import { run } from "./run";
import type { ClusterSession } from "./session";

const POD = KNOWN.Pod!;
export const PREFERS = "playground.dev/next-pod-prefers";

function podPath(pod: Pick<Pod, "ns" | "name">, sub?: string): string {
  return resourcePath(POD, pod.ns, pod.name, sub);
}

function evictionOf(pod: Pick<Pod, "ns" | "name">): KubeObject {
  return { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: pod.name, namespace: pod.ns } };
}

export function evict(session: ClusterSession, pod: Pod): Promise<unknown> {
  return session.kube.post(podPath(pod, "eviction"), evictionOf(pod));
}

export function evictPod(session: ClusterSession, pod: Pod): void {
  void run({
    title: `Evict ${pod.name}`,
    command: `kubectl create --raw ${podPath(pod, "eviction")} -f eviction.yaml`,
    run: () => evict(session, pod),
  });
}

export function deletePod(session: ClusterSession, pod: Pod, force = false): void {
  const options = force ? { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 } : undefined;
  void run({
    title: `Delete ${pod.name}`,
    command: `kubectl delete pod ${pod.name} -n ${pod.ns}${force ? " --force --grace-period=0" : ""}`,
    run: () => session.kube.delete(podPath(pod), options),
  });
}

export function crashPod(session: ClusterSession, pod: Pod): void {
  void run({
    title: `Crash ${pod.name}`,
    command: `manage.py cluster fault ${session.name} pod-crash ${pod.ns}/${pod.name}`,
    run: () => session.api.inject({ kind: "pod-crash", target: `${pod.ns}/${pod.name}` }),
  });
}

/** How a pod comes to another node, and whether it may. */
export interface MovePlan extends Omit<Confirmation, "at" | "danger"> {
  kind: "bind" | "evict" | "recreate" | "refused";
}

interface Controller {
  kind: string;
  name: string;
}

export function planMove(
  session: ClusterSession,
  pod: Pod,
  node: string,
  verdicts: MoveVerdicts | null,
): MovePlan {
  const verdict = verdicts?.nodes.find(v => v.name === node);
  const unfit = verdict && !verdict.feasible ? (verdict.reasons ?? []).join(", ") || "it does not fit" : "";
  const refused = verdicts?.refused ?? refusal(session, pod);
  if (refused) {
    return {
      kind: "refused",
      title: `${pod.name} stays`,
      body: refused,
      calls: [],
      command: "",
      action: "",
      run: () => {},
    };
  }
  if (!pod.node) return bindPlan(session, pod, node, unfit);
  if (!pod.owner) return recreatePlan(session, pod, node, unfit);
  return evictPlan(session, pod, node, unfit);
}

function refusal(session: ClusterSession, pod: Pod): string {
  if (pod.workload.startsWith("DaemonSet/"))
    return "A DaemonSet runs one of its pods on each node; moving one makes no sense.";
  if (session.model.nodes.get(pod.owner))
    return "A static pod belongs to its kubelet; it cannot run elsewhere.";
  return "";
}

function bindPlan(session: ClusterSession, pod: Pod, node: string, unfit: string): MovePlan {
  const path = podPath(pod, "binding");
  return {
    kind: "bind",
    title: `Bind ${pod.name} to ${node}`,
    body: "You are the scheduler: the pod is assigned as you say, without any filter. The kubelet may still refuse it.",
    calls: [`POST ${path}`],
    command: `kubectl create --raw ${path} -f binding.yaml`,
    warning: unfit ? `The scheduler would not: ${unfit}` : undefined,
    action: "Bind",
    run: () =>
      void run({
        title: `Bind ${pod.name} to ${node}`,
        command: `kubectl create --raw ${path} -f binding.yaml`,
        run: () =>
          session.kube.post(path, {
            apiVersion: "v1",
            kind: "Binding",
            metadata: { name: pod.name, namespace: pod.ns },
            target: { apiVersion: "v1", kind: "Node", name: node },
          }),
      }),
  };
}

/** The object that will make the replacement. */
function controllerOf(session: ClusterSession, pod: Pod): Controller | null {
  const owner = session.model.workloads.get(pod.owner);
  return owner ? { kind: owner.kind, name: owner.name } : null;
}

function evictPlan(session: ClusterSession, pod: Pod, node: string, unfit: string): MovePlan {
  const eviction = podPath(pod, "eviction");
  const controller = controllerOf(session, pod);
  const ref = controller ? KNOWN[controller.kind] : undefined;
  const hint = controller && ref ? resourcePath(ref, pod.ns, controller.name) : "";
  const title = `Move ${pod.name} to ${node}`;
  return {
    kind: "evict",
    title,
    body: controller
      ? `Pods do not move. This one is evicted; ${controller.kind} ${controller.name} makes a replacement, which prefers ${node}.`
      : "Pods do not move. This one is evicted; its controller makes a replacement.",
    calls: [...(hint ? [`PATCH ${hint}`] : []), `POST ${eviction}`],
    command: `kubectl create --raw ${eviction} -f eviction.yaml`,
    warning: unfit ? `A preference does not override filters: ${unfit}` : undefined,
    action: "Evict",
    run: () =>
      void run({
        title,
        command: `${hint ? `kubectl annotate ${controller!.kind.toLowerCase()} ${controller!.name} -n ${pod.ns} ${PREFERS}=${node} --overwrite && ` : ""}kubectl create --raw ${eviction} -f eviction.yaml`,
        run: async () => {
          if (hint) await session.kube.patch(hint, { metadata: { annotations: { [PREFERS]: node } } });
          try {
            return await evict(session, pod);
          } catch (error) {
            // The pod stays: its controller must not keep the wish for some later pod.
            if (hint) {
              await session.kube
                .patch(hint, { metadata: { annotations: { [PREFERS]: null } } })
                .catch(() => undefined);
            }
            throw error;
          }
        },
      }),
  };
}

function recreatePlan(session: ClusterSession, pod: Pod, node: string, unfit: string): MovePlan {
  const path = podPath(pod);
  const title = `Move ${pod.name} to ${node}`;
  return {
    kind: "recreate",
    title,
    body: "Nothing controls this pod, so nothing would bring it back. It is deleted and created anew with spec.nodeName, past the scheduler.",
    calls: [`DELETE ${path}`, `POST ${resourcePath(POD, pod.ns)}`],
    command: `kubectl get pod ${pod.name} -n ${pod.ns} -o yaml | (edit nodeName) | kubectl replace --force -f -`,
    warning: unfit ? `The scheduler would not: ${unfit}` : undefined,
    action: "Recreate",
    run: () =>
      void run({
        title,
        command: `kubectl replace --force -f ${pod.name}.yaml`,
        run: async () => {
          const live = await session.kube.get(path);
          await session.kube.delete(path, { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 });
          return session.kube.post(resourcePath(POD, pod.ns), reborn(live, node));
        },
      }),
  };
}

/** The pod as it was asked for, for another node. */
export function reborn(live: KubeObject, node: string): KubeObject {
  const { metadata } = live;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: metadata.name,
      namespace: metadata.namespace,
      labels: metadata.labels,
      annotations: metadata.annotations,
    },
    spec: { ...live.spec, nodeName: node },
  };
}

/** One question to the server for all nodes; null when it cannot say. */
export async function askVerdicts(session: ClusterSession, pod: Pod): Promise<MoveVerdicts | null> {
  try {
    return await session.api.explainMove(`${pod.ns}/${pod.name}`);
  } catch (error) {
    const failure = toFailure(error);
    ui.set({ announcement: `No verdicts: ${failure.message || failure.reason}` });
    return null;
  }
}
