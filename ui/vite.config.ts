import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// `--mode demo` builds the window with the scripted backend in it; the build that is shipped knows nothing of it.
export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  base: "./",
  define: { __DEMO__: JSON.stringify(mode !== "production") },
  build: {
    outDir: mode === "production" ? "dist" : "dist-demo",
    emptyOutDir: true,
    target: "es2022",
    // Nothing may come from a data: address under the window's content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
}));
