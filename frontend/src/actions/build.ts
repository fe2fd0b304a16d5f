/** Adding to a cluster: what is put on nodes, zones and workloads, with the call it makes and the one that undoes it. */
import { KNOWN, type KubeObject, resourcePath } from "@/protocol/kube";
import type { Node, Workload } from "@/protocol/rows";
import { type Confirmation, ui } from "@/store/ui";
import type { Carried, Landing } from "@/tools/carry";
import { pointer, swap, takeBack } from "./inverse";
import { addNode } from "./nodes";
import { run } from "./run";
import type { ClusterSession } from "./session";

type Proposal = Omit<Confirmation, "at">;

export interface Taint {
  key: string;
  value?: string;
  effect: string;
}

const KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

/** `key=value` or `key`; null if it cannot be a label. */
export function parseLabel(text: string): { key: string; value: string } | null {
  const [key = "", value = "", ...rest] = text.trim().split("=");
  const fits =
    rest.length === 0 && KEY.test(key) && key.length <= 317 && VALUE.test(value) && value.length <= 63;
  return fits ? { key, value } : null;
}

function nodePath(node: Pick<Node, "name">): string {
  return resourcePath(KNOWN.Node!, undefined, node.name);
}

export function machineProposal(session: ClusterSession, zone: string): Proposal {
  return {
    title: zone ? `Add a node to ${zone}` : "Add a node",
    body: "A machine is switched on; its kubelet registers the Node with the zone's label.",
    calls: [`POST ${session.api.base}/machines`],
    command: "",
    action: "Add",
    run: () => addNode(session, zone || undefined),
  };
}

export function labelProposal(session: ClusterSession, node: Node, key: string, value: string): Proposal {
  const path = nodePath(node);
  const command = `kubectl label node ${node.name} ${key}=${value} --overwrite`;
  return {
    title: `Label ${node.name}`,
    body: `${key}=${value} is set on the Node: node selectors and affinities see it from then on; pods that run stay.`,
    calls: [`PATCH ${path}`],
    command,
    action: "Label",
    run: () =>
      void run({
        title: `Label ${node.name} ${key}=${value}`,
        command,
        run: async () => {
          const live = await session.kube.get(path);
          await session.kube.patch(path, { metadata: { labels: { [key]: value } } });
          return live.metadata.labels?.[key];
        },
        undo: {
          command: `kubectl label node ${node.name} ${key}-`,
          run: before =>
            takeBack(
              session.kube.patch(path, swap(pointer("metadata", "labels", key), value, before), "json"),
            ),
        },
      }),
  };
}

export function taintProposal(session: ClusterSession, node: Node, wanted: Taint): Proposal {
  const taint: Taint = {
    key: wanted.key,
    ...(wanted.value ? { value: wanted.value } : {}),
    effect: wanted.effect,
  };
  const path = nodePath(node);
  const words = `${taint.key}${taint.value ? `=${taint.value}` : ""}:${taint.effect}`;
  const evicts = taint.effect === "NoExecute";
  return {
    title: `Taint ${node.name}`,
    body: evicts
      ? "Pods without a toleration for it are evicted at once, and none comes any more."
      : "No pod without a toleration for it is scheduled there any more; those that run stay.",
    calls: [`PATCH ${path}`],
    command: `kubectl taint node ${node.name} ${words} --overwrite`,
    action: "Taint",
    danger: evicts,
    run: () =>
      void run({
        title: `Taint ${node.name} ${words}`,
        command: `kubectl taint node ${node.name} ${words} --overwrite`,
        run: async () => {
          const before = taintsOf(await session.kube.get(path));
          const after = [
            ...(before ?? []).filter(t => t.key !== taint.key || t.effect !== taint.effect),
            taint,
          ];
          await session.kube.patch(path, swap("/spec/taints", before, after), "json");
          return { before, after };
        },
        undo: {
          command: `kubectl taint node ${node.name} ${taint.key}:${taint.effect}-`,
          run: ({ before, after }) =>
            takeBack(session.kube.patch(path, swap("/spec/taints", after, before), "json")),
        },
      }),
  };
}

