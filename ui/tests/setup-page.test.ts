import { expect, test } from "vitest";
import type { Locator, Page } from "playwright-core";

import { accessibilityFaults, inDemo, open, THEMES, useBrowser } from "./browser";

useBrowser();

const card = (page: Page, name: string): Locator => page.getByRole("region", { name, exact: true });

test("the first run opens Setup, and once it was left the Overview opens", async () => {
  const page = await open({ scenario: "first-run", hash: "" });
  await page.getByRole("heading", { level: 1, name: "Setup" }).waitFor();
  await page.keyboard.press("1");
  await page.getByRole("heading", { level: 1, name: "Down" }).waitFor();
  expect(await page.evaluate(() => localStorage.getItem("setup.left"))).toBe("yes");
});

test("a machine that is paired opens the Overview", async () => {
  const page = await open({ hash: "" });
  await page.getByRole("heading", { level: 1, name: "Healthy" }).waitFor();
});

test("everything is set up, from pairing to the message in Discord", async () => {
  const page = await open({ scenario: "first-run", hash: "#/setup" });
  await page
    .getByLabel("Pairing link")
    .fill("hubspot-triage://pair?url=https%3A%2F%2Ftriage.example.com&code=K7QM-2F9X");
  await page.getByRole("button", { name: "Pair", exact: true }).click();
  await inDemo(page, (demo) => demo.advance(800));
  await card(page, "Orchestrator").getByText("Done").waitFor();

  await page.getByRole("button", { name: "Download" }).click();
  await inDemo(page, (demo) => demo.advance(10_000));
  await page.getByText("482 MB of 2.0 GB · 48.2 MB/s · about 30 s left").waitFor();
  await inDemo(page, (demo) => demo.advance(40_000));
  await card(page, "Ollama and model").getByText("Done").waitFor();

  await card(page, "Tunnel").getByLabel("Tunnel token").fill("a-secret-token");
  await page.getByRole("button", { name: "Set up", exact: true }).click();
  await inDemo(page, (demo) => demo.advance(5000));
  await card(page, "Tunnel").getByText("Done", { exact: true }).waitFor();

  await page.getByLabel("Client ID").fill("an-id.access");
  await page.getByLabel("Client secret").fill("a-secret");
  await page.getByRole("button", { name: "Save and test" }).click();
  await inDemo(page, (demo) => demo.advance(600));
  await card(page, "Access credentials").getByText("Done", { exact: true }).waitFor();

  await page.getByRole("button", { name: "Send a test ticket" }).click();
  await inDemo(page, (demo) => demo.advance(500));
  expect(await page.getByRole("list", { name: "The test ticket's way" }).locator("li.reached").count()).toBe(4);
  await inDemo(page, (demo) => demo.advance(4000));
  await page.getByText("It is in Discord.").waitFor();
  await page.getByText("Everything is set up.").waitFor();
  const asked = await inDemo(page, (demo) => demo.asked.join("\n"));
  expect(asked).not.toContain("a-secret");
});

test("a login begins only when the address is said to be locked, and shows the page to open", async () => {
  const page = await open({ scenario: "first-run", hash: "#/setup" });
  const tunnel = card(page, "Tunnel");
  await page.getByRole("button", { name: /^Tunnel/ }).click();
  await tunnel.getByLabel("Log in").check();
  await tunnel.getByLabel("Public address").fill("ollama.example.com");
  const start = tunnel.getByRole("button", { name: "Set up", exact: true });
  expect(await start.isDisabled()).toBe(true);
  await tunnel.getByLabel("The address has its lock", { exact: false }).check();
  await start.click();
  await tunnel.getByRole("button", { name: "Open the page" }).click();
  const asked = await inDemo(page, (demo) => demo.asked);
  expect(asked).toContain("tunnel login ollama.example.com");
  expect(asked).toContain("open https://dash.cloudflare.com/argotunnel");
  expect(await accessibilityFaults(page)).toEqual([]);
  await tunnel.getByRole("button", { name: "Cancel" }).click();
  await inDemo(page, (demo) => demo.advance(1200));
  await tunnel.getByText("Stopped.").waitFor();
});

test("a download goes on while another page is open, and can be cancelled", async () => {
  const page = await open({ scenario: "first-run", hash: "#/setup" });
  await page.getByRole("button", { name: /Ollama and model/ }).click();
  await page.getByRole("button", { name: "Download" }).click();
  await inDemo(page, (demo) => demo.advance(2000));
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Overview" }).click();
  await inDemo(page, (demo) => demo.advance(2000));
  await page.getByRole("link", { name: "Setup" }).click();
  await page.getByRole("button", { name: /Ollama and model/ }).click();
  await page.getByText("193 MB of 2.0 GB", { exact: false }).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("What is here is kept", { exact: false }).waitFor();
  await page.getByRole("button", { name: "Download" }).waitFor();
});

