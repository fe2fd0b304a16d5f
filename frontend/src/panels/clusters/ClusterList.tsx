/** The first page: clusters as cards, and two clicks to a new one. */
import { Plus } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { useLocation } from "wouter";
import { toFailure } from "@/net/errors";
import { clusters as api } from "@/net/playground";
import type { ClusterSummary } from "@/protocol/rest";
import { toast } from "@/store/ui";
import { Button } from "@/ui/Button";
import { Empty, Logo, Spinner } from "@/ui/bits";
import { Toasts } from "../Toasts";
import { ThemeSwitch } from "../TopBar";
import { Card } from "./Card";
import { Create } from "./Create";
import { TEMPLATES } from "./templates";

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
