/** The first tab: what it is, in one look, with the commands that matter most. */

import { Minus, Plus } from "lucide-react";
import type { ReactNode } from "react";
import { useState } from "react";
import { type Command, commandsFor } from "@/actions/commands";
import { COMPONENT_STORY } from "@/actions/faults";
import { age } from "@/actions/look";
import { scalable, scale } from "@/actions/workloads";
import type { Node, Pod, Service, Workload } from "@/protocol/rows";
import { bytes, cores } from "@/render/text";
import { type Ref, select, ui, useUi } from "@/store/ui";
import { Button, IconButton } from "@/ui/Button";
import { Badge, Facts, Meter, Mono } from "@/ui/bits";
import { StateTile } from "@/ui/StateTile";
import { mapRef, useNow, useSession } from "../context";
import type { Live } from "./useLive";

export function Summary({ of, live }: { of: Ref; live: Live }) {
  const session = useSession();
  const { model } = session;
  const now = useNow();
  let body: ReactNode = null;
  let featured: string[] = [];
  switch (of.kind) {
    case "pod": {
      const pod = model.pods.get(of.id);
      if (pod) body = <PodSummary pod={pod} now={now} />;
      featured = ["move", "logs", "evict", "delete"];
      break;
    }
    case "node": {
      const node = model.nodes.get(of.id);
      if (node) body = <NodeSummary node={node} now={now} />;
      featured = ["cordon", "drain", "power"];
      break;
    }
    case "workload": {
      const w = model.workloads.get(of.id);
      if (w) body = <WorkloadSummary w={w} now={now} />;
      featured = ["restart", "pause", "yaml"];
      break;
    }
    case "service": {
      const s = model.services.get(of.id);
      if (s) body = <ServiceSummary s={s} now={now} />;
      featured = ["yaml"];
      break;
    }
    case "component":
      body = <ComponentSummary id={of.id} />;
      featured = ["stop", "start"];
      break;
    case "config": {
      const c = model.configs.get(of.id);
      if (c) body = <Facts rows={[["Age", age(c.created, now)]]} />;
      featured = ["yaml"];
      break;
    }
  }
  const commands = commandsFor(session, of, mapRef.current).filter(c => featured.includes(c.id));
  return (
    <div className="flex flex-col gap-4">
      {body}
      <Actions commands={commands} />
      <Labels live={live} />
    </div>
  );
}

function Actions({ commands }: { commands: Command[] }) {
  const offline = useUi(s => s.link.phase !== "live" || !s.canWrite);
  if (!commands.length) return null;
  return (
    <div className="flex flex-wrap gap-1.5">
      {commands.map(c => (
        <Button
          key={c.id}
          size="sm"
          disabled={offline && !c.local}
          className={c.danger ? "text-bad" : ""}
          onClick={c.run}
        >
          {c.title}
        </Button>
      ))}
    </div>
  );
}

function PodSummary({ pod, now }: { pod: Pod; now: number }) {
  const session = useSession();
  const node = session.model.nodes.at(session.model.nodeByName.get(pod.node) ?? -1);
  return (
    <>
      <div className="flex items-center gap-3">
        <StateTile state={pod.state} size={34} />
        <div className="min-w-0">
          <p className="m-0 text-[14px] font-medium">{pod.status}</p>
          <p className="m-0 text-[12.5px] text-ink-2">
            {pod.ready} ready
            {pod.restarts > 0 && ` · ${pod.restarts} restart${pod.restarts > 1 ? "s" : ""}`} ·{" "}
            {age(pod.created, now)} old
          </p>
        </div>
      </div>
      {pod.message && pod.state !== "running" && (
        <button
          type="button"
          onClick={() => ui.set({ tab: "why" })}
          className="rounded-lg bg-warn-soft px-3 py-2 text-left text-[12.5px] text-warn hover:brightness-97"
        >
          {pod.message}
        </button>
      )}
      <Facts
        rows={[
          [
            "Node",
            node ? (
              <LinkTo key="n" to={{ kind: "node", id: node.id }} text={node.name} />
            ) : (
              pod.node || "none yet"
            ),
          ],
          ["Part of", pod.workload],
          ["Pod IP", pod.ip ? <Mono key="ip">{pod.ip}</Mono> : "none yet"],
          ["Image", <Mono key="im">{pod.image}</Mono>],
          ["Requests", <Mono key="rq">{`${cores(pod.cpu)} CPU, ${bytes(pod.mem)}`}</Mono>],
          ["QoS", pod.qos],
        ]}
      />
    </>
  );
}

