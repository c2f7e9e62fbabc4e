import type { Attempt, Triage, TriageDetail, TriageStatus } from "../../bindings";
import type { TicketStatus } from "../status";

type Sample = [
  minutes: number,
  subject: string | null,
  category: string,
  priority: string,
  confidence: number,
  provider: string,
  ms: number,
  summary: string,
  more?: { status?: TriageStatus; language?: string; error?: string; redacted?: Record<string, number> },
];

const SAMPLES: Sample[] = [
  [
    2,
    "Cannot log in since this morning",
    "outage",
    "urgent",
    0.92,
    "local",
    4100,
    "Nobody in the customer's company can log in since 08:30; the page answers with an error.",
  ],
  [
    9,
    "Invoice shows wrong VAT number",
    "billing",
    "medium",
    0.88,
    "local",
    3700,
    "The VAT number on the November invoice belongs to their former company.",
  ],
  [
    14,
    "Question about partner API",
    "other",
    "low",
    0.54,
    "groq",
    1200,
    "Asks whether partners may use the API with their own keys.",
    { status: "needs_review", redacted: { email: 1, phone: 1 } },
  ],
  [
    26,
    "لا أستطيع تنزيل الفاتورة الخاصة بي منذ يوم الأحد الماضي",
    "billing",
    "medium",
    0.81,
    "local",
    4900,
    "The customer cannot download an invoice since last Sunday.",
    { language: "ar" },
  ],
  [
    41,
    "Webhook deliveries arrive twice after we moved our integration to the new region and turned on the retries that your documentation recommends",
    "integration",
    "high",
    0.77,
    "local",
    5200,
    "Webhooks arrive twice since a move to another region; retries are on.",
  ],
  [
    63,
    "Bitte unser Konto kündigen",
    "cancellation",
    "high",
    0.94,
    "local",
    3900,
    "The customer ends the contract on 31 December and asks for an export.",
    { language: "de" },
  ],
  [
    75,
    "Export of contacts stops at 10,000 rows",
    "bug",
    "high",
    0.86,
    "local",
    4400,
    "The CSV export of contacts ends after 10,000 rows without an error.",
  ],
  [
    98,
    null,
    "other",
    "medium",
    0.5,
    "local",
    4000,
    "",
    { status: "waiting", error: "No model can be asked now. The next try is due in two minutes." },
  ],
  [
    122,
    "How do I add a second administrator?",
    "how_to",
    "low",
    0.97,
    "local",
    2900,
    "Asks how to give a colleague administrator rights.",
  ],
  [
    150,
    "Two-factor codes are refused",
    "account",
    "urgent",
    0.83,
    "groq",
    1400,
    "Codes of the authenticator are refused for two users since a phone change.",
    { redacted: { email: 2, name: 1 } },
  ],
  [
    190,
    "Dark mode for the mobile app",
    "feature_request",
    "low",
    0.95,
    "local",
    3100,
    "Wishes a dark theme in the mobile app.",
  ],
  [
    240,
    "Data processing agreement for 2027",
    "legal",
    "medium",
    0.9,
    "local",
    4200,
    "Asks for a signed data processing agreement.",
  ],
  [310, "Re: Re: Re: Your out of office", "spam", "low", 0.99, "local", 2500, "An automatic reply without a request."],
  [
    355,
    "API returns 500 for large batches",
    "bug",
    "high",
    0.79,
    "local",
    5600,
    "Batches above 400 records end with HTTP 500.",
  ],
  [
    420,
    "Suspicious sign-in from another country",
    "security",
    "urgent",
    0.91,
    "local",
    3800,
    "A sign-in from an unknown country was reported; the password is changed.",
  ],
  [505, "Price for 200 seats", "sales", "medium", 0.87, "local", 3300, "Asks for an offer of 200 seats for one year."],
  [
    610,
    "Report is empty",
    "bug",
    "medium",
    0.42,
    "local",
    6100,
    "A report shows no rows; which one is not said.",
    { status: "needs_review" },
  ],
  [
    700,
    "Training for new colleagues",
    "training",
    "low",
    0.89,
    "local",
    3000,
    "Asks for a training session for five new colleagues.",
  ],
  [
    800,
    "Login page does not load",
    "outage",
    "high",
    0.74,
    "groq",
    1600,
    "The login page stays white in one browser.",
    { status: "failed", error: "Every provider answered badly. A person must read this ticket." },
  ],
  [
    930,
    "Thank you for the quick help",
    "feedback",
    "low",
    0.98,
    "local",
    2700,
    "Thanks the team for solving an earlier request.",
  ],
];

const REASONS: Record<string, string> = {
  outage:
    "Several people are locked out at once, and it began suddenly: that is a fault of the service, not of one account.",
  billing: "It is about what is printed on an invoice; nothing is broken.",
  bug: "Something gives another result than it should, and it can be repeated.",
  integration: "It happens between two systems, at their interface.",
  other: "No category fits well: it names neither a fault nor a feature, and asks for a rule.",
  cancellation: "The customer says plainly that the contract is to end.",
};

