/**
 * The timeline: how much happened when, faults, people's actions and warnings marked, and a way back to any of it. Drag
 * or use the arrow keys to see the cluster as it was; the right edge is now.
 */
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { returnToLive, viewPast } from "@/actions/past";
import type { ClusterSession } from "@/actions/session";
import type { TimelineData, TimelineMark } from "@/protocol/rest";
import { ui, useUi } from "@/store/ui";
import { cx } from "@/ui/cx";
import { Menu } from "@/ui/Menu";
import { useSession } from "./context";
import { clockTime, span as spanWords } from "./timewords";

const SPANS = [
  { label: "3 min", us: 180e6 },
  { label: "15 min", us: 900e6 },
  { label: "1 h", us: 3600e6 },
  { label: "6 h", us: 6 * 3600e6 },
];
const EVERY_MS = 2500;
const DRAW_MS = 250;
/** so near to the right edge is now */
const LIVE_PX = 6;
const EMPTY: TimelineData = { since: 0, until: 0, width: 1, base: 0, head: 0, buckets: [], marks: [] };

/** The last revision at or before a time; 0 if none is known. */
export function revisionAt(data: TimelineData, time: number): number {
  let rev = data.base;
  for (const [index, last] of data.buckets) {
    if (data.since + index * data.width > time) break;
    rev = last;
  }
  return rev || (data.buckets[0]?.[1] ?? 0);
}

/** The start of the nearest bucket before or after a time; null: there is none. */
export function neighbour(data: TimelineData, time: number, by: -1 | 1): number | null {
  const starts = data.buckets.map(([index]) => data.since + index * data.width);
  const found = by < 0 ? starts.findLast(t => t + data.width <= time) : starts.find(t => t > time);
  return found ?? null;
}

export function Scrubber() {
  const session = useSession();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState(SPANS[0]!);
  const [hover, setHover] = useState<{ x: number; text: string } | null>(null);
  const past = useUi(s => s.past);
  const data = useTimeline(session, size.us);
  const dragging = useRef(false);
  /** where the pointer or the keys are, until the server has answered */
  const aim = useRef<number | null>(null);
  if (!past && !dragging.current) aim.current = null;

  useEffect(() => {
    const draw = () => canvas.current && paint(canvas.current, session, data.current, size.us, aim.current);
    draw();
    const timer = setInterval(draw, DRAW_MS);
    return () => clearInterval(timer);
  }, [session, size, data]);

  const timeAt = (x: number, width: number) => session.liveClock.now() - size.us * (1 - x / width);
  const go = (time: number | null) => {
    aim.current = time;
    if (time === null) returnToLive(session);
    else viewPast(session, revisionAt(data.current, time));
    if (canvas.current) paint(canvas.current, session, data.current, size.us, time);
  };
  const scrub = (event: PointerEvent) => {
    const r = event.currentTarget.getBoundingClientRect();
    const x = Math.max(0, event.clientX - r.left);
    go(x > r.width - LIVE_PX ? null : timeAt(x, r.width));
  };
  const onKey = (event: KeyboardEvent) => {
    const now = session.liveClock.now();
    const at = aim.current ?? past?.at ?? now;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const to = neighbour(data.current, at, event.key === "ArrowLeft" ? -1 : 1);
      if (to !== null) go(to);
      else if (event.key === "ArrowRight") go(null);
    } else if (event.key === "Home") go(now - size.us);
    else if (event.key === "End" || (event.key === "Escape" && past)) go(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const look = (event: PointerEvent) => {
    const r = event.currentTarget.getBoundingClientRect();
    const x = event.clientX - r.left;
    const time = timeAt(x, r.width);
    const near = data.current.marks.filter(m => Math.abs(m.time - time) < (size.us * 5) / r.width);
    const words = near.slice(-3).map(m => m.text);
    if (near.length > 3) words.push(`and ${near.length - 3} more`);
    setHover({ x, text: [clockTime(time), ...words].join(" · ") });
  };
  const ago = past ? session.liveClock.now() - past.at : 0;
  return (
    <div className="flex min-w-24 flex-1 items-center gap-1 max-sm:hidden">
      <div
        role="slider"
        tabIndex={0}
        aria-label="Timeline"
        aria-valuemin={0}
        aria-valuemax={Math.round(size.us / 1e6)}
        aria-valuenow={Math.round(Math.max(0, size.us - ago) / 1e6)}
        aria-valuetext={past ? `${spanWords(ago)} ago` : "live"}
        onKeyDown={onKey}
        onPointerDown={event => {
          event.currentTarget.setPointerCapture(event.pointerId);
          dragging.current = true;
          scrub(event);
        }}
        onPointerMove={event => (dragging.current ? scrub(event) : look(event))}
        onPointerUp={() => {
          dragging.current = false;
        }}
        onPointerCancel={() => {
          dragging.current = false;
        }}
        onPointerLeave={() => setHover(null)}
        className={cx(
          "relative h-9 min-w-0 flex-1 cursor-ew-resize touch-none rounded-lg outline-none focus-visible:shadow-[inset_0_0_0_2px_var(--accent)]",
          past ? "bg-warn-soft" : "bg-sunken",
        )}
      >
        <canvas ref={canvas} className="absolute inset-0 h-full w-full" aria-hidden="true" />
        {hover && (
          <span
            className="num pointer-events-none absolute bottom-10 z-20 max-w-80 -translate-x-1/2 truncate rounded-md bg-ink px-2 py-1 text-[11.5px] text-panel shadow-float"
            style={{ left: hover.x }}
          >
            {hover.text}
          </span>
        )}
      </div>
      <Menu
        align="end"
        title="How far back"
        entries={SPANS.map(s => ({ id: s.label, title: `Last ${s.label}`, run: () => setSize(s) }))}
      >
        <button
          type="button"
          aria-label={`How far back: ${size.label}`}
          className="num h-7 shrink-0 rounded-lg px-1.5 text-[11.5px] text-ink-3 hover:bg-hover hover:text-ink"
        >
          {size.label}
        </button>
      </Menu>
    </div>
  );
}

/** Asked for again while the log grows, and never by a page in the background. */
function useTimeline(session: ClusterSession, window: number) {
  const data = useRef(EMPTY);
  useEffect(() => {
    let asked = -1;
    let abort = new AbortController();
    data.current = EMPTY;
    const load = async () => {
      const now = session.liveClock.now();
      const rev = session.link.revision;
      if (document.hidden || !now || (rev === asked && data.current !== EMPTY)) return;
      asked = rev;
      abort = new AbortController();
      try {
        data.current = await session.api.timeline(now - window, abort.signal);
      } catch {
        asked = -1;
      }
    };
    const first = setTimeout(load, 50);
    const timer = setInterval(load, EVERY_MS);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
      abort.abort();
    };
  }, [session, window]);
  return data;
}

