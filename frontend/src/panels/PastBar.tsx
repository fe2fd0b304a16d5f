/** While the past is shown: how far back, the way out, and the way on from there. */
import { GitBranch, History } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";
import { fork, returnToLive } from "@/actions/past";
import { useUi } from "@/store/ui";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { useSession } from "./context";
import { clockTime, span } from "./timewords";

export function PastBar() {
  const session = useSession();
  const past = useUi(s => s.past);
  const [forking, setForking] = useState(false);
  if (!past) return null;
  return (
    <>
      <div
        aria-hidden="true"
        className="pointer-events-none absolute inset-0 z-10 bg-[color-mix(in_srgb,var(--state-pending)_6%,transparent)] shadow-[inset_0_0_0_3px_var(--state-pending)]"
      />
      <section
        aria-label="The past"
        className="enter-fade absolute inset-x-0 top-3 z-20 mx-auto flex w-fit max-w-[94%] items-center gap-2 rounded-full border border-line bg-raised py-1 pl-3.5 pr-1.5 shadow-float"
      >
        <History size={15} className="shrink-0 text-warn" aria-hidden="true" />
        <span role="status" className="num truncate text-[12.5px]">
          Viewing <span className="font-medium">−{span(session.liveClock.now() - past.at)}</span>
          <span className="text-ink-3"> · {clockTime(past.at)} · read only</span>
        </span>
        <Button size="sm" tone="ghost" className="rounded-full" onClick={() => setForking(true)}>
          <GitBranch size={13} aria-hidden="true" /> Fork from here
        </Button>
        <Button size="sm" tone="primary" className="rounded-full" onClick={() => returnToLive(session)}>
          Return to live
        </Button>
      </section>
      {forking && <Fork rev={past.rev} onClose={() => setForking(false)} />}
    </>
  );
}

function Fork({ rev, onClose }: { rev: number; onClose: () => void }) {
  const session = useSession();
  const [, go] = useLocation();
  const [name, setName] = useState(`${session.name}-${rev}`.slice(0, 40));
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    const done = await fork(session, rev, name.trim());
    setBusy(false);
    if (!done) return;
    onClose();
    returnToLive(session);
    go(`/clusters/${name.trim()}`);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Fork from here"
      description="A new cluster starts with everything as it is shown, at that time. This one stays as it is."
    >
      <form
        onSubmit={event => {
          event.preventDefault();
          void submit();
        }}
      >
        <label className="flex flex-col gap-1 text-[12.5px] text-ink-2">
          Name of the new cluster
          <input
            value={name}
            onChange={e => setName(e.target.value)}
            maxLength={40}
            className="h-9 rounded-lg border border-line-strong bg-raised px-3 text-[14px] text-ink"
          />
        </label>
        <div className="mt-4 flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" disabled={busy || !name.trim()}>
            Fork
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
