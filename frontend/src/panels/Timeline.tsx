/** The time bar: what time it is in there, how fast it passes, and what happened lately. */
import { FastForward, Pause, Play, Rewind, StepForward } from "lucide-react";
import { isPaused, nudgeSpeed, SPEEDS, setSpeed, speedLabel, step, togglePause } from "@/actions/clock";
import { ui, useUi } from "@/store/ui";
import { IconButton } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { Menu } from "@/ui/Menu";
import { Tip } from "@/ui/Tip";
import { useClock, useNow, useSession } from "./context";
import { TABS } from "./Dock";
import { Scrubber } from "./Scrubber";

export function Timeline() {
  const session = useSession();
  const clock = useClock();
  const disabled = useUi(s => s.link.phase !== "live" || !s.canWrite);
  const dock = useUi(s => s.dock);
  const paused = isPaused(session);
  return (
    <section
      aria-label="Time"
      className="flex h-12 shrink-0 items-center gap-2 border-t border-line bg-panel px-3"
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
            aria-label={`Speed ${paused ? "0×" : speedLabel(clock.speed)}`}
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
      <Scrubber />
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
