/** A button is down, and has not moved far enough to mean a drag. */
import { SCALABLE } from "@/protocol/rows";
import type { Hit } from "@/scene/scene";
import { NodeDrag } from "./node-drag";
import { Panning, Pinching } from "./panning";
import { PodDrag } from "./pod-drag";
import { refOf } from "./refs";
import { ScaleDrag } from "./scale-drag";
import { DRAG_THRESHOLD, type PointerInput, TOUCH_THRESHOLD, type ToolHost, type ToolState } from "./types";

export class Pressing implements ToolState {
  readonly name = "pressing";

  constructor(
    private readonly start: PointerInput,
    private readonly hit: Hit,
    private readonly back: ToolState,
  ) {}

  on(input: PointerInput, host: ToolHost): ToolState {
    if (input.type === "down" && input.pointer !== this.start.pointer)
      return new Pinching(this.start, input, this.back);
    if (input.pointer !== this.start.pointer) return this;
    if (input.type === "move") {
      const far = Math.hypot(input.x - this.start.x, input.y - this.start.y);
      if (far < (input.touch ? TOUCH_THRESHOLD : DRAG_THRESHOLD)) return this;
      return this.drag(host).on(input, host);
    }
    if (input.type === "up") {
      if (this.hit.kind === "ghost") host.addNode();
      else host.select(refOf(this.hit, host.scene));
      return this.back;
    }
    return input.type === "cancel" ? this.back : this;
  }

  cancel(): ToolState {
    return this.back;
  }

  private drag(host: ToolHost): ToolState {
    const { hit, start, back } = this;
    if (hit.kind === "pod" && !start.touch) return new PodDrag(start, hit.pod, back, host);
    if (hit.kind === "node" && !start.touch) return new NodeDrag(start, hit.node, back, host);
    if (hit.kind === "workload" && hit.edge && !start.touch) {
      const kind = host.scene.model.workloads.get(hit.id)?.kind ?? "";
      if (SCALABLE.includes(kind)) return new ScaleDrag(start, hit.id, back, host);
    }
    return new Panning(start, back);
  }
}
