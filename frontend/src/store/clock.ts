/** The cluster's virtual clock as seen from here: the last word of the server, extrapolated. */
import type { ClockFrame, Speed } from "@/protocol/frames";

export interface ClockState {
  now: number;
  speed: Speed;
  paused: boolean;
  lag: number;
  /** false until the server has said anything */
  known: boolean;
}

export class VirtualClock {
  state: ClockState = { now: 0, speed: 1, paused: false, lag: 0, known: false };
  version = 0;
  private at = 0;

  constructor(private readonly wall: () => number) {}

  update(frame: Pick<ClockFrame, "now" | "speed" | "paused"> & { lag?: number }): void {
    this.state = {
      now: frame.now,
      speed: parseSpeed(frame.speed),
      paused: frame.paused,
      lag: frame.lag ?? 0,
      known: true,
    };
    this.at = this.wall();
    this.version++;
  }

  /** virtual microseconds */
  now(): number {
    const { now, speed, paused, known } = this.state;
    if (!known || paused || speed === "max") return now;
    return now + (this.wall() - this.at) * 1000 * speed;
  }

  /** true when people cannot follow single moves any more */
  get fastForward(): boolean {
    const { speed } = this.state;
    return speed === "max" || speed > 20;
  }
}

export function parseSpeed(speed: unknown): Speed {
  if (speed === "max") return "max";
  const value = Number(speed);
  return Number.isFinite(value) ? value : 1;
}
