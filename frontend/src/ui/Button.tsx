/** Buttons in the page's few shapes. */
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { cx } from "./cx";
import { Tip } from "./Tip";

type Tone = "plain" | "primary" | "danger" | "ghost";

const TONES: Record<Tone, string> = {
  plain: "border border-line-strong bg-raised text-ink hover:bg-hover",
  primary: "bg-accent text-accent-ink hover:brightness-110 border border-transparent",
  danger: "border border-transparent bg-bad text-white hover:brightness-110",
  ghost: "border border-transparent text-ink-2 hover:bg-hover hover:text-ink",
};

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: Tone;
  size?: "sm" | "md" | "lg";
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ tone = "plain", size = "md", className, type = "button", ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={cx(
        "inline-flex shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-lg font-medium transition-[background-color,filter,color] duration-100 disabled:pointer-events-none disabled:opacity-45",
        size === "sm"
          ? "h-7 px-2.5 text-[12px]"
          : size === "lg"
            ? "h-10 px-4 text-[14px]"
            : "h-8 px-3 text-[13px]",
        TONES[tone],
        className,
      )}
      {...rest}
    />
  );
}

export interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  label: string;
  keys?: string;
  active?: boolean;
  size?: "sm" | "md" | "lg";
  side?: "top" | "right" | "bottom" | "left";
  ref?: Ref<HTMLButtonElement>;
  children: ReactNode;
}

export function IconButton({
  label,
  keys,
  active,
  size = "md",
  side,
  className,
  type = "button",
  ...rest
}: IconButtonProps) {
  return (
    <Tip label={label} keys={keys} side={side}>
      <button
        type={type}
        aria-label={label}
        aria-pressed={active}
        className={cx(
          "inline-flex shrink-0 items-center justify-center rounded-lg transition-colors duration-100 disabled:pointer-events-none disabled:opacity-40",
          size === "sm" ? "size-7" : size === "lg" ? "size-10" : "size-8",
          active ? "bg-accent-soft text-accent" : "text-ink-2 hover:bg-hover hover:text-ink",
          className,
        )}
        {...rest}
      />
    </Tip>
  );
}
