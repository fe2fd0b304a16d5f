/** The whole map in a corner, while only a part of it is on the screen. A press goes there. */
import { useEffect, useRef, useState } from "react";
import { moodOf } from "@/render/card";
import { visible } from "@/scene/camera";
import { CARD } from "@/scene/geometry";
import { STATE } from "@/store/pods";
import type { Stage } from "./stage";

const SIZE = { w: 184, h: 116 };
const EVERY_MS = 300;
/** Smaller maps are not worth a map of their own. */
const FROM_NODES = 12;

export function MiniMap({ stage }: { stage: Stage }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const decide = () => {
      const { bounds } = stage.scene.layout;
      const view = visible(stage.camera(), stage.viewport);
      const part = view.w < bounds.w * 0.72 || view.h < bounds.h * 0.72;
      setShown(part && stage.session.model.nodes.size >= FROM_NODES);
    };
    decide();
    const timer = setInterval(() => {
      decide();
      draw(canvas.current, stage);
    }, EVERY_MS);
    const stop = stage.onCamera(() => draw(canvas.current, stage));
    return () => {
      clearInterval(timer);
      stop();
    };
  }, [stage]);
  if (!shown) return null;
  const go = (event: React.PointerEvent) => {
    if (event.type === "pointermove" && event.buttons !== 1) return;
    const r = event.currentTarget.getBoundingClientRect();
    const fit = fitOf(stage);
    const x = (event.clientX - r.left - fit.ox) / fit.k + fit.x;
    const y = (event.clientY - r.top - fit.oy) / fit.k + fit.y;
    const camera = stage.camera();
    const view = visible(camera, stage.viewport);
    stage.setCamera({ x: x - view.w / 2, y: y - view.h / 2, z: camera.z });
  };
  return (
    <div
      aria-hidden="true"
      className="enter-fade absolute bottom-14 right-3 cursor-crosshair overflow-hidden rounded-xl border border-line bg-raised/95 shadow-float"
      style={{ width: SIZE.w, height: SIZE.h }}
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={go}
    >
      <canvas ref={canvas} className="size-full" />
    </div>
  );
}

function fitOf(stage: Stage): { k: number; x: number; y: number; ox: number; oy: number } {
  const { bounds } = stage.scene.layout;
  const k = Math.min((SIZE.w - 12) / bounds.w, (SIZE.h - 12) / bounds.h);
  return { k, x: bounds.x, y: bounds.y, ox: (SIZE.w - bounds.w * k) / 2, oy: (SIZE.h - bounds.h * k) / 2 };
}

function draw(canvas: HTMLCanvasElement | null, stage: Stage): void {
  const ctx = canvas?.getContext("2d");
  if (!canvas || !ctx) return;
  const dpr = window.devicePixelRatio || 1;
  if (canvas.width !== SIZE.w * dpr) {
    canvas.width = SIZE.w * dpr;
    canvas.height = SIZE.h * dpr;
  }
  const css = getComputedStyle(canvas);
  const color = (name: string) => css.getPropertyValue(name);
  const { k, x, y, ox, oy } = fitOf(stage);
  const { layout, slots, model } = stage.scene;
  ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
  ctx.clearRect(0, 0, SIZE.w, SIZE.h);
  const rect = (r: { x: number; y: number; w: number; h: number }) =>
    [ox + (r.x - x) * k, oy + (r.y - y) * k, Math.max(1, r.w * k), Math.max(1, r.h * k)] as const;
  ctx.fillStyle = color("--line");
  ctx.fillRect(...rect(layout.deck));
  ctx.fillRect(...rect(layout.shelf));
  const fills = {
    ready: color("--state-running"),
    trouble: color("--state-crash"),
    off: color("--line-strong"),
  };
  model.nodes.rows.forEach((node, i) => {
    if (!node) return;
    const bad = slots
      .cells(i)
      .some(p => p >= 0 && (model.pods.state[p] === STATE.crash || model.pods.state[p] === STATE.failed));
    const mood = moodOf(node);
    ctx.fillStyle = mood === "off" ? fills.off : mood !== "ready" || bad ? fills.trouble : fills.ready;
    ctx.globalAlpha = mood === "ready" ? 0.75 : 1;
    ctx.fillRect(
      ...rect({ x: layout.cardX[i]! + 10, y: layout.cardY[i]! + 10, w: CARD.w - 20, h: CARD.h - 20 }),
    );
    ctx.globalAlpha = 1;
  });
  ctx.strokeStyle = color("--accent");
  ctx.lineWidth = 1.5;
  ctx.strokeRect(...rect(visible(stage.camera(), stage.viewport)));
}
