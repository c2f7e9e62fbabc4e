/** Everything can be reached and done without a mouse. */
import { expect, test } from "vitest";
import type { Page } from "playwright-core";

import { inDemo, open, useBrowser, type Look } from "./browser";

useBrowser();

/** What Tab comes to, once around; each must show that it has the focus. */
async function walk(page: Page): Promise<string[]> {
  await page.evaluate(() => document.body.focus());
  const seen: string[] = [];
  for (let presses = 0; presses < 120; presses += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const { outlineStyle, boxShadow } = getComputedStyle(element.closest("label") ?? element);
      const own = getComputedStyle(element).outlineStyle;
      const isSeen = outlineStyle !== "none" || own !== "none" || boxShadow !== "none";
      const walked = document.querySelectorAll("[data-walked]").length;
      const isKnown = element.hasAttribute("data-walked");
      element.setAttribute("data-walked", isKnown ? (element.getAttribute("data-walked") ?? "") : String(walked));
      return {
        isSeen,
        isKnown,
        isFirst: isKnown && element.getAttribute("data-walked") === "0",
        html: element.outerHTML.slice(0, 120),
      };
    });
    if (at === null || at.isFirst) break;
    // A field for a time of day has a stop for each of its parts.
    if (at.isKnown) continue;
    expect(at.isSeen, `focus is not to be seen on ${at.html}`).toBe(true);
    seen.push(at.html);
  }
  return seen;
}

const WALKS: readonly [what: string, look: Look, ready?: string][] = [
  ["overview", {}],
  ["a hop's card", { scenario: "down" }, "What to do"],
  ["tickets", { hash: "#/tickets" }],
  ["a ticket", { hash: "#/tickets/31415911873" }, "What happened"],
  ["logs", { hash: "#/logs" }],
  ["setup", { hash: "#/setup" }],
  ["a form of setup", { scenario: "first-run", hash: "#/setup" }, "Pairing link"],
  ["settings", { hash: "#/settings" }],
];

test.each(WALKS)("Tab comes to everything on %s", async (_, look, ready) => {
  const page = await open(look);
  if (ready) await page.getByText(ready, { exact: true }).waitFor();
  const expected = await page.evaluate(() => {
    const all = [...document.querySelectorAll<HTMLElement>("a[href], button, input, select, textarea, [tabindex='0']")];
    const groups = new Set<string>();
    return all.filter((element) => {
      if (element.matches(":disabled, [tabindex='-1']") || element.closest("[hidden]") || element.offsetParent === null)
        return false;
      if (!(element instanceof HTMLInputElement) || element.type !== "radio") return true;
      const group = element.name || element.closest("[role=radiogroup]")?.getAttribute("aria-label") || "";
      return !groups.has(group) && !!groups.add(group);
    }).length;
  });
  const seen = await walk(page);
  // The skip link stands outside of the flow, so it is not among those expected.
  expect(seen.length).toBeGreaterThanOrEqual(expected);
});

test("the skip link comes first and leads past the pages' list", async () => {
  const page = await open();
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the content");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Pause");
});

test("numbers go to pages, and ? lists the shortcuts", async () => {
  const page = await open();
  await page.keyboard.press("2");
  await page.locator("[role=option]").first().waitFor();
  await page.keyboard.press("ArrowDown");
  await page.getByRole("heading", { name: "Cannot log in since this morning" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("No ticket chosen").waitFor();
  await page.keyboard.press("3");
  await page.getByRole("button", { name: "cloudflared" }).waitFor();
  await page.keyboard.press("?");
  const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await dialog.waitFor();
  await page.keyboard.press("2");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  expect(new URL(page.url()).hash).toBe("#/logs");
});

test("Shift and P pause and resume, but not while typing, and no letter alone does", async () => {
  const page = await open({ hash: "#/tickets" });
  await page.keyboard.press("/");
  await page.keyboard.type("P");
  expect(await page.getByLabel("Search tickets").inputValue()).toBe("P");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("p");
  await page.keyboard.press("Shift+P");
  await page.getByRole("link", { name: "Paused" }).waitFor();
  await page.keyboard.press("Shift+P");
  await page.getByRole("link", { name: "Healthy" }).waitFor();
  expect(await inDemo(page, (demo) => demo.asked.filter((what) => /pause|resume/.test(what)))).toEqual([
    "pause",
    "resume",
  ]);
});

test("single keys can be switched off, and stay so; the list of them says it", async () => {
  const page = await open({ hash: "#/settings" });
  await page.getByRole("switch", { name: "Shortcuts of a single key" }).click();
  expect(await page.evaluate(() => localStorage.getItem("shortcuts.off"))).toBe("yes");
  for (const key of ["1", "?", "Shift+P"]) await page.keyboard.press(key);
  await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
  await page.getByText("Single characters are switched off in Settings.").waitFor();
  await page.keyboard.press("Escape");
  expect(new URL(page.url()).hash).toBe("#/settings");
  expect(await inDemo(page, (demo) => demo.asked)).not.toContain("pause");
  await page.getByRole("link", { name: "Tickets" }).click();
  await page.getByText("Question about partner API").click();
  await page.getByRole("button", { name: "Correct…" }).click();
  await page.keyboard.press("h");
  expect(await page.getByRole("radio", { name: "High" }).isChecked()).toBe(false);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.getByText("No ticket chosen").waitFor();
});

test("the menu opens with the arrow keys, and gives the focus back", async () => {
  const page = await open();
  await page.getByRole("button", { name: "More" }).focus();
  await page.keyboard.press("ArrowDown");
  await page.locator("[role=menuitem]:focus", { hasText: "Check everything now" }).waitFor();
  await page.keyboard.press("End");
  await page.locator("[role=menuitem]:focus", { hasText: "Quit" }).waitFor();
  for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowUp");
  await page.locator("[role=menuitem]:focus", { hasText: "Copy diagnostics" }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByText("Diagnostics copied", { exact: false }).waitFor();
  expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("More");
});