test("a pairing link that was opened is shown with its address, and followed only when confirmed", async () => {
  const page = await open({ scenario: "first-run" });
  const link = "hubspot-triage://pair?url=https%3A%2F%2Fother.example&code=K7QM";
  await page.evaluate((pair_link) => window.demo?.navigate({ page: "setup", ticket_id: null, pair_link }), link);
  await page.getByText("Pairs this machine with https://other.example.").waitFor();
  await inDemo(page, (demo) => demo.advance(60_000));
  expect((await inDemo(page, (demo) => demo.asked)).filter((what) => what.startsWith("pair"))).toEqual([]);
});

test("a code that is not known is said, with what to do", async () => {
  const page = await open({ scenario: "first-run", hash: "#/setup" });
  await page.getByRole("radio", { name: "Address and code" }).check();
  await page.getByLabel("Address", { exact: true }).fill("https://triage.example.com");
  await page.getByLabel("Code", { exact: true }).fill("0000-0000");
  await page.getByRole("button", { name: "Pair", exact: true }).click();
  await inDemo(page, (demo) => demo.advance(800));
  await page.getByRole("alert").getByText("The orchestrator does not know this code.").waitFor();
});

test("a test ticket that somebody else triages names the hop, arrives all the same, and is no tick", async () => {
  const page = await open({ scenario: "down", hash: "#/setup" });
  await page.getByRole("button", { name: /Test ticket/ }).click();
  await page.getByText("Tunnel is not done yet: the ticket shows how far it comes.").waitFor();
  await page.getByRole("button", { name: "Send a test ticket" }).click();
  await inDemo(page, (demo) => demo.advance(2000));
  await page.getByText("It is in Discord, triaged by Groq.").waitFor();
  await page.getByRole("alert").getByText("cloudflared: Cloudflare cannot reach this machine.").waitFor();
  const way = page.getByRole("list", { name: "The test ticket's way" });
  expect(await way.locator(".title").allTextContents()).toEqual([
    "Orchestrator, passed",
    "Cloudflare, passed",
    "cloudflared, not passed",
    "Ollama, not taken",
    "Model, not taken",
    "Discord, passed",
  ]);
  expect(await card(page, "Test ticket").getByText("Done", { exact: true }).count()).toBe(0);
  await page.getByRole("button", { name: "Send a test ticket" }).click();
  await page.getByText("It is in Discord", { exact: false }).waitFor({ state: "detached" });
});

test("a machine that is not paired is told who sends the test ticket", async () => {
  const page = await open({ scenario: "first-run", hash: "#/setup" });
  await page.getByRole("button", { name: /Test ticket/ }).click();
  await page.getByText("The orchestrator sends it: pair this machine first.").waitFor();
  expect(await page.getByRole("button", { name: "Send a test ticket" }).isDisabled()).toBe(true);
});

test("a test ticket goes its way while another page is open", async () => {
  const page = await open({ hash: "#/setup" });
  await page.getByRole("button", { name: "Send a test ticket" }).click();
  await inDemo(page, (demo) => demo.advance(500));
  await page.getByRole("link", { name: "Overview" }).click();
  await inDemo(page, (demo) => demo.advance(4000));
  await page.getByRole("link", { name: "Setup" }).click();
  await page.getByText("It is in Discord.").waitFor();
});

test.each(THEMES)("every card, open, has no fault of accessibility in %s", async (theme) => {
  const page = await open({ scenario: "first-run", hash: "#/setup", theme });
  for (const name of [/Ollama and model/, /Tunnel/, /Access credentials/, /Test ticket/]) {
    await page.getByRole("button", { name }).first().click();
  }
  expect(await accessibilityFaults(page)).toEqual([]);
});

test("a failed step says in full what was found, what to do, and what was tried and came back", async () => {
  const page = await open({ scenario: "exposed", hash: "#/setup", width: 640 });
  const credentials = card(page, "Access credentials");
  const sentence = credentials.getByText("Exposed: anybody on the internet can reach Ollama on this machine.");
  await sentence.waitFor();
  expect(await sentence.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
  await credentials.getByText("Protect the address with a Cloudflare Access application", { exact: false }).waitFor();
  await credentials.getByRole("button", { name: "Why?" }).click();
  await credentials.getByText("GET https://ollama.example.com/api/version", { exact: false }).waitFor();
});

test("a check that did not simply pass is no tick, and keeps nobody from the test", async () => {
  const page = await open({ scenario: "degraded", hash: "#/setup" });
  await card(page, "Tunnel").getByText("Needs a look", { exact: true }).waitFor();
  await page.getByRole("button", { name: /^Test ticket/ }).click();
  expect(await page.getByText("is not done yet", { exact: false }).count()).toBe(0);
});
