/** Builds the window as it is shipped and with the scripted backend, and serves the latter under the policy of the tray app. */
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join, normalize } from "node:path";
import { build } from "vite";
import type { TestProject } from "vitest/node";

const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
const root = join(import.meta.dirname, "..");
/** As the tray app has it. */
const POLICY: string = JSON.parse(readFileSync(join(root, "../src-tauri/tauri.conf.json"), "utf8")).app.security.csp;

declare module "vitest" {
  interface ProvidedContext {
    address: string;
  }
}

export default async function setup(project: TestProject): Promise<() => void> {
  for (const mode of ["production", "demo"]) await build({ root, mode, logLevel: "error" });
  const server = await serve(join(root, "dist-demo"));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  project.provide("address", `http://127.0.0.1:${address.port}/`);
  return () => server.close();
}

function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const file = join(folder, normalize(path === "/" ? "/index.html" : path));
    if (path === "/favicon.ico") return void response.writeHead(204).end();
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-security-policy": POLICY,
    });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