const MARK_COLOR: Record<TimelineMark["kind"], string> = {
  fault: "--bad",
  heal: "--ok",
  action: "--accent",
  warning: "--state-pending",
};

function paint(
  element: HTMLCanvasElement,
  session: ClusterSession,
  data: TimelineData,
  window: number,
  aim: number | null,
): void {
  const w = element.clientWidth;
  const h = element.clientHeight;
  const ctx = element.getContext("2d");
  if (!ctx || !w || document.hidden) return;
  const dpr = globalThis.devicePixelRatio || 1;
  if (element.width !== Math.round(w * dpr)) {
    element.width = Math.round(w * dpr);
    element.height = Math.round(h * dpr);
  }
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name);
  const now = session.liveClock.now();
  const xOf = (time: number) => (1 - (now - time) / window) * w;
  ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
  ctx.clearRect(0, 0, w, h);
  const base = h - 8;
  ctx.fillStyle = color("--line");
  ctx.fillRect(0, base, w, 1);
  ctx.fillStyle = color("--bar");
  const wide = Math.max(1.5, (data.width / window) * w - 0.8);
  const bar = (time: number, changes: number) => {
    const tall = Math.min(base - 4, 2 + Math.log2(1 + changes) * 3.2);
    ctx.fillRect(xOf(time), base - tall, wide, tall);
  };
  for (const [index, , changes] of data.buckets) bar(data.since + index * data.width, changes);
  for (const fault of session.model.faults.values()) {
    const from = Math.max(0, xOf(fault.since));
    ctx.fillStyle = color("--bad");
    ctx.fillRect(from, base + 2, Math.max(2, xOf(Math.min(now, fault.until ?? now)) - from), 2);
  }
  for (const mark of data.marks) {
    const x = xOf(mark.time);
    if (x < 0 || x > w) continue;
    ctx.fillStyle = color(MARK_COLOR[mark.kind]);
    if (mark.kind === "warning") ctx.fillRect(x, base - 3, 1.5, 3);
    else {
      // A diamond for what people did, a triangle for faults: shape first, colour second.
      ctx.beginPath();
      ctx.moveTo(x, base + 1);
      ctx.lineTo(x + 3.5, base + (mark.kind === "action" ? 4 : 7));
      if (mark.kind === "action") ctx.lineTo(x, base + 7);
      ctx.lineTo(x - 3.5, base + (mark.kind === "action" ? 4 : 7));
      ctx.fill();
    }
  }
  const at = aim ?? ui.get().past?.at ?? null;
  const x = at === null ? w - 2 : Math.max(0, Math.min(w - 2, xOf(at)));
  ctx.fillStyle = color(at === null ? "--accent" : "--warn");
  ctx.fillRect(x, 2, 2, h - 4);
  if (at !== null) {
    ctx.globalAlpha = 0.12;
    ctx.fillRect(x, 2, w - x, h - 4);
    ctx.globalAlpha = 1;
  }
}
