export const PAGES = [
  { name: "overview", title: "Overview" },
  { name: "tickets", title: "Tickets" },
  { name: "logs", title: "Logs" },
  { name: "setup", title: "Setup" },
  { name: "settings", title: "Settings" },
] as const;

export type Page = (typeof PAGES)[number]["name"];
