/** The first page: clusters as cards, and two clicks to a new one. */
import { MoreHorizontal, Plus } from "lucide-react";
import { type FormEvent, type ReactNode, useCallback, useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { toFailure } from "@/net/errors";
import { clusters as api } from "@/net/playground";
import type { ClusterSummary, NewCluster } from "@/protocol/rest";
import { toast } from "@/store/ui";
import { Button, IconButton } from "@/ui/Button";
import { Badge, Empty, Logo, Spinner } from "@/ui/bits";
import { cx } from "@/ui/cx";
import { Dialog } from "@/ui/Dialog";
import { Menu } from "@/ui/Menu";
import { Toasts } from "./Toasts";
import { ThemeSwitch } from "./TopBar";

interface Template {
  id: string;
  title: string;
  story: string;
  body: Omit<NewCluster, "name">;
}

const TEMPLATES: readonly Template[] = [
  {
    id: "three",
    title: "Three nodes",
    story: "One control plane, three workers in three zones",
    body: { workers: 3, controlPlanes: 1, zones: ["zone-a", "zone-b", "zone-c"] },
  },
  {
    id: "ha",
    title: "High availability",
    story: "Three control planes, six workers in three zones",
    body: { workers: 6, controlPlanes: 3, zones: ["zone-a", "zone-b", "zone-c"] },
  },
  {
    id: "large",
    title: "Five hundred nodes",
    story: "A managed control plane and a lot of room",
    body: { workers: 500, controlPlanes: 0, zones: ["zone-a", "zone-b", "zone-c", "zone-d"] },
  },
  {
    id: "bare",
    title: "Bare",
    story: "A control plane without workers or add-ons; add what you like",
    body: { workers: 0, controlPlanes: 1, addons: "none" },
  },
];

const REFRESH_MS = 5000;

export function ClusterList() {
  const [list, setList] = useState<ClusterSummary[] | null>(null);
  const [error, setError] = useState("");
  const [creating, setCreating] = useState(false);
  const load = useCallback(async () => {
    try {
      setList(await api.list());
      setError("");
    } catch (e) {
      setError(toFailure(e).message || toFailure(e).reason);
    }
  }, []);
  useEffect(() => {
    document.title = "Cluster Playground";
    void load();
    const timer = setInterval(() => document.visibilityState === "visible" && void load(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [load]);
  return (
    <div className="h-full overflow-auto bg-canvas">
      <header className="mx-auto flex max-w-[1120px] items-center gap-3 px-8 py-5">
        <Logo size={30} />
        <span className="text-[16px] font-semibold tracking-[-0.01em]">Cluster Playground</span>
        <div className="flex-1" />
        <ThemeSwitch />
      </header>
      <main className="mx-auto max-w-[1120px] px-8 pb-16 pt-6">
        <div className="mb-6 flex items-end justify-between gap-4">
          <div>
            <h1 className="m-0 text-[30px] font-semibold leading-tight tracking-[-0.025em]">Clusters</h1>
            <p className="m-0 mt-1 text-[14px] text-ink-2">
              Each has an API of its own, and time that you control.
            </p>
          </div>
          {list && list.length > 0 && (
            <Button tone="primary" size="lg" onClick={() => setCreating(true)}>
              <Plus size={17} aria-hidden="true" /> New cluster
            </Button>
          )}
        </div>
        {list === null && !error && (
          <div className="flex justify-center py-24">
            <Spinner size={28} />
          </div>
        )}
        {error && (
          <div className="rounded-2xl border border-line bg-panel">
            <Empty title="The list cannot be read">{error}. It is tried again every few seconds.</Empty>
          </div>
        )}
        {list?.length === 0 && <First onOther={() => setCreating(true)} />}
        {list && list.length > 0 && (
          <ul className="m-0 grid list-none grid-cols-[repeat(auto-fill,minmax(320px,1fr))] gap-4 p-0">
            {list.map(c => (
              <Card key={c.name} cluster={c} onGone={() => void load()} />
            ))}
            <li>
              <button
                type="button"
                onClick={() => setCreating(true)}
                className="flex h-full min-h-40 w-full flex-col items-center justify-center gap-1.5 rounded-2xl border border-dashed border-line-strong text-ink-2 transition-colors hover:border-accent hover:text-accent"
              >
                <Plus size={20} aria-hidden="true" />
                Another cluster
              </button>
            </li>
          </ul>
        )}
      </main>
      <Create open={creating} onClose={() => setCreating(false)} />
      <Toasts />
    </div>
  );
}

function First({ onOther }: { onOther: () => void }) {
  const [, go] = useLocation();
  const [busy, setBusy] = useState(false);
  const start = async () => {
    setBusy(true);
    try {
      await api.create({ name: "demo", ...TEMPLATES[0]!.body });
      go("/clusters/demo");
    } catch (e) {
      setBusy(false);
      toast({ tone: "bad", title: toFailure(e).reason, detail: toFailure(e).message });
    }
  };
  return (
    <div className="flex flex-col items-center rounded-3xl border border-dashed border-line-strong px-8 py-20 text-center">
      <Logo size={56} />
      <h2 className="m-0 mt-5 text-[20px] font-semibold tracking-[-0.015em]">No clusters yet</h2>
      <p className="m-0 mt-1.5 max-w-96 text-[14px] text-ink-2">
        Apply real manifests with kubectl, watch them run, break things, and watch them heal.
      </p>
      <div className="mt-6 flex gap-2">
        <Button tone="primary" size="lg" disabled={busy} onClick={() => void start()}>
          {busy && <Spinner size={15} />} Start with 3 nodes
        </Button>
        <Button size="lg" onClick={onOther}>
          Something else…
        </Button>
      </div>
    </div>
  );
}

function Card({ cluster, onGone }: { cluster: ClusterSummary; onGone: () => void }) {
  const [asking, setAsking] = useState(false);
  const href = `/clusters/${cluster.name}`;
  const bad = cluster.failing ?? 0;
  const pending = cluster.pending ?? 0;
  return (
    <li className="group relative rounded-2xl border border-line bg-panel transition-[border-color,box-shadow] hover:border-line-strong hover:shadow-float focus-within:border-line-strong">
      <div className="p-4">
        <div className="flex items-center gap-2">
          <Link
            href={href}
            className="min-w-0 flex-1 truncate text-[16px] font-semibold tracking-[-0.01em] after:absolute after:inset-0 after:rounded-2xl"
          >
            {cluster.name}
          </Link>
          {cluster.paused ? (
            <Badge tone="warn">paused</Badge>
          ) : (
            cluster.speed !== undefined &&
            String(cluster.speed) !== "1" && (
              <Badge>{cluster.speed === "max" ? "max" : `${cluster.speed}×`}</Badge>
            )
          )}
          {cluster.created && <span className="text-[12px] text-ink-3">{since(cluster.created)}</span>}
          <span className="relative z-[1]">
            <Menu
              entries={[
                {
                  id: "kubeconfig",
                  title: "Download kubeconfig",
                  run: () => location.assign(`/api/v1/clusters/${cluster.name}/kubeconfig`),
                },
                {
                  id: "snapshot",
                  title: "Download snapshot",
                  run: () => location.assign(`/api/v1/clusters/${cluster.name}/snapshot`),
                },
                { id: "delete", title: "Delete…", danger: true, run: () => setAsking(true) },
              ]}
            >
              <IconButton label={`Commands for ${cluster.name}`} size="sm">
                <MoreHorizontal size={16} />
              </IconButton>
            </Menu>
          </span>
        </div>
        <Heat heat={cluster.heat ?? []} />
        <p className="m-0 mt-3 flex flex-wrap items-center gap-x-3 text-[12.5px] text-ink-2">
          {cluster.nodes !== undefined && (
            <Figure
              value={`${cluster.nodesReady ?? 0}/${cluster.nodes}`}
              words="nodes"
              tone={(cluster.nodesReady ?? 0) < cluster.nodes ? "bad" : ""}
            />
          )}
          {cluster.pods !== undefined && (
            <Figure value={cluster.pods.toLocaleString("en")} words="pods" tone="" />
          )}
          {pending > 0 && <Figure value={pending.toLocaleString("en")} words="pending" tone="warn" />}
          {bad > 0 && <Figure value={bad.toLocaleString("en")} words="failing" tone="bad" />}
          {cluster.nodes === undefined && <span className="text-ink-3">not loaded yet</span>}
        </p>
      </div>
      <Remove open={asking} name={cluster.name} onClose={() => setAsking(false)} onGone={onGone} />
    </li>
  );
}

function Figure({ value, words, tone }: { value: string; words: string; tone: "" | "warn" | "bad" }) {
  return (
    <span className={tone === "bad" ? "text-bad" : tone === "warn" ? "text-warn" : ""}>
      <span className={cx("num font-mono font-medium", !tone && "text-ink")}>{value}</span> {words}
    </span>
  );
}

const HEAT = ["var(--state-running)", "var(--state-notready)", "var(--state-creating)", "var(--state-crash)"];

/** The cluster from very far: a box for each node with a square for each pod; columns when there are many. */
function Heat({ heat }: { heat: number[][] }) {
  const most = Math.max(1, ...heat.map(h => h.reduce((a, b) => a + b, 0)));
  const frame = "mt-3 flex h-[76px] overflow-hidden rounded-xl bg-sunken p-2";
  if (!heat.length) {
    return (
      <div className={frame} aria-hidden="true">
        <span className="m-auto text-[11.5px] text-ink-3">no nodes yet</span>
      </div>
    );
  }
  if (heat.length <= 14 && most <= 40) {
    return (
      <div className={cx(frame, "gap-1.5")} aria-hidden="true">
        {heat.map((h, i) => (
          <span
            key={i}
            className="flex min-w-0 max-w-16 flex-1 flex-wrap content-start gap-[2px] rounded-md border border-line bg-raised p-1"
          >
            {h.flatMap((n, k) =>
              Array.from({ length: n }, (_, m) => (
                <span
                  key={`${k}.${m}`}
                  className="size-[6px] rounded-[1.5px]"
                  style={{ background: HEAT[k] }}
                />
              )),
            )}
          </span>
        ))}
      </div>
    );
  }
  return (
    <div className={cx(frame, "items-end gap-px")} aria-hidden="true">
      {heat.slice(0, 140).map((h, i) => (
        <span key={i} className="flex h-full flex-1 flex-col-reverse justify-start">
          {h.map(
            (n, k) =>
              n > 0 && <span key={k} style={{ height: `${(n / most) * 100}%`, background: HEAT[k] }} />,
          )}
        </span>
      ))}
    </div>
  );
}

function since(when: string | number): string {
  const t = typeof when === "number" ? when : Date.parse(when);
  const days = (Date.now() - t) / 86_400_000;
  if (!Number.isFinite(days)) return "";
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  if (days < 1 / 24) return relative.format(-Math.round(days * 1440), "minute");
  if (days < 1) return relative.format(-Math.round(days * 24), "hour");
  return relative.format(-Math.round(days), "day");
}

function Remove({
  open,
  name,
  onClose,
  onGone,
}: {
  open: boolean;
  name: string;
  onClose: () => void;
  onGone: () => void;
}) {
  const [busy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    try {
      await api.remove(name);
      onClose();
      onGone();
    } catch (e) {
      toast({ tone: "bad", title: toFailure(e).reason, detail: toFailure(e).message });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={`Delete ${name}?`}
      description="All of its objects and its history go. A snapshot taken before can be imported again."
    >
      <div className="flex justify-end gap-2 pt-2">
        <Button onClick={onClose}>Keep it</Button>
        <Button tone="danger" disabled={busy} onClick={() => void remove()}>
          Delete {name}
        </Button>
      </div>
    </Dialog>
  );
}

function Field({
  label,
  error,
  hint,
  children,
}: {
  label: string;
  error?: string;
  hint?: string;
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className="flex flex-col gap-1">
      <span className="text-[12px] font-medium text-ink-2">{label}</span>
      {children}
      {error ? (
        <span className="text-[12px] text-bad">{error}</span>
      ) : (
        hint && <span className="text-[12px] text-ink-3">{hint}</span>
      )}
    </label>
  );
}

const INPUT = "h-9 rounded-lg border border-line-strong bg-raised px-2.5 outline-none focus:border-accent";

function Create({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [, go] = useLocation();
  const [template, setTemplate] = useState(TEMPLATES[0]!);
  const [name, setName] = useState("");
  const [workers, setWorkers] = useState("3");
  const [planes, setPlanes] = useState("1");
  const [zones, setZones] = useState("zone-a, zone-b, zone-c");
  const [cpu, setCpu] = useState("4");
  const [memory, setMemory] = useState("16Gi");
  const [seed, setSeed] = useState("");
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const choose = (t: Template) => {
    setTemplate(t);
    setWorkers(String(t.body.workers ?? 3));
    setPlanes(String(t.body.controlPlanes ?? 1));
    setZones((t.body.zones ?? []).join(", "));
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setErrors({});
    try {
      await api.create({
        ...template.body,
        name: name.trim(),
        workers: Number(workers),
        controlPlanes: Number(planes),
        zones: zones
          ? zones
              .split(",")
              .map(z => z.trim())
              .filter(Boolean)
          : undefined,
        cpu,
        memory,
        ...(seed ? { seed: Number(seed) } : {}),
      });
      go(`/clusters/${name.trim()}`);
    } catch (e) {
      const failure = toFailure(e);
      const fields = Object.fromEntries(failure.fields.map(f => [f.field, f.message]));
      setErrors(failure.fields.length ? fields : { "": failure.message || failure.reason });
      setBusy(false);
    }
  };
  return (
    <Dialog open={open} onClose={onClose} title="New cluster">
      <form onSubmit={event => void submit(event)} className="flex flex-col gap-4">
        <fieldset className="m-0 grid grid-cols-2 gap-2 border-0 p-0">
          <legend className="sr-only">Template</legend>
          {TEMPLATES.map(t => (
            <label
              key={t.id}
              className={cx(
                "cursor-pointer rounded-xl border px-3 py-2.5 transition-colors has-focus-visible:outline-2 has-focus-visible:outline-accent",
                t.id === template.id ? "border-accent bg-accent-soft" : "border-line-strong hover:bg-hover",
              )}
            >
              <input
                type="radio"
                name="template"
                checked={t.id === template.id}
                onChange={() => choose(t)}
                className="sr-only"
              />
              <span className="block font-medium">{t.title}</span>
              <span className="block text-[12px] leading-snug text-ink-2">{t.story}</span>
            </label>
          ))}
        </fieldset>
        <Field
          label="Name"
          error={errors.name}
          hint="Lower-case letters, digits and dashes; it stands in URLs."
        >
          <input
            autoFocus
            required
            value={name}
            onChange={e => setName(e.target.value)}
            pattern="[a-z0-9]([-a-z0-9]*[a-z0-9])?"
            maxLength={40}
            className={cx(INPUT, "font-mono")}
          />
        </Field>
        <details className="group/more">
          <summary className="cursor-pointer text-[12.5px] text-ink-2 hover:text-ink">
            Sizes, zones and seed
          </summary>
          <div className="mt-3 grid grid-cols-2 gap-3">
            <Field label="Workers" error={errors.workers}>
              <input
                type="number"
                min={0}
                value={workers}
                onChange={e => setWorkers(e.target.value)}
                className={INPUT}
              />
            </Field>
            <Field label="Control planes" error={errors.controlPlanes}>
              <input
                type="number"
                min={0}
                value={planes}
                onChange={e => setPlanes(e.target.value)}
                className={INPUT}
              />
            </Field>
            <Field label="CPU of a worker" error={errors.cpu}>
              <input value={cpu} onChange={e => setCpu(e.target.value)} className={INPUT} />
            </Field>
            <Field label="Memory of a worker" error={errors.memory}>
              <input value={memory} onChange={e => setMemory(e.target.value)} className={INPUT} />
            </Field>
            <Field label="Zones" error={errors.zones}>
              <input value={zones} onChange={e => setZones(e.target.value)} className={INPUT} />
            </Field>
            <Field label="Seed" error={errors.seed} hint="Same seed, same history.">
              <input
                type="number"
                min={0}
                value={seed}
                onChange={e => setSeed(e.target.value)}
                placeholder="random"
                className={INPUT}
              />
            </Field>
          </div>
        </details>
        {errors[""] && <p className="m-0 rounded-lg bg-bad-soft px-3 py-2 text-bad">{errors[""]}</p>}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" disabled={busy || !name}>
            {busy && <Spinner size={14} />} Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
