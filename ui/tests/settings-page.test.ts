import { expect, test } from "vitest";

import { inDemo, open, useBrowser } from "./browser";

useBrowser();

test("what is wrong is said at its field, and nothing is saved until it is right", async () => {
  const page = await open({ hash: "#/settings" });
  const field = page.getByLabel("Public address");
  await field.fill("https://ollama.example.com");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("It is not a host name.", { exact: false }).waitFor();
  expect(await field.getAttribute("aria-invalid")).toBe("true");
  await field.fill("models.example.com");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  expect(await page.getByRole("button", { name: "Save" }).count()).toBe(0);
});

test("a paired machine's token is not sent elsewhere by retyping an address", async () => {
  const page = await open({ hash: "#/settings" });
  const field = page.getByRole("textbox", { name: "Orchestrator" });
  await page.getByText("Pair it anew in Setup to change that.", { exact: false }).waitFor();
  expect(await field.evaluate((input: HTMLInputElement) => input.readOnly)).toBe(true);
});

test("what was typed is still there after a look at another page", async () => {
  const page = await open({ hash: "#/settings" });
  await page.getByLabel("Model", { exact: true }).fill("qwen3:8b");
  await page.getByRole("link", { name: "Logs" }).click();
  await page.getByRole("button", { name: "cloudflared" }).waitFor();
  await page.getByRole("link", { name: "Settings" }).click();
  await expect.poll(() => page.getByLabel("Model", { exact: true }).inputValue()).toBe("qwen3:8b");
  await page.getByRole("button", { name: "Save" }).waitFor();
});

test("what was typed can be undone", async () => {
  const page = await open({ hash: "#/settings" });
  await page.getByLabel("Model", { exact: true }).fill("other");
  await page.getByRole("button", { name: "Undo" }).click();
  expect(await page.getByLabel("Model", { exact: true }).inputValue()).toBe("llama3.2:latest");
});

test("notices, quiet hours and the start at login are switches", async () => {
  const page = await open({ hash: "#/settings" });
  await page.getByRole("switch", { name: "Start at login" }).click();
  await expect.poll(() => inDemo(page, (demo) => demo.asked)).toContain("set_start_at_login false");
  await page.getByRole("switch", { name: "Quiet hours" }).click();
  await page.getByRole("switch", { name: "Tunnel down, and back" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
});

test("a newer version is installed only when it is asked for, and not while a ticket is triaged", async () => {
  const page = await open({ hash: "#/settings" });
  await page.getByRole("switch", { name: "Look for newer versions daily" }).waitFor();
  await page.getByRole("button", { name: "Look now" }).click();
  await page.getByText("Version 0.2.0 is there.").waitFor();
  expect(await inDemo(page, (demo) => demo.asked.filter((what) => what.startsWith("install")))).toEqual([]);
  const install = page.getByRole("button", { name: "Update to 0.2.0" });
  await install.click();
  await page.getByText("A ticket is being triaged on this machine. Nothing was installed.", { exact: false }).waitFor();
  await install.click();
  await expect
    .poll(() => inDemo(page, (demo) => demo.asked.filter((what) => what === "install_update 0.2.0").length))
    .toBe(2);
  await inDemo(page, (demo) => demo.advance(2000));
  await page.getByText("Version 0.2.0 is installed.", { exact: false }).waitFor();
});
