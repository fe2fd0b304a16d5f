/** Where we look from: pure arithmetic of pan, zoom, fit and flight. */
import type { Point, Rect } from "./geometry";

/** World point at the viewport's top-left corner, and screen pixels per world unit. */
export interface Camera {
  x: number;
  y: number;
  z: number;
}

export interface Viewport {
  w: number;
  h: number;
}

export interface Insets {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

export const MIN_ZOOM = 0.04;
export const MAX_ZOOM = 5;

export function toWorld(camera: Camera, sx: number, sy: number): Point {
  return { x: camera.x + sx / camera.z, y: camera.y + sy / camera.z };
}

export function toScreen(camera: Camera, x: number, y: number): Point {
  return { x: (x - camera.x) * camera.z, y: (y - camera.y) * camera.z };
}

export function visible(camera: Camera, view: Viewport): Rect {
  return { x: camera.x, y: camera.y, w: view.w / camera.z, h: view.h / camera.z };
}

export function clampZoom(z: number): number {
  return Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, z));
}

/** Zoom so that the world point under (sx, sy) stays there. */
export function zoomAt(camera: Camera, factor: number, sx: number, sy: number): Camera {
  const z = clampZoom(camera.z * factor);
  const at = toWorld(camera, sx, sy);
  return { x: at.x - sx / z, y: at.y - sy / z, z };
}

export function panBy(camera: Camera, dx: number, dy: number): Camera {
  return { ...camera, x: camera.x - dx / camera.z, y: camera.y - dy / camera.z };
}

export function fit(bounds: Rect, view: Viewport, insets: Insets, maxZoom = 1.25): Camera {
  const w = Math.max(50, view.w - insets.left - insets.right);
  const h = Math.max(50, view.h - insets.top - insets.bottom);
  const z = clampZoom(Math.min(w / bounds.w, h / bounds.h, maxZoom));
  return {
    x: bounds.x + bounds.w / 2 - (insets.left + w / 2) / z,
    y: bounds.y + bounds.h / 2 - (insets.top + h / 2) / z,
    z,
  };
}

/** Keep at least a part of the map in sight. */
export function tether(camera: Camera, bounds: Rect, view: Viewport): Camera {
  const margin = 120 / camera.z;
  const w = view.w / camera.z;
  const h = view.h / camera.z;
  return {
    z: camera.z,
    x: Math.min(bounds.x + bounds.w - margin, Math.max(bounds.x - w + margin, camera.x)),
    y: Math.min(bounds.y + bounds.h - margin, Math.max(bounds.y - h + margin, camera.y)),
  };
}

export function ease(t: number): number {
  return t < 0.5 ? 4 * t * t * t : 1 - (-2 * t + 2) ** 3 / 2;
}

/** A point of the flight from a to b: zoom moves geometrically, the centre of the view linearly in screen space. */
export function fly(a: Camera, b: Camera, view: Viewport, t: number): Camera {
  const k = ease(t);
  const z = a.z * (b.z / a.z) ** k;
  const ca = { x: a.x + view.w / 2 / a.z, y: a.y + view.h / 2 / a.z };
  const cb = { x: b.x + view.w / 2 / b.z, y: b.y + view.h / 2 / b.z };
  const mix = Math.abs(a.z - b.z) < 1e-6 ? k : (1 / a.z - 1 / z) / (1 / a.z - 1 / b.z);
  const cx = ca.x + (cb.x - ca.x) * mix;
  const cy = ca.y + (cb.y - ca.y) * mix;
  return { x: cx - view.w / 2 / z, y: cy - view.h / 2 / z, z };
}
