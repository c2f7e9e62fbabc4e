/** Pages of the built window in a Chromium without a screen. Whatever the browser complains of fails the test. */
import axe from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";

import type { Demo } from "../src/backend/demo";
import type { ScenarioName } from "../src/backend/demo/scenarios";

export type Theme = "light" | "dark";
export const THEMES: readonly Theme[] = ["light", "dark"];

export interface Look {
  scenario?: ScenarioName;
  hash?: string;
  theme?: Theme;
  width?: number;
  height?: number;
}

let browser: Browser;
let page: Page;
let complaints: string[] = [];

/** Call once in a file of tests. They share one page: a new one costs ten times as much as loading it again. */
export function useBrowser(): void {
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    });
    const context = await browser.newContext({ reducedMotion: "reduce", timezoneId: "Europe/Berlin", locale: "en-GB" });
    context.setDefaultTimeout(10_000);
    page = await context.newPage();
    await watch(page);
  });
  afterAll(() => browser.close());
  afterEach(() => {
    const found = complaints;
    complaints = [];
    expect(found, "the browser complains").toEqual([]);
  });
}

async function watch(page: Page): Promise<void> {
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => complaints.push(`${request.url()} ${request.failure()?.errorText}`));
  await page.addInitScript(() => {
    // Every load is a first one.
    if (location.protocol === "http:") localStorage.clear();
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
    );
  });
}

/** Loads the window afresh. */
export async function open({
  scenario = "healthy",
  hash = "#/overview",
  theme = "light",
  width = 900,
  height = 640,
}: Look = {}): Promise<Page> {
  await page.goto("about:blank");
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: theme });
  await page.goto(`${inject("address")}?scenario=${scenario}&clock=still${hash}`);
  await page.locator("main h1").first().waitFor({ state: "attached" });
  if (scenario !== "loading") await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
  return page;
}

/** What the browser complained of so far, for a test that wants it to. */
export function takeComplaints(): string[] {
  return complaints.splice(0);
}

/** Does something with the world behind the page. */
export function inDemo<T>(page: Page, act: (demo: Demo) => T | Promise<T>): Promise<T> {
  return page.evaluate(`(${act.toString()})(window.demo)`) as Promise<T>;
}

export async function accessibilityFaults(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  const found = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  return found.violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map((node) => `${node.html} ${node.any.map(({ message }) => message).join(", ")}`).join(" | ")}`,
  );
}

/** Whether nothing is wider than the window. */
export function overflows(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("main, main *")]
      .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .filter((element) => !element.closest(".hidden, .failure, .said, svg"))
      .map((element) => `${element.tagName}.${element.getAttribute("class")} ${element.textContent?.slice(0, 40)}`),
  );
}

declare global {
  interface Window {
    axe: typeof axe;
  }
}