const TEAMS: Record<string, string> = {
  outage: "on_call",
  bug: "engineering",
  billing: "billing",
  security: "security",
  legal: "security",
  sales: "success",
};

export function samples(now: number): Triage[] {
  return SAMPLES.map((sample, index) => triage(sample, index, now));
}

/** Tickets that come while the window is open. */
export function arrival(number: number, now: number): Triage {
  const sample = SAMPLES[(number * 5 + 6) % SAMPLES.length] as Sample;
  const [, , ...rest] = sample;
  const fresh = triage([0, `New ticket ${number}: ${sample[1] ?? "without subject"}`, ...rest], 0, now);
  return { ...fresh, ticket_id: String(41_000_000_000 + number), status: "triaged", error: null };
}

function triage(sample: Sample, index: number, now: number): Triage {
  const [minutes, subject, category, priority, confidence, provider, ms, summary, more = {}] = sample;
  const id = String(31_415_926_535 - index * 7331);
  const status = more.status ?? "triaged";
  const at = (seconds: number): string => new Date(now - minutes * 60_000 + seconds * 1000).toISOString();
  const hasVerdict = status === "triaged" || status === "needs_review";
  return {
    ticket_id: id,
    subject,
    url: `https://app.hubspot.com/contacts/1/record/0-5/${id}`,
    status,
    verdict: hasVerdict
      ? {
          category,
          priority,
          sentiment:
            priority === "urgent" || priority === "high" ? "negative" : priority === "low" ? "positive" : "neutral",
          language: more.language ?? "en",
          summary,
          reason: REASONS[category] ?? "Its words fit this category well, and no other.",
          confidence,
          team: TEAMS[category] ?? "support",
          suggested_reply: null,
        }
      : null,
    provider: status === "waiting" ? null : provider,
    model: status === "waiting" ? null : provider === "local" ? "llama3.2:latest" : "openai/gpt-oss-20b",
    device_id: provider === "local" ? "dev-1" : null,
    latency_ms: hasVerdict ? ms : null,
    attempts: provider === "groq" ? 2 : 1,
    received_at: at(0),
    triaged_at: hasVerdict ? at(ms / 1000) : null,
    deliveries: hasVerdict
      ? [
          { target: "discord", status: "delivered", at: at(ms / 1000 + 1), message_id: "1187", error: null },
          {
            target: "hubspot",
            status: status === "triaged" ? "delivered" : "skipped",
            at: at(ms / 1000 + 1),
            message_id: null,
            error: null,
          },
        ]
      : [],
    correction: null,
    error: more.error ?? null,
  };
}

/** As the agent shows the latest. */
export function short({ verdict, ...triage }: Triage): TicketStatus {
  const { ticket_id, subject, url, status, provider, latency_ms, received_at } = triage;
  const { category = null, priority = null, confidence = null } = verdict ?? {};
  return { ticket_id, subject, url, status, category, priority, confidence, provider, latency_ms, received_at };
}

export function detail(triage: Triage): TriageDetail {
  const sample = SAMPLES.find(([, subject]) => subject === triage.subject);
  const began = new Date(triage.received_at).getTime();
  const attempt = (provider: string, offset: number, ms: number, outcome: string, error: string | null): Attempt => ({
    provider,
    device_id: provider === "local" ? "dev-1" : null,
    form: "first",
    model: provider === "local" ? "llama3.2:latest" : "openai/gpt-oss-20b",
    model_digest: provider === "local" ? "a80c4f17acd5" : null,
    prompt_version: "4f1c09",
    sent_to: provider === "local" ? "ollama.example.com" : "api.groq.com",
    redacted: provider === "local" ? {} : (sample?.[8]?.redacted ?? {}),
    omitted_chars: 0,
    cloud_reason: provider === "local" ? null : "the local model could not be reached",
    started_at: new Date(began + offset).toISOString(),
    latency_ms: ms,
    outcome,
    http_status: error ? 502 : 200,
    error,
  });
  const calls =
    triage.provider === "groq"
      ? [
          attempt("local", 200, 1900, "unreachable", "Cloudflare could not reach this machine."),
          attempt(
            "groq",
            2200,
            triage.latency_ms ?? 1500,
            triage.verdict ? "verdict" : "bad_answer",
            triage.verdict ? null : "The category is not one of the desk's.",
          ),
        ]
      : triage.provider
        ? [attempt("local", 200, triage.latency_ms ?? 4000, "verdict", null)]
        : [];
  return {
    ...triage,
    events: [{ kind: "workflow", event_id: "2201", property: null, received_at: triage.received_at }],
    calls,
    written:
      triage.status === "triaged" && triage.triaged_at
        ? [{ what: "note", value: null, former: null, status: "written", why: null, at: triage.triaged_at }]
        : [],
  };
}
