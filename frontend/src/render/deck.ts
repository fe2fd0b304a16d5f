/** The control-plane deck: API server hub, etcd, scheduler and controllers with their queue gauges. */
import type { ClusterComponent } from "@/protocol/rows";
import { center, type Rect } from "@/scene/geometry";
import type { DockItem } from "@/scene/layout";
import { HUB_R } from "@/scene/layout";
import { type Ctx, cylinder, hexagon, roundRect } from "./glyphs";
import { setFont } from "./text";
import type { View } from "./view";

/** World-unit painting: the context is already scaled. */
export function paintDeck(ctx: Ctx, view: View, text: boolean): void {
  const { theme, scene } = view;
  const k = scene.layout.scale;
  ctx.save();
  ctx.scale(k, k);
  const deck = shrink(scene.layout.deck, k);
  const docks = scene.layout.docks.map(item => ({ ...item, rect: shrink(item.rect, k) }));
  roundRect(ctx, deck.x, deck.y, deck.w, deck.h, 16);
  ctx.fillStyle = theme.deck;
  ctx.fill();
  ctx.lineWidth = 1;
  ctx.strokeStyle = theme.deckLine;
  ctx.stroke();
  if (text) {
    setFont(ctx, theme.sans, 11.5, 600);
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillStyle = theme.ink3;
    ctx.fillText("CONTROL PLANE", deck.x + 16, deck.y + 18);
  }
  wires(ctx, view, docks, shrink(scene.layout.shelf, k).y);
  for (const item of docks) paintDock(ctx, view, item, text);
  ctx.restore();
}

/** Back to the size that the drawing below is made for. */
function shrink(rect: Rect, k: number): Rect {
  return { x: rect.x / k, y: rect.y / k, w: rect.w / k, h: rect.h / k };
}

function wires(ctx: Ctx, view: View, docks: readonly DockItem[], bottom: number): void {
  const { theme } = view;
  const hub = center(docks[0]!.rect);
  ctx.strokeStyle = theme.wire;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  for (const item of docks) {
    const { x, y, w, h } = item.rect;
    if (item.kind === "etcd") {
      ctx.moveTo(x + w - 6, hub.y);
      ctx.lineTo(hub.x - HUB_R + 6, hub.y);
    } else if (item.kind === "scheduler" || item.kind === "manager") {
      // Out of the hexagon's side, round the corner, into the box.
      const from = hub.x + HUB_R - 6;
      const turn = (from + x) / 2;
      const to = y + h / 2;
      const r = Math.min(12, Math.abs(to - hub.y));
      ctx.moveTo(from, hub.y);
      ctx.lineTo(turn - r, hub.y);
      ctx.quadraticCurveTo(turn, hub.y, turn, hub.y + Math.sign(to - hub.y) * r);
      ctx.lineTo(turn, to - Math.sign(to - hub.y) * r);
      ctx.quadraticCurveTo(turn, to, turn + r, to);
      ctx.lineTo(x, to);
    }
  }
  const controllers = docks.filter(d => d.kind === "controller");
  const manager = docks.find(d => d.kind === "manager");
  if (manager && controllers.length) {
    const x = manager.rect.x + manager.rect.w;
    const from = manager.rect.y + manager.rect.h / 2;
    for (const item of controllers.filter(c => c.rect.x === controllers[0]!.rect.x)) {
      const y = item.rect.y + item.rect.h / 2;
      ctx.moveTo(x, from);
      ctx.bezierCurveTo(x + 20, from, x + 16, y, x + 36, y);
    }
  }
  ctx.moveTo(hub.x, hub.y + HUB_R);
  ctx.lineTo(hub.x, bottom);
  ctx.stroke();
}

export function stateOf(
  instances: readonly ClusterComponent[],
): "running" | "degraded" | "stopped" | "absent" {
  if (!instances.length) return "absent";
  const up = instances.filter(c => c.state === "running").length;
  if (up === instances.length) return "running";
  return up > 0 ? "degraded" : "stopped";
}

