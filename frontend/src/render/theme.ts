/** Colours of the canvas. Filled from the page's CSS variables, so that canvas and panels cannot drift apart. */
import { POD_STATES } from "@/protocol/rows";

export interface CanvasTheme {
  dark: boolean;
  canvas: string;
  zone: string;
  zoneLine: string;
  deck: string;
  deckLine: string;
  card: string;
  cardLine: string;
  cardOff: string;
  shadow: string;
  ink: string;
  ink2: string;
  ink3: string;
  track: string;
  bar: string;
  barHot: string;
  slot: string;
  accent: string;
  accentSoft: string;
  ok: string;
  warn: string;
  bad: string;
  glyph: string;
  outline: string;
  wire: string;
  sans: string;
  mono: string;
  /** fill by state index */
  states: string[];
  /** categorical colours of the lenses */
  palette: string[];
}

const VARS: Record<Exclude<keyof CanvasTheme, "dark" | "states" | "palette" | "sans" | "mono">, string> = {
  canvas: "--canvas",
  zone: "--zone",
  zoneLine: "--zone-line",
  deck: "--deck",
  deckLine: "--deck-line",
  card: "--card",
  cardLine: "--card-line",
  cardOff: "--card-off",
  shadow: "--card-shadow",
  ink: "--ink",
  ink2: "--ink-2",
  ink3: "--ink-3",
  track: "--track",
  bar: "--bar",
  barHot: "--bar-hot",
  slot: "--slot",
  accent: "--accent",
  accentSoft: "--accent-soft",
  ok: "--ok",
  warn: "--warn",
  bad: "--bad",
  glyph: "--glyph",
  outline: "--tile-outline",
  wire: "--wire",
};

export const PALETTE_SIZE = 10;

/** `read` answers a CSS variable's value. */
export function readTheme(read: (name: string) => string, dark: boolean): CanvasTheme {
  const theme: Record<string, unknown> = { dark };
  for (const [key, name] of Object.entries(VARS)) theme[key] = read(name).trim();
  theme.sans = read("--font-sans").trim() || "system-ui, sans-serif";
  theme.mono = read("--font-mono").trim() || "monospace";
  theme.states = POD_STATES.map(state => read(`--state-${state}`).trim());
  theme.palette = Array.from({ length: PALETTE_SIZE }, (_, i) => read(`--lens-${i}`).trim());
  return theme as unknown as CanvasTheme;
}
