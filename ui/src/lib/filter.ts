import type { TriageQuery } from "../backend";
import type { Triage, TriageStatus } from "../bindings";

/** What of the tickets is to be seen; an empty field means everything. */
export interface Filter {
  status: TriageStatus | "";
  provider: string;
  category: string;
  search: string;
}

export const EVERYTHING: Filter = { status: "", provider: "", category: "", search: "" };

export function isEverything(filter: Filter): boolean {
  return !filter.status && !filter.provider && !filter.category && !filter.search.trim();
}

export function matches(triage: Triage, filter: Filter): boolean {
  if (filter.status && triage.status !== filter.status) return false;
  if (filter.provider && triage.provider !== filter.provider) return false;
  if (filter.category && triage.verdict?.category !== filter.category) return false;
  const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  const text = [triage.ticket_id, triage.subject, triage.verdict?.summary].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

/** What the orchestrator is asked; the category it does not know, so that is left to `matches`. */
export function queryOf(filter: Filter, limit: number, before?: string): TriageQuery {
  const search = filter.search.trim();
  return {
    limit,
    ...(before ? { before } : {}),
    ...(filter.status ? { status: filter.status } : {}),
    ...(filter.provider ? { provider: filter.provider } : {}),
    ...(search ? { q: search } : {}),
  };
}
