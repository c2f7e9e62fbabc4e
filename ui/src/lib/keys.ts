/** Which keys do what, for the window and for the list of shortcuts. */
export const SHORTCUTS: readonly { where: string; keys: readonly { keys: string; does: string }[] }[] = [
  {
    where: "Everywhere",
    keys: [
      { keys: "1 – 5", does: "Go to a page" },
      { keys: "Shift P", does: "Pause or resume" },
      { keys: "?", does: "This list" },
      { keys: "Esc", does: "Close, or back to the list" },
    ],
  },
  {
    where: "Overview",
    keys: [
      { keys: "← →", does: "From hop to hop" },
      { keys: "↑ ↓", does: "From ticket to ticket" },
    ],
  },
  {
    where: "Tickets",
    keys: [
      { keys: "/", does: "Search" },
      { keys: "↑ ↓  j k", does: "From ticket to ticket" },
      { keys: "n", does: "Show the new ones" },
      { keys: "o", does: "Open in HubSpot" },
      { keys: "r", does: "Triage again" },
      { keys: "c", does: "Correct" },
    ],
  },
  {
    where: "Logs",
    keys: [
      { keys: "/", does: "Search" },
      { keys: "f", does: "Follow" },
      { keys: "y", does: "Copy what is shown" },
    ],
  },
];

/** The key when it is meant for the window: pressed alone, not into a text, and no character where those are switched off. */
export function plainKey(event: KeyboardEvent, hasShortcuts: boolean): string | null {
  if (!hasShortcuts && event.key.length === 1) return null;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return null;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]")) return null;
  if (document.querySelector("dialog[open], [role=menu]")) return null;
  return event.key;
}

/** Where an arrow key leads in a list of so many. */
export function moved(key: string, index: number, count: number, axis: "vertical" | "horizontal"): number | null {
  const [back, forth] = axis === "vertical" ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
  if (count === 0) return null;
  if (key === forth || (axis === "vertical" && key === "j")) return Math.min(count - 1, index + 1);
  if (key === back || (axis === "vertical" && key === "k")) return Math.max(0, index - 1);
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return null;
}
