import { expect, test } from "vitest";

import type { TriageQuery } from "../backend";
import { samples } from "../backend/demo/tickets";
import type { Triage, TriagePage } from "../bindings";
import { EVERYTHING } from "../lib/filter";
import { Tickets } from "./tickets.svelte";

const ALL = samples(0);
const ids = (items: readonly Triage[]): string[] => items.map(({ ticket_id }) => ticket_id);
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Pages of five, answered when the test says so. */
class Server {
  readonly open: { query: TriageQuery; answer: (page: TriagePage) => void; refuse: (reason: unknown) => void }[] = [];
  tell: (triage: Triage) => void = () => undefined;

  readonly triages = (query: TriageQuery): Promise<TriagePage> =>
    new Promise((answer, refuse) => this.open.push({ query, answer, refuse }));

  readonly onTriage = (listener: (triage: Triage) => void): (() => void) => {
    this.tell = listener;
    return () => undefined;
  };

  async answer(): Promise<void> {
    const asked = this.open.shift();
    if (!asked) throw new Error("nothing is asked");
    const from = asked.query.before ? ids(ALL).indexOf(asked.query.before) + 1 : 0;
    const items = ALL.slice(from, from + 5);
    asked.answer({ items, next: from + 5 < ALL.length ? (items.at(-1)?.ticket_id ?? null) : null });
    await settled();
  }
}

test("a category that only older tickets have is found on their page", async () => {
  const server = new Server();
  const tickets = new Tickets(server, () => false);
  void tickets.narrow({ ...EVERYTHING, category: "security" });
  for (let pages = 0; pages < 3; pages += 1) await server.answer();
  expect([ids(tickets.list.items), tickets.isLoading, server.open.length]).toEqual([ids(ALL.slice(14, 15)), false, 0]);
});

test("a category that no ticket has ends with the last page", async () => {
  const server = new Server();
  const tickets = new Tickets(server, () => false);
  void tickets.narrow({ ...EVERYTHING, category: "none" });
  for (let pages = 0; pages < 4; pages += 1) await server.answer();
  expect([tickets.list.items.length, tickets.isLoading, tickets.next]).toEqual([0, false, null]);
});

test("the answer to a question that was overtaken is dropped", async () => {
  const server = new Server();
  const tickets = new Tickets(server, () => false);
  void tickets.load();
  void tickets.narrow({ ...EVERYTHING, category: "billing" });
  await server.answer();
  expect([tickets.list.items.length, tickets.isLoading]).toEqual([0, true]);
  await server.answer();
  expect(tickets.list.items.every(({ verdict }) => verdict?.category === "billing")).toBe(true);
});

test("what is told while the list is loaded is in it", async () => {
  const server = new Server();
  const tickets = new Tickets(server, () => false);
  tickets.start();
  server.tell({ ...(ALL[0] as Triage), ticket_id: "new" });
  server.tell({ ...(ALL[1] as Triage), status: "failed" });
  await server.answer();
  expect(ids(tickets.list.items)).toEqual(["new", ...ids(ALL.slice(0, 5))]);
  expect(tickets.list.items[2]?.status).toBe("failed");
});

test("a failure is said, and gone after the next answer", async () => {
  const server = new Server();
  const tickets = new Tickets(server, () => false);
  void tickets.load();
  server.open.shift()?.refuse({ code: "x", headline: "No.", what_to_do: "Wait." });
  await settled();
  expect([tickets.failure?.headline, tickets.isLoading]).toEqual(["No.", false]);
  void tickets.load();
  await server.answer();
  expect(tickets.failure).toBeNull();
});
