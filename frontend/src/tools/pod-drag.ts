/** A pod on its way to a node. Verdicts for all nodes are asked for once, when the drag starts. */
import type { MoveVerdicts } from "@/protocol/rest";
import type { Verdict } from "@/render/live";
import type { Scene } from "@/scene/scene";
import type { PointerInput, ToolHost, ToolState } from "./types";

/** What each node says, as the map paints it. */
export function paintable(scene: Scene, answer: MoveVerdicts): Verdict[] {
  const list: Verdict[] = [];
  for (const verdict of answer.nodes) {
    const node = scene.model.nodeByName.get(verdict.name);
    if (node === undefined) continue;
    const text = verdict.feasible
      ? verdict.total === undefined || verdict.total === null
        ? "fits"
        : `score ${verdict.total}`
      : shortReason(verdict.reasons?.[0] ?? verdict.plugin ?? "does not fit");
    list.push({ node, feasible: verdict.feasible, text });
  }
  return list;
}

/** "node(s) had untolerated taint {gpu: true}" → "untolerated taint {gpu: true}". */
export function shortReason(reason: string): string {
  return reason
    .replace(/^node\(s\) /, "")
    .replace(/^(had|were|was|didn't have) /, m => (m.startsWith("didn") ? "no " : ""));
}

export class PodDrag implements ToolState {
  readonly name = "pod-drag";
  private answer: MoveVerdicts | null = null;
  private painted: Verdict[] | null = null;
  private over = -1;
  private at: { x: number; y: number };
  private ended = false;

  constructor(
    private readonly start: PointerInput,
    private readonly pod: number,
    private readonly back: ToolState,
    host: ToolHost,
  ) {
    this.at = { x: start.x, y: start.y };
    host.cursor("grabbing");
    if (!host.canWrite()) return;
    host.bin("shown");
    void host.verdicts(pod).then(answer => {
      if (this.ended || !answer) return;
      this.answer = answer;
      this.painted = paintable(host.scene, answer);
      host.marks({ verdicts: answer.refused ? null : this.painted });
      this.show(host);
    });
  }

  on(input: PointerInput, host: ToolHost): ToolState {
    if (input.pointer !== this.start.pointer) return this;
    if (input.type === "move") {
      this.at = { x: input.x, y: input.y };
      const hit = host.hit(input.x, input.y);
      this.over = hit.kind === "node" || hit.kind === "pod" ? hit.node : -1;
      const hot = host.canWrite() && host.overBin(input.x, input.y);
      if (host.canWrite()) host.bin(hot ? (input.shift ? "hot-shift" : "hot") : "shown");
      this.show(host, hot, input.shift);
      return this;
    }
    if (input.type === "up") {
      const at = { x: input.x, y: input.y };
      this.clear(host);
      if (!host.canWrite()) return this.back;
      if (host.overBin(input.x, input.y)) host.binPod(this.pod, input.shift, at);
      else if (this.over >= 0 && this.over !== this.home(host))
        host.dropPod(this.pod, this.over, this.answer, at);
      return this.back;
    }
    if (input.type === "cancel") return this.cancel(host);
    return this;
  }

  cancel(host: ToolHost): ToolState {
    this.clear(host);
    return this.back;
  }

  private home(host: ToolHost): number {
    return host.scene.slots.node(this.pod);
  }

  private show(host: ToolHost, hot = false, shift = false): void {
    const { scene } = host;
    const name = this.over >= 0 ? (scene.model.nodes.at(this.over)?.name ?? "") : "";
    const verdict = this.painted?.find(v => v.node === this.over);
    let hint = "";
    let tone: "ok" | "bad" | "plain" = "plain";
    if (!host.canWrite()) {
      hint = "You may only look";
      tone = "bad";
    } else if (this.answer?.refused) {
      hint = this.answer.refused;
      tone = "bad";
    } else if (hot) {
      hint = shift ? "Delete now, without grace" : "Delete";
      tone = "bad";
    } else if (name && this.over === this.home(host)) {
      hint = "It runs here";
    } else if (name) {
      const pending = this.home(host) < 0;
      hint = pending ? `Bind to ${name}` : `Evict; prefer ${name}`;
      tone = verdict && !verdict.feasible ? "bad" : "ok";
    }
    host.marks({
      dropNode: this.over,
      ghost: {
        at: host.world(this.at.x, this.at.y),
        kind: "pod",
        index: this.pod,
        hint,
        tone,
        landing: null,
      },
    });
  }

  private clear(host: ToolHost): void {
    this.ended = true;
    host.marks({ ghost: null, verdicts: null, dropNode: -1 });
    if (host.canWrite()) host.bin("hidden");
    host.cursor("default");
  }
}