function taintsOf(node: KubeObject): Taint[] | undefined {
  return (node.spec as { taints?: Taint[] } | undefined)?.taints;
}

export function imageProposal(session: ClusterSession, w: Workload, image: string): Proposal {
  const path = resourcePath(KNOWN[w.kind]!, w.ns, w.name);
  const field = "/spec/template/spec/containers/0/image";
  const before = w.images[0] ?? "";
  const command = (to: string) => `kubectl set image ${w.kind.toLowerCase()}/${w.name} -n ${w.ns} *=${to}`;
  return {
    title: `Set the image of ${w.name}`,
    body: `The template changes from ${before} to ${image}: its ${w.desired} pods are replaced, as its strategy has it.`,
    calls: [`PATCH ${path}`],
    command: command(image),
    warning: w.images.length > 1 ? "It has several containers; the first one is changed." : undefined,
    action: "Roll out",
    run: () =>
      void run({
        title: `Set ${w.name} to ${image}`,
        command: command(image),
        run: () => takeBack(session.kube.patch(path, swap(field, before, image), "json")),
        undo: {
          command: command(before),
          run: () => takeBack(session.kube.patch(path, swap(field, image, before), "json")),
        },
      }),
  };
}

const POD_SPEC = (image: string, more = "") => `    spec:
${more}      containers:
        - name: main
          image: ${image}
          resources:
            requests:
              cpu: 100m
              memory: 64Mi
`;
const HEAD = (apiVersion: string, kind: string, name: string) =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}\n`;
const SELECTED = (name: string) =>
  `  selector:\n    matchLabels:\n      app: ${name}\n  template:\n    metadata:\n      labels:\n        app: ${name}\n`;

/** Documents to start from, by the name on their chip. */
export const TEMPLATES: Record<string, string> = {
  Deployment: `${HEAD("apps/v1", "Deployment", "web")}spec:\n  replicas: 3\n${SELECTED("web")}${POD_SPEC("nginx:1.27")}`,
  StatefulSet: `${HEAD("apps/v1", "StatefulSet", "db")}spec:\n  replicas: 3\n  serviceName: db\n${SELECTED("db")}${POD_SPEC("redis:7")}`,
  DaemonSet: `${HEAD("apps/v1", "DaemonSet", "agent")}spec:\n${SELECTED("agent")}${POD_SPEC("busybox:1.36").replace("          resources", '          command: ["sleep", "infinity"]\n          resources')}`,
  Job: `${HEAD("batch/v1", "Job", "once")}spec:\n  completions: 3\n  parallelism: 2\n  template:\n${POD_SPEC("busybox:1.36", "      restartPolicy: Never\n").replace("          resources", '          command: ["sleep", "20"]\n          resources')}`,
  Pod: `${HEAD("v1", "Pod", "alone")}spec:\n  containers:\n    - name: main\n      image: nginx:1.27\n`,
  Service: `${HEAD("v1", "Service", "web")}spec:\n  selector:\n    app: web\n  ports:\n    - port: 80\n`,
};

/** A template in the editor; nothing is applied before somebody says so. */
export function openTemplate(name: string): void {
  const text = TEMPLATES[name];
  if (text) ui.set({ editor: { title: `New ${name}`, object: null, text } });
}

/** What putting a carried thing down would do; null: nothing that needs a yes (a template only opens). */
export function proposalFor(session: ClusterSession, item: Carried, landing: Landing): Proposal | null {
  const { model } = session;
  const node = model.nodes.at(landing.node);
  const workload = landing.workload ? model.workloads.get(landing.workload) : undefined;
  if (item.kind === "machine") return machineProposal(session, landing.zone);
  if (item.kind === "label" && node) return labelProposal(session, node, item.key, item.value);
  if (item.kind === "taint" && node) return taintProposal(session, node, item);
  if (item.kind === "image" && workload) return imageProposal(session, workload, item.image);
  return null;
}
