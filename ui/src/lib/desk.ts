/** The desk's own words for its categories and teams. Before it is known, a key speaks for itself. */
import type { Desk } from "../bindings";
import { sentence } from "./words";

export type KnownDesk = Desk | null | undefined;

export function categoryName(desk: KnownDesk, key: string): string {
  return desk?.categories.find((one) => one.key === key)?.label ?? sentence(key);
}

export function teamName(desk: KnownDesk, key: string): string {
  return desk?.teams.find((one) => one.key === key)?.label ?? sentence(key);
}

/** Those that a ticket can get, in the desk's order. */
export function categoriesOf(desk: KnownDesk): string[] {
  return desk?.categories.filter(({ enabled }) => enabled).map(({ key }) => key) ?? [];
}

/** The desk's, and those that the tickets at hand have besides: older ones may have some that are used no more. */
export function categoriesToFind(desk: KnownDesk, seen: readonly string[]): string[] {
  const own = categoriesOf(desk);
  return [...own, ...[...new Set(seen)].filter((key) => !own.includes(key)).sort()];
}
