/** Key caps: "Ctrl-K" as two. */
import { cx } from "./cx";

export function Keys({ keys, inverted }: { keys: string; inverted?: boolean }) {
  const caps = keys.length > 1 ? keys.split("-").filter(Boolean) : [keys];
  return (
    <span className="inline-flex gap-0.5" aria-hidden="true">
      {caps.map(cap => (
        <kbd
          key={cap}
          className={cx(
            "inline-flex h-[18px] min-w-[18px] items-center justify-center rounded-[5px] px-1 font-sans text-[10.5px] font-medium leading-none",
            inverted ? "bg-white/15 text-panel" : "border border-line-strong bg-sunken text-ink-2",
          )}
        >
          {cap}
        </kbd>
      ))}
    </span>
  );
}