function paintDock(ctx: Ctx, view: View, item: DockItem, text: boolean): void {
  if (item.kind === "apiserver") paintHub(ctx, view, item, text);
  else if (item.kind === "etcd") paintEtcd(ctx, view, item, text);
  else paintBox(ctx, view, item, text);
}

function paintHub(ctx: Ctx, view: View, item: DockItem, text: boolean): void {
  const { theme } = view;
  const { x, y } = center(item.rect);
  const state = stateOf(item.instances);
  hexagon(ctx, x, y, HUB_R);
  ctx.fillStyle = theme.card;
  ctx.fill();
  ctx.lineWidth = 2.5;
  ctx.lineJoin = "round";
  ctx.strokeStyle = state === "stopped" ? theme.bad : state === "degraded" ? theme.warn : theme.accent;
  ctx.stroke();
  hexagon(ctx, x, y, HUB_R - 7);
  ctx.lineWidth = 1;
  ctx.strokeStyle = theme.accentSoft;
  ctx.stroke();
  if (!text) return;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  setFont(ctx, theme.sans, 20, 700);
  ctx.fillStyle = theme.ink;
  ctx.fillText("API", x, y - 5);
  setFont(ctx, theme.sans, 11.5, 500);
  ctx.fillStyle = theme.ink3;
  const more = item.instances.length > 1 ? ` ×${item.instances.length}` : "";
  ctx.fillText(`server${more}`, x, y + 13);
}

function paintEtcd(ctx: Ctx, view: View, item: DockItem, text: boolean): void {
  const { theme } = view;
  const count = Math.max(1, item.instances.length);
  const w = 38;
  for (let i = 0; i < count; i++) {
    const member = item.instances[i];
    const x = item.rect.x + 6 + i * 50 + (50 - w) / 2;
    const y = item.rect.y + 8;
    const h = 48;
    cylinder(ctx, x, y, w, h);
    ctx.fillStyle = theme.card;
    ctx.fill();
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = member && member.state !== "running" ? theme.bad : theme.ink3;
    if (!member) ctx.setLineDash([3, 3]);
    ctx.stroke();
    ctx.beginPath();
    ctx.ellipse(x + w / 2, y + w * 0.16, w / 2, w * 0.16, 0, 0, Math.PI);
    ctx.stroke();
    ctx.setLineDash([]);
    if (member?.leader && count > 1) crown(ctx, view, x + w / 2, y - 8);
    statusDot(ctx, view, member ? member.state : "absent", x + w / 2, y + h * 0.62, 4);
  }
  if (text) {
    setFont(ctx, theme.sans, 12, 500);
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillStyle = theme.ink2;
    ctx.fillText("etcd", item.rect.x + item.rect.w / 2, item.rect.y + 70);
  }
}

function crown(ctx: Ctx, view: View, cx: number, cy: number): void {
  ctx.fillStyle = view.theme.warn;
  ctx.beginPath();
  ctx.moveTo(cx - 7, cy - 4);
  ctx.lineTo(cx - 3.5, cy);
  ctx.lineTo(cx, cy - 6);
  ctx.lineTo(cx + 3.5, cy);
  ctx.lineTo(cx + 7, cy - 4);
  ctx.lineTo(cx + 5.5, cy + 4);
  ctx.lineTo(cx - 5.5, cy + 4);
  ctx.closePath();
  ctx.fill();
}

function statusDot(ctx: Ctx, view: View, state: string, cx: number, cy: number, r: number): void {
  const { theme } = view;
  ctx.beginPath();
  ctx.arc(cx, cy, r, 0, Math.PI * 2);
  if (state === "running") {
    ctx.fillStyle = theme.ok;
    ctx.fill();
  } else {
    ctx.lineWidth = 1.6;
    ctx.strokeStyle = state === "absent" ? theme.ink3 : theme.bad;
    ctx.stroke();
    if (state !== "absent") {
      ctx.beginPath();
      ctx.moveTo(cx - r * 0.5, cy - r * 0.5);
      ctx.lineTo(cx + r * 0.5, cy + r * 0.5);
      ctx.moveTo(cx + r * 0.5, cy - r * 0.5);
      ctx.lineTo(cx - r * 0.5, cy + r * 0.5);
      ctx.stroke();
    }
  }
}

