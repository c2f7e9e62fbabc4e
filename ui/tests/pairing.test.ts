/** Pairing anew, unpairing, and what then no longer holds. */
import { expect, test } from "vitest";
import type { Locator, Page } from "playwright-core";

import { accessibilityFaults, inDemo, open, THEMES, useBrowser } from "./browser";

useBrowser();

const LINK = "hubspot-triage://pair?url=https%3A%2F%2Fother.example&code=K7QM";
const card = (page: Page, name: string): Locator => page.getByRole("region", { name, exact: true });
const header = (page: Page, name: string): Locator =>
  page.getByRole("heading", { level: 2 }).getByText(name, { exact: true });
const openLink = (page: Page): Promise<unknown> =>
  page.evaluate((pair_link) => window.demo?.navigate({ page: "setup", ticket_id: null, pair_link }), LINK);
const asked = async (page: Page, what: string): Promise<string[]> =>
  (await inDemo(page, (demo) => demo.asked)).filter((one) => one.startsWith(what));

test("a pairing link opened on a paired machine says what it replaces, and is followed only when confirmed", async () => {
  const page = await open();
  await openLink(page);
  const orchestrator = card(page, "Orchestrator");
  await orchestrator.getByText("Pairs this machine with https://other.example.").waitFor();
  await orchestrator.getByText("This replaces the pairing with https://triage.example.com.").waitFor();
  expect(await asked(page, "pair")).toEqual([]);
  await orchestrator.getByRole("button", { name: "Replace the pairing" }).click();
  await inDemo(page, (demo) => demo.advance(800));
  await orchestrator.getByText("Paired with https://other.example").waitFor();
  expect(await orchestrator.getByLabel("Pairing link").count()).toBe(0);
});

test("a pairing link is shown whatever is open in Setup, and can be left", async () => {
  const page = await open({ hash: "#/setup" });
  const orchestrator = card(page, "Orchestrator");
  await header(page, "Orchestrator").click();
  await orchestrator.getByRole("button", { name: "Pair anew…" }).click();
  await orchestrator.getByRole("radio", { name: "Address and code" }).check();
  await header(page, "Orchestrator").click();
  await orchestrator.getByLabel("Code").waitFor({ state: "detached" });
  await openLink(page);
  await orchestrator.getByText("Pairs this machine with https://other.example.").waitFor();
  await orchestrator.getByRole("button", { name: "Cancel" }).click();
  await orchestrator.getByRole("button", { name: "Pair anew…" }).waitFor();
  expect(await asked(page, "pair")).toEqual([]);
});

test("a machine that the orchestrator forgot is offered the form, with the reason", async () => {
  const page = await open({ scenario: "forgotten", hash: "#/setup" });
  const orchestrator = card(page, "Orchestrator");
  await orchestrator.getByText("The orchestrator does not know this machine any more.").waitFor();
  await orchestrator.getByLabel("Pairing link").fill(LINK);
  await orchestrator.getByRole("button", { name: "Replace the pairing" }).click();
  await inDemo(page, (demo) => demo.advance(800));
  await orchestrator.getByText("Done", { exact: true }).waitFor();
});

test("unpairing asks first, and says what it means", async () => {
  const page = await open({ hash: "#/setup" });
  await header(page, "Orchestrator").click();
  const unpair = card(page, "Orchestrator").getByRole("button", { name: "Unpair…" });
  await unpair.click();
  const dialog = page.getByRole("dialog", { name: "Unpair this machine?" });
  await dialog.getByText("its model gets no more tickets", { exact: false }).waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "detached" });
  expect(await asked(page, "unpair")).toEqual([]);
  await unpair.click();
  await dialog.getByRole("button", { name: "Unpair", exact: true }).click();
  await page.getByLabel("Pairing link").waitFor();
  expect(await asked(page, "unpair")).toEqual(["unpair"]);
});

test("the tick of the test ticket holds of the orchestrator that it went through, and of no other", async () => {
  const page = await open({ hash: "#/setup" });
  await page.getByRole("button", { name: "Send a test ticket" }).click();
  await inDemo(page, (demo) => demo.advance(4500));
  const done = card(page, "Test ticket").getByText("Done", { exact: true });
  await done.waitFor();
  const pairedWith = (url: string): Promise<void> =>
    page.evaluate((url) => {
      window.demo?.change({ orchestrator: { url, version: null, heard_at: null, tunnel: null, receipt: null } });
    }, url);
  await pairedWith("https://other.example");
  await done.waitFor({ state: "detached" });
  await pairedWith("https://triage.example.com");
  await done.waitFor();
  await header(page, "Orchestrator").click();
  await page.getByRole("button", { name: "Unpair…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Unpair", exact: true }).click();
  await done.waitFor({ state: "detached" });
  expect(await page.evaluate(() => localStorage.getItem("setup.tested"))).toBeNull();
});

test("a failed pairing can be copied with its code", async () => {
  const page = await open({ scenario: "first-run", hash: "#/setup" });
  await page.getByLabel("Pairing link").fill("hubspot-triage://pair?url=https%3A%2F%2Fa.example&code=0000");
  await page.getByRole("button", { name: "Pair", exact: true }).click();
  await inDemo(page, (demo) => demo.advance(800));
  await page.getByRole("alert").getByText("The orchestrator does not know this code.").waitFor();
  await card(page, "Orchestrator").getByRole("button", { name: "Copy" }).click();
  await page.getByText("Copied.").waitFor();
  expect(await asked(page, "copy ")).toEqual([
    "copy The orchestrator does not know this code. Codes are good once and for 15 minutes. " +
      "Ask for a new one with: orchestrator pair. (code_not_known)",
  ]);
});

test.each([
  ["Orchestrator", "Pair with", "Link", "Address and code", null],
  ["Tunnel", "How", "I have a tunnel", "Log in", "API token"],
])("in %s the arrow keys choose the way", async (name, group, first, second, third) => {
  const page = await open({ scenario: "first-run", hash: "#/setup" });
  if (name !== "Orchestrator") await header(page, name).click();
  const ways = card(page, name).getByRole("radiogroup", { name: group });
  await ways.getByRole("radio", { name: first }).focus();
  await page.keyboard.press("ArrowRight");
  expect(await ways.getByRole("radio", { name: second }).isChecked()).toBe(true);
  expect(await ways.getByRole("radio", { checked: true }).count()).toBe(1);
  await page.keyboard.press("ArrowRight");
  expect(await ways.getByRole("radio", { name: third ?? first }).isChecked()).toBe(true);
});

test.each(THEMES)("pairing anew and asking before unpairing have no fault of accessibility in %s", async (theme) => {
  const page = await open({ scenario: "forgotten", hash: "#/setup", theme });
  await page.getByLabel("Pairing link").fill(LINK);
  await page.getByRole("button", { name: "Why?" }).click();
  await page.getByRole("heading", { name: /^Asked/ }).waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await page.getByRole("button", { name: "Unpair…" }).click();
  await page.getByRole("dialog").waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
});
