/** Moving a pod without a pointer: arrows choose the node, letters jump, the verdict is spoken, Enter commits. */
import { askVerdicts } from "@/actions/pods";
import type { ClusterSession } from "@/actions/session";
import type { MoveVerdicts } from "@/protocol/rest";
import type { Pod } from "@/protocol/rows";
import { type Marks, port } from "@/render/live";
import { type Camera, toScreen } from "@/scene/camera";
import type { Point } from "@/scene/geometry";
import { naturally } from "@/scene/layout";
import type { Scene } from "@/scene/scene";
import { toast, ui } from "@/store/ui";
import { paintable } from "@/tools/pod-drag";

export interface MoveHost {
  readonly scene: Scene;
  camera(): Camera;
  marks(marks: Partial<Marks>): void;
  reveal(id: string): void;
}

export type Propose = (pod: Pod, node: string, verdicts: MoveVerdicts | null, at: Point | null) => void;

interface Move {
  pod: Pod;
  verdicts: MoveVerdicts | null;
  nodes: string[];
  at: number;
}

export class KeyMove {
  private move: Move | null = null;

  constructor(
    private readonly session: ClusterSession,
    private readonly host: MoveHost,
    private readonly propose: Propose,
  ) {}

  get active(): boolean {
    return this.move !== null;
  }

  start(pod: Pod): void {
    const nodes = [...this.session.model.nodes.values()]
      .filter(n => n.name !== pod.node)
      .map(n => n.name)
      .sort(naturally);
    if (!nodes.length) {
      toast({ tone: "plain", title: "There is no other node" });
      return;
    }
    const move: Move = { pod, verdicts: null, nodes, at: 0 };
    this.move = move;
    this.show();
    void askVerdicts(this.session, pod).then(verdicts => {
      if (this.move !== move || !verdicts) return;
      move.verdicts = verdicts;
      const fits = new Set(verdicts.nodes.filter(v => v.feasible).map(v => v.name));
      move.nodes.sort((a, b) => Number(fits.has(b)) - Number(fits.has(a)));
      this.host.marks({ verdicts: verdicts.refused ? null : paintable(this.host.scene, verdicts) });
      this.show();
    });
  }

  /** True if the key meant something here. */
  key(key: string): boolean {
    const { move } = this;
    if (!move) return false;
    if (key === "ArrowRight" || key === "ArrowDown") move.at = (move.at + 1) % move.nodes.length;
    else if (key === "ArrowLeft" || key === "ArrowUp")
      move.at = (move.at + move.nodes.length - 1) % move.nodes.length;
    else if (key === "Enter") {
      this.commit(move);
      return true;
    } else if (/^[a-z0-9]$/i.test(key)) {
      const found = move.nodes.findIndex(
        (n, i) => i !== move.at && n.toLowerCase().endsWith(key.toLowerCase()),
      );
      if (found >= 0) move.at = found;
    } else return false;
    this.show();
    return true;
  }

  end(): void {
    this.move = null;
    this.host.marks({ ghost: null, verdicts: null, dropNode: -1, focus: null });
  }

  private commit(move: Move): void {
    const name = move.nodes[move.at]!;
    const node = this.session.model.nodeByName.get(name);
    const rect = node === undefined ? null : this.host.scene.nodeRect(node);
    const at = rect ? toScreen(this.host.camera(), rect.x + rect.w / 2, rect.y + rect.h / 2) : null;
    this.end();
    this.propose(move.pod, name, move.verdicts, at);
  }

  private show(): void {
    const { move, host } = this;
    if (!move) return;
    const name = move.nodes[move.at]!;
    const node = this.session.model.nodeByName.get(name) ?? -1;
    const row = this.session.model.nodes.at(node);
    const verdict = move.verdicts?.nodes.find(v => v.name === name);
    const fits = verdict?.feasible
      ? `fits${verdict.total === undefined || verdict.total === null ? "" : `, score ${verdict.total}`}`
      : (verdict?.reasons ?? []).join(", ");
    const rect = host.scene.nodeRect(node);
    const index = this.session.model.pods.index.get(move.pod.id);
    host.marks({
      dropNode: node,
      focus: row?.id ?? null,
      ghost:
        rect && index !== undefined
          ? {
              at: port({ ...rect, y: rect.y + 60 }),
              kind: "pod",
              index,
              hint: `Enter: ${move.pod.node ? "evict, prefer" : "bind to"} ${name}`,
              tone: verdict && !verdict.feasible ? "bad" : "ok",
              landing: null,
            }
          : null,
    });
    if (row && rect) host.reveal(row.id);
    ui.set({ announcement: `${name}: ${fits || "asking the server"}` });
  }
}
