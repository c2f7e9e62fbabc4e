/** Writes docs/screenshots/*.png. */
import { join } from "node:path";
import { test } from "vitest";

import { open, THEMES, useBrowser, type Look } from "./browser";

useBrowser();

const FOLDER = join(import.meta.dirname, "../../docs/screenshots");

const SHOTS: readonly [name: string, look: Look][] = [
  ["overview", {}],
  ["overview-down", { scenario: "down" }],
  ["tickets", { hash: "#/tickets/31415911873" }],
  ["logs", { hash: "#/logs" }],
  ["setup", { hash: "#/setup", scenario: "first-run" }],
  ["settings", { hash: "#/settings" }],
];

test.each(THEMES)("in %s", async (theme) => {
  for (const [name, look] of SHOTS) {
    const page = await open({ ...look, theme });
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: join(FOLDER, `${name}-${theme}.png`) });
  }
});
