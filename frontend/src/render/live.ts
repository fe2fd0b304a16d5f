/**
 * The live layer: flights, packets, selection, verdicts, the drag ghost. Cleared and drawn anew in each frame that
 * needs it, and only then.
 */

import { SCALABLE } from "@/protocol/rows";
import { type Camera, toScreen, type Viewport, visible } from "@/scene/camera";
import { CARD, center, intersects, type Point, type Rect } from "@/scene/geometry";
import { lodOf } from "@/scene/lod";
import { STATE } from "@/store/pods";
import type { AnyCanvas } from "./bitmaps";
import { moodOf } from "./card";
import { type Ctx, drawGlyph, drawTile, roundRect } from "./glyphs";
import {
  BEAM_MS,
  FLIGHT_MS,
  type Flight,
  flightAlpha,
  flightRect,
  LEAVE_MS,
  type Motion,
  type Packet,
  PULSE_MS,
} from "./motion";
import { paintHandle, paintScaling, type Scaling } from "./scaling";
import { fitText, setFont } from "./text";
import { isDim, tileColor, type View } from "./view";

export interface Verdict {
  node: number;
  feasible: boolean;
  text: string;
}

export interface Edge {
  from: string;
  to: string;
  tone: "accent" | "plain" | "warn";
}

export interface DragGhost {
  /** world point under the pointer */
  at: Point;
  kind: "pod" | "node";
  /** integer id */
  index: number;
  /** "" while nothing would happen */
  hint: string;
  tone: "ok" | "bad" | "plain";
  /** where a card would come to rest */
  landing: Rect | null;
  /** where on the card it is held, world units from its corner */
  grip?: Point;
}

/** A card as it is painted already: picture, its scale, and the room around it in pixels. */
export interface CardPicture {
  canvas: AnyCanvas;
  scale: number;
  margin: number;
}

export interface Marks {
  selection: string | null;
  hover: string | null;
  /** the keyboard's current object, when the map has focus */
  focus: string | null;
  peers: { selection: string | null; color: string; user: string }[];
  edges: Edge[];
  verdicts: Verdict[] | null;
  /** node under the drag */
  dropNode: number;
  ghost: DragGhost | null;
  /** a workload whose edge is being drawn out or in */
  scaling: Scaling | null;
  /** node index → share done, for drains */
  progress: Map<number, number>;
}

export function noMarks(): Marks {
  return {
    selection: null,
    hover: null,
    focus: null,
    peers: [],
    edges: [],
    verdicts: null,
    dropNode: -1,
    ghost: null,
    scaling: null,
    progress: new Map(),
  };
}

const MAX_SPINNERS = 60;

export class LiveLayer {
  marks: Marks = noMarks();
  /** something besides running animations must be drawn */
  dirty = true;
  private drewSpinners = 0;
  private readonly near: number[] = [];

  constructor(
    private readonly ctx: Ctx,
    readonly motion: Motion,
    private readonly picture: (node: number) => CardPicture | null,
  ) {}

  /** Whether the layer must be painted again without being asked. */
  get animating(): boolean {
    return this.motion.active || this.drewSpinners > 0;
  }

