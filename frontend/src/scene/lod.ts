/** Levels of detail by zoom: what is worth drawing. */
export const OVERVIEW_BELOW = 0.3;
export const NAMES_FROM = 0.9;
export const DETAILS_FROM = 2;

export type Lod = "overview" | "glyphs" | "names" | "details";

export function lodOf(zoom: number): Lod {
  if (zoom < OVERVIEW_BELOW) return "overview";
  if (zoom < NAMES_FROM) return "glyphs";
  return zoom < DETAILS_FROM ? "names" : "details";
}
