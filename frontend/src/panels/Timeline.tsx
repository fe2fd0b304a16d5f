/** The time bar: what time it is in there, how fast it passes, and what happened lately. */
import { FastForward, Pause, Play, Rewind, StepForward } from "lucide-react";
import { useEffect, useRef } from "react";
import { isPaused, nudgeSpeed, SPEEDS, setSpeed, speedLabel, step, togglePause } from "@/actions/clock";
import { ui, useUi } from "@/store/ui";
import { IconButton } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { Menu } from "@/ui/Menu";
import { Tip } from "@/ui/Tip";
import { useClock, useNow, useSession } from "./context";
import { TABS } from "./Dock";

const WINDOW_US = 180e6;

export function Timeline() {
  const session = useSession();
  const clock = useClock();
  const disabled = useUi(s => s.link.phase !== "live" || !s.canWrite);
  const dock = useUi(s => s.dock);
  const paused = isPaused(session);
  return (
    <section
      aria-label="Time"
      className="flex h-12 shrink-0 items-center gap-2 overflow-hidden border-t border-line bg-panel px-3"
    >
      <div className="flex items-center gap-0.5">
        <IconButton
          label={paused ? "Run" : "Pause"}
          keys="Space"
          side="top"
          disabled={disabled}
          active={paused}
          onClick={() => togglePause(session)}
        >
          {paused ? <Play size={16} /> : <Pause size={16} />}
        </IconButton>
        <IconButton
          label="Step to the next event"
          keys="."
          side="top"
          disabled={disabled}
          onClick={() => step(session)}
        >
          <StepForward size={16} />
        </IconButton>
        <span className="mx-1 h-5 w-px bg-line" />
        <IconButton
          label="Slower"
          keys="<"
          side="top"
          disabled={disabled}
          onClick={() => nudgeSpeed(session, -1)}
        >
          <Rewind size={15} />
        </IconButton>
        <Menu
          align="start"
          title="Speed of time"
          entries={SPEEDS.map(s => ({
            id: String(s),
            title: speedLabel(s),
            disabled,
            run: () => setSpeed(session, s),
          }))}
        >
          <button
            type="button"
            aria-label={`Speed ${speedLabel(clock.speed)}`}
            className="num h-8 w-13 rounded-lg text-center font-mono text-[12.5px] font-medium hover:bg-hover"
          >
            {paused ? "0×" : speedLabel(clock.speed)}
          </button>
        </Menu>
        <IconButton
          label="Faster"
          keys=">"
          side="top"
          disabled={disabled}
          onClick={() => nudgeSpeed(session, 1)}
        >
          <FastForward size={15} />
        </IconButton>
      </div>
      <VirtualTime paused={paused} />
      {clock.lag > 0.5 && !paused && (
        <Tip label="The loops cannot keep up with this speed">
          <span className="rounded-full bg-warn-soft px-2 py-0.5 text-[11.5px] text-warn">
            {clock.lag.toFixed(1)} s behind
          </span>
        </Tip>
      )}
      <Strip />
      <div className="flex items-center gap-0.5">
        {TABS.map(({ tab, title }) => (
          <button
            key={tab}
            type="button"
            aria-pressed={dock === tab}
            onClick={() => ui.set({ dock: dock === tab ? null : tab })}
            className={cx(
              "h-7 rounded-lg px-2.5 text-[12px] font-medium",
              dock === tab ? "bg-accent-soft text-accent" : "text-ink-2 hover:bg-hover hover:text-ink",
            )}
          >
            {title}
          </button>
        ))}
      </div>
    </section>
  );
}

function VirtualTime({ paused }: { paused: boolean }) {
  const now = useNow(250);
  if (!now) return null;
  const iso = new Date(now / 1000).toISOString();
  return (
    <Tip label={`${iso.slice(0, 10)} UTC, the cluster's own time`}>
      <time
        dateTime={iso}
        className={cx(
          "num min-w-20 rounded-md px-1.5 font-mono text-[13px] font-medium",
          paused ? "bg-warn-soft text-warn" : "text-ink",
        )}
      >
        {iso.slice(11, 19)}
      </time>
    </Tip>
  );
}

/** Density of events over the last three virtual minutes, warnings and faults marked. */
function Strip() {
  const session = useSession();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const draw = () => {
      const element = canvas.current;
      if (!element || document.hidden) return;
      const w = element.clientWidth;
      const h = element.clientHeight;
      const dpr = window.devicePixelRatio || 1;
      if (element.width !== Math.round(w * dpr)) {
        element.width = Math.round(w * dpr);
        element.height = Math.round(h * dpr);
      }
      const ctx = element.getContext("2d");
      if (!ctx) return;
      const style = getComputedStyle(element);
      ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
      ctx.clearRect(0, 0, w, h);
      const now = session.clock.now();
      const bins = Math.max(20, Math.floor(w / 5));
      const normal = new Float32Array(bins);
      const warning = new Float32Array(bins);
      for (const event of session.model.events.values()) {
        const t = 1 - (now - event.last) / WINDOW_US;
        if (t < 0 || t > 1) continue;
        const bin = Math.min(bins - 1, Math.floor(t * bins));
        if (event.type === "Warning") warning[bin]!++;
        else normal[bin]!++;
      }
      const base = h - 6;
      ctx.fillStyle = style.getPropertyValue("--line");
      ctx.fillRect(0, base, w, 1);
      const scale = (n: number) => Math.min(base - 3, Math.log2(1 + n) * 5);
      for (let i = 0; i < bins; i++) {
        const x = (i / bins) * w;
        const all = scale(normal[i]! + warning[i]!);
        const bad = scale(warning[i]!);
        if (all > 0) {
          ctx.fillStyle = style.getPropertyValue("--bar");
          ctx.fillRect(x, base - all, 3.4, all);
        }
        if (bad > 0) {
          ctx.fillStyle = style.getPropertyValue("--state-pending");
          ctx.fillRect(x, base - bad, 3.4, bad);
        }
      }
      for (const fault of session.model.faults.values()) {
        const t = 1 - (now - fault.since) / WINDOW_US;
        if (t > 1) continue;
        const x = Math.max(0, t) * w;
        ctx.fillStyle = style.getPropertyValue("--bad");
        ctx.fillRect(x, base + 2, w - x, 3);
      }
      ctx.fillStyle = style.getPropertyValue("--accent");
      ctx.fillRect(w - 2, 2, 2, h - 4);
    };
    draw();
    const timer = setInterval(draw, 500);
    return () => clearInterval(timer);
  }, [session]);
  return (
    <Tip label="Events of the last three minutes, warnings in amber, faults in red" side="top">
      <button
        type="button"
        aria-label="Event density; opens the events"
        onClick={() => ui.set({ dock: "events" })}
        className="h-9 min-w-24 flex-1 rounded-lg bg-sunken px-1 max-sm:hidden"
      >
        <canvas ref={canvas} className="h-full w-full" />
      </button>
    </Tip>
  );
}