function NodeSummary({ node, now }: { node: Node; now: number }) {
  const session = useSession();
  const index = session.model.nodes.index.get(node.id);
  let pods = 0;
  for (const i of session.model.pods.indices()) if (session.model.pods.node[i] === index) pods++;
  return (
    <>
      <div className="flex flex-wrap gap-1.5">
        {node.power === "off" ? (
          <Badge tone="bad">Powered off</Badge>
        ) : node.ready === "True" ? (
          <Badge tone="ok">Ready</Badge>
        ) : (
          <Badge tone="bad">{node.ready === "Unknown" ? "Ready: Unknown" : "Not ready"}</Badge>
        )}
        {node.kubelet === "stopped" && <Badge tone="bad">Kubelet stopped</Badge>}
        {node.cordoned && <Badge tone="warn">Cordoned</Badge>}
        {node.deleting && <Badge tone="bad">Deleting</Badge>}
        {node.pressure.map(p => (
          <Badge key={p} tone="bad">
            {p}
          </Badge>
        ))}
        {node.role === "control-plane" && <Badge>control plane</Badge>}
      </div>
      <div className="flex flex-col gap-1.5">
        <Meter
          label="CPU"
          used={node.cpuReq}
          total={node.cpu}
          text={`${cores(node.cpuReq)} / ${cores(node.cpu)}`}
        />
        <Meter
          label="Memory"
          used={node.memReq}
          total={node.mem}
          text={`${bytes(node.memReq)} / ${bytes(node.mem)}`}
        />
        <Meter label="Pods" used={pods} total={node.slots} text={`${pods} / ${node.slots}`} />
      </div>
      <Facts
        rows={[
          ["Zone", node.zone || "none"],
          ["Address", <Mono key="a">{node.addr}</Mono>],
          ["Kubelet", <Mono key="v">{node.version}</Mono>],
          ["Age", age(node.created, now)],
          [
            "Taints",
            node.taints.length ? (
              <span key="t" className="flex flex-col gap-0.5">
                {node.taints.map(t => (
                  <Mono key={t} className="break-all">
                    {t}
                  </Mono>
                ))}
              </span>
            ) : (
              "none"
            ),
          ],
        ]}
      />
    </>
  );
}

function WorkloadSummary({ w, now }: { w: Workload; now: number }) {
  const session = useSession();
  const offline = useUi(s => s.link.phase !== "live" || !s.canWrite);
  const [typed, setTyped] = useState<string | null>(null);
  const commit = () => {
    const n = Number(typed);
    if (typed !== null && typed !== "" && Number.isInteger(n) && n >= 0 && n !== w.desired)
      scale(session, w, n);
    setTyped(null);
  };
  const rolling = w.desired > 0 && w.updated < w.desired;
  return (
    <>
      <div className="flex items-end justify-between gap-3">
        <div>
          <p className="num m-0 text-[28px] font-semibold leading-none tracking-[-0.02em]">
            {w.ready}
            <span className="text-[17px] font-medium text-ink-3"> / {w.desired} ready</span>
          </p>
          <p className="m-0 mt-1 text-[12.5px] text-ink-2">
            {w.paused
              ? "Rollout paused"
              : rolling
                ? `${w.updated} of ${w.desired} updated`
                : `${w.available} available`}
            {!w.generationSeen && " · waiting for the controller"}
          </p>
        </div>
        {scalable(w) && (
          <div className="flex items-center rounded-lg border border-line-strong">
            <IconButton
              label="One fewer"
              keys="-"
              size="sm"
              disabled={offline || w.desired === 0}
              onClick={() => scale(session, w, w.desired - 1)}
            >
              <Minus size={14} />
            </IconButton>
            <input
              aria-label="Replicas"
              inputMode="numeric"
              disabled={offline}
              value={typed ?? String(w.desired)}
              onChange={event => setTyped(event.target.value.replace(/\D/g, ""))}
              onBlur={commit}
              onKeyDown={event => {
                if (event.key === "Enter") commit();
                if (event.key === "Escape") setTyped(null);
              }}
              className="num h-7 w-11 bg-transparent text-center font-mono text-[13px] outline-none"
            />
            <IconButton
              label="One more"
              keys="+"
              size="sm"
              disabled={offline}
              onClick={() => scale(session, w, w.desired + 1)}
            >
              <Plus size={14} />
            </IconButton>
          </div>
        )}
      </div>
      {w.hpa && (
        <p className="m-0 rounded-lg bg-warn-soft px-3 py-2 text-[12.5px] text-warn">
          Autoscaler {w.hpa} sets the replicas; it will undo what you set here.
        </p>
      )}
      <Facts
        rows={[
          [
            "Images",
            <span key="i" className="flex flex-col">
              {w.images.map(i => (
                <Mono key={i} className="break-all">
                  {i}
                </Mono>
              ))}
            </span>,
          ],
          ["Age", age(w.created, now)],
        ]}
      />
    </>
  );
}

