import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // The screenshots are no test: they are taken only when they are asked for by name.
    include: process.argv.includes("tests/screenshots.ts") ? ["tests/screenshots.ts"] : ["tests/**/*.test.ts"],
    globalSetup: ["tests/setup.ts"],
    environment: "node",
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // One Chromium with several pages is cheaper than several Chromiums.
    fileParallelism: false,
  },
});
