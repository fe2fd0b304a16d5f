/**
 * The map from afar: one bitmap of all cards, a few pixels a pod. Kept up to date pod by pod; built anew only when the
 * zoom settled elsewhere or places changed. Bad pods are drawn last and larger.
 */
import { cellRect } from "@/scene/density";
import { CARD, type Rect } from "@/scene/geometry";
import type { AnyCanvas, MakeCanvas } from "./bitmaps";
import { moodOf } from "./card";
import type { Ctx } from "./glyphs";
import { isDim, overviewClass, tileColor, type View } from "./view";

const MAX_PIXELS = 12_000_000;

export class Overview {
  private canvas: AnyCanvas | null = null;
  private ctx: Ctx | null = null;
  private origin = { x: 0, y: 0 };
  private size = { w: 0, h: 0 };
  scale = 0;
  stale = true;

  constructor(private readonly make: MakeCanvas) {}

  /** Build for a scale of device pixels per world unit. */
  build(view: View, wanted: number): void {
    const area = cardsBounds(view);
    if (!area) {
      this.canvas = null;
      this.stale = false;
      this.scale = wanted;
      return;
    }
    const scale = Math.min(wanted, Math.sqrt(MAX_PIXELS / (area.w * area.h)));
    const w = Math.max(1, Math.ceil(area.w * scale));
    const h = Math.max(1, Math.ceil(area.h * scale));
    if (!this.canvas || this.canvas.width !== w || this.canvas.height !== h) {
      this.canvas = this.make(w, h);
      this.ctx = this.canvas.getContext("2d") as Ctx;
    } else {
      this.ctx!.clearRect(0, 0, w, h);
    }
    this.origin = { x: area.x, y: area.y };
    this.size = { w: area.w, h: area.h };
    this.scale = scale;
    this.stale = false;
    const { cardX } = view.scene.layout;
    for (let i = 0; i < cardX.length; i++) if (!Number.isNaN(cardX[i]!)) this.card(view, i);
  }

  /** Draw the whole map into the target, whose transform is the identity in device pixels. */
  draw(target: Ctx, camera: { x: number; y: number }, s: number): void {
    if (!this.canvas) return;
    const x = (this.origin.x - camera.x) * s;
    const y = (this.origin.y - camera.y) * s;
    const k = s / this.scale;
    if (Math.abs(k - 1) < 1e-6) target.drawImage(this.canvas, Math.round(x), Math.round(y));
    else target.drawImage(this.canvas, x, y, this.canvas.width * k, this.canvas.height * k);
  }

  /** Draw the part of the map under a rectangle of the world. */
  drawPart(target: Ctx, camera: { x: number; y: number }, s: number, rect: Rect): void {
    if (!this.canvas || this.stale) return;
    const k = this.scale;
    target.drawImage(
      this.canvas,
      (rect.x - this.origin.x) * k,
      (rect.y - this.origin.y) * k,
      rect.w * k,
      rect.h * k,
      (rect.x - camera.x) * s,
      (rect.y - camera.y) * s,
      rect.w * s,
      rect.h * s,
    );
  }

  /** Copy device pixels one to one. */
  copy(target: Ctx, x: number, y: number, w: number, h: number, tx: number, ty: number): void {
    if (this.canvas) target.drawImage(this.canvas, x, y, w, h, tx, ty, w, h);
  }

  card(view: View, index: number): void {
    const ctx = this.ctx;
    const node = view.scene.model.nodes.at(index);
    const rect = view.scene.nodeRect(index);
    if (!ctx || !node || !rect) return;
    const { theme } = view;
    const p = this.toPixels(rect);
    const mood = moodOf(node);
    ctx.fillStyle = mood === "ready" ? theme.cardLine : mood === "off" ? theme.ink3 : theme.bad;
    const edge = mood === "ready" ? 1 : 2;
    ctx.fillRect(p.x - edge, p.y - edge, p.w + 2 * edge, p.h + 2 * edge);
    ctx.fillStyle = mood === "off" ? theme.cardOff : theme.card;
    ctx.fillRect(p.x, p.y, p.w, p.h);
    this.top(view, index);
    const cells = view.scene.slots.cells(index);
    for (let klass = 0; klass < 4; klass++) {
      for (let slot = 0; slot < cells.length; slot++) {
        const pod = cells[slot]!;
        if (pod >= 0 && overviewClass(view.scene.model.pods.state[pod]!) === klass)
          this.pod(view, pod, false);
      }
    }
  }

