/** Dragging the ground; a second finger pinches. */
import { panBy, zoomAt } from "@/scene/camera";
import type { PointerInput, ToolHost, ToolState } from "./types";

export class Panning implements ToolState {
  readonly name = "panning";
  private last: { x: number; y: number };

  constructor(
    private readonly start: PointerInput,
    private readonly back: ToolState,
  ) {
    this.last = { x: start.x, y: start.y };
  }

  on(input: PointerInput, host: ToolHost): ToolState {
    if (input.type === "down" && input.pointer !== this.start.pointer) {
      return new Pinching({ ...this.start, ...this.last }, input, this.back);
    }
    if (input.pointer !== this.start.pointer) return this;
    if (input.type === "move") {
      host.cursor("grabbing");
      host.setCamera(panBy(host.camera(), input.x - this.last.x, input.y - this.last.y));
      this.last = { x: input.x, y: input.y };
      return this;
    }
    if (input.type === "up" || input.type === "cancel") {
      host.cursor("default");
      return this.back;
    }
    return this;
  }

  cancel(host: ToolHost): ToolState {
    host.cursor("default");
    return this.back;
  }
}

interface Finger {
  pointer: number;
  x: number;
  y: number;
}

export class Pinching implements ToolState {
  readonly name = "pinching";
  private a: Finger;
  private b: Finger;

  constructor(
    a: Finger,
    b: Finger,
    private readonly back: ToolState,
  ) {
    this.a = { pointer: a.pointer, x: a.x, y: a.y };
    this.b = { pointer: b.pointer, x: b.x, y: b.y };
  }

  on(input: PointerInput, host: ToolHost): ToolState {
    const which = input.pointer === this.a.pointer ? "a" : input.pointer === this.b.pointer ? "b" : null;
    if (!which) return this;
    if (input.type === "move") {
      const before = measure(this.a, this.b);
      this[which] = { pointer: input.pointer, x: input.x, y: input.y };
      const after = measure(this.a, this.b);
      const panned = panBy(host.camera(), after.x - before.x, after.y - before.y);
      host.setCamera(zoomAt(panned, after.d / Math.max(1, before.d), after.x, after.y));
      return this;
    }
    return input.type === "up" || input.type === "cancel" ? this.back : this;
  }

  cancel(): ToolState {
    return this.back;
  }
}

function measure(a: Finger, b: Finger): { x: number; y: number; d: number } {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, d: Math.hypot(a.x - b.x, a.y - b.y) };
}
