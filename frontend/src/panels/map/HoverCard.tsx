/** A few facts about what the pointer is on, after a moment. */
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { age } from "@/actions/look";
import { bytes, cores } from "@/render/text";
import type { Ref } from "@/store/ui";
import { StateTile } from "@/ui/StateTile";
import { useSession } from "../context";

const DELAY_MS = 260;

export function HoverCard({ hovered, x, y }: { hovered: Ref; x: number; y: number }) {
  const [shown, setShown] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState({ x: 0, y: 0 });
  useEffect(() => {
    const timer = setTimeout(() => setShown(hovered.id), DELAY_MS);
    return () => clearTimeout(timer);
  }, [hovered.id]);
  const visible = shown === hovered.id;
  useLayoutEffect(() => {
    const element = box.current;
    const parent = element?.offsetParent as HTMLElement | null;
    if (!element || !parent || !visible) return;
    const w = element.offsetWidth;
    const h = element.offsetHeight;
    setAt({
      x: Math.max(8, Math.min(x + 16, parent.clientWidth - w - 8)),
      y: y + 20 + h > parent.clientHeight - 8 ? Math.max(8, y - h - 12) : y + 20,
    });
  }, [x, y, visible]);
  if (!visible) return null;
  return (
    <div
      ref={box}
      role="tooltip"
      className="enter-fade pointer-events-none absolute z-10 max-w-80 rounded-lg border border-line bg-raised px-3 py-2 text-[12px] shadow-float"
      style={{ left: at.x, top: at.y }}
    >
      <Content of={hovered} />
    </div>
  );
}

function Content({ of }: { of: Ref }) {
  const session = useSession();
  const { model } = session;
  if (of.kind === "pod") {
    const pod = model.pods.get(of.id);
    if (!pod) return null;
    return (
      <>
        <p className="m-0 flex items-center gap-2 font-mono text-[12px] font-medium">
          <StateTile state={pod.state} size={15} />
          {pod.name}
        </p>
        <p className="m-0 mt-1 text-ink-2">
          {pod.status} · {pod.ready} ready{pod.restarts > 0 && ` · ${pod.restarts} restarts`} ·{" "}
          {age(pod.created, session.clock.now())}
        </p>
        <p className="m-0 text-ink-3">
          {pod.ns} · {pod.workload} · {cores(pod.cpu)} CPU · {bytes(pod.mem)}
        </p>
        {pod.message && <p className="m-0 mt-1 text-bad">{pod.message}</p>}
      </>
    );
  }
  if (of.kind === "node") {
    const node = model.nodes.get(of.id);
    if (!node) return null;
    return (
      <>
        <p className="m-0 font-medium">{node.name}</p>
        <p className="m-0 mt-1 text-ink-2">
          {node.power === "off" ? "Powered off" : node.ready === "True" ? "Ready" : "Not ready"}
          {node.cordoned && " · cordoned"} · {node.version} · {node.addr}
        </p>
        {node.taints.map(t => (
          <p key={t} className="m-0 break-all font-mono text-[11px] text-ink-3">
            {t}
          </p>
        ))}
      </>
    );
  }
  if (of.kind === "workload") {
    const w = model.workloads.get(of.id);
    if (!w) return null;
    return (
      <>
        <p className="m-0 font-medium">{w.name}</p>
        <p className="m-0 mt-1 text-ink-2">
          {w.kind} in {w.ns} · {w.ready} of {w.desired} ready
          {w.updated < w.desired && ` · ${w.updated} updated`}
        </p>
        <p className="m-0 break-all font-mono text-[11px] text-ink-3">{w.images.join(", ")}</p>
      </>
    );
  }
  if (of.kind === "service") {
    const s = model.services.get(of.id);
    if (!s) return null;
    return (
      <>
        <p className="m-0 font-medium">{s.name}</p>
        <p className="m-0 mt-1 text-ink-2">
          {s.type} {s.ip} · {s.ports.join(", ")}
        </p>
        <p className="m-0 text-ink-3">
          {s.endpoints} ready endpoints
          {s.selector &&
            ` · ${Object.entries(s.selector)
              .map(([k, v]) => `${k}=${v}`)
              .join(", ")}`}
        </p>
      </>
    );
  }
  const rows = [...model.components.values()].filter(c => c.name === of.id);
  return (
    <>
      <p className="m-0 font-medium">{of.id}</p>
      {rows.map(c => (
        <p key={c.id} className="m-0 mt-0.5 text-ink-2">
          {c.state}
          {c.node && ` on ${c.node}`}
          {c.leader && " · leader"}
          {c.queue > 0 && ` · ${c.queue} queued`}
        </p>
      ))}
    </>
  );
}
