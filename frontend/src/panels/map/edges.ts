/** Lines from a service to its endpoints and from a workload to its pods, while it is selected or pointed at. */
import type { ClusterSession } from "@/actions/session";
import type { Edge } from "@/render/live";
import type { Changes } from "@/store/changes";
import { type Ref, ui } from "@/store/ui";

const MAX_EDGES = 60;

interface Slices {
  items: { endpoints?: { conditions?: { ready?: boolean }; targetRef?: { uid?: string } }[] | null }[];
}

export class EdgeFinder {
  private selected: Ref | null = null;
  private hovered: Ref | null = null;
  private shown = "";
  private readonly slices = new Map<string, Promise<Edge[]>>();
  private disposed = false;

  constructor(
    private readonly session: ClusterSession,
    private readonly show: (edges: Edge[]) => void,
  ) {}

  dispose(): void {
    this.disposed = true;
  }

  select(ref: Ref | null): void {
    if (ref?.id === this.selected?.id) return;
    this.selected = ref;
    this.update();
  }

  hover(ref: Ref | null): void {
    if (ref?.id === this.hovered?.id) return;
    this.hovered = ref;
    this.update();
  }

  refresh(changes: Changes): void {
    if (changes.tables.has("services")) this.slices.clear();
    if (this.hovered || this.selected) this.update();
  }

  private update(): void {
    const ref = this.hovered ?? this.selected;
    const edges = ref ? this.edgesOf(ref) : [];
    if (edges instanceof Promise) {
      void edges.then(found => {
        if (!this.disposed && (this.hovered ?? this.selected)?.id === ref?.id) this.put(found);
      });
    } else {
      this.put(edges);
    }
  }

  private put(edges: Edge[]): void {
    const key = edges.map(e => `${e.from}>${e.to}${e.tone}`).join();
    if (key === this.shown) return;
    this.shown = key;
    this.show(edges);
  }

  private edgesOf(ref: Ref): Edge[] | Promise<Edge[]> {
    if (ref.kind === "workload") return this.podsOf(ref.id);
    if (ref.kind === "service") return this.endpointsOf(ref.id);
    if (ref.kind === "pod") return this.ownerOf(ref.id);
    return [];
  }

  private podsOf(id: string): Edge[] {
    const { model } = this.session;
    const w = model.workloads.get(id);
    if (!w) return [];
    const name = `${w.kind}/${w.name}`;
    const edges: Edge[] = [];
    const { pods } = model;
    for (const i of pods.indices()) {
      if (pods.ns[i] !== w.ns || (pods.workload[i] !== name && pods.owner[i] !== id)) continue;
      edges.push({ from: id, to: pods.id[i]!, tone: "accent" });
      if (edges.length >= MAX_EDGES) break;
    }
    return edges;
  }

  private ownerOf(id: string): Edge[] {
    const { model } = this.session;
    const pod = model.pods.get(id);
    if (!pod?.owner) return [];
    const top = [...model.workloads.values()].find(
      w => w.ns === pod.ns && `${w.kind}/${w.name}` === pod.workload,
    );
    return top ? [{ from: top.id, to: id, tone: "plain" }] : [];
  }

  private endpointsOf(id: string): Promise<Edge[]> {
    const known = this.slices.get(id);
    if (known) return known;
    const svc = this.session.model.services.get(id);
    if (!svc) return Promise.resolve([]);
    const query = new URLSearchParams({ labelSelector: `kubernetes.io/service-name=${svc.name}` });
    const past = ui.get().past;
    if (past) {
      query.set("resourceVersion", String(past.rev));
      query.set("resourceVersionMatch", "Exact");
    }
    const found = this.session.kube
      .get<Slices>(`/apis/discovery.k8s.io/v1/namespaces/${svc.ns}/endpointslices?${query}`)
      .then(list =>
        list.items
          .flatMap(slice => slice.endpoints ?? [])
          .filter(e => e.targetRef?.uid)
          .slice(0, MAX_EDGES)
          .map(e => ({
            from: id,
            to: e.targetRef!.uid!,
            tone: e.conditions?.ready === false ? ("warn" as const) : ("accent" as const),
          })),
      )
      .catch(() => []);
    this.slices.set(id, found);
    return found;
  }
}
