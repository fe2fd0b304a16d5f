/** The playground's REST: clusters, clock, faults, machines, explanations. */
import type { ClockFrame, Speed } from "@/protocol/frames";
import type {
  AuditQuery,
  AuditRow,
  ClusterSummary,
  Explanation,
  Member,
  MemberRole,
  MoveVerdicts,
  NewCluster,
  NewFault,
  NewMachine,
  PastState,
  Schema,
  Session,
  TimelineData,
  TypeWords,
} from "@/protocol/rest";
import { csrf, json } from "./http";

const ROOT = "/api/v1";

export async function fetchSession(): Promise<Session> {
  const session = await json<Session>(`${ROOT}/session`);
  csrf.token = session.csrf;
  return session;
}

export const clusters = {
  async list(signal?: AbortSignal): Promise<ClusterSummary[]> {
    const answer = await json<{ clusters?: ClusterSummary[]; items?: ClusterSummary[] } | ClusterSummary[]>(
      `${ROOT}/clusters`,
      { signal },
    );
    return Array.isArray(answer) ? answer : (answer.clusters ?? answer.items ?? []);
  },
  create: (body: NewCluster) => json<ClusterSummary>(`${ROOT}/clusters`, { method: "POST", body }),
  import: (name: string, snapshot: unknown) =>
    json<ClusterSummary>(`${ROOT}/clusters`, { method: "POST", body: { name, snapshot } }),
  remove: (name: string) => json<void>(`${ROOT}/clusters/${encodeURIComponent(name)}`, { method: "DELETE" }),
};

/** REST of one cluster. */
export class PlaygroundClient {
  readonly base: string;

  constructor(readonly cluster: string) {
    this.base = `${ROOT}/clusters/${encodeURIComponent(cluster)}`;
  }

  setClock(patch: { speed?: Speed; paused?: boolean }): Promise<ClockFrame> {
    const body = patch.speed === undefined ? patch : { ...patch, speed: String(patch.speed) };
    return json<ClockFrame>(`${this.base}/clock`, { method: "PATCH", body });
  }

  step(): Promise<ClockFrame> {
    return json<ClockFrame>(`${this.base}/clock/step`, { method: "POST", body: {} });
  }

  inject(fault: NewFault): Promise<unknown> {
    return json(`${this.base}/faults`, { method: "POST", body: fault });
  }

  heal(id: string): Promise<unknown> {
    return json(`${this.base}/faults/${encodeURIComponent(id)}`, { method: "DELETE" });
  }

  addMachine(machine: NewMachine = {}): Promise<{ name?: string }> {
    return json(`${this.base}/machines`, { method: "POST", body: machine });
  }

  patchMachine(
    node: string,
    patch: { power?: "on" | "off"; kubelet?: "running" | "stopped" },
  ): Promise<unknown> {
    return json(`${this.base}/machines/${encodeURIComponent(node)}`, { method: "PATCH", body: patch });
  }

  removeMachine(node: string): Promise<unknown> {
    return json(`${this.base}/machines/${encodeURIComponent(node)}`, { method: "DELETE" });
  }

  explainPod(ns: string, name: string, signal?: AbortSignal): Promise<Explanation> {
    return json(`${this.base}/explain/pods/${encodeURIComponent(ns)}/${encodeURIComponent(name)}`, {
      signal,
    });
  }

  explainMove(pod: string, signal?: AbortSignal): Promise<MoveVerdicts> {
    return json(`${this.base}/explain/move`, { method: "POST", body: { pod }, signal });
  }

  timeline(since: number, signal?: AbortSignal): Promise<TimelineData> {
    return json(`${this.base}/timeline?since=${Math.max(0, Math.floor(since))}&buckets=240`, { signal });
  }

  /** What the page showed at a revision. */
  state(revision: number, signal?: AbortSignal): Promise<PastState> {
    return json(`${this.base}/state?revision=${revision}`, { signal });
  }

  snapshot(revision: number): Promise<unknown> {
    return json(`${this.base}/snapshot?revision=${revision}`);
  }

  audit(query: AuditQuery, signal?: AbortSignal): Promise<{ events: AuditRow[]; next: number | null }> {
    const params = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) if (value) params.set(key, String(value));
    return json(`${this.base}/audit?${params}`, { signal });
  }

  /** The event in the form of audit.k8s.io/v1. */
  auditEvent(id: number, signal?: AbortSignal): Promise<Record<string, unknown>> {
    return json(`${this.base}/audit/${id}`, { signal });
  }

  schema(): Promise<Schema> {
    return json(`${this.base}/schema`);
  }

  /** Descriptions of one type of the schema. */
  typeWords(type: string): Promise<TypeWords> {
    return json(`${this.base}/schema/${encodeURIComponent(type)}`);
  }

  async members(): Promise<Member[]> {
    return (await json<{ members: Member[] }>(`${this.base}/members`)).members;
  }

  putMember(user: string, role: MemberRole): Promise<Member> {
    return json(`${this.base}/members/${encodeURIComponent(user)}`, { method: "PUT", body: { role } });
  }

  removeMember(user: string): Promise<void> {
    return json(`${this.base}/members/${encodeURIComponent(user)}`, { method: "DELETE" });
  }

  kubeconfigUrl(): string {
    return `${this.base}/kubeconfig`;
  }

  snapshotUrl(): string {
    return `${this.base}/snapshot`;
  }
}
