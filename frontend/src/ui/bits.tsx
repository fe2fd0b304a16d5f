/** Small things that panels share: badges, meters, empty states, rows of facts. */
import type { ReactNode } from "react";
import { cx } from "./cx";

export function Badge({
  tone = "plain",
  children,
}: {
  tone?: "plain" | "ok" | "warn" | "bad" | "accent";
  children: ReactNode;
}) {
  const tones = {
    plain: "bg-sunken text-ink-2 border-line",
    ok: "bg-ok-soft text-ok border-transparent",
    warn: "bg-warn-soft text-warn border-transparent",
    bad: "bg-bad-soft text-bad border-transparent",
    accent: "bg-accent-soft text-accent border-transparent",
  };
  return (
    <span
      className={cx(
        "inline-flex h-5 items-center gap-1 rounded-full border px-2 text-[11px] font-medium",
        tones[tone],
      )}
    >
      {children}
    </span>
  );
}

export function Meter({
  label,
  used,
  total,
  text,
}: {
  label: string;
  used: number;
  total: number;
  text: string;
}) {
  const share = total > 0 ? Math.min(1, used / total) : 0;
  return (
    <div className="grid grid-cols-[44px_1fr_auto] items-center gap-2 text-[12px]">
      <span className="text-ink-2">{label}</span>
      <div
        role="meter"
        aria-label={label}
        aria-valuenow={Math.round(share * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
        className="h-1.5 overflow-hidden rounded-full bg-[var(--track)]"
      >
        <div
          className="h-full rounded-full transition-[width] duration-300"
          style={{ width: `${share * 100}%`, background: share > 0.9 ? "var(--bar-hot)" : "var(--bar)" }}
        />
      </div>
      <span className="num font-mono text-[11.5px] text-ink-2">{text}</span>
    </div>
  );
}

export function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className="grid grid-cols-[96px_1fr] gap-x-3 gap-y-1.5 text-[12.5px]">
      {rows.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-ink-3">{name}</dt>
          <dd className="m-0 min-w-0 break-words text-ink">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Empty({ icon, title, children }: { icon?: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center justify-center gap-1.5 px-6 py-10 text-center">
      {icon && <div className="mb-1 text-ink-3">{icon}</div>}
      <p className="m-0 font-medium text-ink">{title}</p>
      {children && <div className="max-w-80 text-[12.5px] text-ink-2">{children}</div>}
    </div>
  );
}

export function Check(props: { checked: boolean; onChange: (on: boolean) => void; children: ReactNode }) {
  return (
    <label className="flex cursor-pointer items-center gap-1.5 font-normal">
      <input
        type="checkbox"
        checked={props.checked}
        onChange={e => props.onChange(e.target.checked)}
        className="accent-[var(--accent)]"
      />
      {props.children}
    </label>
  );
}

export function Spinner({ size = 16 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" className="animate-spin" aria-hidden="true">
      <circle cx="10" cy="10" r="7.5" fill="none" stroke="var(--track)" strokeWidth="2.5" />
      <path
        d="M10 2.5a7.5 7.5 0 0 1 7.5 7.5"
        fill="none"
        stroke="var(--accent)"
        strokeWidth="2.5"
        strokeLinecap="round"
      />
    </svg>
  );
}

export function Mono({ children, className }: { children: ReactNode; className?: string }) {
  return <span className={cx("font-mono text-[12px]", className)}>{children}</span>;
}

export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <path d="M16 1.8 28.3 8.9v14.2L16 30.2 3.7 23.1V8.9z" fill="var(--accent)" />
      <g fill="var(--accent-ink)">
        <rect x="9" y="9.6" width="6" height="6" rx="1.7" />
        <rect x="17" y="9.6" width="6" height="6" rx="1.7" />
        <rect x="9" y="17.4" width="6" height="6" rx="1.7" />
      </g>
      <rect
        x="17.7"
        y="18.1"
        width="4.6"
        height="4.6"
        rx="1.3"
        fill="none"
        stroke="var(--accent-ink)"
        strokeWidth="1.4"
        strokeDasharray="1.8 1.1"
      />
    </svg>
  );
}
