/** Every page in every state and both themes: readable for everyone, and nothing the browser complains of. */
import { describe, expect, test } from "vitest";

import { accessibilityFaults, open, overflows, THEMES, takeComplaints, useBrowser } from "./browser";
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

  test.each<ScenarioName>(["down", "exposed", "starting", "paused", "offline", "expiring", "alerts"])(
    "the overview of %s has no fault of accessibility",
    async (scenario) => {
      const page = await open({ scenario, theme });
      expect(await accessibilityFaults(page)).toEqual([]);
    },
  );
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
