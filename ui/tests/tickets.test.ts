import { expect, test } from "vitest";
import type { Page } from "playwright-core";

import { accessibilityFaults, inDemo, open, THEMES, useBrowser } from "./browser";

useBrowser();

const FIRST = "31415926535";
const REVIEW = "31415911873";

async function openTickets(hash = "#/tickets"): Promise<Page> {
  const page = await open({ hash });
  await page.locator("[role=option]").first().waitFor();
  return page;
}

test("a ticket is corrected by keyboard alone", async () => {
  const page = await openTickets();
  await page.getByRole("listbox").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("j");
  await page.getByRole("heading", { name: "Question about partner API" }).waitFor();
  await page.keyboard.press("c");
  const dialog = page.getByRole("dialog", { name: "Correct the verdict" });
  await dialog.waitFor();
  await page.keyboard.press("h");
  await page.keyboard.press("8");
  expect(await dialog.getByRole("radio", { name: "Integrations and API" }).isChecked()).toBe(true);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await page.getByText("Corrected.").waitFor();
  expect(await inDemo(page, (demo) => demo.asked)).toContain(`correct ${REVIEW} integration high`);
  await page.getByText("A person says: category Integrations and API, priority high").waitFor();
});

test.each(THEMES)("a chosen ticket and its correction have no fault of accessibility in %s", async (theme) => {
  const page = await open({ hash: `#/tickets/${REVIEW}`, theme });
  await page.getByText("What happened").waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.getByRole("button", { name: "Correct…" }).click();
  await page.getByRole("dialog").waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
});

test("a ticket that needs a review shows its priority too", async () => {
  const page = await openTickets();
  const row = page.locator("[role=option]", { hasText: "Question about partner API" });
  expect(await row.locator(".priority").allInnerTexts()).toEqual(["Low", "Review"]);
  await row.getByText("Review", { exact: true }).waitFor();
});

test("why a ticket waits can be copied", async () => {
  const page = await openTickets();
  await page.locator("[role=option]", { hasText: "Waiting" }).click();
  await page.getByRole("article").getByRole("button", { name: "Copy" }).click();
  await page.getByText("Copied.").waitFor();
  expect(await inDemo(page, (demo) => demo.asked)).toContain(
    "copy No model can be asked now. The next try is due in two minutes.",
  );
});

test("what was read where, and what was removed, is said", async () => {
  const page = await openTickets(`#/tickets/${REVIEW}`);
  await page.getByText("It was sent to api.groq.com, because the local model could not be reached.").waitFor();
  await page.getByText("Removed before: 1 email, 1 phone.").waitFor();
  await page.getByText("Local model could not be reached, 1.9 s").waitFor();
});

test("new results do not move what is being read", async () => {
  const page = await openTickets(`#/tickets/${FIRST}`);
  const row = page.locator("[role=option]", { hasText: "Dark mode for the mobile app" });
  await page.locator(".scroller").evaluate((scroller) => scroller.scrollTo(0, 200));
  const before = await row.boundingBox();
  await inDemo(page, (demo) => [1, 2, 3].forEach(() => demo.arrive()));
  const button = page.getByRole("button", { name: "3 new" });
  await button.waitFor();
  expect(await row.boundingBox()).toEqual(before);
  expect(await page.getByRole("heading", { level: 2 }).innerText()).toBe("Cannot log in since this morning");
  await page.keyboard.press("n");
  await button.waitFor({ state: "detached" });
  expect(await page.locator("[role=option]").first().innerText()).toContain("New ticket 3");
});

test("new results show up by themselves when nobody is in the list", async () => {
  const page = await openTickets();
  await inDemo(page, (demo) => demo.arrive());
  await page.locator("[role=option]").first().getByText("New ticket 1").waitFor();
});

test("filters and search narrow the list, and all comes back", async () => {
  const page = await openTickets();
  await page.getByLabel("Status").selectOption("needs_review");
  await page.locator("[role=option]", { hasText: "Report is empty" }).waitFor();
  expect(await page.locator("[role=option]").count()).toBe(2);
  await page.getByLabel("Category").selectOption("bug");
  await expect.poll(() => page.locator("[role=option]").count()).toBe(1);
  await page.keyboard.press("Escape");
  await page.getByLabel("Search tickets").fill("nothing has these words");
  await page.getByRole("button", { name: "Show all" }).click();
  await expect.poll(() => page.locator("[role=option]").count()).toBe(20);
});

test("filters and corrections offer the desk's own categories and no other", async () => {
  const page = await openTickets(`#/tickets/${FIRST}`);
  await inDemo(page, (demo) =>
    demo.change({
      desk: {
        categories: [
          { key: "jam", label: "Marmalade", team: "kitchen", enabled: true },
          { key: "old_jam", label: "Old marmalade", team: "kitchen", enabled: false },
        ],
        teams: [{ key: "kitchen", label: "The kitchen" }],
      },
    }),
  );
  await expect.poll(() => page.getByLabel("Category").locator("option").nth(1).innerText()).toBe("Marmalade");
  await page.getByRole("button", { name: "Correct…" }).click();
  const categories = page.getByRole("group", { name: "Category" }).getByRole("radio");
  expect(await categories.count()).toBe(2);
  await page.keyboard.press("1");
  await page.keyboard.press("Enter");
  await page.getByText("A person says: category Marmalade").waitFor();
  expect(await inDemo(page, (demo) => demo.asked)).toContain(`correct ${FIRST} jam`);
});

test("a ticket is opened in HubSpot, and triaged again, with a key", async () => {
  const page = await openTickets(`#/tickets/${FIRST}`);
  await page.getByText("What happened").waitFor();
  await page.keyboard.press("o");
  await page.keyboard.press("r");
  await page.getByText("It is being triaged again.").waitFor();
  await page.getByRole("article").getByText("Being triaged", { exact: false }).waitFor();
  await inDemo(page, (demo) => demo.advance(3000));
  await page.getByText("Triaged · received", { exact: false }).waitFor();
  const asked = await inDemo(page, (demo) => demo.asked);
  expect(asked).toContain(`retry_triage ${FIRST}`);
  expect(asked.some((what) => what.startsWith("open https://app.hubspot.com/"))).toBe(true);
});

test("text of a ticket stays text, and goes its own way", async () => {
  const page = await openTickets();
  const subject = page.locator("[role=option] .subject", { hasText: "لا أستطيع" });
  expect(await subject.evaluate((element) => getComputedStyle(element).direction)).toBe("rtl");
});

test("an orchestrator that cannot be reached is said, and asked again on demand", async () => {
  const page = await open({ scenario: "failing", hash: "#/tickets" });
  await page.getByText("The orchestrator cannot be reached.").waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect.poll(() => inDemo(page, (demo) => demo.asked.filter((what) => what === "triages").length)).toBe(2);
});
