/** Correcting a verdict by keyboard: a key for every category and priority. */
import type { Correction, CorrectionRequest, Verdict } from "../bindings";
import { categoriesOf, categoryName, type KnownDesk } from "./desk";
import { PRIORITIES } from "./words";

export interface Choice {
  key: string;
  value: string;
}

/** Letters that priorities take. */
const PRIORITY_KEYS: Record<string, string> = { urgent: "u", high: "h", medium: "m", low: "l" };
const CATEGORY_KEYS = "1234567890abcdefgijkopqrstvwxyz";

export const PRIORITY_CHOICES: readonly Choice[] = PRIORITIES.map((value) => ({
  key: PRIORITY_KEYS[value] ?? "",
  value,
}));

/** The desk's categories, and the verdict's own should the desk have it no more: only leaving that one is no correction. */
export function categoryChoices(desk: KnownDesk, own: string): Choice[] {
  const known = categoriesOf(desk);
  return [...known, ...(known.includes(own) ? [] : [own])].map((value, index) => ({
    key: CATEGORY_KEYS[index] ?? "",
    value,
  }));
}

/** What differs from the verdict; `null` when nothing is said. */
export function correctionOf(
  verdict: Verdict,
  category: string,
  priority: string,
  note: string,
): CorrectionRequest | null {
  const words = note.trim();
  const correction = {
    category: category === verdict.category ? null : category,
    priority: priority === verdict.priority ? null : priority,
    note: words || null,
  };
  return correction.category || correction.priority || correction.note ? correction : null;
}

/** What a person said is right, in words. */
export function correctionWords({ category, priority }: Correction, desk: KnownDesk): string {
  const parts = [
    category ? `category ${categoryName(desk, category)}` : "",
    priority ? `priority ${priority}` : "",
  ].filter(Boolean);
  return parts.length > 0 ? `A person says: ${parts.join(", ")}` : "A person says";
}
