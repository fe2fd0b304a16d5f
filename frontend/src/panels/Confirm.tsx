/** Before a drag becomes a call: what it means, which call it is, and the same thing in a terminal. */
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { type Confirmation, ui, useUi } from "@/store/ui";
import { Button } from "@/ui/Button";

export function Confirm() {
  const confirmation = useUi(s => s.confirmation);
  return confirmation ? <Popover key={confirmation.title} what={confirmation} /> : null;
}

function Popover({ what }: { what: Confirmation }) {
  const box = useRef<HTMLDivElement>(null);
  const action = useRef<HTMLButtonElement>(null);
  const [at, setAt] = useState<{ left: number; top: number } | null>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const { offsetWidth: w, offsetHeight: h } = element;
    const point = what.at ?? { x: window.innerWidth / 2, y: window.innerHeight / 2.4 };
    setAt({
      left: Math.max(12, Math.min(point.x - w / 2, window.innerWidth - w - 12)),
      top: point.y + h + 24 > window.innerHeight ? Math.max(12, point.y - h - 18) : point.y + 18,
    });
    action.current?.focus();
  }, [what]);
  useEffect(() => {
    const opener = document.querySelector<HTMLElement>("[data-testid=map]");
    return () => opener?.focus({ preventScroll: true });
  }, []);
  const close = () => ui.set({ confirmation: null });
  return (
    <>
      <div className="fixed inset-0 z-40" aria-hidden="true" onPointerDown={close} />
      <div
        ref={box}
        role="alertdialog"
        aria-modal="true"
        aria-label={what.title}
        aria-describedby="confirm-body"
        onKeyDown={event => event.key === "Escape" && close()}
        className="enter-rise fixed z-50 w-96 max-w-[94vw] rounded-2xl border border-line bg-raised p-4 shadow-float"
        style={at ?? { visibility: "hidden" }}
      >
        <h2 className="m-0 text-[15px] font-semibold tracking-[-0.01em]">{what.title}</h2>
        <p id="confirm-body" className="m-0 mt-1 text-ink-2">
          {what.body}
        </p>
        <div className="mt-2.5 rounded-lg bg-sunken px-2.5 py-2">
          {what.calls.map(call => (
            <p key={call} className="m-0 break-all font-mono text-[11.5px] leading-relaxed text-ink">
              <Verb call={call} />
            </p>
          ))}
        </div>
        {what.warning && (
          <p className="m-0 mt-2 rounded-lg bg-warn-soft px-2.5 py-1.5 text-[12.5px] text-warn">
            {what.warning}
          </p>
        )}
        <div className="mt-3.5 flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button
            ref={action}
            tone={what.danger ? "danger" : "primary"}
            onClick={() => {
              close();
              what.run();
            }}
          >
            {what.action}
          </Button>
        </div>
      </div>
    </>
  );
}

function Verb({ call }: { call: string }) {
  const [verb, ...rest] = call.split(" ");
  return (
    <>
      <span className="font-semibold text-accent">{verb}</span> {rest.join(" ")}
    </>
  );
}
