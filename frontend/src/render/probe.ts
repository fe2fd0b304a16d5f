/** Watches frame times and gives up luxuries, cheapest first, when the machine cannot keep up. */

export type Quality = 0 | 1 | 2 | 3;

/** What each step gives up. */
export const QUALITY_WORDS = ["full", "no packets", "no labels", "low resolution"] as const;

const WINDOW = 60;
const SLOW_MS = 24;
const FAST_MS = 18.5;
const RECOVER_AFTER_MS = 8000;

export class FrameProbe {
  quality: Quality = 0;
  private readonly intervals: number[] = [];
  private readonly cpu: number[] = [];
  private last = 0;
  private changedAt = 0;
  frames = 0;
  private slow = false;

  /** Call at the start of each frame of an unbroken run; `parked` breaks the run. */
  tick(now: number): boolean {
    let changed = false;
    if (this.last > 0) {
      this.intervals.push(now - this.last);
      if (this.intervals.length > WINDOW) this.intervals.shift();
      if (this.intervals.length === WINDOW) changed = this.judge(now);
    }
    this.last = now;
    this.frames++;
    return changed;
  }

  parked(): void {
    this.last = 0;
  }

  spent(ms: number): void {
    this.cpu.push(ms);
    if (this.cpu.length > 240) this.cpu.shift();
  }

  stats(): { fps: number; p95: number; cpu: number; cpuP95: number; quality: Quality; frames: number } {
    const mean = (list: number[]) => (list.length ? list.reduce((a, b) => a + b, 0) / list.length : 0);
    const interval = mean(this.intervals);
    return {
      fps: interval > 0 ? 1000 / interval : 0,
      p95: quantile(this.intervals, 0.95),
      cpu: mean(this.cpu),
      cpuP95: quantile(this.cpu, 0.95),
      quality: this.quality,
      frames: this.frames,
    };
  }

  private judge(now: number): boolean {
    const p95 = quantile(this.intervals, 0.95);
    // One slow second may be a snapshot or a page in the background; two are the machine.
    if (p95 > SLOW_MS && !this.slow) {
      this.slow = true;
      this.intervals.length = 0;
      return false;
    }
    this.slow = p95 > SLOW_MS;
    if (p95 > SLOW_MS && this.quality < 3) {
      this.quality = (this.quality + 1) as Quality;
    } else if (p95 < FAST_MS && this.quality > 0 && now - this.changedAt > RECOVER_AFTER_MS) {
      this.quality = (this.quality - 1) as Quality;
    } else {
      return false;
    }
    this.changedAt = now;
    this.intervals.length = 0;
    return true;
  }
}

export function quantile(list: readonly number[], q: number): number {
  if (!list.length) return 0;
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!;
}
