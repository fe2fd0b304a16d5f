/** The pod tile of the canvas as an SVG, for panels: same shapes, same colours. */
import type { PodState } from "@/protocol/rows";

const GLYPHS: Record<PodState, string> = {
  running: "M6 10.3 8.8 13.1 14.2 6.8",
  creating: "M13.6 7.5 A4.4 4.4 0 1 0 14.2 11.4",
  pending: "M10 5.2a4.8 4.8 0 1 1 0 9.6a4.8 4.8 0 1 1 0-9.6M10 7.4V10l2 1.2",
  notready: "M10 5.6 14.8 13.8 5.2 13.8Z",
  crash: "M6.6 6.6 13.4 13.4M13.4 6.6 6.6 13.4",
  failed: "M6.6 6.6 13.4 13.4M13.4 6.6 6.6 13.4",
  succeeded: "M7 7h6v6H7Z",
  terminating: "M6.4 10H13.6",
  unknown: "M7.4 8a2.7 2.7 0 1 1 3.6 2.5c-.7.3-1 .7-1 1.4M10 14.9v.1",
};

export function StateTile({ state, size = 16, title }: { state: PodState; size?: number; title?: string }) {
  const fill = `var(--state-${state})`;
  const hollow = state === "terminating";
  const bad = state === "crash" || state === "failed";
  const outline = bad
    ? "M5 .8H14L19.2 6V15a4.2 4.2 0 0 1-4.2 4.2H5A4.2 4.2 0 0 1 .8 15V5A4.2 4.2 0 0 1 5 .8Z"
    : "M5.8.8h8.4a5 5 0 0 1 5 5v8.4a5 5 0 0 1-5 5H5.8a5 5 0 0 1-5-5V5.8a5 5 0 0 1 5-5Z";
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      className="shrink-0"
      role={title ? "img" : undefined}
      aria-label={title}
      aria-hidden={title ? undefined : true}
    >
      <path
        d={outline}
        fill={hollow ? "transparent" : fill}
        stroke={hollow ? fill : "var(--tile-outline)"}
        strokeWidth={hollow ? 1.8 : 1}
        strokeDasharray={hollow ? "3.6 2.5" : undefined}
      />
      <path
        d={GLYPHS[state]}
        fill={state === "succeeded" ? "var(--glyph)" : "none"}
        stroke={hollow ? fill : "var(--glyph)"}
        strokeWidth={1.9}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
