/** What holds of the source and of what is built from it. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

function files(folder: string): { path: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(root, path), text: readFileSync(path, "utf8") }));
}

const sources = files("src");
const offenders = (of: { path: string; text: string }[], wrong: RegExp): string[] =>
  of.filter(({ text }) => wrong.test(text)).map(({ path }) => path);

test("no text becomes markup, and no style is written into it", () => {
  const components = sources.filter(({ path }) => path.endsWith(".svelte"));
  expect(components.length).toBeGreaterThan(20);
  expect(offenders(components, /\{@html|\sstyle[:=]|innerHTML/)).toEqual([]);
});

test("sentences with commands in them are shown as such, not with their backticks", () => {
  const components = sources.filter(({ path }) => path.endsWith(".svelte"));
  expect(offenders(components, /[^=$]\{[\w.]*\b(headline|what_to_do|fix|sentence)\}/)).toEqual([]);
});

test("only the backend knows Tauri", () => {
  expect(
    offenders(
      sources.filter(({ path }) => !/^src\/backend\/tauri(\.test)?\.ts$/.test(path)),
      /@tauri-apps|invoke\(/,
    ),
  ).toEqual([]);
});

test("every command is named in the list, and the list names no other", () => {
  const find = (path: string): string => sources.find((file) => file.path === path)?.text ?? "";
  const used = [...find("src/backend/tauri.ts").matchAll(/call(?:<\w+>)?\("(\w+)"/g)].map(([, name]) => name);
  const listed = [
    ...(/COMMANDS = \[(.*?)\]/s.exec(find("src/backend/commands.ts"))?.[1] ?? "").matchAll(/"(\w+)"/g),
  ].map(([, name]) => name);
  expect([...new Set(used)].sort()).toEqual([...listed].sort());
});

test("the look keeps to its rules: three sizes, steps of four, one corner, no shadow but a menu's", () => {
  const styles = sources.filter(({ path }) => /\.(svelte|css)$/.test(path) && !path.endsWith("tokens.css"));
  const wrong = styles.flatMap(({ path, text }) => {
    const css = path.endsWith(".css") ? text : (/<style>(.*)<\/style>/s.exec(text)?.[1] ?? "");
    return [...css.matchAll(/([a-z-]+): ([^;{}]+);/g)]
      .filter(([, property = "", value = ""]) => !isAllowed(property, value, path))
      .map(([declaration]) => `${path}: ${declaration}`);
  });
  expect(wrong).toEqual([]);
});

function isAllowed(property: string, value: string, path: string): boolean {
  if (property === "font-size") return /^var\(--(body|large|huge)\)$/.test(value);
  if (property === "font") return !/\dpx(?= ?\/)/.test(value);
  if (property === "border-radius") return /^(var\(--(corner|pill)\)|50%|0| )+$/.test(value);
  if (property === "box-shadow") return path.endsWith("Menu.svelte");
  // A line may be moved onto another.
  if (!/^(padding|margin|gap)/.test(property) || value === "-1px") return true;
  return (value.match(/\d+px/g) ?? []).every((size) => Number.parseInt(size) % 4 === 0);
}

test("components stay short", () => {
  expect(
    sources
      .filter(({ path, text }) => path.endsWith(".svelte") && text.split("\n").length > 201)
      .map(({ path }) => path),
  ).toEqual([]);
});

test("what is shipped knows no scripted backend and no address but its own", () => {
  const built = files("dist");
  expect(built.length).toBeGreaterThan(2);
  expect(offenders(built, /first-run|partner API|window\.demo/)).toEqual([]);
  const addresses = built.flatMap(({ text }) => text.match(/https?:\/\/[\w.-]+/g) ?? []);
  const allowed = [
    "http://www.w3.org",
    "https://svelte.dev",
    "https://triage.example.com",
    "https://ollama.com",
    "http://ipc.localhost",
    "https://ipc.localhost",
  ];
  expect([...new Set(addresses)].filter((address) => !allowed.includes(address))).toEqual([]);
});

test("the lock file names no registry but the public one", () => {
  const lock = readFileSync(join(root, "package-lock.json"), "utf8");
  const hosts = [...lock.matchAll(/"resolved": "(?:git\+)?(\w+:\/\/[^/"]+)/g)].map(([, host]) => host);
  expect(hosts.filter((host) => host !== "https://registry.npmjs.org")).toEqual([]);
});
