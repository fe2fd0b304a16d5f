/** Virtual times as people read them on a clock. */

/** "02:13", "1:04:09" of microseconds. */
export function span(micros: number): string {
  const s = Math.max(0, Math.floor(micros / 1e6));
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return s < 3600 ? minutes : `${Math.floor(s / 3600)}:${minutes}`;
}

/** "14:32:05", UTC as the cluster writes it. */
export function clockTime(micros: number): string {
  return new Date(micros / 1000).toISOString().slice(11, 19);
}
