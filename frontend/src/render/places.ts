/** Zone frames, the pending shelf, the lane of workloads and services, and the ghost of a first node. */
import type { Service, Workload } from "@/protocol/rows";
import type { Rect } from "@/scene/geometry";
import type { ZoneBox } from "@/scene/layout";
import type { Lod } from "@/scene/lod";
import { shelfCell } from "@/scene/shelf";
import { STATE } from "@/store/pods";
import { type Ctx, roundRect } from "./glyphs";
import { paintChip } from "./pod";
import { clip, fitText, monoWidth, setFont } from "./text";
import { isDim, tileColor, type View } from "./view";

/** Frames are painted in world units, their labels at a size that stays readable from afar. */
export function paintZone(ctx: Ctx, view: View, zone: ZoneBox, zoom: number): void {
  const { theme } = view;
  const { rect } = zone;
  roundRect(ctx, rect.x, rect.y, rect.w, rect.h, 16);
  ctx.fillStyle = theme.zone;
  ctx.fill();
  ctx.lineWidth = Math.max(1, 1 / zoom);
  ctx.strokeStyle = theme.zoneLine;
  ctx.stroke();
  const k = view.scene.layout.scale;
  const size = Math.max(11.5, Math.min(16 * k, 11.5 / zoom));
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  setFont(ctx, theme.sans, size, 600);
  ctx.fillStyle = theme.ink2;
  const y = rect.y + 18 * k;
  const name = zone.kind === "zone" && !/zone/i.test(zone.name) ? `Zone ${zone.name}` : zone.name;
  ctx.fillText(fitText(ctx, name, rect.w - 20, size, 600), rect.x + 16, y);
  if (size * (name.length * 0.6 + 6) < rect.w) {
    const w = ctx.measureText(name).width;
    setFont(ctx, theme.sans, size, 400);
    ctx.fillStyle = theme.ink3;
    const count = zone.nodes.length;
    ctx.fillText(`${count} node${count === 1 ? "" : "s"}`, rect.x + 16 + w + size * 0.6, y);
  }
}

export function paintGhost(ctx: Ctx, view: View, rect: Rect): void {
  const { theme } = view;
  roundRect(ctx, rect.x, rect.y, rect.w, rect.h, 10);
  ctx.lineWidth = 1.5;
  ctx.strokeStyle = theme.ink3;
  ctx.setLineDash([7, 6]);
  ctx.stroke();
  ctx.setLineDash([]);
  const cx = rect.x + rect.w / 2;
  const cy = rect.y + rect.h / 2;
  ctx.lineWidth = 2;
  ctx.strokeStyle = theme.ink2;
  ctx.beginPath();
  ctx.moveTo(cx - 10, cy - 30);
  ctx.lineTo(cx + 10, cy - 30);
  ctx.moveTo(cx, cy - 40);
  ctx.lineTo(cx, cy - 20);
  ctx.stroke();
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  setFont(ctx, theme.sans, 14, 600);
  ctx.fillStyle = theme.ink;
  ctx.fillText("Add the first node", cx, cy + 4);
  setFont(ctx, theme.sans, 12, 400);
  ctx.fillStyle = theme.ink2;
  ctx.fillText("Click here, or press N", cx, cy + 24);
}

