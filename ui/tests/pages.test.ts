/** Every page in every state and both themes: readable for everyone, and nothing the browser complains of. */
import { describe, expect, test } from "vitest";

import type { Page } from "playwright-core";

import { accessibilityFaults, inDemo, open, overflows, THEMES, takeComplaints, useBrowser, type Look } from "./browser";
import type { ScenarioName } from "../src/backend/demo/scenarios";

useBrowser();

test("what the policy forbids is noticed", async () => {
  const page = await open();
  await page.evaluate(() => document.body.insertAdjacentHTML("beforeend", "<p style='color: red'>red</p>"));
  await expect.poll(takeComplaints).toContainEqual(expect.stringContaining("policy: style-src"));
  takeComplaints();
});

const PAGES = ["overview", "tickets", "logs", "setup", "settings"];

describe.each(THEMES)("in %s", (theme) => {
  test.each(PAGES)("%s has no fault of accessibility", async (name) => {
    const page = await open({ hash: `#/${name}`, theme });
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test.each<ScenarioName>([
    "down",
    "degraded",
    "gave-up",
    "first-run",
    "exposed",
    "starting",
    "paused",
    "offline",
    "expiring",
    "alerts",
  ])("the overview of %s has no fault of accessibility", async (scenario) => {
    const page = await open({ scenario, theme });
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});

const OPENED: readonly [what: string, look: Look, act: (page: Page) => Promise<void>][] = [
  [
    "the menu",
    {},
    async (page) => {
      await page.getByRole("button", { name: "More" }).click();
      await page.getByRole("menu").waitFor();
    },
  ],
  [
    "the list of shortcuts",
    {},
    async (page) => {
      await page.keyboard.press("?");
      await page.getByRole("dialog").waitFor();
    },
  ],
  [
    "why a hop is broken",
    { scenario: "down" },
    async (page) => {
      await page.getByRole("button", { name: "Why?" }).click();
      await page.getByRole("heading", { name: /^Answer/ }).waitFor();
    },
  ],
  [
    "a failure that is told",
    { scenario: "failing" },
    async (page) => {
      await page.getByRole("button", { name: "More" }).click();
      await page.getByRole("menuitem", { name: "Restart Ollama" }).click();
      await page
        .getByRole("alert")
        .locator("code", { hasText: /^triage-agent doctor$/ })
        .waitFor();
    },
  ],
  [
    "the download of an update",
    { hash: "#/settings" },
    async (page) => {
      await page.getByRole("button", { name: "Look now" }).click();
      await page.getByRole("button", { name: "Update to 0.2.0" }).click();
      await page.getByText("Nothing was installed.", { exact: false }).waitFor();
      await page.getByRole("button", { name: "Update to 0.2.0" }).click();
      await inDemo(page, (demo) => demo.advance(500));
      await page.getByRole("progressbar", { name: "Download of the newer version" }).waitFor();
    },
  ],
];

describe.each(THEMES)("in %s", (theme) => {
  test.each(OPENED)("%s has no fault of accessibility", async (_, look, act) => {
    const page = await open({ ...look, theme });
    await act(page);
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});

test.each<ScenarioName>(["loading", "offline", "failing", "empty"])(
  "every page of %s has no fault of accessibility",
  async (scenario) => {
    for (const name of PAGES) {
      const page = await open({ hash: `#/${name}`, scenario });
      expect(await accessibilityFaults(page), name).toEqual([]);
    }
  },
);

test.each([
  [640, 480],
  [900, 640],
  [1600, 1000],
])("nothing sticks out at %i × %i", async (width, height) => {
  for (const name of [...PAGES, "tickets/31415897211", "tickets/31415904542"]) {
    for (const scenario of ["healthy", "down", "alerts"] as const) {
      const page = await open({ hash: `#/${name}`, width, height, scenario });
      expect(await overflows(page), `${name}, ${scenario}`).toEqual([]);
    }
  }
});
