/** The desk that is built in, with a category that is not used any more. */
import type { Desk } from "../../bindings";

const CATEGORIES: readonly [key: string, label: string, team: string][] = [
  ["outage", "Outage", "on_call"],
  ["bug", "Bug", "engineering"],
  ["account", "Account and access", "support"],
  ["billing", "Billing", "billing"],
  ["cancellation", "Cancellation", "success"],
  ["security", "Security", "security"],
  ["legal", "Legal and privacy", "security"],
  ["integration", "Integrations and API", "engineering"],
  ["feature_request", "Feature request", "product"],
  ["how_to", "How-to question", "support"],
  ["sales", "Sales question", "success"],
  ["feedback", "Feedback", "success"],
  ["spam", "Spam and automatic mail", "support"],
  ["other", "Other", "support"],
  ["training", "Training", "success"],
];

export const DESK: Desk = {
  categories: CATEGORIES.map(([key, label, team]) => ({ key, label, team, enabled: key !== "training" })),
  teams: [
    { key: "on_call", label: "On-call engineer" },
    { key: "engineering", label: "Engineering" },
    { key: "support", label: "Customer support" },
    { key: "billing", label: "Billing" },
    { key: "security", label: "Security and privacy" },
    { key: "product", label: "Product" },
    { key: "success", label: "Customer success" },
  ],
};
