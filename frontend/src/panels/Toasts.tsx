/** What just worked or did not, with the API's own words. */
import { Check, Info, TriangleAlert, X } from "lucide-react";
import { useEffect } from "react";
import { dismiss, type Toast, useUi } from "@/store/ui";

export function Toasts() {
  const toasts = useUi(s => s.toasts);
  return (
    <div
      className="pointer-events-none fixed bottom-28 left-1/2 z-50 flex w-[420px] max-w-[92vw] -translate-x-1/2 flex-col gap-2"
      aria-live="polite"
    >
      {toasts.map(t => (
        <Card key={t.id} toast={t} />
      ))}
    </div>
  );
}

function Card({ toast }: { toast: Toast }) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(toast.id), toast.tone === "bad" ? 12_000 : 4000);
    return () => clearTimeout(timer);
  }, [toast]);
  const Icon = toast.tone === "ok" ? Check : toast.tone === "bad" ? TriangleAlert : Info;
  const color = toast.tone === "ok" ? "text-ok" : toast.tone === "bad" ? "text-bad" : "text-ink-2";
  return (
    <div
      role={toast.tone === "bad" ? "alert" : "status"}
      className="enter-up pointer-events-auto flex items-start gap-2.5 rounded-xl border border-line bg-raised px-3.5 py-2.5 shadow-float"
    >
      <Icon size={17} className={`mt-px shrink-0 ${color}`} aria-hidden="true" />
      <div className="min-w-0 flex-1">
        <p className="m-0 break-words font-medium">{toast.title}</p>
        {toast.detail && (
          <p className="m-0 mt-0.5 max-h-32 overflow-auto break-words text-[12.5px] text-ink-2">
            {toast.detail}
          </p>
        )}
        {toast.hint && <p className="m-0 mt-1 text-[12.5px] text-ink-3">{toast.hint}</p>}
      </div>
      <button
        type="button"
        aria-label="Dismiss"
        className="-mr-1 rounded p-0.5 text-ink-3 hover:text-ink"
        onClick={() => dismiss(toast.id)}
      >
        <X size={14} />
      </button>
    </div>
  );
}