export function paintShelf(ctx: Ctx, view: View, s: number, ox: number, oy: number, lod: Lod): void {
  const { theme, scene } = view;
  const { shelf } = scene.layout;
  const x = ox;
  const y = oy;
  const w = Math.round(shelf.w * s);
  const h = Math.round(shelf.h * s);
  const any = scene.shelf.total > 0;
  roundRect(ctx, x + 0.5, y + 0.5, w - 1, h - 1, 16 * s * scene.layout.scale);
  ctx.fillStyle = any ? theme.card : theme.zone;
  ctx.fill();
  ctx.lineWidth = 1;
  ctx.strokeStyle = any ? theme.states[STATE.pending]! : theme.zoneLine;
  ctx.stroke();
  // Text and tiles of the shelf are drawn at its own scale from here on.
  const layout = scene.shelf;
  const u = s;
  s *= scene.layout.scale;
  const text = s > 0.25 && view.labels;
  ctx.textBaseline = "middle";
  if (!any) {
    if (text) {
      ctx.textAlign = "left";
      setFont(ctx, theme.sans, 11.5 * s, 600);
      ctx.fillStyle = theme.ink3;
      ctx.fillText("PENDING", x + 16 * s, y + 18 * s);
      ctx.textAlign = "center";
      setFont(ctx, theme.sans, 13 * s);
      ctx.fillText("Nothing is waiting for a node", x + w / 2, y + h / 2 + 2 * s);
    }
    return;
  }
  for (const group of layout.groups) {
    const gx = x + (group.rect.x - shelf.x) * u;
    if (text) {
      setFont(ctx, theme.sans, 11 * s, 600);
      ctx.textAlign = "left";
      ctx.fillStyle = theme.ink;
      const count = String(group.pods.length);
      const label = clip(group.reason, group.rect.w * u - monoWidth(count, 11 * s) - 16 * s, 9.4 * s);
      ctx.fillText(label, gx, y + 17 * s);
      const after = ctx.measureText(label).width;
      setFont(ctx, theme.mono, 10.5 * s, 500);
      ctx.fillStyle = theme.warn;
      ctx.fillText(count, gx + after + 7 * s, y + 17.5 * s);
    }
    for (let i = 0; i < group.shown; i++) {
      const pod = group.pods[i]!;
      if (view.hidden.has(pod)) continue;
      const cell = shelfCell(layout, group, i);
      const cx = x + Math.round((cell.x - shelf.x) * u);
      const cy = y + Math.round((cell.y - shelf.y) * u);
      const dim = isDim(view, pod);
      if (dim) ctx.globalAlpha = 0.16;
      if (layout.chips)
        paintChip(ctx, view, pod, cx, cy, Math.round(cell.w * u), Math.round(cell.h * u), s, lod);
      else
        view.sprites.stamp(
          ctx,
          scene.model.pods.state[pod]!,
          tileColor(view, pod),
          cx,
          cy,
          Math.max(2, Math.round(cell.h * u)),
        );
      if (dim) ctx.globalAlpha = 1;
    }
    const more = group.pods.length - group.shown;
    if (more > 0 && text && group.shown > 0) {
      const last = shelfCell(layout, group, group.shown - 1);
      const cx = x + Math.round((last.x - shelf.x) * u);
      const cy = y + Math.round((last.y - shelf.y) * u);
      const side = Math.round(last.h * u);
      const wide = Math.round(last.w * u);
      roundRect(ctx, cx, cy, wide, side, side * 0.26);
      ctx.fillStyle = theme.track;
      ctx.fill();
      setFont(ctx, theme.sans, (more > 99 ? 8 : 10) * s, 700);
      ctx.textAlign = "center";
      ctx.fillStyle = theme.ink;
      ctx.fillText(more > 999 ? "999+" : `+${more + 1}`, cx + wide / 2, cy + side / 2 + 0.5 * s);
    }
  }
}

export function paintLaneLabel(
  ctx: Ctx,
  view: View,
  text: string,
  level: "section" | "namespace",
  rect: Rect,
): void {
  const { theme } = view;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  const k = view.scene.layout.laneScale;
  setFont(ctx, theme.sans, 11.5 * k, level === "section" ? 600 : 500);
  ctx.fillStyle = theme.ink3;
  ctx.fillText(level === "section" ? text.toUpperCase() : text, rect.x + 4 * k, rect.y + rect.h / 2 - 2 * k);
}

/** Shape says the kind: notched for jobs, stacked for sets, plain for the rest. */
function kindMark(ctx: Ctx, kind: string, x: number, y: number, s: number): void {
  const k = s / 16;
  ctx.lineWidth = Math.max(1, 1.4 * k);
  ctx.lineJoin = "round";
  ctx.beginPath();
  switch (kind) {
    case "Deployment":
      ctx.roundRect(x + 1 * k, y + 4.5 * k, 10.5 * k, 10.5 * k, 2.5 * k);
      ctx.moveTo(x + 4.5 * k, y + 1.5 * k);
      ctx.lineTo(x + 12.5 * k, y + 1.5 * k);
      ctx.quadraticCurveTo(x + 14.8 * k, y + 1.5 * k, x + 14.8 * k, y + 3.8 * k);
      ctx.lineTo(x + 14.8 * k, y + 11.5 * k);
      break;
    case "StatefulSet":
      ctx.roundRect(x + 1.5 * k, y + 1.5 * k, 13 * k, 3.4 * k, 1.2 * k);
      ctx.roundRect(x + 1.5 * k, y + 6.4 * k, 13 * k, 3.4 * k, 1.2 * k);
      ctx.roundRect(x + 1.5 * k, y + 11.3 * k, 13 * k, 3.4 * k, 1.2 * k);
      break;
    case "DaemonSet":
      ctx.roundRect(x + 1.2 * k, y + 1.2 * k, 6 * k, 6 * k, 1.5 * k);
      ctx.roundRect(x + 9 * k, y + 1.2 * k, 6 * k, 6 * k, 1.5 * k);
      ctx.roundRect(x + 1.2 * k, y + 9 * k, 6 * k, 6 * k, 1.5 * k);
      ctx.roundRect(x + 9 * k, y + 9 * k, 6 * k, 6 * k, 1.5 * k);
      break;
    case "Job":
    case "CronJob":
      ctx.moveTo(x + 1.5 * k, y + 1.5 * k);
      ctx.lineTo(x + 10.5 * k, y + 1.5 * k);
      ctx.lineTo(x + 14.5 * k, y + 5.5 * k);
      ctx.lineTo(x + 14.5 * k, y + 14.5 * k);
      ctx.lineTo(x + 1.5 * k, y + 14.5 * k);
      ctx.closePath();
      break;
    default:
      ctx.roundRect(x + 1.5 * k, y + 1.5 * k, 13 * k, 13 * k, 3 * k);
  }
  ctx.stroke();
}

