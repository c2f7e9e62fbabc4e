import { expect, test } from "vitest";

import { inDemo, open, useBrowser } from "./browser";

useBrowser();

test("the log follows its end until somebody scrolls up", async () => {
  const page = await open({ hash: "#/logs" });
  const scroller = page.getByRole("region", { name: "Log of Ollama" });
  await page.getByText("240 lines").waitFor();
  const distance = (): Promise<number> =>
    scroller.evaluate((box) => Math.round(box.scrollHeight - box.scrollTop - box.clientHeight));
  await expect.poll(distance).toBeLessThan(24);
  await inDemo(page, (demo) => demo.log("ollama", 30));
  await page.getByText("270 lines").waitFor();
  await expect.poll(distance).toBeLessThan(24);
  await scroller.evaluate((box) => box.scrollTo(0, 100));
  await expect.poll(() => page.getByLabel("Follow").isChecked()).toBe(false);
  const before = await scroller.evaluate((box) => box.scrollTop);
  await inDemo(page, (demo) => demo.log("ollama", 30));
  await page.getByText("300 lines").waitFor();
  expect(await scroller.evaluate((box) => box.scrollTop)).toBe(before);
});

test("lines are searched and copied, and what was dropped is counted", async () => {
  const page = await open({ hash: "#/logs" });
  await page.getByRole("button", { name: "cloudflared" }).click();
  await page.getByText("37 dropped", { exact: false }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("registered connIndex=2");
  await page.getByText("1 of 240 lines").waitFor();
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByText("1 line copied.").waitFor();
  expect(await inDemo(page, (demo) => demo.asked.find((what) => what.startsWith("copy")))).toContain("location=fra12");
});
