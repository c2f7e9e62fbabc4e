import type { Triage } from "../bindings";

/** A list that is being read: what is new waits until it is asked for. */
export interface LiveList {
  items: readonly Triage[];
  /** New ones, newest first. */
  waiting: readonly Triage[];
}

export const EMPTY: LiveList = { items: [], waiting: [] };

/** News of a ticket. A known one is changed where it stands, an unknown one waits while somebody is reading. */
export function receive(
  list: LiveList,
  triage: Triage,
  isReading: boolean,
  wanted: (triage: Triage) => boolean,
): LiveList {
  const replaced = (items: readonly Triage[]): readonly Triage[] =>
    items.map((item) => (item.ticket_id === triage.ticket_id ? triage : item));
  if (has(list.items, triage)) return { ...list, items: replaced(list.items) };
  if (has(list.waiting, triage)) return { ...list, waiting: replaced(list.waiting).filter(wanted) };
  if (!wanted(triage)) return list;
  return isReading ? { ...list, waiting: [triage, ...list.waiting] } : { ...list, items: [triage, ...list.items] };
}

export function reveal(list: LiveList): LiveList {
  return { items: [...list.waiting, ...list.items], waiting: [] };
}

/** An older page; what is there already stays where it is. */
export function append(list: LiveList, older: readonly Triage[]): LiveList {
  const fresh = older.filter((triage) => !has(list.items, triage) && !has(list.waiting, triage));
  return { ...list, items: [...list.items, ...fresh] };
}

function has(items: readonly Triage[], triage: Triage): boolean {
  return items.some((item) => item.ticket_id === triage.ticket_id);
}
