/** Building a cluster: chips to drag onto the map, each with a button that does the same without a drag. */
import { type PointerEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { openTemplate, parseLabel, proposalFor, TEMPLATES } from "@/actions/build";
import { type Confirmation, openSide, toast, ui, useUi } from "@/store/ui";
import { useTables } from "@/store/views";
import { type Carried, carriedWords, type Landing, ROLLS } from "@/tools/carry";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { SidePanel } from "@/ui/SidePanel";
import { mapRef, useSession } from "./context";

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const NOWHERE: Landing = { ok: true, hint: "", node: -1, workload: null, zone: "" };
/** until the map has made room for this panel */
const SETTLE_MS = 120;
const FIELD = "h-7.5 min-w-0 rounded-lg border border-line-strong bg-raised px-2 text-[12.5px] text-ink";

export default function Build() {
  // What things are dropped on must be in sight.
  useEffect(() => {
    const settled = setTimeout(() => mapRef.current?.fit(), SETTLE_MS);
    return () => clearTimeout(settled);
  }, []);
  return (
    <SidePanel label="Build" title="Build" onClose={() => openSide(null)}>
      <p className="m-0 mb-1 text-[12.5px] text-ink-2">
        Drag a chip onto the map, or choose a target and press the button. Nothing happens before you have
        seen the call.
      </p>
      <Machines />
      <Templates />
      <Labels />
      <Taints />
      <Images />
    </SidePanel>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="mt-4">
      <p className="eyebrow m-0 mb-1.5">{title}</p>
      {children}
    </section>
  );
}

/** Ask before it is done: in the popover that every drop opens. */
function usePropose() {
  const session = useSession();
  return (item: Carried, landing: Landing, at: Confirmation["at"]) => {
    if (item.kind === "template") openTemplate(item.template);
    else if (!ui.get().canWrite)
      toast({ tone: "bad", title: "You may only look", detail: "Nothing can be added here just now." });
    else {
      const proposal = proposalFor(session, item, landing);
      if (proposal) ui.set({ confirmation: { ...proposal, at } });
    }
  };
}

/** Something that can be carried onto the map; pressed, it asks for its target beside it. */
function Chip({ item, onPress }: { item: Carried | null; onPress?: () => void }) {
  const propose = usePropose();
  const start = useRef<{ x: number; y: number } | null>(null);
  const [held, setHeld] = useState<{ x: number; y: number; landing: Landing | null } | null>(null);
  const drop = (event: PointerEvent) => {
    const landing = held && item ? (mapRef.current?.carry(item, event.clientX, event.clientY) ?? null) : null;
    const pressed = start.current !== null && !held;
    start.current = null;
    setHeld(null);
    mapRef.current?.endCarry();
    if (pressed) onPress?.();
    else if (landing?.ok && item) propose(item, landing, { x: event.clientX, y: event.clientY });
    else if (landing?.hint) toast({ tone: "bad", title: landing.hint });
  };
  const cancel = () => {
    start.current = null;
    setHeld(null);
    mapRef.current?.endCarry();
  };
  const words = item ? carriedWords(item) : "key=value";
  return (
    <>
      <button
        type="button"
        disabled={!item}
        aria-label={onPress ? words : `${words}: drag onto the map`}
        tabIndex={onPress ? 0 : -1}
        onPointerDown={event => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          start.current = { x: event.clientX, y: event.clientY };
        }}
        onPointerMove={event => {
          const from = start.current;
          if (!from || !item) return;
          const { clientX: x, clientY: y } = event;
          if (!held && Math.hypot(x - from.x, y - from.y) < 5) return;
          setHeld({ x, y, landing: mapRef.current?.carry(item, x, y) ?? null });
        }}
        onPointerUp={drop}
        onPointerCancel={cancel}
        onKeyDown={event => {
          if (event.key === "Escape" && held) {
            cancel();
            event.stopPropagation();
          } else if (onPress && (event.key === "Enter" || event.key === " ")) {
            event.preventDefault();
            onPress();
          }
        }}
        className="h-7.5 max-w-32 cursor-grab touch-none truncate rounded-full border border-line-strong bg-raised px-3 font-mono text-[12px] font-medium hover:bg-hover active:cursor-grabbing disabled:cursor-default disabled:opacity-50"
      >
        {words}
      </button>
      {held && (
        <div
          aria-hidden="true"
          className="pointer-events-none fixed z-50 flex max-w-80 flex-col items-start gap-1"
          style={{ left: held.x + 10, top: held.y + 12 }}
        >
          <span className="rounded-full border border-accent bg-raised px-3 py-1 font-mono text-[12px] shadow-float">
            {words}
          </span>
          {held.landing?.hint && (
            <span
              className={cx(
                "rounded-md px-2 py-0.5 text-[11.5px] font-medium shadow-float",
                held.landing.ok ? "bg-ok text-panel" : "bg-bad text-panel",
              )}
            >
              {held.landing.hint}
            </span>
          )}
        </div>
      )}
    </>
  );
}

function Machines() {
  const session = useSession();
  useTables(session.views, "nodes");
  const propose = usePropose();
  const zones = [...new Set([...session.model.nodes.values()].map(n => n.zone).filter(Boolean))].sort();
  const [zone, setZone] = useState("");
  const item: Carried = { kind: "machine" };
  const add = () => propose(item, { ...NOWHERE, zone }, null);
  return (
    <Section title="Machines">
      <div className="flex items-center gap-1.5">
        <Chip item={item} onPress={add} />
        <select
          aria-label="Zone"
          value={zone}
          onChange={e => setZone(e.target.value)}
          className={cx(FIELD, "flex-1")}
        >
          <option value="">zone with the fewest</option>
          {zones.map(z => (
            <option key={z}>{z}</option>
          ))}
        </select>
        <Button size="sm" onClick={add}>
          Add…
        </Button>
      </div>
    </Section>
  );
}

