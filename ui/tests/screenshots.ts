/** Writes docs/screenshots/*.png. */
import { join } from "node:path";
import type { Page } from "playwright-core";
import { test } from "vitest";

import { inDemo, open, THEMES, useBrowser, type Look } from "./browser";

useBrowser();

const FOLDER = join(import.meta.dirname, "../../docs/screenshots");

const SHOTS: readonly [name: string, look: Look, act?: (page: Page) => Promise<void>][] = [
  ["overview", {}],
  ["overview-down", { scenario: "down" }],
  ["tickets", { hash: "#/tickets/31415911873" }],
  ["logs", { hash: "#/logs" }],
  ["setup", { hash: "#/setup" }, sendTest],
  ["settings", { hash: "#/settings" }],
];

test.each(THEMES)("in %s", async (theme) => {
  for (const [name, look, act] of SHOTS) {
    const page = await open({ ...look, theme });
    await act?.(page);
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: join(FOLDER, `${name}-${theme}.png`) });
  }
});

async function sendTest(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Send a test ticket" }).click();
  await inDemo(page, (demo) => demo.advance(4500));
  await page.getByText("It is in Discord.").waitFor();
}
