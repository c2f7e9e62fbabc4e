import { expect, test } from "vitest";

import { MovableClock } from "./clock";

test("what falls due runs in order, at its time, and what was stopped does not", async () => {
  const clock = new MovableClock(0);
  const ran: string[] = [];
  const note = (name: string) => (): void => void ran.push(`${name} ${clock.now()}`);
  clock.every(400, note("every"));
  clock.after(500, note("once"));
  clock.after(600, note("never"))();
  clock.after(100, () => clock.after(50, note("nested")));
  await clock.advance(1000);
  expect(ran).toEqual(["nested 150", "every 400", "once 500", "every 800"]);
  expect(clock.now()).toBe(1000);
});
