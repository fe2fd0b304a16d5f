/**
 * What moves: pods in flight, ghosts of pods that left, pulses, packets. Pure: times in, positions out.
 *
 * More than twenty moves at once are bundled ("+37"); in fast-forward and with reduced motion nothing travels.
 */

import { ease } from "@/scene/camera";
import { center, type Point, type Rect } from "@/scene/geometry";
import type { Transition } from "@/scene/scene";

export const FLIGHT_MS = 350;
export const LEAVE_MS = 320;
export const POP_MS = 180;
const STAGGER_MS = 28;
const MAX_FLIGHTS = 20;
const MAX_PULSES = 40;
export const MAX_PACKETS = 300;

export interface Flight {
  pod: number;
  state: number;
  color: number;
  from: Rect;
  to: Rect;
  start: number;
  duration: number;
  /** fades in before it moves */
  pop: boolean;
}

export interface Ghost {
  rect: Rect;
  state: number;
  color: number;
  start: number;
  violent: boolean;
}

export interface Bundle {
  count: number;
  from: Point;
  to: Point;
  start: number;
}

export interface Pulse {
  rect: Rect;
  state: number;
  start: number;
}

export interface Beam {
  from: Point;
  to: Point;
  start: number;
}

export type PacketShape = "ok" | "error" | "watch";

export interface Packet {
  from: Point;
  to: Point;
  shape: PacketShape;
  start: number;
  duration: number;
}

export const BEAM_MS = 450;
export const PULSE_MS = 420;

export class Motion {
  readonly flights = new Map<number, Flight>();
  ghosts: Ghost[] = [];
  bundles: Bundle[] = [];
  pulses: Pulse[] = [];
  beams: Beam[] = [];
  packets: Packet[] = [];
  /** pods whose flight ended since last asked: their cells must be painted */
  private landed: number[] = [];
  reduced = false;

  get active(): boolean {
    return (
      this.flights.size > 0 ||
      this.ghosts.length > 0 ||
      this.bundles.length > 0 ||
      this.pulses.length > 0 ||
      this.beams.length > 0 ||
      this.packets.length > 0
    );
  }

  /** Take a frame's transitions; returns the pods that must be hidden on the base layer until they land. */
  start(transitions: readonly Transition[], now: number, env: MotionEnv): void {
    if (this.reduced || env.fastForward) {
      for (const t of transitions) this.cancel(t.pod);
      return;
    }
    let order = 0;
    const extra = new Map<string, { count: number; from: Point; to: Point }>();
    for (const t of transitions) {
      if (t.kind === "leave") {
        this.cancel(t.pod);
        if (t.from && this.ghosts.length < MAX_FLIGHTS) {
          this.ghosts.push({
            rect: t.from,
            state: t.state,
            color: env.color(t.pod),
            start: now,
            violent: env.killed(t.pod),
          });
        }
        continue;
      }
      if (!t.to) continue;
      const current = this.flights.get(t.pod);
      const from = current ? flightRect(current, now) : (t.from ?? env.birthplace(t.pod, t.to));
      if (!from) continue;
      if (this.flights.size >= MAX_FLIGHTS && !current) {
        const to = center(env.target(t.pod) ?? t.to);
        const key = `${Math.round(to.x)},${Math.round(to.y)}`;
        const sum = extra.get(key) ?? { count: 0, from: center(from), to };
        sum.count++;
        extra.set(key, sum);
        continue;
      }
      const travels = Math.hypot(from.x - t.to.x, from.y - t.to.y) > 2;
      this.flights.set(t.pod, {
        pod: t.pod,
        state: t.state,
        color: env.color(t.pod),
        from,
        to: t.to,
        start: now + Math.min(300, order++ * STAGGER_MS),
        duration: travels ? FLIGHT_MS : POP_MS,
        pop: t.kind === "enter",
      });
    }
    for (const sum of extra.values()) {
      if (this.bundles.length >= 12) break;
      this.bundles.push({ ...sum, start: now });
    }
  }

  /** Places changed under what flies: head for the new ones. */
  retarget(rectOf: (pod: number) => Rect | null): void {
    for (const flight of this.flights.values()) {
      const to = rectOf(flight.pod);
      if (to) flight.to = to;
      else this.cancel(flight.pod);
    }
  }

  pulse(rect: Rect, state: number, now: number): void {
    if (!this.reduced && this.pulses.length < MAX_PULSES) this.pulses.push({ rect, state, start: now });
  }

  beam(from: Point, to: Point, now: number): void {
    if (!this.reduced && this.beams.length < 12) this.beams.push({ from, to, start: now });
  }

  packet(from: Point, to: Point, shape: PacketShape, now: number): void {
    if (this.reduced || this.packets.length >= MAX_PACKETS) return;
    const distance = Math.hypot(to.x - from.x, to.y - from.y);
    this.packets.push({ from, to, shape, start: now, duration: Math.min(1600, 500 + distance * 0.35) });
  }

  clear(): void {
    for (const pod of [...this.flights.keys()]) this.cancel(pod);
    this.ghosts = [];
    this.bundles = [];
    this.pulses = [];
    this.beams = [];
    this.packets = [];
  }

  cancel(pod: number): void {
    if (this.flights.delete(pod)) this.landed.push(pod);
  }

  /** Drop what has ended; returns the pods that landed. */
  step(now: number): number[] {
    for (const flight of this.flights.values()) {
      if (now >= flight.start + flight.duration + (flight.pop ? POP_MS : 0)) this.cancel(flight.pod);
    }
    drop(this.ghosts, g => now >= g.start + LEAVE_MS);
    drop(this.bundles, b => now >= b.start + FLIGHT_MS * 2);
    drop(this.pulses, p => now >= p.start + PULSE_MS);
    drop(this.beams, b => now >= b.start + BEAM_MS);
    drop(this.packets, p => now >= p.start + p.duration);
    const landed = this.landed;
    this.landed = [];
    return landed;
  }
}

export interface MotionEnv {
  fastForward: boolean;
  color(pod: number): number;
  killed(pod: number): boolean;
  /** where a pod that was not there before comes from */
  birthplace(pod: number, to: Rect): Rect | null;
  /** the card a pod ends on */
  target(pod: number): Rect | null;
}

/** In place, without garbage. */
function drop<T>(list: T[], ended: (item: T) => boolean): void {
  let kept = 0;
  for (let i = 0; i < list.length; i++) {
    const item = list[i]!;
    if (!ended(item)) list[kept++] = item;
  }
  list.length = kept;
}

/** Where a flight is now. A pod that pops shows itself first, then goes. */
export function flightRect(flight: Flight, now: number): Rect {
  const begin = flight.start + (flight.pop ? POP_MS : 0);
  const t = Math.min(1, Math.max(0, (now - begin) / flight.duration));
  const k = ease(t);
  const lift = Math.sin(Math.PI * t) * 14;
  return {
    x: flight.from.x + (flight.to.x - flight.from.x) * k,
    y: flight.from.y + (flight.to.y - flight.from.y) * k - lift,
    w: flight.from.w + (flight.to.w - flight.from.w) * k,
    h: flight.from.h + (flight.to.h - flight.from.h) * k,
  };
}

export function flightAlpha(flight: Flight, now: number): number {
  if (!flight.pop) return 1;
  return Math.min(1, Math.max(0, (now - flight.start) / POP_MS));
}
