/** Time: pause, step, speed. */
import type { Speed } from "@/protocol/frames";
import { run } from "./run";
import type { ClusterSession } from "./session";

/** What `<` and `>` step through. */
export const SPEEDS: readonly Speed[] = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, "max"];

export function speedLabel(speed: Speed): string {
  return speed === "max" ? "max" : `${speed}×`;
}

export function setPause(session: ClusterSession, paused: boolean): void {
  void run({
    title: paused ? "Pause time" : "Let time run",
    command: `manage.py cluster clock ${session.name} ${paused ? "--pause" : "--speed 1"}`,
    run: async () => session.clockChanged(await session.api.setClock({ paused })),
  });
}

export function togglePause(session: ClusterSession): void {
  setPause(session, !isPaused(session));
}

export function isPaused(session: ClusterSession): boolean {
  return session.clock.state.paused || session.clock.state.speed === 0;
}

export function setSpeed(session: ClusterSession, speed: Speed): void {
  void run({
    title: `Time at ${speedLabel(speed)}`,
    command: `manage.py cluster clock ${session.name} --speed ${speed}`,
    run: async () => session.clockChanged(await session.api.setClock({ speed })),
  });
}

export function nudgeSpeed(session: ClusterSession, by: -1 | 1): void {
  const { speed } = session.clock.state;
  const value = speed === "max" ? Number.POSITIVE_INFINITY : speed;
  const ranks = SPEEDS.map(s => (s === "max" ? Number.POSITIVE_INFINITY : s));
  const next = by > 0 ? ranks.findIndex(r => r > value) : ranks.findLastIndex(r => r < value);
  const target = SPEEDS[next];
  if (target !== undefined) setSpeed(session, target);
}

export function step(session: ClusterSession): void {
  void run({
    title: "Step to the next event",
    command: `manage.py cluster clock ${session.name} --step`,
    run: async () => session.clockChanged(await session.api.step()),
  });
}