function Templates() {
  return (
    <Section title="Workloads, as YAML to finish">
      <div className="flex flex-wrap gap-1.5">
        {Object.keys(TEMPLATES).map(template => (
          <Chip key={template} item={{ kind: "template", template }} onPress={() => openTemplate(template)} />
        ))}
      </div>
    </Section>
  );
}

/** A chip for a node, and the same by choosing one. */
function OnNode({ item, action }: { item: Carried | null; action: string }) {
  const session = useSession();
  useTables(session.views, "nodes");
  const propose = usePropose();
  const nodes = session.model.nodes
    .list()
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  const selected = useUi(s => (s.selection?.kind === "node" ? s.selection.id : ""));
  const [chosen, setChosen] = useState("");
  const node =
    nodes.find(n => n.id === chosen) ??
    nodes.find(n => n.id === selected) ??
    nodes.find(n => n.role === "worker");
  const at = node ? (session.model.nodeByName.get(node.name) ?? -1) : -1;
  return (
    <div className="mt-1.5 flex items-center gap-1.5">
      <Chip item={item} />
      <select
        aria-label="Node"
        value={node?.id ?? ""}
        onChange={e => setChosen(e.target.value)}
        className={cx(FIELD, "flex-1")}
      >
        {nodes.map(n => (
          <option key={n.id} value={n.id}>
            {n.name}
          </option>
        ))}
      </select>
      <Button
        size="sm"
        disabled={!item || at < 0}
        onClick={() => item && propose(item, { ...NOWHERE, node: at }, null)}
      >
        {action}
      </Button>
    </div>
  );
}

function Labels() {
  const [text, setText] = useState("disk=ssd");
  const label = parseLabel(text);
  const item: Carried | null = label ? { kind: "label", ...label } : null;
  return (
    <Section title="Label a node">
      <Wrong when={!item} text="A label is key=value, of letters, digits, -, _ and .">
        {id => (
          <input
            aria-label="Label"
            aria-invalid={!item}
            aria-describedby={id}
            value={text}
            maxLength={381}
            onChange={e => setText(e.target.value)}
            className={cx(FIELD, "w-full font-mono")}
          />
        )}
      </Wrong>
      <OnNode item={item} action="Label…" />
    </Section>
  );
}

function Taints() {
  const [text, setText] = useState("dedicated=team-a");
  const [effect, setEffect] = useState(EFFECTS[0]!);
  const taint = parseLabel(text);
  const item: Carried | null = taint ? { kind: "taint", ...taint, effect } : null;
  return (
    <Section title="Taint a node">
      <Wrong when={!item} text="A taint is key or key=value.">
        {id => (
          <div className="flex gap-1.5">
            <input
              aria-label="Taint"
              aria-invalid={!item}
              aria-describedby={id}
              value={text}
              maxLength={381}
              onChange={e => setText(e.target.value)}
              className={cx(FIELD, "flex-1 font-mono")}
            />
            <select
              aria-label="Effect"
              value={effect}
              onChange={e => setEffect(e.target.value)}
              className={cx(FIELD, "w-32")}
            >
              {EFFECTS.map(e => (
                <option key={e}>{e}</option>
              ))}
            </select>
          </div>
        )}
      </Wrong>
      <OnNode item={item} action="Taint…" />
    </Section>
  );
}

function Images() {
  const session = useSession();
  useTables(session.views, "workloads");
  const propose = usePropose();
  const workloads = session.model.workloads
    .list()
    .filter(w => ROLLS.includes(w.kind))
    .sort((a, b) => a.ns.localeCompare(b.ns) || a.name.localeCompare(b.name));
  const selected = useUi(s => (s.selection?.kind === "workload" ? s.selection.id : ""));
  const [chosen, setChosen] = useState("");
  const [image, setImage] = useState("nginx:1.28");
  const target =
    workloads.find(w => w.id === chosen) ?? workloads.find(w => w.id === selected) ?? workloads[0];
  const fits = /^[\w.\-/:@]{1,255}$/.test(image.trim());
  const item: Carried | null = fits ? { kind: "image", image: image.trim() } : null;
  return (
    <Section title="Change an image">
      <input
        aria-label="Image"
        aria-invalid={!fits}
        value={image}
        maxLength={255}
        onChange={e => setImage(e.target.value)}
        className={cx(FIELD, "w-full font-mono")}
      />
      <div className="mt-1.5 flex items-center gap-1.5">
        <Chip item={item} />
        <select
          aria-label="Workload"
          value={target?.id ?? ""}
          onChange={e => setChosen(e.target.value)}
          className={cx(FIELD, "flex-1")}
        >
          {workloads.map(w => (
            <option key={w.id} value={w.id}>
              {w.ns === "default" ? w.name : `${w.ns}/${w.name}`}
            </option>
          ))}
        </select>
        <Button
          size="sm"
          disabled={!item || !target}
          onClick={() => item && target && propose(item, { ...NOWHERE, workload: target.id }, null)}
        >
          Set…
        </Button>
      </div>
    </Section>
  );
}

/** A field, and under it what is wrong with what is typed. */
function Wrong(props: { when: boolean; text: string; children: (id: string | undefined) => ReactNode }) {
  const id = useId();
  return (
    <>
      {props.children(props.when ? id : undefined)}
      {props.when && (
        <p id={id} className="m-0 mt-1 text-[11.5px] text-bad">
          {props.text}
        </p>
      )}
    </>
  );
}
