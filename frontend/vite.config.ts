/** One build for the pages that Django serves under /static/, and the test projects beside it. */
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const backend = process.env.PLAYGROUND_BACKEND ?? "http://127.0.0.1:8000";
const alias = { "@": fileURLToPath(new URL("./src", import.meta.url)) };

/** Django serves the page at / and /clusters/NAME; in development this does. */
const pages: Plugin = {
  name: "pages",
  configureServer(server) {
    server.middlewares.use((req, _res, next) => {
      const path = req.url?.split("?")[0] ?? "";
      if (path === "/" || path.startsWith("/clusters/")) req.url = "/static/index.html";
      next();
    });
  },
};

export default defineConfig({
  base: "/static/",
  plugins: [pages, react(), tailwindcss()],
  resolve: { alias },
  build: {
    target: "es2022",
    manifest: true,
    chunkSizeWarningLimit: 700,
    assetsInlineLimit: 0,
  },
  server: {
    host: "127.0.0.1",
    port: Number(process.env.PORT ?? 18240),
    strictPort: true,
    proxy: {
      // The Host stays this one's, so that Django sees writes from its own origin.
      "/api": { target: backend, changeOrigin: false },
      "/k8s": { target: backend, changeOrigin: false },
      "/ws": { target: backend, ws: true, changeOrigin: false },
    },
  },
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: "unit",
          include: ["tests/**/*.test.{ts,tsx}"],
          exclude: ["tests/layers.test.ts"],
          environment: "jsdom",
        },
      },
      {
        resolve: { alias },
        test: { name: "layers", include: ["tests/layers.test.ts"], environment: "node" },
      },
    ],
  },
});
