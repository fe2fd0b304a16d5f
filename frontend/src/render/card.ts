/** A node card: header, bars, pod grid. Painted into a bitmap in device pixels, everything on whole pixels. */

import type { Node } from "@/protocol/rows";
import { cellRect, type Density } from "@/scene/density";
import { CARD, type Rect } from "@/scene/geometry";
import { roundRect } from "./glyphs";
import { paintPod } from "./pod";
import { bytes, cores, fitText, monoWidth, setFont } from "./text";
import type { Pen } from "./view";

/** room for the shadow around a card, world units */
export const MARGIN = 8;

export type NodeMood = "ready" | "notready" | "unknown" | "off";

export function moodOf(node: Node): NodeMood {
  if (node.power === "off") return "off";
  if (node.ready === "True") return "ready";
  return node.ready === "False" ? "notready" : "unknown";
}

/** The whole card. */
export function paintCard(pen: Pen, index: number, node: Node): void {
  paintBody(pen, node);
  paintTop(pen, index, node);
  paintGrid(pen, index);
}

/** Header and bars alone, over a card that is otherwise up to date. */
export function paintTop(pen: Pen, index: number, node: Node): void {
  paintHeader(pen, index, node);
  paintBars(pen, index, node);
}

function paintBody(pen: Pen, node: Node): void {
  const { ctx, view, s, ox, oy } = pen;
  const { theme } = view;
  const w = Math.round(CARD.w * s);
  const h = Math.round(CARD.h * s);
  const r = CARD.radius * s;
  const mood = moodOf(node);
  ctx.fillStyle = theme.shadow;
  roundRect(ctx, ox - 1, oy + Math.round(1 * s), w + 2, h + 1, r);
  ctx.fill();
  roundRect(ctx, ox, oy + Math.round(3 * s), w, h, r);
  ctx.fill();
  roundRect(ctx, ox + 0.5, oy + 0.5, w - 1, h - 1, r);
  ctx.fillStyle = mood === "off" ? theme.cardOff : theme.card;
  ctx.fill();
  if (mood !== "ready" || node.cordoned) stripes(pen, mood, w, h, r);
  roundRect(ctx, ox + 0.5, oy + 0.5, w - 1, h - 1, r);
  ctx.lineWidth = mood === "ready" ? 1 : Math.max(1, 1.5 * s);
  ctx.strokeStyle = mood === "ready" ? theme.cardLine : mood === "off" ? theme.ink3 : theme.bad;
  if (node.deleting || mood === "off") ctx.setLineDash([5 * s, 4 * s]);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** Diagonal stripes behind the header say "not for new pods", over the whole card "not working". */
function stripes(pen: Pen, mood: NodeMood, w: number, h: number, r: number): void {
  const { ctx, view, s, ox, oy } = pen;
  const { theme } = view;
  const tall = mood === "ready" ? Math.round(34 * s) : h;
  ctx.save();
  roundRect(ctx, ox + 0.5, oy + 0.5, w - 1, h - 1, r);
  ctx.clip();
  ctx.beginPath();
  ctx.rect(ox, oy, w, tall);
  ctx.clip();
  ctx.globalAlpha = mood === "ready" ? 0.16 : 0.07;
  ctx.strokeStyle = mood === "ready" ? theme.warn : mood === "off" ? theme.ink3 : theme.bad;
  ctx.lineWidth = Math.max(1, 4 * s);
  ctx.beginPath();
  const pitch = Math.max(4, 11 * s);
  for (let x = -tall; x < w; x += pitch) {
    ctx.moveTo(ox + x, oy + tall);
    ctx.lineTo(ox + x + tall, oy);
  }
  ctx.stroke();
  ctx.restore();
}

function paintHeader(pen: Pen, index: number, node: Node): void {
  const { ctx, view, s, ox, oy, lod } = pen;
  const { theme } = view;
  const cy = oy + Math.round(22 * s);
  readyGlyph(pen, node, ox + Math.round(20 * s), cy, 7 * s);
  if (lod === "overview") return;
  let right = ox + Math.round((CARD.w - CARD.pad) * s);
  ctx.textBaseline = "middle";
  if (view.labels) {
    setFont(ctx, theme.mono, 11.5 * s);
    ctx.textAlign = "right";
    ctx.fillStyle = theme.ink3;
    const count = `${view.scene.slots.count(index)}/${node.slots || "–"}`;
    ctx.fillText(count, right, cy + 0.5 * s);
    right -= monoWidth(count, 11.5 * s) + 8 * s;
    for (const tag of tagsOf(node)) {
      right = paintTag(pen, tag, right, cy) - 4 * s;
    }
  }
  setFont(ctx, theme.sans, 15 * s, 600);
  ctx.textAlign = "left";
  ctx.fillStyle = moodOf(node) === "off" ? theme.ink2 : theme.ink;
  const x = ox + Math.round(34 * s);
  ctx.fillText(fitText(ctx, node.name, right - x, 15 * s, 600), x, cy + 0.5 * s);
}

interface Tag {
  text: string;
  tone: "warn" | "bad" | "plain";
}

function tagsOf(node: Node): Tag[] {
  const tags: Tag[] = [];
  if (node.deleting) tags.push({ text: "deleting", tone: "bad" });
  if (node.power === "off") tags.push({ text: "off", tone: "bad" });
  else if (node.kubelet === "stopped") tags.push({ text: "kubelet stopped", tone: "bad" });
  if (node.cordoned) tags.push({ text: "cordoned", tone: "warn" });
  for (const pressure of node.pressure)
    tags.push({ text: pressure.replace("Pressure", "").toLowerCase(), tone: "bad" });
  const own = node.taints.filter(
    t => !t.startsWith("node.kubernetes.io/") && !t.startsWith("node-role.kubernetes.io/"),
  );
  if (own.length === 1) tags.push({ text: (own[0] ?? "").split(/[=:]/)[0] ?? "", tone: "plain" });
  else if (own.length > 1) tags.push({ text: `${own.length} taints`, tone: "plain" });
  return tags.slice(0, 2);
}

function paintTag({ ctx, view, s }: Pen, tag: Tag, right: number, cy: number): number {
  const { theme } = view;
  setFont(ctx, theme.sans, 10.5 * s, 500);
  const text = tag.text.length > 15 ? `${tag.text.slice(0, 14)}…` : tag.text;
  const w = Math.ceil(ctx.measureText(text).width + 10 * s);
  const h = Math.round(16 * s);
  const x = Math.round(right - w);
  const y = Math.round(cy - h / 2);
  const color = tag.tone === "warn" ? theme.warn : tag.tone === "bad" ? theme.bad : theme.ink2;
  roundRect(ctx, x, y, w, h, h / 2);
  ctx.globalAlpha = 0.14;
  ctx.fillStyle = color;
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.fillStyle = tag.tone === "plain" ? theme.ink2 : color;
  ctx.textAlign = "center";
  ctx.fillText(text, x + w / 2, cy + 0.5 * s);
  return x;
}

function readyGlyph({ ctx, view }: Pen, node: Node, cx: number, cy: number, r: number): void {
  const { theme } = view;
  const mood = moodOf(node);
  ctx.lineCap = "round";
  ctx.beginPath();
  ctx.arc(cx, cy, r, 0, Math.PI * 2);
  ctx.fillStyle = mood === "ready" ? theme.ok : mood === "notready" ? theme.bad : theme.ink3;
  ctx.fill();
  ctx.strokeStyle = theme.card;
  ctx.lineWidth = Math.max(1, r * 0.26);
  ctx.beginPath();
  if (mood === "ready") {
    ctx.moveTo(cx - r * 0.42, cy + r * 0.02);
    ctx.lineTo(cx - r * 0.1, cy + r * 0.36);
    ctx.lineTo(cx + r * 0.46, cy - r * 0.32);
  } else if (mood === "off") {
    ctx.arc(cx, cy + r * 0.06, r * 0.44, -Math.PI * 0.3, Math.PI * 1.3);
    ctx.moveTo(cx, cy - r * 0.56);
    ctx.lineTo(cx, cy - r * 0.02);
  } else if (mood === "notready") {
    ctx.moveTo(cx - r * 0.34, cy - r * 0.34);
    ctx.lineTo(cx + r * 0.34, cy + r * 0.34);
    ctx.moveTo(cx + r * 0.34, cy - r * 0.34);
    ctx.lineTo(cx - r * 0.34, cy + r * 0.34);
  } else {
    ctx.arc(cx, cy - r * 0.18, r * 0.28, -Math.PI, Math.PI * 0.4);
    ctx.lineTo(cx, cy + r * 0.2);
    ctx.moveTo(cx, cy + r * 0.54);
    ctx.lineTo(cx, cy + r * 0.55);
  }
  ctx.stroke();
  ctx.lineCap = "butt";
}

/** CPU, memory and slots: what is requested of what can be allocated. */
function paintBars(pen: Pen, index: number, node: Node): void {
  const used = pen.view.scene.slots.count(index);
  bar(pen, 0, "CPU", node.cpuReq, node.cpu, `${cores(node.cpuReq)} / ${cores(node.cpu)}`);
  bar(pen, 1, "Mem", node.memReq, node.mem, `${bytes(node.memReq)} / ${bytes(node.mem)}`);
  bar(pen, 2, "Pods", used, node.slots, `${used} / ${node.slots}`);
}

function bar(pen: Pen, row: number, label: string, used: number, total: number, value: string): void {
  const { ctx, view, s, ox, oy, lod } = pen;
  const { theme } = view;
  const text = lod !== "overview" && view.labels && s >= 0.5;
  const cy = oy + Math.round((CARD.barsY + row * CARD.barPitch + 5) * s);
  const x0 = ox + Math.round((CARD.pad + (text ? 36 : 0)) * s);
  const x1 = ox + Math.round((CARD.w - CARD.pad - (text ? 96 : 0)) * s);
  const h = Math.max(2, Math.round(5 * s));
  const y = cy - Math.floor(h / 2);
  const share = total > 0 ? Math.min(1, used / total) : 0;
  roundRect(ctx, x0, y, x1 - x0, h, h / 2);
  ctx.fillStyle = theme.track;
  ctx.fill();
  if (share > 0) {
    roundRect(ctx, x0, y, Math.max(h, Math.round((x1 - x0) * share)), h, h / 2);
    ctx.fillStyle = share > 0.9 ? theme.barHot : theme.bar;
    ctx.fill();
  }
  if (!text) return;
  ctx.textBaseline = "middle";
  setFont(ctx, theme.sans, 11.5 * s, 500);
  ctx.textAlign = "left";
  ctx.fillStyle = theme.ink3;
  ctx.fillText(label, ox + CARD.pad * s, cy + 0.5 * s);
  setFont(ctx, theme.mono, 11.5 * s);
  ctx.textAlign = "right";
  ctx.fillStyle = theme.ink2;
  ctx.fillText(value, ox + (CARD.w - CARD.pad) * s, cy + 0.5 * s);
}

/** The band that `paintBars` covers, for redrawing it alone. */
export function barsBand(s: number): { y: number; h: number } {
  return { y: Math.round((CARD.barsY - 4) * s), h: Math.round((3 * CARD.barPitch + 6) * s) };
}

function paintGrid(pen: Pen, index: number): void {
  const { ctx, view, s, ox, oy } = pen;
  const { scene } = view;
  const d = scene.density;
  paintEmptySlots(pen, index);
  const cells = scene.slots.cells(index);
  const end = Math.min(cells.length, d.capacity);
  for (let slot = 0; slot < end; slot++) {
    const pod = cells[slot]!;
    if (pod >= 0 && !view.hidden.has(pod)) paintPod(pen, pod, slot);
  }
  const over = cells.length - d.capacity;
  if (over > 0) {
    setFont(ctx, view.theme.sans, 10 * s, 600);
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    ctx.fillStyle = view.theme.ink2;
    ctx.fillText(`+${over}`, ox + (CARD.w - CARD.pad) * s, oy + (CARD.h - 6) * s);
  }
}

/** Faint marks where pods could be: shows room, and gives empty cards a texture. */
function paintEmptySlots(pen: Pen, index: number): void {
  const { ctx, view, s } = pen;
  const { scene, theme } = view;
  const d = scene.density;
  const node = scene.model.nodes.at(index);
  if (!node || d.h * s < 9 || moodOf(node) === "off") return;
  const limit = Math.min(d.capacity, Math.max(0, node.slots));
  ctx.fillStyle = theme.slot;
  for (let slot = 0; slot < limit; slot++) {
    if (scene.slots.podAt(index, slot) >= 0) continue;
    emptySlot(pen, d, slot);
  }
}

function emptySlot({ ctx, s, ox, oy }: Pen, d: Density, slot: number): void {
  const cell = cellRect(d, slot, 0, 0);
  if (d.name === "chip") {
    roundRect(
      ctx,
      ox + Math.round(cell.x * s),
      oy + Math.round(cell.y * s),
      Math.round(cell.w * s),
      Math.round(cell.h * s),
      6 * s,
    );
    ctx.globalAlpha = 0.55;
    ctx.fill();
    ctx.globalAlpha = 1;
  } else {
    const size = Math.max(2, Math.round(cell.h * s * 0.16));
    ctx.fillRect(
      ox + Math.round((cell.x + cell.w / 2) * s - size / 2),
      oy + Math.round((cell.y + cell.h / 2) * s - size / 2),
      size,
      size,
    );
  }
}

/** Clear one cell of a painted card, back to an empty slot. Returns the cleared rectangle in device pixels. */
export function clearCell(pen: Pen, node: Node, slot: number): Rect {
  const { ctx, view, s, ox, oy } = pen;
  const d = view.scene.density;
  const cell = cellRect(d, slot, 0, 0);
  const x = ox + Math.round(cell.x * s) - 1;
  const y = oy + Math.round(cell.y * s) - 1;
  const w = Math.round(cell.w * s) + 2;
  const h = Math.round(cell.h * s) + 2;
  ctx.fillStyle = moodOf(node) === "off" ? view.theme.cardOff : view.theme.card;
  ctx.fillRect(x, y, w, h);
  if (d.h * s >= 9 && slot < node.slots && moodOf(node) !== "off") {
    ctx.fillStyle = view.theme.slot;
    emptySlot(pen, d, slot);
  }
  return { x, y, w, h };
}
