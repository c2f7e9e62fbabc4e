/** Writes docs/screenshots/*.png; docs/screenshots/README.md says what each shows. */
import { join } from "node:path";
import type { Page } from "playwright-core";
import { test } from "vitest";

import { inDemo, open, THEMES, useBrowser, type Look, type Theme } from "./browser";

useBrowser();

const FOLDER = join(import.meta.dirname, "../../docs/screenshots");

type Shot = readonly [name: string, look: Look, act?: (page: Page) => Promise<void>];

const IN_BOTH_THEMES: readonly Shot[] = [
  ["overview", {}],
  ["overview-down", { scenario: "down" }],
  ["tickets", { hash: "#/tickets/31415911873" }],
  ["logs", { hash: "#/logs" }],
  ["setup", { hash: "#/setup" }, sendTest],
  ["settings", { hash: "#/settings" }],
];

const IN_ONE: readonly Shot[] = [
  ["hop-why", { scenario: "down", theme: "dark" }, why],
  ["correct", { hash: "#/tickets/31415911873" }, correct],
  ["setup-failed", { scenario: "forgotten", hash: "#/setup" }, pairWithAWrongCode],
  ["overview-paused", { scenario: "paused", theme: "dark" }],
  ["overview-exposed", { scenario: "exposed" }],
  ["overview-offline", { scenario: "offline" }],
  ["overview-empty", { scenario: "empty", theme: "dark" }],
];

test.each(THEMES)("in %s", async (theme: Theme) => {
  for (const [name, look, act] of IN_BOTH_THEMES) await shoot(`${name}-${theme}`, { ...look, theme }, act);
});

test("in one theme", async () => {
  for (const [name, look, act] of IN_ONE) await shoot(name, look, act);
});

async function shoot(name: string, look: Look, act?: (page: Page) => Promise<void>): Promise<void> {
  const page = await open(look);
  await act?.(page);
  await page.waitForLoadState("networkidle");
  await stretch(page);
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
}

/** Makes the window as tall as a page that is read from top to end; what scrolls in itself stays as it is. */
async function stretch(page: Page): Promise<void> {
  const size = page.viewportSize();
  const tall = await page.evaluate(() => {
    const main = document.querySelector("main");
    return main ? Math.ceil(main.getBoundingClientRect().top + main.scrollHeight) : 0;
  });
  if (size && tall > size.height) await page.setViewportSize({ ...size, height: tall });
}

async function sendTest(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Send a test ticket" }).click();
  await inDemo(page, (demo) => demo.advance(4500));
  await page.getByText("It is in Discord.").waitFor();
}

async function why(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Why?" }).click();
  await page.getByRole("heading", { name: /^Answer/ }).waitFor();
}

async function correct(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Correct…" }).click();
  await page.getByRole("dialog").waitFor();
}

async function pairWithAWrongCode(page: Page): Promise<void> {
  await page.getByLabel("Pairing link").fill("hubspot-triage://pair?url=https%3A%2F%2Fother.example&code=0000");
  await page.getByRole("button", { name: "Replace the pairing" }).click();
  await inDemo(page, (demo) => demo.advance(800));
  await page.getByRole("alert").getByText("does not know this code", { exact: false }).waitFor();
}