  paint(view: View, camera: Camera, size: Viewport, dpr: number, now: number, packets: boolean): void {
    const { ctx } = this;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, Math.ceil(size.w * dpr), Math.ceil(size.h * dpr));
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    const screen = visible(camera, size);
    const draw: Draw = { ctx, view, camera, screen, now };
    this.paintVerdicts(draw);
    this.paintEdges(draw);
    for (const beam of this.motion.beams) paintBeam(draw, beam.from, beam.to, (now - beam.start) / BEAM_MS);
    if (packets) for (const packet of this.motion.packets) paintPacket(draw, packet);
    this.paintBadges(draw);
    this.paintSpinners(draw);
    this.paintProgress(draw);
    this.paintMarks(draw);
    for (const ghost of this.motion.ghosts) {
      const t = (now - ghost.start) / LEAVE_MS;
      paintLeaving(draw, ghost.rect, ghost.state, ghost.color, t, ghost.violent);
    }
    for (const pulse of this.motion.pulses) {
      paintPulse(draw, pulse.rect, view.theme.states[pulse.state]!, (now - pulse.start) / PULSE_MS);
    }
    for (const flight of this.motion.flights.values()) paintFlight(draw, flight);
    for (const bundle of this.motion.bundles)
      paintBundle(draw, bundle.count, bundle.from, bundle.to, (now - bundle.start) / (FLIGHT_MS * 2));
    if (this.marks.ghost) paintDragGhost(draw, this.marks.ghost, this.picture);
    this.paintScaling(draw);
    this.dirty = false;
  }

  private paintScaling({ ctx, view, camera }: Draw): void {
    const { hover, scaling } = this.marks;
    const over = hover ? view.scene.model.workloads.get(hover) : undefined;
    if (over && SCALABLE.includes(over.kind)) paintHandle(ctx, view, camera, over.id);
    if (scaling) paintScaling(ctx, view, camera, scaling);
  }

  private paintEdges(draw: Draw): void {
    const { ctx, view, camera } = draw;
    if (!this.marks.edges.length) return;
    ctx.lineWidth = 1.25;
    for (const edge of this.marks.edges) {
      const a = view.scene.rectOf(edge.from);
      const b = view.scene.rectOf(edge.to);
      if (!a || !b) continue;
      const lane = a.x < 0;
      const p = toScreen(camera, lane ? a.x + a.w : a.x + a.w / 2, a.y + a.h / 2);
      const q = toScreen(camera, b.x + 1, b.y + b.h / 2);
      const bend = Math.max(30, Math.abs(q.x - p.x) * 0.45);
      ctx.beginPath();
      ctx.moveTo(p.x, p.y);
      ctx.bezierCurveTo(p.x + bend, p.y, q.x - bend, q.y, q.x, q.y);
      ctx.strokeStyle =
        edge.tone === "accent" ? view.theme.accent : edge.tone === "warn" ? view.theme.warn : view.theme.ink3;
      ctx.globalAlpha = 0.5;
      ctx.stroke();
      ctx.globalAlpha = 1;
      ctx.beginPath();
      ctx.arc(q.x, q.y, 2.5, 0, Math.PI * 2);
      ctx.fillStyle = ctx.strokeStyle;
      ctx.fill();
    }
  }

  /** Unfit nodes step back and say why; fit ones show their score. */
  private paintVerdicts(draw: Draw): void {
    const { verdicts, dropNode } = this.marks;
    if (!verdicts) return;
    const { ctx, view, camera, screen } = draw;
    for (const verdict of verdicts) {
      const rect = view.scene.nodeRect(verdict.node);
      if (!rect || !intersects(rect, screen)) continue;
      const p = toScreen(camera, rect.x, rect.y);
      const w = CARD.w * camera.z;
      const h = CARD.h * camera.z;
      const r = CARD.radius * camera.z;
      const color = verdict.feasible ? view.theme.ok : view.theme.bad;
      if (!verdict.feasible) {
        roundRect(ctx, p.x, p.y, w, h, r);
        ctx.globalAlpha = 0.72;
        ctx.fillStyle = view.theme.canvas;
        ctx.fill();
        ctx.globalAlpha = 1;
      }
      roundRect(ctx, p.x, p.y, w, h, r);
      ctx.lineWidth = verdict.node === dropNode ? 3.5 : 2;
      ctx.strokeStyle = color;
      if (!verdict.feasible) ctx.setLineDash([5, 4]);
      ctx.stroke();
      ctx.setLineDash([]);
      if (camera.z < 0.3) continue;
      const label = `${verdict.feasible ? "✓" : "✕"} ${verdict.text}`;
      setFont(ctx, view.theme.sans, 12, 600);
      const max = Math.max(60, w - 12);
      const text = fitText(ctx, label, max - 16, 12, 600);
      const tw = ctx.measureText(text).width + 16;
      const ty = p.y + h - 13;
      roundRect(ctx, p.x + w / 2 - tw / 2, ty - 11, tw, 22, 11);
      ctx.fillStyle = color;
      ctx.fill();
      ctx.fillStyle = view.theme.dark ? view.theme.glyph : "#fff";
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      ctx.fillText(text, p.x + w / 2, ty + 0.5);
    }
  }

  /** From afar a troubled node wears a badge of constant size. */
  private paintBadges(draw: Draw): void {
    const { ctx, view, camera, screen } = draw;
    if (lodOf(camera.z) !== "overview") return;
    view.scene.grid.within(screen, this.near);
    for (const index of this.near) {
      const node = view.scene.model.nodes.at(index);
      if (!node || moodOf(node) === "ready") continue;
      const rect = view.scene.nodeRect(index)!;
      const p = toScreen(camera, rect.x + rect.w, rect.y);
      ctx.beginPath();
      ctx.arc(p.x - 2, p.y + 2, 8, 0, Math.PI * 2);
      ctx.fillStyle = view.theme.bad;
      ctx.fill();
      ctx.lineWidth = 1.5;
      ctx.strokeStyle = view.theme.card;
      ctx.stroke();
      setFont(ctx, view.theme.sans, 11, 700);
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      ctx.fillStyle = "#fff";
      ctx.fillText("!", p.x - 2, p.y + 2.5);
    }
  }

  /** The arc of "creating" turns, for as many as are worth it. */
  private paintSpinners(draw: Draw): void {
    const { ctx, view, camera, screen, now } = draw;
    this.drewSpinners = 0;
    const { density } = view.scene;
    if (this.motion.reduced || density.h * camera.z < 12 || lodOf(camera.z) === "overview") return;
    const { pods } = view.scene.model;
    view.scene.grid.within(screen, this.near);
    const turn = (now / 1400) * Math.PI * 2;
    for (const index of this.near) {
      for (const pod of view.scene.slots.cells(index)) {
        if (pod < 0 || pods.state[pod] !== STATE.creating || view.hidden.has(pod)) continue;
        if (++this.drewSpinners > MAX_SPINNERS) {
          this.drewSpinners = 0;
          return;
        }
        const rect = view.scene.podRect(pod);
        if (!rect) continue;
        const inset = density.name === "chip" ? 3 : 0;
        const side = (rect.h - 2 * inset) * camera.z;
        const p = toScreen(camera, rect.x + inset, rect.y + inset);
        const style = view.sprites.style(STATE.creating, tileColor(view, pod));
        if (isDim(view, pod)) continue;
        roundRect(ctx, p.x + side * 0.16, p.y + side * 0.16, side * 0.68, side * 0.68, side * 0.2);
        ctx.fillStyle = style.fill;
        ctx.fill();
        drawGlyph(ctx, STATE.creating, p.x + side / 2, p.y + side / 2, side, style, turn);
      }
    }
  }

  private paintProgress(draw: Draw): void {
    const { ctx, view, camera } = draw;
    for (const [index, share] of this.marks.progress) {
      const rect = view.scene.nodeRect(index);
      if (!rect) continue;
      const p = toScreen(camera, rect.x + 20, rect.y + 22);
      const r = Math.max(9, 11 * camera.z);
      ctx.lineWidth = 3;
      ctx.strokeStyle = view.theme.track;
      ctx.beginPath();
      ctx.arc(p.x, p.y, r, 0, Math.PI * 2);
      ctx.stroke();
      ctx.strokeStyle = view.theme.accent;
      ctx.beginPath();
      ctx.arc(p.x, p.y, r, -Math.PI / 2, -Math.PI / 2 + Math.PI * 2 * Math.max(0.03, share));
      ctx.stroke();
    }
  }

  private paintMarks(draw: Draw): void {
    const { view } = draw;
    const { hover, selection, focus, peers } = this.marks;
    if (hover && hover !== selection) ring(draw, hover, view.theme.ink3, 1.5, 2);
    for (const peer of peers) {
      if (peer.selection) ring(draw, peer.selection, peer.color, 2, 4, [4, 3]);
    }
    if (selection) ring(draw, selection, view.theme.accent, 2.5, 3);
    if (focus && focus !== selection) ring(draw, focus, view.theme.accent, 2, 3, [3, 3]);
  }
}

