/** A card moved about: layout only, unless it ends in the bin. */
import type { Point } from "@/scene/geometry";
import type { PointerInput, ToolHost, ToolState } from "./types";

export class NodeDrag implements ToolState {
  readonly name = "node-drag";
  private readonly grip: Point;
  private target: Point;

  constructor(
    private readonly start: PointerInput,
    private readonly node: number,
    private readonly back: ToolState,
    host: ToolHost,
  ) {
    const rect = host.scene.nodeRect(node);
    const at = host.world(start.x, start.y);
    this.grip = { x: at.x - (rect?.x ?? at.x), y: at.y - (rect?.y ?? at.y) };
    this.target = { x: rect?.x ?? 0, y: rect?.y ?? 0 };
    host.cursor("grabbing");
    if (this.removable(host)) host.bin("shown");
  }

  on(input: PointerInput, host: ToolHost): ToolState {
    if (input.pointer !== this.start.pointer) return this;
    if (input.type === "move") {
      const at = host.world(input.x, input.y);
      const rect = host.snapCard(this.node, { x: at.x - this.grip.x, y: at.y - this.grip.y });
      this.target = { x: rect.x, y: rect.y };
      const hot = this.removable(host) && host.overBin(input.x, input.y);
      if (this.removable(host)) host.bin(hot ? (input.shift ? "hot-shift" : "hot") : "shown");
      const name = host.scene.model.nodes.at(this.node)?.name ?? "";
      host.marks({
        ghost: {
          at,
          kind: "node",
          index: this.node,
          hint: hot ? (input.shift ? `Pull the plug of ${name}` : `Drain and remove ${name}`) : "",
          tone: hot ? "bad" : "plain",
          landing: hot ? null : rect,
          grip: this.grip,
        },
      });
      return this;
    }
    if (input.type === "up") {
      const binned = this.removable(host) && host.overBin(input.x, input.y);
      this.clear(host);
      if (binned) host.binNode(this.node, input.shift, { x: input.x, y: input.y });
      else host.placeCard(this.node, this.target);
      return this.back;
    }
    return input.type === "cancel" ? this.cancel(host) : this;
  }

  cancel(host: ToolHost): ToolState {
    this.clear(host);
    return this.back;
  }

  private removable(host: ToolHost): boolean {
    return host.canWrite() && host.scene.model.nodes.at(this.node)?.role === "worker";
  }

  private clear(host: ToolHost): void {
    host.marks({ ghost: null });
    host.bin("hidden");
    host.cursor("default");
  }
}
