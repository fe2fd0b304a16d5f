/** A cluster in the list: a small map of it, its counts, its commands. */
import { MoreHorizontal } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { toFailure } from "@/net/errors";
import { clusters as api } from "@/net/playground";
import type { ClusterSummary } from "@/protocol/rest";
import { toast } from "@/store/ui";
import { Button, IconButton } from "@/ui/Button";
import { Badge } from "@/ui/bits";
import { cx } from "@/ui/cx";
import { Dialog } from "@/ui/Dialog";
import { Menu } from "@/ui/Menu";

export function Card({ cluster, onGone }: { cluster: ClusterSummary; onGone: () => void }) {
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