interface Draw {
  ctx: Ctx;
  view: View;
  camera: Camera;
  screen: Rect;
  now: number;
}

function ring(draw: Draw, id: string, color: string, line: number, gap: number, dash: number[] = []): void {
  const { ctx, view, camera } = draw;
  const rect = view.scene.rectOf(id);
  if (!rect) return;
  const p = toScreen(camera, rect.x, rect.y);
  const w = rect.w * camera.z + 2 * gap;
  const h = rect.h * camera.z + 2 * gap;
  const isCard = rect.w === CARD.w;
  const r = isCard ? CARD.radius * camera.z + gap : Math.min(h / 2, Math.max(3, 6 * camera.z + gap));
  roundRect(ctx, p.x - gap, p.y - gap, w, h, r);
  ctx.lineWidth = line;
  ctx.strokeStyle = color;
  ctx.setLineDash(dash);
  ctx.stroke();
  ctx.setLineDash([]);
}

function paintTileAt(draw: Draw, rect: Rect, state: number, color: number, alpha: number, scale = 1): void {
  const { ctx, view, camera } = draw;
  const side = Math.min(rect.w, rect.h) * camera.z * scale;
  if (side < 1) return;
  const p = toScreen(camera, rect.x, rect.y + rect.h / 2);
  ctx.globalAlpha = alpha;
  drawTile(
    ctx,
    state,
    p.x + (Math.min(rect.w, rect.h) * camera.z - side) / 2,
    p.y - side / 2,
    side,
    view.sprites.style(state, color),
  );
  ctx.globalAlpha = 1;
}

