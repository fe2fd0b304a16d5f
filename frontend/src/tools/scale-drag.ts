/** A workload's edge drawn out or in: more replicas or fewer, shown as tiles before anything is asked of the API. */
import type { PointerInput, ToolHost, ToolState } from "./types";

/** pixels of a drag for one replica */
export const STEP_PX = 16;
/** replicas that one drag can add */
const REACH = 100;

export class ScaleDrag implements ToolState {
  readonly name = "scale-drag";
  private readonly from: number;
  private to: number;

  constructor(
    private readonly start: PointerInput,
    private readonly id: string,
    private readonly back: ToolState,
    host: ToolHost,
  ) {
    this.from = host.scene.model.workloads.get(id)?.desired ?? 0;
    this.to = this.from;
    host.cursor("ew-resize");
  }

  on(input: PointerInput, host: ToolHost): ToolState {
    if (input.pointer !== this.start.pointer) return this;
    if (input.type === "move") {
      const steps = Math.round((input.x - this.start.x) / STEP_PX);
      this.to = Math.max(0, this.from + Math.min(REACH, steps));
      host.marks({ scaling: { id: this.id, from: this.from, to: this.to } });
      return this;
    }
    if (input.type === "up") {
      const changed = this.to !== this.from;
      this.clear(host);
      if (changed && !host.canWrite()) host.refuse("You may only look");
      else if (changed) host.scaleTo(this.id, this.to, { x: input.x, y: input.y });
      return this.back;
    }
    return input.type === "cancel" ? this.cancel(host) : this;
  }

  cancel(host: ToolHost): ToolState {
    this.clear(host);
    return this.back;
  }

  private clear(host: ToolHost): void {
    host.marks({ scaling: null });
    host.cursor("default");
  }
}
