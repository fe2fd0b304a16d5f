// Before the first paint, so that a dark page does not flash white.
(() => {
  let theme = "system";
  try {
    theme = localStorage.getItem("playground.theme") || "system";
  } catch {
    // Private windows may refuse.
  }
  const dark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