function ServiceSummary({ s, now }: { s: Service; now: number }) {
  return (
    <>
      <div className="flex flex-wrap gap-1.5">
        <Badge>{s.type}</Badge>
        {s.selector &&
          (s.endpoints > 0 ? (
            <Badge tone="ok">{s.endpoints} ready endpoints</Badge>
          ) : (
            <Badge tone="warn">No ready endpoint</Badge>
          ))}
      </div>
      <Facts
        rows={[
          ["Cluster IP", <Mono key="ip">{s.ip || "none"}</Mono>],
          ["Ports", <Mono key="p">{s.ports.join(", ")}</Mono>],
          [
            "Selector",
            s.selector ? (
              <Mono key="s">
                {Object.entries(s.selector)
                  .map(([k, v]) => `${k}=${v}`)
                  .join(", ")}
              </Mono>
            ) : (
              "none"
            ),
          ],
          ["Age", age(s.created, now)],
        ]}
      />
    </>
  );
}

function ComponentSummary({ id }: { id: string }) {
  const session = useSession();
  const rows = [...session.model.components.values()].filter(c => c.name === id || c.id === id);
  const name = rows[0]?.name ?? id;
  return (
    <>
      <div className="flex flex-col gap-1.5">
        {rows.length === 0 && <Badge>not running here</Badge>}
        {rows.map(c => (
          <div key={c.id} className="flex items-center gap-2">
            <Badge tone={c.state === "running" ? "ok" : "bad"}>{c.state}</Badge>
            {c.node && <span className="text-ink-2">on {c.node}</span>}
            {c.leader && <Badge tone="accent">leader</Badge>}
            {c.queue > 0 && <span className="num text-ink-2">{c.queue} in its queue</span>}
          </div>
        ))}
      </div>
      {COMPONENT_STORY[name] && (
        <p className="m-0 text-[12.5px] text-ink-2">
          <span className="font-medium text-ink">Without it: </span>
          {COMPONENT_STORY[name]}
        </p>
      )}
    </>
  );
}

function Labels({ live }: { live: Live }) {
  const labels = Object.entries(live.object?.metadata.labels ?? {});
  if (!labels.length) return null;
  return (
    <div>
      <p className="eyebrow m-0 mb-1.5">Labels</p>
      <div className="flex flex-wrap gap-1">
        {labels.map(([k, v]) => (
          <span
            key={k}
            className="max-w-full break-all rounded-md border border-line bg-sunken px-1.5 py-0.5 font-mono text-[11px] text-ink-2"
          >
            {k}
            {v && <span className="text-ink">={v}</span>}
          </span>
        ))}
      </div>
    </div>
  );
}

export function LinkTo({ to, text }: { to: Ref; text: string }) {
  return (
    <button
      type="button"
      className="break-all text-left text-accent underline decoration-transparent underline-offset-2 hover:decoration-current"
      onClick={() => {
        select(to);
        if (ui.get().view === "map") mapRef.current?.focus(to.id);
      }}
    >
      {text}
    </button>
  );
}
