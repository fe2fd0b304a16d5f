/** Throwing a pod or a node into the bin: what it means, before it is done. */
import type { Node, Pod } from "@/protocol/rows";
import type { Confirmation } from "@/store/ui";
import { drain, pullThePlug } from "./nodes";
import { deletePod } from "./pods";
import type { ClusterSession } from "./session";

export function podRemoval(session: ClusterSession, pod: Pod, force: boolean): Omit<Confirmation, "at"> {
  return {
    title: force ? `Delete ${pod.name} now` : `Delete ${pod.name}`,
    body: pod.owner
      ? "Its controller will make a replacement."
      : "Nothing controls this pod: it will not come back.",
    calls: [`DELETE /api/v1/namespaces/${pod.ns}/pods/${pod.name}${force ? "?gracePeriodSeconds=0" : ""}`],
    command: `kubectl delete pod ${pod.name} -n ${pod.ns}${force ? " --force --grace-period=0" : ""}`,
    warning: force ? "The API forgets it at once, even if its containers still run somewhere." : undefined,
    action: "Delete",
    danger: true,
    run: () => deletePod(session, pod, force),
  };
}

/** Drained and deleted, or (`plug`) without a word. */
export function nodeRemoval(session: ClusterSession, node: Node, plug: boolean): Omit<Confirmation, "at"> {
  if (plug) {
    return {
      title: `Pull the plug of ${node.name}`,
      body: "The machine goes dark without a word. Kubernetes notices after about 40 s, and evicts its pods after 300 s more.",
      calls: [`POST ${session.api.base}/faults`],
      command: `manage.py cluster fault ${session.name} node-power ${node.name}`,
      action: "Pull the plug",
      danger: true,
      run: () => pullThePlug(session, node),
    };
  }
  return {
    title: `Remove ${node.name}`,
    body: "It is cordoned, its pods are evicted within their disruption budgets, then machine and Node go. You can stop it on the way.",
    calls: [
      `PATCH /api/v1/nodes/${node.name}`,
      "POST …/pods/*/eviction",
      `DELETE ${session.api.base}/machines/${node.name}`,
      `DELETE /api/v1/nodes/${node.name}`,
    ],
    command: `kubectl drain ${node.name} --ignore-daemonsets && kubectl delete node ${node.name}`,
    action: "Drain and remove",
    danger: true,
    run: () => void drain(session, node, true),
  };
}
