/** Nothing pressed: hover, open menus, start a press. */
import { Panning } from "./panning";
import { Pressing } from "./pressing";
import { refOf } from "./refs";
import type { PointerInput, ToolHost, ToolState } from "./types";

export class Idle implements ToolState {
  readonly name = "idle";

  on(input: PointerInput, host: ToolHost): ToolState {
    switch (input.type) {
      case "move": {
        const hit = host.hit(input.x, input.y);
        const ref = refOf(hit, host.scene);
        host.hover(ref, input.x, input.y);
        const edge = hit.kind === "workload" && hit.edge;
        host.cursor(edge ? "ew-resize" : ref || hit.kind === "ghost" ? "pointer" : "default");
        return this;
      }
      case "leave":
        host.hover(null, 0, 0);
        return this;
      case "double": {
        const ref = refOf(host.hit(input.x, input.y), host.scene);
        if (ref) host.focus(ref);
        return this;
      }
      case "down": {
        if (input.button === 1) return new Panning(input, this);
        const hit = host.hit(input.x, input.y);
        const ref = refOf(hit, host.scene);
        if (input.button === 2) {
          if (ref) {
            host.select(ref, false);
            host.hover(null, 0, 0);
            host.menu(ref, input.x, input.y);
          }
          return this;
        }
        if (input.button !== 0) return this;
        host.hover(null, 0, 0);
        return new Pressing(input, hit, this);
      }
      default:
        return this;
    }
  }

  cancel(): ToolState {
    return this;
  }
}
