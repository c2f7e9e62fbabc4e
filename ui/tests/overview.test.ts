import { expect, test } from "vitest";

import { inDemo, open, useBrowser } from "./browser";

useBrowser();

test("the state is said in a word and a sentence, and the chain has six hops", async () => {
  const page = await open();
  expect(await page.locator("h1").innerText()).toBe("Healthy");
  expect(await page.getByRole("list", { name: "The way of a ticket" }).getByRole("button").count()).toBe(6);
  await page.getByText("Tickets are triaged on this machine.", { exact: false }).first().waitFor();
});

test("a broken hop stands out, with the line to it broken and the hops behind it greyed", async () => {
  const page = await open({ scenario: "down" });
  const hop = page.getByRole("button", { name: /^cloudflared\W+not working: not connected/ });
  await hop.waitFor();
  expect(await page.locator("svg.line.broken").count()).toBe(1);
  await page.getByRole("button", { name: /^Cloudflare\W.* not checked because of cloudflared/ }).waitFor();
  const card = page.getByRole("region", { name: "cloudflared: not working" });
  await card.getByText("New tickets go to Groq.").waitFor();
  await card.getByText("for 6 min").waitFor();
  await card.getByRole("button", { name: "Why?" }).click();
  await card.getByText("readyConnections", { exact: false }).waitFor();
  await card.getByText("GET http://127.0.0.1:20241/ready").waitFor();
  await card.getByText("after 2 ms").waitFor();
  await card.getByRole("button", { name: "Restart tunnel" }).click();
  await page.getByText("Restart asked for.").waitFor();
  await inDemo(page, (demo) => demo.advance(2000));
  await page.getByRole("heading", { level: 1, name: "Healthy" }).waitFor();
  expect(await inDemo(page, (demo) => demo.asked.filter((what) => what.startsWith("restart")))).toEqual([
    "restart cloudflared",
  ]);
});

test("what is wrong is said once, and by the card of another hop in its own words", async () => {
  const page = await open({ scenario: "down" });
  const card = page.getByRole("region", { name: "cloudflared: not working" });
  await card.getByRole("heading", { name: "cloudflared: not connected" }).waitFor();
  await card.getByText("cloudflared is running.").waitFor();
  expect(await page.locator("main").getByText("Cloudflare cannot reach this machine.").count()).toBe(1);
  await page.getByRole("button", { name: /^Ollama/ }).click();
  await page.getByRole("heading", { name: "Ollama is running." }).waitFor();
});

test("a hop's day is told in words too", async () => {
  const page = await open();
  const days = page.getByRole("img", {
    name: /^Last 24 hours: (needs a look for 25 min, )?working for .* answers took/,
  });
  expect(await days.count()).toBe(5);
});

test("the evidence of a hop stays open while statuses come in", async () => {
  const page = await open({ scenario: "down" });
  const card = page.getByRole("region", { name: "cloudflared: not working" });
  await card.getByRole("button", { name: "Why?" }).click();
  await card.getByText("readyConnections", { exact: false }).waitFor();
  await inDemo(page, (demo) => demo.change({ sentence: "Another sentence." }));
  await page.getByText("Another sentence.").first().waitFor();
  expect(await card.getByText("readyConnections", { exact: false }).isVisible()).toBe(true);
});

test("open alerts say what, since when and what to do, and those that passed are folded away", async () => {
  const page = await open({ scenario: "alerts" });
  const alerts = page.getByRole("region", { name: "Alerts" });
  await alerts.getByText("Half of the calls to models failed in the last 15 minutes.").waitFor();
  await alerts.getByText("for 22 min").waitFor();
  await alerts.getByText("Look at the tickets that failed, and at Ollama's log.").waitFor();
  const passed = alerts.getByText("A ticket waited for more than 10 minutes.");
  expect(await passed.isVisible()).toBe(false);
  await alerts.getByText("1 alert has passed of late").click();
  await passed.waitFor();
  await inDemo(page, (demo) => demo.change({ alerts: { open: [], recent: [] } }));
  await alerts.waitFor({ state: "detached" });
});

test("a ticket that needs a review says how sure the model is, and no other does", async () => {
  const page = await open();
  const rows = page.getByRole("region", { name: "Latest" }).getByRole("listitem");
  await rows.filter({ hasText: "(54 %)" }).getByText("Question about partner API").waitFor();
  expect(await rows.filter({ hasText: /\(\d+ %\)/ }).count()).toBe(1);
});

test("diagnostics are saved and it is said where", async () => {
  const page = await open();
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Save diagnostics…" }).click();
  await page.getByText("Saved as /home/anna/Downloads/hubspot-triage-20261123-094100.zip.", { exact: false }).waitFor();
});

test("everything that the tray's menu does is in the window's, and the tunnel is not restarted while it is paused", async () => {
  const page = await open();
  await page.getByRole("button", { name: "More" }).click();
  expect(await page.getByRole("menuitem").allInnerTexts()).toContain("Restart tunnel");
  await page.getByRole("menuitem", { name: "Quit" }).click();
  await expect.poll(() => inDemo(page, (demo) => demo.asked)).toContain("quit");
  const paused = await open({ scenario: "paused" });
  await paused.getByRole("button", { name: "More" }).click();
  const offered = await paused.getByRole("menuitem").allInnerTexts();
  expect([offered.includes("Restart tunnel"), offered.includes("Restart Ollama")]).toEqual([false, true]);
});

test("an agent that does not answer is not taken for healthy", async () => {
  const page = await open();
  await inDemo(page, (demo) => demo.go("offline"));
  await page.getByRole("heading", { level: 1, name: "Not known" }).waitFor();
  await page.getByText("The agent does not answer.").waitFor();
  await inDemo(page, (demo) => demo.advance(180_000));
  await page.getByText("Last heard 3 min ago: Healthy.", { exact: false }).waitFor();
});

test("the tray can open a ticket", async () => {
  const page = await open();
  await inDemo(page, (demo) => demo.navigate({ page: "tickets", ticket_id: "31415926535", pair_link: null }));
  await page.getByRole("heading", { name: "Cannot log in since this morning" }).waitFor();
});

test("hops are reached with the arrow keys, and Escape closes the card", async () => {
  const page = await open();
  await page.getByRole("button", { name: /^HubSpot/ }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  const card = page.getByRole("region", { name: "Orchestrator: working" });
  await card.waitFor();
  await page.keyboard.press("Escape");
  await card.waitFor({ state: "detached" });
});

test("times tick", async () => {
  const page = await open();
  await page.locator("time", { hasText: /^2 min$/ }).waitFor();
  await inDemo(page, (demo) => demo.advance(60_000));
  await page.locator("time", { hasText: /^3 min$/ }).waitFor();
});