/** Where something of the lane is painted: scale, corner and size in device pixels. */
interface Plate {
  ctx: Ctx;
  view: View;
  s: number;
  ox: number;
  oy: number;
  width: number;
  height: number;
}

export function paintWorkload({ ctx, view, s, ox, oy, width, height }: Plate, w: Workload): void {
  const { theme } = view;
  plate(ctx, view, s, ox, oy, width, height, 9 * s);
  ctx.strokeStyle = theme.ink2;
  kindMark(ctx, w.kind, ox + 11 * s, oy + 12 * s, 16 * s);
  const done = w.desired > 0 ? Math.min(1, w.ready / w.desired) : 1;
  const healthy = w.ready >= w.desired;
  const count = w.kind === "CronJob" ? "" : `${w.ready}/${w.desired}`;
  let right = ox + width - 11 * s;
  if (count) {
    setFont(ctx, theme.mono, 12 * s, 500);
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    ctx.fillStyle = healthy ? theme.ink2 : theme.warn;
    ctx.fillText(count, right, oy + 15 * s);
    right -= monoWidth(count, 12 * s) + 6 * s;
  }
  const left = ox + 36 * s;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  setFont(ctx, theme.sans, 13.5 * s, 550);
  ctx.fillStyle = theme.ink;
  ctx.fillText(fitText(ctx, w.name, right - left, 13.5 * s, 550), left, oy + 15 * s);
  const y = oy + Math.round(28 * s);
  const h = Math.max(2, Math.round(4 * s));
  const span = ox + width - 11 * s - left;
  roundRect(ctx, left, y, span, h, h / 2);
  ctx.fillStyle = theme.track;
  ctx.fill();
  if (w.desired > 0 && w.updated < w.desired && w.updated > 0) {
    roundRect(ctx, left, y, span * Math.min(1, w.updated / w.desired), h, h / 2);
    ctx.fillStyle = theme.accentSoft;
    ctx.fill();
  }
  if (w.ready > 0 && done > 0) {
    roundRect(ctx, left, y, Math.max(h, span * done), h, h / 2);
    ctx.fillStyle = healthy ? theme.states[STATE.running]! : theme.states[STATE.pending]!;
    ctx.fill();
  }
}

export function paintService({ ctx, view, s, ox, oy, width, height }: Plate, svc: Service): void {
  const { theme } = view;
  plate(ctx, view, s, ox, oy, width, height, height / 2);
  ctx.textBaseline = "middle";
  let right = ox + width - 14 * s;
  const count = svc.selector ? String(svc.endpoints) : "–";
  setFont(ctx, theme.mono, 12 * s, 500);
  ctx.textAlign = "right";
  ctx.fillStyle = svc.selector && svc.endpoints === 0 ? theme.warn : theme.ink2;
  ctx.fillText(count, right, oy + height / 2 + 0.5 * s);
  right -= monoWidth(count, 12 * s) + 4 * s;
  ctx.beginPath();
  ctx.arc(right - 3 * s, oy + height / 2, 2.6 * s, 0, Math.PI * 2);
  ctx.fillStyle = svc.selector && svc.endpoints === 0 ? theme.warn : theme.ok;
  ctx.fill();
  right -= 12 * s;
  const left = ox + 15 * s;
  ctx.textAlign = "left";
  setFont(ctx, theme.sans, 13.5 * s, 550);
  ctx.fillStyle = theme.ink;
  ctx.fillText(fitText(ctx, svc.name, right - left, 13.5 * s, 550), left, oy + 15 * s);
  setFont(ctx, theme.sans, 11 * s);
  ctx.fillStyle = theme.ink3;
  ctx.fillText(
    fitText(ctx, `${svc.type} · ${svc.ports.join(", ").replaceAll("/TCP", "")}`, right - left, 11 * s),
    left,
    oy + 30 * s,
  );
}

function plate(
  ctx: Ctx,
  view: View,
  s: number,
  ox: number,
  oy: number,
  w: number,
  h: number,
  r: number,
): void {
  const { theme } = view;
  ctx.fillStyle = theme.shadow;
  roundRect(ctx, ox, oy + Math.round(2 * s), w, h, r);
  ctx.fill();
  roundRect(ctx, ox + 0.5, oy + 0.5, w - 1, h - 1, r);
  ctx.fillStyle = theme.card;
  ctx.fill();
  ctx.lineWidth = 1;
  ctx.strokeStyle = theme.cardLine;
  ctx.stroke();
}