  /** Header line and the CPU bar. */
  top(view: View, index: number): void {
    const ctx = this.ctx;
    const node = view.scene.model.nodes.at(index);
    const rect = view.scene.nodeRect(index);
    if (!ctx || !node || !rect) return;
    const { theme } = view;
    const mood = moodOf(node);
    const pad = CARD.pad;
    const head = this.toPixels({ x: rect.x + pad, y: rect.y + 14, w: CARD.gridW * 0.45, h: 16 });
    ctx.fillStyle = mood === "ready" ? theme.ink3 : mood === "off" ? theme.ink3 : theme.bad;
    ctx.fillRect(head.x, head.y, head.w, head.h);
    const rows: [number, number][] = [
      [node.cpuReq, node.cpu],
      [node.memReq, node.mem],
    ];
    rows.forEach(([used, total], row) => {
      const share = total > 0 ? Math.min(1, used / total) : 0;
      const y = rect.y + CARD.barsY + 4 + row * 20;
      const track = this.toPixels({ x: rect.x + pad, y, w: CARD.gridW, h: 10 });
      ctx.fillStyle = theme.track;
      ctx.fillRect(track.x, track.y, track.w, track.h);
      ctx.fillStyle = share > 0.9 ? theme.barHot : theme.bar;
      ctx.fillRect(track.x, track.y, Math.round(track.w * share), track.h);
    });
  }

  /** Paint one pod; with `wipe`, clear its cell first. Returns the touched rectangle of the world. */
  pod(view: View, pod: number, wipe: boolean): Rect | null {
    const ctx = this.ctx;
    const rect = view.scene.podRect(pod);
    if (!ctx || !rect || view.scene.slots.node(pod) < 0) return null;
    const { theme, scene } = view;
    const state = scene.model.pods.state[pod]!;
    const p = this.cellPixels(rect);
    if (wipe) {
      ctx.fillStyle = theme.card;
      ctx.fillRect(p.x, p.y, p.w, p.h);
    }
    const klass = overviewClass(state);
    if (isDim(view, pod)) ctx.globalAlpha = 0.18;
    const color = tileColor(view, pod);
    ctx.fillStyle = color >= 0 ? theme.palette[color % theme.palette.length]! : theme.states[state]!;
    const grow = klass === 3 ? Math.max(1, Math.round(p.h * 0.25)) : 0;
    ctx.fillRect(p.x - grow, p.y - grow, p.w + 2 * grow, p.h + 2 * grow);
    ctx.globalAlpha = 1;
    return { x: rect.x - 4, y: rect.y - 4, w: rect.w + 8, h: rect.h + 8 };
  }

  hole(view: View, node: number, slot: number): Rect | null {
    const ctx = this.ctx;
    const card = view.scene.nodeRect(node);
    if (!ctx || !card || slot < 0 || slot >= view.scene.density.capacity) return null;
    const rect = cellRect(view.scene.density, slot, card.x, card.y);
    const p = this.cellPixels(rect);
    ctx.fillStyle = view.theme.card;
    ctx.fillRect(p.x, p.y, p.w, p.h);
    return rect;
  }

  /** All cells of one size, rounded down: what is left over becomes the gap between them. */
  private cellPixels(rect: Rect): Rect {
    const k = this.scale;
    return {
      x: Math.round((rect.x - this.origin.x) * k),
      y: Math.round((rect.y - this.origin.y) * k),
      w: Math.max(1, Math.floor(rect.w * k)),
      h: Math.max(1, Math.floor(rect.h * k)),
    };
  }

  private toPixels(rect: Rect): Rect {
    const k = this.scale;
    const x = Math.round((rect.x - this.origin.x) * k);
    const y = Math.round((rect.y - this.origin.y) * k);
    return {
      x,
      y,
      w: Math.max(1, Math.round((rect.x + rect.w - this.origin.x) * k) - x),
      h: Math.max(1, Math.round((rect.y + rect.h - this.origin.y) * k) - y),
    };
  }

  get area(): Rect {
    return { ...this.origin, ...this.size };
  }
}

function cardsBounds(view: View): Rect | null {
  const { cardX, cardY } = view.scene.layout;
  let x0 = Number.POSITIVE_INFINITY;
  let y0 = Number.POSITIVE_INFINITY;
  let x1 = Number.NEGATIVE_INFINITY;
  let y1 = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < cardX.length; i++) {
    if (Number.isNaN(cardX[i]!)) continue;
    x0 = Math.min(x0, cardX[i]!);
    y0 = Math.min(y0, cardY[i]!);
    x1 = Math.max(x1, cardX[i]! + CARD.w);
    y1 = Math.max(y1, cardY[i]! + CARD.h);
  }
  return x1 > x0 ? { x: x0 - 8, y: y0 - 8, w: x1 - x0 + 16, h: y1 - y0 + 16 } : null;
}