function paintFlight(draw: Draw, flight: Flight): void {
  const { now, camera, screen } = draw;
  const rect = flightRect(flight, now);
  if (!intersects(rect, screen)) return;
  const alpha = flightAlpha(flight, now);
  const min = 7 / camera.z;
  const shown = rect.h < min ? { ...rect, w: min, h: min } : rect;
  paintTileAt(draw, shown, flight.state, flight.color, alpha, flight.pop ? 0.5 + 0.5 * alpha : 1);
}

function paintLeaving(
  draw: Draw,
  rect: Rect,
  state: number,
  color: number,
  t: number,
  violent: boolean,
): void {
  if (t < 0 || t > 1) return;
  const { ctx, view, camera } = draw;
  if (violent && t < 0.35) {
    const p = toScreen(camera, rect.x, rect.y);
    const grow = 6 * (t / 0.35);
    roundRect(ctx, p.x - grow, p.y - grow, rect.w * camera.z + 2 * grow, rect.h * camera.z + 2 * grow, 6);
    ctx.globalAlpha = 0.5 * (1 - t / 0.35);
    ctx.fillStyle = view.theme.bad;
    ctx.fill();
    ctx.globalAlpha = 1;
  }
  paintTileAt(draw, rect, state, color, 1 - t, 1 - 0.5 * t);
}

function paintPulse(draw: Draw, rect: Rect, color: string, t: number): void {
  if (t < 0 || t > 1 || draw.camera.z < 0.25) return;
  const { ctx, camera } = draw;
  const side = Math.min(rect.w, rect.h) * camera.z;
  const p = toScreen(camera, rect.x, rect.y + rect.h / 2);
  const grow = 1 + 7 * t;
  roundRect(ctx, p.x - grow, p.y - side / 2 - grow, side + 2 * grow, side + 2 * grow, side * 0.26 + grow);
  ctx.globalAlpha = 0.8 * (1 - t);
  ctx.lineWidth = 2;
  ctx.strokeStyle = color;
  ctx.stroke();
  ctx.globalAlpha = 1;
}

