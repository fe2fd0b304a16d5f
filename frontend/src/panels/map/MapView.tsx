/** The map on the page: canvases, what floats over them, and the keys they listen to. */
import { useEffect, useRef, useState } from "react";
import { commandsFor } from "@/actions/commands";
import { describe, named } from "@/actions/look";
import { type Ref, useUi } from "@/store/ui";
import type { PointerInput } from "@/tools/types";
import { PointMenu } from "@/ui/Menu";
import { mapRef, useSession } from "../context";
import { FaultTray } from "../FaultTray";
import { Bin, type BinState } from "./Bin";
import { Drains } from "./Drains";
import { HoverCard } from "./HoverCard";
import { mapKey } from "./keys";
import { Legend } from "./Legend";
import { MiniMap } from "./MiniMap";
import { PeerCursors } from "./PeerCursors";
import { Stage } from "./stage";
import { ZoomBar } from "./ZoomBar";

/** Wheels zoom, trackpads pan. Browsers report a trackpad's glide three times in `wheelDelta`, and a wheel's notches not. */
function isMouseWheel(event: WheelEvent): boolean {
  if (event.deltaMode !== 0) return true;
  if (event.deltaX !== 0) return false;
  const legacy = (event as WheelEvent & { wheelDeltaY?: number }).wheelDeltaY;
  return legacy === undefined ? Math.abs(event.deltaY) >= 50 : legacy !== -3 * event.deltaY;
}

interface Hovered {
  ref: Ref;
  x: number;
  y: number;
}

export function MapView() {
  const session = useSession();
  const root = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const live = useRef<HTMLCanvasElement>(null);
  const [stage, setStage] = useState<Stage | null>(null);
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const [menu, setMenu] = useState<Hovered | null>(null);
  const [bin, setBin] = useState<BinState>("hidden");
  const selection = useUi(s => s.selection);
  const phase = useUi(s => s.link.phase);
  const theme = useUi(s => s.theme);

  useEffect(() => {
    if (!root.current || !base.current || !live.current) return;
    const made = new Stage(
      session,
      { root: root.current, base: base.current, live: live.current },
      {
        onHover: (ref, x, y) => setHovered(ref ? { ref, x, y } : null),
        // After the press: the focus it moves would close the menu.
        onMenu: (ref, x, y) => setTimeout(() => setMenu({ ref, x, y })),
        onBin: setBin,
      },
    );
    mapRef.current = made;
    setStage(made);
    return () => {
      if (mapRef.current === made) mapRef.current = null;
      made.dispose();
    };
  }, [session]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme is read from the document
  useEffect(() => {
    const frame = requestAnimationFrame(() => stage?.retheme());
    return () => cancelAnimationFrame(frame);
  }, [stage, theme]);

  useEffect(() => {
    const media = matchMedia("(prefers-color-scheme: dark)");
    const changed = () => requestAnimationFrame(() => stage?.retheme());
    media.addEventListener("change", changed);
    return () => media.removeEventListener("change", changed);
  }, [stage]);

  useEffect(() => {
    const element = root.current;
    if (!element || !stage) return;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const r = element.getBoundingClientRect();
      const unit = event.deltaMode === 1 ? 16 : 1;
      stage.wheel({
        deltaX: event.deltaX * unit,
        deltaY: event.deltaY * unit,
        ctrlKey: event.ctrlKey || event.metaKey,
        mouse: isMouseWheel(event),
        x: event.clientX - r.left,
        y: event.clientY - r.top,
      });
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [stage]);

  const send = (type: PointerInput["type"], event: React.PointerEvent | React.MouseEvent) => {
    if (!stage || !root.current) return;
    const r = root.current.getBoundingClientRect();
    const pointer = "pointerId" in event ? event.pointerId : 1;
    stage.pointer({
      type,
      pointer,
      x: event.clientX - r.left,
      y: event.clientY - r.top,
      button: event.button,
      shift: event.shiftKey,
      touch: "pointerType" in event && event.pointerType === "touch",
    });
  };

  const offline = phase !== "live";
  return (
    <div className="relative h-full min-h-0 min-w-0 flex-1 overflow-hidden bg-canvas">
      <div
        ref={root}
        role="application"
        aria-label="Map of the cluster. Arrow keys move, Enter goes in, T opens the list."
        aria-activedescendant={selection ? "map-current" : undefined}
        tabIndex={0}
        data-testid="map"
        className="absolute inset-0 touch-none select-none outline-none transition-[filter] duration-300 focus-visible:shadow-[inset_0_0_0_2px_var(--accent)]"
        style={offline && stage ? { filter: "saturate(0.25) opacity(0.75)" } : undefined}
        onPointerDown={event => {
          (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
          (event.currentTarget as HTMLElement).focus({ preventScroll: true });
          setMenu(null);
          send("down", event);
        }}
        onPointerMove={event => send("move", event)}
        onPointerUp={event => send("up", event)}
        onPointerCancel={event => send("cancel", event)}
        onPointerLeave={event => send("leave", event)}
        onDoubleClick={event => send("double", event)}
        onContextMenu={event => event.preventDefault()}
        onKeyDown={event => stage && mapKey(event, stage, session)}
      >
        <canvas ref={base} className="absolute inset-0 size-full" aria-hidden="true" />
        <canvas ref={live} className="absolute inset-0 size-full" aria-hidden="true" />
        {selection && (
          <div id="map-current" role="img" className="sr-only" aria-label={describe(session, selection)} />
        )}
        <Bin state={bin} />
      </div>
      {stage && (
        <>
          <PeerCursors stage={stage} />
          {hovered && bin === "hidden" && !menu && hovered.ref.id !== selection?.id && (
            <HoverCard hovered={hovered.ref} x={hovered.x} y={hovered.y} />
          )}
          <Legend stage={stage} />
          <MiniMap stage={stage} />
          <ZoomBar stage={stage} />
          <FaultTray floating />
          <Drains />
        </>
      )}
      {menu && root.current && (
        <PointMenu
          x={root.current.getBoundingClientRect().left + menu.x}
          y={root.current.getBoundingClientRect().top + menu.y}
          title={named(session, menu.ref)?.name ?? menu.ref.id}
          entries={commandsFor(session, menu.ref, stage).map(c => ({ ...c, disabled: offline && !c.local }))}
          onClose={() => setMenu(null)}
        />
      )}
    </div>
  );
}