function paintBox(ctx: Ctx, view: View, item: DockItem, text: boolean): void {
  const { theme } = view;
  const { rect } = item;
  const state = stateOf(item.instances);
  const down = state === "stopped" || state === "absent";
  roundRect(ctx, rect.x, rect.y, rect.w, rect.h, item.kind === "controller" ? rect.h / 2 : 10);
  ctx.fillStyle = down ? theme.cardOff : theme.card;
  ctx.fill();
  ctx.lineWidth = down && state !== "absent" ? 1.5 : 1;
  ctx.strokeStyle = state === "stopped" ? theme.bad : theme.cardLine;
  if (down) ctx.setLineDash([4, 3]);
  ctx.stroke();
  ctx.setLineDash([]);
  const small = item.kind === "controller";
  statusDot(
    ctx,
    view,
    down ? (state === "absent" ? "absent" : "stopped") : "running",
    rect.x + 15,
    rect.y + rect.h / 2 - (small ? 0 : 8.5),
    4,
  );
  const queue = item.instances.reduce((sum, c) => sum + (c.queue || 0), 0);
  if (text) {
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    setFont(ctx, theme.sans, small ? 12 : 13, 600);
    ctx.fillStyle = down ? theme.ink3 : theme.ink;
    ctx.fillText(title(item.name), rect.x + 27, rect.y + rect.h / 2 - (small ? -0.5 : 8));
    if (!small) {
      setFont(ctx, theme.sans, 11, 500);
      ctx.fillStyle = state === "stopped" ? theme.bad : theme.ink3;
      const waiting = queue > 0 ? `${queue} ${item.kind === "scheduler" ? "waiting" : "to do"}` : "";
      const words =
        state === "stopped"
          ? ["stopped", waiting].filter(Boolean).join(" · ")
          : state === "absent"
            ? "not running"
            : waiting || leaderText(item);
      ctx.fillText(words, rect.x + 27, rect.y + rect.h / 2 + 9);
    }
  }
  gauge(ctx, view, rect, queue, small);
}

function leaderText(item: DockItem): string {
  const leader = item.instances.find(c => c.leader);
  return item.instances.length > 1 && leader ? `leader ${leader.node}` : "idle";
}

/** Eight ticks, filled by the logarithm of the queue's length. */
function gauge(ctx: Ctx, view: View, rect: Rect, queue: number, small: boolean): void {
  const { theme } = view;
  const ticks = small ? 4 : 8;
  const lit = queue <= 0 ? 0 : Math.min(ticks, Math.ceil((Math.log2(queue + 1) / 10) * ticks) || 1);
  const w = 3;
  const h = small ? 8 : 16;
  let x = rect.x + rect.w - 12 - ticks * (w + 2);
  const y = rect.y + rect.h / 2 - h / 2;
  for (let i = 0; i < ticks; i++) {
    ctx.fillStyle =
      i < lit ? (i > ticks * 0.7 ? theme.bad : i > ticks * 0.4 ? theme.warn : theme.bar) : theme.track;
    ctx.fillRect(x, y, w, h);
    x += w + 2;
  }
}

/** "kube-controller-manager" is "Controller manager" on a label. */
export function title(name: string): string {
  const known: Record<string, string> = {
    "kube-scheduler": "Scheduler",
    "kube-controller-manager": "Controller manager",
    "cloud-controller-manager": "Cloud manager",
    "kube-apiserver": "API server",
  };
  const plain = known[name] ?? name.replace(/^kube-/, "").replace(/-controller$/, "");
  return plain.length > 19 ? `${plain.slice(0, 18)}…` : plain;
}