function curve(from: Point, to: Point, t: number): Point {
  const k = 1 - t;
  const mx = from.x + (to.x - from.x) * 0.12;
  const my = from.y + (to.y - from.y) * 0.62;
  return {
    x: k * k * from.x + 2 * k * t * mx + t * t * to.x,
    y: k * k * from.y + 2 * k * t * my + t * t * to.y,
  };
}

function paintBeam(draw: Draw, from: Point, to: Point, t: number): void {
  if (t < 0 || t > 1) return;
  const { ctx, view, camera } = draw;
  const a = toScreen(camera, from.x, from.y);
  const b = toScreen(camera, to.x, to.y);
  const m = toScreen(camera, from.x + (to.x - from.x) * 0.12, from.y + (to.y - from.y) * 0.62);
  ctx.beginPath();
  ctx.moveTo(a.x, a.y);
  ctx.quadraticCurveTo(m.x, m.y, b.x, b.y);
  ctx.globalAlpha = 0.7 * (1 - t);
  ctx.lineWidth = 2;
  ctx.strokeStyle = view.theme.accent;
  ctx.stroke();
  ctx.globalAlpha = 1;
}

function paintPacket(draw: Draw, packet: Packet): void {
  const { ctx, view, camera, now } = draw;
  const t = (now - packet.start) / packet.duration;
  if (t < 0 || t > 1) return;
  const at = curve(packet.from, packet.to, t);
  const p = toScreen(camera, at.x, at.y);
  const r = Math.max(1.6, Math.min(3.4, 2.8 * camera.z));
  const alpha = Math.min(1, t * 6, (1 - t) * 6) * 0.85;
  ctx.globalAlpha = alpha;
  ctx.beginPath();
  if (packet.shape === "ok") {
    ctx.arc(p.x, p.y, r, 0, Math.PI * 2);
    ctx.fillStyle = view.theme.ok;
  } else if (packet.shape === "error") {
    ctx.moveTo(p.x, p.y - r * 1.4);
    ctx.lineTo(p.x + r * 1.4, p.y);
    ctx.lineTo(p.x, p.y + r * 1.4);
    ctx.lineTo(p.x - r * 1.4, p.y);
    ctx.fillStyle = view.theme.bad;
  } else {
    ctx.moveTo(p.x, p.y - r * 1.3);
    ctx.lineTo(p.x + r * 1.2, p.y + r);
    ctx.lineTo(p.x - r * 1.2, p.y + r);
    ctx.fillStyle = view.theme.accent;
  }
  ctx.fill();
  ctx.globalAlpha = 1;
}

function paintBundle(draw: Draw, count: number, from: Point, to: Point, t: number): void {
  if (t < 0 || t > 1) return;
  const { ctx, view, camera } = draw;
  const k = Math.min(1, t * 1.6);
  const e = k < 0.5 ? 2 * k * k : 1 - (-2 * k + 2) ** 2 / 2;
  const p = toScreen(camera, from.x + (to.x - from.x) * e, from.y + (to.y - from.y) * e);
  setFont(ctx, view.theme.sans, 12, 700);
  const text = `+${count}`;
  const w = ctx.measureText(text).width + 16;
  ctx.globalAlpha = t > 0.7 ? (1 - t) / 0.3 : 1;
  roundRect(ctx, p.x - w / 2, p.y - 11, w, 22, 11);
  ctx.fillStyle = view.theme.ink;
  ctx.fill();
  ctx.fillStyle = view.theme.card;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, p.x, p.y + 0.5);
  ctx.globalAlpha = 1;
}

function paintDragGhost(draw: Draw, ghost: DragGhost, picture: (node: number) => CardPicture | null): void {
  const { ctx, view, camera } = draw;
  const p = toScreen(camera, ghost.at.x, ghost.at.y);
  if (ghost.kind === "node") paintCarriedCard(draw, ghost, picture(ghost.index));
  if (ghost.landing) {
    const q = toScreen(camera, ghost.landing.x, ghost.landing.y);
    roundRect(ctx, q.x, q.y, ghost.landing.w * camera.z, ghost.landing.h * camera.z, CARD.radius * camera.z);
    ctx.globalAlpha = 0.1;
    ctx.fillStyle = view.theme.accent;
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.lineWidth = 2;
    ctx.setLineDash([6, 4]);
    ctx.strokeStyle = view.theme.accent;
    ctx.stroke();
    ctx.setLineDash([]);
  }
  if (ghost.kind === "pod") {
    const { pods } = view.scene.model;
    const side = Math.max(22, 26 * Math.min(1.4, camera.z));
    ctx.globalAlpha = 0.95;
    ctx.shadowColor = "rgba(0,0,0,0.35)";
    ctx.shadowBlur = 14;
    ctx.shadowOffsetY = 5;
    const state = pods.state[ghost.index]!;
    drawTile(
      ctx,
      state,
      p.x - side / 2,
      p.y - side / 2,
      side,
      view.sprites.style(state, tileColor(view, ghost.index)),
    );
    ctx.shadowColor = "transparent";
    ctx.shadowBlur = 0;
    ctx.shadowOffsetY = 0;
    ctx.globalAlpha = 1;
  }
  if (ghost.hint) hintAt(draw, p.x, p.y + (ghost.kind === "pod" ? 30 : 16), ghost.hint, ghost.tone);
}

/** The card follows the hand; where it was, it fades. */
function paintCarriedCard(draw: Draw, ghost: DragGhost, picture: CardPicture | null): void {
  const { ctx, view, camera } = draw;
  const home = view.scene.nodeRect(ghost.index);
  if (home) {
    const q = toScreen(camera, home.x, home.y);
    roundRect(ctx, q.x - 1, q.y - 1, home.w * camera.z + 2, home.h * camera.z + 4, CARD.radius * camera.z);
    ctx.globalAlpha = 0.7;
    ctx.fillStyle = view.theme.zone;
    ctx.fill();
    ctx.globalAlpha = 1;
  }
  if (!picture || !ghost.grip) return;
  const k = camera.z / picture.scale;
  const p = toScreen(camera, ghost.at.x - ghost.grip.x, ghost.at.y - ghost.grip.y);
  ctx.globalAlpha = 0.92;
  ctx.shadowColor = "rgba(0,0,0,0.28)";
  ctx.shadowBlur = 22;
  ctx.shadowOffsetY = 10;
  ctx.drawImage(
    picture.canvas,
    p.x - picture.margin * k,
    p.y - picture.margin * k,
    picture.canvas.width * k,
    picture.canvas.height * k,
  );
  ctx.shadowColor = "transparent";
  ctx.shadowBlur = 0;
  ctx.shadowOffsetY = 0;
  ctx.globalAlpha = 1;
}

function hintAt(draw: Draw, x: number, y: number, text: string, tone: "ok" | "bad" | "plain"): void {
  const { ctx, view } = draw;
  setFont(ctx, view.theme.sans, 12, 550);
  const w = ctx.measureText(text).width + 18;
  roundRect(ctx, x - w / 2, y - 2, w, 24, 8);
  ctx.fillStyle = tone === "bad" ? view.theme.bad : tone === "ok" ? view.theme.accent : view.theme.ink;
  ctx.fill();
  ctx.fillStyle = tone === "plain" ? view.theme.card : view.theme.dark ? view.theme.glyph : "#fff";
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, x, y + 10.5);
}

/** Centre of a card's top edge, where packets dock. */
export function port(rect: Rect): Point {
  return { x: center(rect).x, y: rect.y };
}
