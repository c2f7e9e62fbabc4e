// Written by scripts/bless from the Rust types.

/**
 * Something that a person should look at.
 */
export type Alert = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its rule: `device_silent`, `tunnel_exposed`, `credentials_expire`, …
 */
kind: string, 
/**
 * What it is about: a device's id, or empty.
 */
subject: string, 
/**
 * `page` or `email`: how urgent it is.
 */
severity: string, 
/**
 * What is wrong.
 */
sentence: string, 
/**
 * What to do about it.
 */
what_to_do: string, 
/**
 * Since when.
 */
raised_at: string, 
/**
 * When it passed.
 */
cleared_at: string | null, };

/**
 * `GET /api/v1/alerts`.
 */
export type Alerts = { 
/**
 * Those that have not passed, newest first.
 */
open: Array<Alert>, 
/**
 * Those that passed within the last week, newest first.
 */
recent: Array<Alert>, };

/**
 * One call to a model: who read the text, where it went, what was removed first, how it ended.
 */
export type Attempt = { 
/**
 * `local` or `groq`.
 */
provider: string, 
/**
 * The machine the model ran on.
 */
device_id: string | null, 
/**
 * `first`, `repair` (shown what was wrong with its answer) or `halved` (with half the text).
 */
form: string, 
/**
 * The model asked.
 */
model: string, 
/**
 * Digest of the model's weights, when known.
 */
model_digest: string | null, 
/**
 * Fingerprint of prompt, taxonomy and schema.
 */
prompt_version: string, 
/**
 * Host that the text was sent to.
 */
sent_to: string, 
/**
 * Kinds of personal data removed before, with counts.
 */
redacted: { [key in string]: number }, 
/**
 * Characters left out because the ticket was too long.
 */
omitted_chars: number, 
/**
 * Why the text was allowed to go to the cloud.
 */
cloud_reason: string | null, 
/**
 * When it began.
 */
started_at: string, 
/**
 * How long it took; `None` while it runs, or when its worker died.
 */
latency_ms: number | null, 
/**
 * `verdict`, `bad_answer`, an error's name, or `started`.
 */
outcome: string, 
/**
 * HTTP status of the answer.
 */
http_status: number | null, 
/**
 * What went wrong.
 */
error: string | null, };

/**
 * One piece of the day.
 */
export type Bucket = { 
/**
 * The worst that was seen; `None` when nothing was.
 */
worst: Health | null, 
/**
 * The middle of the latencies, in milliseconds.
 */
median_ms: number | null, 
/**
 * The longest latency, in milliseconds.
 */
longest_ms: number | null, };

/**
 * One kind of ticket.
 */
export type Category = { 
/**
 * As verdicts and corrections name it.
 */
key: string, 
/**
 * Its name for people.
 */
label: string, 
/**
 * Key of the team that takes these tickets.
 */
team: string, 
/**
 * Tickets can get it; otherwise only older ones have it.
 */
enabled: boolean, };

/**
 * One category in the window.
 */
export type CategoryStats = { 
/**
 * Its key.
 */
category: string, 
/**
 * Verdicts with it.
 */
count: number, 
/**
 * Those of them that a person spoke about.
 */
judged: number, 
/**
 * Share of those in which the person left the category as it was, 0..1; `None` when nobody spoke.
 */
agreement: number | null, };

/**
 * One event of `GET /api/v1/events`; its `id` is the event's.
 */
export type Change = { 
/**
 * Ever growing.
 */
id: number, 
/**
 * `received`, `changed`, `requested`, `waiting`, `waiting_told`, `triaged`, `needs_review`, `failed`, `gone`,
 * `delivered`, `corrected`, `alert_raised`, `alert_changed`, `alert_cleared`, …: what happened.
 */
kind: string, 
/**
 * When.
 */
at: string, 
/**
 * The ticket, unless it is about an alert.
 */
ticket_id: string | null, 
/**
 * The ticket as it is now.
 */
triage: Triage | null, 
/**
 * The alert as it is now.
 */
alert: Alert | null, };

/**
 * One call of a look from outside.
 */
export type Check = { 
/**
 * `without_token`, `wrong_token`, or the path that must not be served.
 */
what: string, 
/**
 * It was refused, as it must be. `None` when there was no answer to judge.
 */
refused: boolean | null, 
/**
 * HTTP status of the answer.
 */
status: number | null, 
/**
 * What was seen, for a person.
 */
sentence: string, };

/**
 * One thing that was tried.
 */
export type CheckResult = { 
/**
 * In a few words.
 */
what: string, 
/**
 * It is as it should be.
 */
ok: boolean, 
/**
 * What was found.
 */
sentence: string, 
/**
 * The one thing to do about it.
 */
what_to_do: string | null, 
/**
 * How long it took, in milliseconds, when something was asked.
 */
latency_ms: number | null, };

/**
 * What a person said is right.
 */
export type Correction = { 
/**
 * The right category; `None` when the verdict's was.
 */
category: string | null, 
/**
 * The right priority; likewise.
 */
priority: string | null, 
/**
 * In the person's words.
 */
note: string | null, 
/**
 * On which device it was said.
 */
device_id: string, 
/**
 * That device's name.
 */
device_name: string, 
/**
 * When.
 */
at: string, };

/**
 * `PUT /api/v1/triages/{ticket_id}/correction`: what a person says is right. What is left out was right.
 */
export type CorrectionRequest = { 
/**
 * Key of a category of the configured taxonomy.
 */
category: string | null, 
/**
 * `low`, `medium`, `high` or `urgent`.
 */
priority: string | null, 
/**
 * In the person's words.
 */
note: string | null, };

/**
 * An outgoing effect of a ticket.
 */
export type Delivery = { 
/**
 * `discord` or `hubspot`.
 */
target: string, 
/**
 * `pending`, `delivered`, `failed`, `skipped` (there was nothing to write) or `undone`.
 */
status: string, 
/**
 * When it reached this status.
 */
at: string, 
/**
 * Id of the Discord message or of the note in HubSpot.
 */
message_id: string | null, 
/**
 * What went wrong last.
 */
error: string | null, };

/**
 * What tickets are sorted into, and who takes them.
 */
export type Desk = { 
/**
 * In the order in which the desk names them.
 */
categories: Array<Category>, 
/**
 * Likewise.
 */
teams: Array<Team>, };

/**
 * Where the window is to go.
 */
export type Destination = { 
/**
 * The page; none: the window as it is.
 */
page: PageName | null, 
/**
 * The ticket there.
 */
ticket_id: string | null, 
/**
 * A pairing link that was opened: shown for the person to confirm, never followed by itself.
 */
pair_link: string | null, };

/**
 * A paired machine.
 */
export type Device = { 
/**
 * Its id.
 */
id: string, 
/**
 * Its name for people.
 */
name: string, 
/**
 * `linux`, `macos` or `windows`.
 */
platform: string, 
/**
 * Version of its program, as last heard.
 */
version: string, 
/**
 * When it was paired.
 */
paired_at: string, 
/**
 * Its last heartbeat.
 */
last_seen_at: string | null, 
/**
 * It has not been heard of for 45 seconds, or ever.
 */
silent: boolean, 
/**
 * Whether tickets can be triaged on it, as it said last.
 */
standing: Standing, 
/**
 * The tunnel it handed over.
 */
tunnel: Tunnel | null, 
/**
 * The last look at its public address from outside.
 */
receipt: Receipt | null, };

/**
 * All devices.
 */
export type Devices = { 
/**
 * Those that are not revoked, oldest first.
 */
items: Array<Device>, };

/**
 * What becomes of tickets that cannot be triaged on the device.
 */
export type Elsewhere = "another_device" | "groq" | "wait";

/**
 * Body of every answer that is an error.
 */
export type ErrorBody = { 
/**
 * What went wrong.
 */
error: ErrorDetail, };

/**
 * What went wrong.
 */
export type ErrorDetail = { 
/**
 * Stable name in snake_case, for programs.
 */
code: string, 
/**
 * A sentence for a person.
 */
message: string, 
/**
 * Names this request in the logs.
 */
request_id: string, };

/**
 * A webhook event that named the ticket.
 */
export type Event = { 
/**
 * `workflow` or a subscription type.
 */
kind: string, 
/**
 * HubSpot's event id.
 */
event_id: string | null, 
/**
 * The property that changed.
 */
property: string | null, 
/**
 * When it was accepted.
 */
received_at: string, };

/**
 * What is known of a hop: the last question to it with its answer, and what its program wrote last.
 */
export type Evidence = { 
/**
 * What was asked.
 */
request: string | null, 
/**
 * What came back.
 */
answer: string | null, 
/**
 * After how long.
 */
took_ms: number | null, 
/**
 * When, RFC 3339.
 */
checked_at: string | null, 
/**
 * The last lines of the program behind the hop.
 */
log: Array<LogLine>, };

/**
 * What every request that is refused, or fails, is answered with.
 */
export type Failure = { 
/**
 * Stable name, for switching.
 */
code: string, 
/**
 * What happened, in a sentence.
 */
headline: string, 
/**
 * What to do about it.
 */
what_to_do: string, 
/**
 * Per setting, when settings were refused.
 */
problems?: Array<SettingProblem>, };

/**
 * How a layer is doing. Ordered from good to bad; not knowing is better than knowing of a fault.
 */
export type Health = "ok" | "unknown" | "warn" | "fail";

/**
 * The orchestrator's answer to a heartbeat: how it sees the same layers.
 */
export type HeartbeatAnswer = { 
/**
 * The orchestrator.
 */
server: Server, 
/**
 * Its clock, RFC 3339.
 */
time: string, 
/**
 * When it wants to hear again, in milliseconds.
 */
next_in_ms: number, 
/**
 * Whether it can use the model on this device; `unknown` before it tried, and while it has no tunnel of it.
 */
view: Standing, 
/**
 * `public_address`, `model`, `access_closed` as they look from there; what it did not look at is left out.
 */
layers: Array<LayerReport>, 
/**
 * What becomes of tickets meanwhile.
 */
elsewhere: Elsewhere, 
/**
 * The tunnel as it is kept there.
 */
tunnel: Tunnel | null, 
/**
 * The last look at the public address from outside.
 */
receipt: Receipt | null, };

/**
 * One hop or property of the chain.
 */
export type Layer = "ollama_process" | "ollama_api" | "model" | "ollama_private" | "cloudflared_process" | "edge" | "public_address" | "access_closed" | "link" | "orchestrator_view";

/**
 * How a layer is doing.
 */
export type LayerHealth = "ok" | "warn" | "fail" | "unknown";

/**
 * One hop, as somebody sees it.
 */
export type LayerReport = { 
/**
 * Its name: `ollama_process`, `ollama_api`, `model`, `ollama_private`, `cloudflared_process`, `edge`,
 * `public_address`, `access_closed`, `link`, `orchestrator_view`.
 */
layer: string, 
/**
 * How it is doing.
 */
health: LayerHealth, 
/**
 * What is known, for a person.
 */
sentence: string, 
/**
 * How long the last answer took.
 */
latency_ms: number | null, };

/**
 * One hop.
 */
export type LayerStatus = { 
/**
 * Which.
 */
layer: Layer, 
/**
 * Its name for people.
 */
title: string, 
/**
 * How it is doing.
 */
health: Health, 
/**
 * What is known.
 */
sentence: string, 
/**
 * The one thing to do about it.
 */
fix: string | null, 
/**
 * The hop before it that has to work first.
 */
because: Layer | null, 
/**
 * When `health` last changed, RFC 3339.
 */
since: string, 
/**
 * How long the last answer took, in milliseconds.
 */
latency_ms: number | null, 
/**
 * The last 24 hours in pieces of five minutes, oldest first.
 */
history: Array<Bucket>, };

/**
 * How bad a line is, in the program's own opinion.
 */
export type LogLevel = "debug" | "info" | "warn" | "error" | "fatal";

/**
 * A line of a program's log.
 */
export type LogLine = { 
/**
 * Counts up.
 */
number: number, 
/**
 * When, RFC 3339.
 */
at: string, 
/**
 * Where it comes from.
 */
stream: LogStream, 
/**
 * How bad it is, where the program says so.
 */
level: LogLevel | null, 
/**
 * Its words.
 */
text: string, };

/**
 * What the window is told of a log.
 */
export type LogMessage = { 
/**
 * Whose.
 */
program: Program, 
/**
 * What.
 */
news: LogNews, };

/**
 * A new line, or how many were too fast to be shown.
 */
export type LogNews = { "line": LogLine } | { "missed": number };

/**
 * Where a line comes from.
 */
export type LogStream = "out" | "err" | "agent";

/**
 * A model in memory.
 */
export type ModelStatus = { 
/**
 * With its tag.
 */
name: string, 
/**
 * How much memory it takes.
 */
size_bytes: number, 
/**
 * How much of it the graphics card holds, in per cent; the rest is computed by the processor, slowly.
 */
gpu_percent: number | null, };

/**
 * A kind of notice; each has a switch.
 */
export type NoticeKind = "tunnel_down" | "exposed" | "gave_up" | "needs_review" | "new_alert";

/**
 * The orchestrator that this machine is paired with.
 */
export type OrchestratorStatus = { 
/**
 * Its address.
 */
url: string, 
/**
 * Its version, once it has answered.
 */
version: string | null, 
/**
 * When it last took a heartbeat, RFC 3339.
 */
heard_at: string | null, 
/**
 * The tunnel as it keeps it.
 */
tunnel: Tunnel | null, 
/**
 * Its last look at the public address from outside.
 */
receipt: Receipt | null, };

/**
 * The state of everything, in one word.
 */
export type Overall = "healthy" | "degraded" | "down" | "starting" | "paused";

/**
 * A page of the window.
 */
export type PageName = "overview" | "tickets" | "setup" | "settings";

/**
 * Half, and nineteen of twenty, took no longer.
 */
export type Percentiles = { 
/**
 * Median.
 */
p50: number | null, 
/**
 * 95th percentile.
 */
p95: number | null, };

/**
 * A supervised program.
 */
export type Program = "ollama" | "cloudflared";

/**
 * One program.
 */
export type ProgramStatus = { 
/**
 * Which.
 */
program: Program, 
/**
 * Its state in a word or two: `running`, `not ready`, `starting`, `adopted`, `waiting`, `stopping`, `gave up`,
 * `not installed`, `not set up`, `stopped`.
 */
state: string, 
/**
 * Its process, when it is ours.
 */
pid: number | null, 
/**
 * How often it has been started since the agent's start.
 */
starts: number, 
/**
 * Lines it has written.
 */
lines: number, 
/**
 * Those of them that were too many to be kept.
 */
dropped: number, };

/**
 * How far a download is.
 */
export type PullProgress = { 
/**
 * What Ollama is doing, in its words; `success` at the end.
 */
status: string, 
/**
 * So much is here, over all layers heard of.
 */
completed_bytes: number, 
/**
 * So much there is, over all layers heard of; 0 before the first. Grows when a layer begins.
 */
total_bytes: number, 
/**
 * Of the last seconds; `None` until two lines were far enough apart.
 */
bytes_per_second: number | null, };

/**
 * Minutes since local midnight.
 */
export type QuietHours = { 
/**
 * The first.
 */
from: number, 
/**
 * The first that is not quiet.
 */
until: number, };

/**
 * What the orchestrator saw when it called a device's public address as a stranger would.
 */
export type Receipt = { 
/**
 * When.
 */
checked_at: string, 
/**
 * Which address.
 */
url: string, 
/**
 * Everything that must be refused was refused.
 */
closed: boolean, 
/**
 * The calls.
 */
checks: Array<Check>, };

/**
 * The orchestrator, as it introduces itself.
 */
export type Server = { 
/**
 * Its version.
 */
version: string, 
/**
 * Its public address, when it was told.
 */
public_url: string | null, };

/**
 * Something wrong with the settings.
 */
export type SettingProblem = { 
/**
 * The setting: `ollama.address`; empty when the file is no TOML.
 */
key: string, 
/**
 * What is wrong with it.
 */
wrong: string, 
/**
 * What to do about it, in a sentence.
 */
what_to_do: string, };

/**
 * What a person sets, as it was typed. Empty texts are none.
 */
export type Settings = { 
/**
 * The public name of the model.
 */
hostname: string | null, 
/**
 * The orchestrator's address.
 */
orchestrator: string | null, 
/**
 * The model that tickets are triaged with.
 */
model: string, 
/**
 * Start without starting the programs.
 */
start_paused: boolean, 
/**
 * Whether newer versions of the app are looked for daily.
 */
updates: Updates, 
/**
 * Where Ollama listens.
 */
ollama_address: string, 
/**
 * The `ollama` program; searched for when not set.
 */
ollama_path: string | null, 
/**
 * The `cloudflared` program; searched for when not set.
 */
cloudflared_path: string | null, 
/**
 * How the tunnel is told what to do.
 */
mode: TunnelMode, 
/**
 * The `config.yml` of the mode `config`.
 */
tunnel_config: string | null, 
/**
 * Where cloudflared tells its state.
 */
metrics_port: number, 
/**
 * Kinds of notices that are switched off.
 */
notices_off: Array<NoticeKind>, 
/**
 * A tunnel that is down, or back, is told of when it has stayed so for so long.
 */
settle_seconds: number, 
/**
 * Hours of the local day without notices.
 */
quiet_hours: QuietHours | null, };

/**
 * Whether tickets can be triaged on a machine, and why not.
 */
export type Standing = { 
/**
 * Whether they can.
 */
state: Usability, 
/**
 * Why not, without a full stop.
 */
why: string | null, };

/**
 * `GET /api/v1/stats`.
 */
export type Stats = { 
/**
 * Length of the window that ends now.
 */
window_seconds: number, 
/**
 * Tickets that came in.
 */
received: number, 
/**
 * Verdicts given; those that need review among them.
 */
triaged: number, 
/**
 * Verdicts that a person must check.
 */
needs_review: number, 
/**
 * Tickets that came in and could not be triaged.
 */
failed: number, 
/**
 * Tickets that are waiting, queued or being triaged now, whenever they came.
 */
open: number, 
/**
 * Share of calls to models that ended with a verdict, 0..1; `None` when none ended.
 */
success_rate: number | null, 
/**
 * Share of verdicts given by the team's own machines, 0..1; `None` when there was no verdict.
 */
local_share: number | null, 
/**
 * How long the deciding call took, in milliseconds.
 */
latency_ms: Percentiles, 
/**
 * From the webhook to the first message in Discord, in milliseconds, of tickets that came in.
 */
to_discord_ms: Percentiles, 
/**
 * By category of the verdict, most frequent first.
 */
categories: Array<CategoryStats>, };

/**
 * Everything at a moment.
 */
export type Status = { 
/**
 * Version of the agent.
 */
version: string, 
/**
 * Since when it runs, RFC 3339.
 */
started_at: string, 
/**
 * One word.
 */
overall: Overall, 
/**
 * One or two sentences.
 */
sentence: string, 
/**
 * The hop they are about.
 */
layer: Layer | null, 
/**
 * The person wants no ticket triaged here.
 */
paused: boolean, 
/**
 * The hops, in the order in which one depends on another.
 */
layers: Array<LayerStatus>, 
/**
 * The programs.
 */
programs: Array<ProgramStatus>, 
/**
 * The models in memory.
 */
models: Array<ModelStatus>, 
/**
 * The orchestrator, when this machine is paired.
 */
orchestrator: OrchestratorStatus | null, 
/**
 * The last tickets, newest first.
 */
recent: Array<TicketStatus>, 
/**
 * What the orchestrator wants a person to look at, and what has passed of late.
 */
alerts: Alerts, 
/**
 * What tickets are sorted into; `None` before the orchestrator has said.
 */
desk: Desk | null, 
/**
 * When the service token of the public address ends, RFC 3339, if that is known.
 */
access_ends_at: string | null, 
/**
 * What the person should know besides, in sentences.
 */
notes: Array<string>, };

/**
 * The people who take tickets.
 */
export type Team = { 
/**
 * As verdicts name it.
 */
key: string, 
/**
 * Its name for people.
 */
label: string, };

/**
 * A hop on the way, in their order.
 */
export type TestHop = "orchestrator" | "cloudflare" | "cloudflared" | "ollama" | "model" | "discord";

/**
 * News of a test ticket.
 */
export type TestStep = { "kind": "reached", 
/**
 * Which.
 */
hop: TestHop, 
/**
 * How long that took, where it was measured: until the orchestrator had stored it; a call there and back of
 * Cloudflare, cloudflared and Ollama; the model's answer; from the verdict until Discord had the message.
 */
took_ms: number | null, } | { "kind": "failed", 
/**
 * Which.
 */
hop: TestHop, 
/**
 * Why, in a sentence.
 */
why: string, 
/**
 * What to do about it.
 */
what_to_do: string, } | { "kind": "done", 
/**
 * From the question to the certainty.
 */
total_ms: number, 
/**
 * Who triaged it, when it was not this machine.
 */
elsewhere: string | null, };

/**
 * A ticket of late.
 */
export type TicketStatus = { 
/**
 * HubSpot's record id.
 */
ticket_id: string, 
/**
 * Its subject, shortened; not in what leaves this machine.
 */
subject: string | null, 
/**
 * The ticket in HubSpot.
 */
url: string | null, 
/**
 * Where it stands.
 */
status: TriageStatus, 
/**
 * The verdict's category.
 */
category: string | null, 
/**
 * The verdict's priority.
 */
priority: string | null, 
/**
 * How sure the model is of them, 0..1.
 */
confidence: number | null, 
/**
 * `local` or `groq`.
 */
provider: string | null, 
/**
 * How long the deciding call took.
 */
latency_ms: number | null, 
/**
 * When it came, RFC 3339.
 */
received_at: string, };

/**
 * A ticket and what became of it.
 */
export type Triage = { 
/**
 * HubSpot's record id.
 */
ticket_id: string, 
/**
 * Subject, as far as it is known.
 */
subject: string | null, 
/**
 * The ticket in HubSpot.
 */
url: string | null, 
/**
 * Where it stands.
 */
status: TriageStatus, 
/**
 * The current verdict.
 */
verdict: Verdict | null, 
/**
 * `local` or `groq`.
 */
provider: string | null, 
/**
 * The model that gave the verdict.
 */
model: string | null, 
/**
 * The machine the model ran on.
 */
device_id: string | null, 
/**
 * How long the deciding call took.
 */
latency_ms: number | null, 
/**
 * Calls made for this ticket so far.
 */
attempts: number, 
/**
 * When the first webhook about it was accepted.
 */
received_at: string, 
/**
 * When the current verdict was given.
 */
triaged_at: string | null, 
/**
 * Outgoing effects.
 */
deliveries: Array<Delivery>, 
/**
 * What a person last said is right, whichever verdict it was about.
 */
correction: Correction | null, 
/**
 * What went wrong, or what is being waited for.
 */
error: string | null, };

/**
 * A ticket with everything that is known of its way.
 */
export type TriageDetail = { 
/**
 * Webhook events, oldest first.
 */
events: Array<Event>, 
/**
 * Calls to models, oldest first.
 */
calls: Array<Attempt>, 
/**
 * What was written into HubSpot and what was not, oldest first.
 */
written: Array<Written>, 
/**
 * HubSpot's record id.
 */
ticket_id: string, 
/**
 * Subject, as far as it is known.
 */
subject: string | null, 
/**
 * The ticket in HubSpot.
 */
url: string | null, 
/**
 * Where it stands.
 */
status: TriageStatus, 
/**
 * The current verdict.
 */
verdict: Verdict | null, 
/**
 * `local` or `groq`.
 */
provider: string | null, 
/**
 * The model that gave the verdict.
 */
model: string | null, 
/**
 * The machine the model ran on.
 */
device_id: string | null, 
/**
 * How long the deciding call took.
 */
latency_ms: number | null, 
/**
 * Calls made for this ticket so far.
 */
attempts: number, 
/**
 * When the first webhook about it was accepted.
 */
received_at: string, 
/**
 * When the current verdict was given.
 */
triaged_at: string | null, 
/**
 * Outgoing effects.
 */
deliveries: Array<Delivery>, 
/**
 * What a person last said is right, whichever verdict it was about.
 */
correction: Correction | null, 
/**
 * What went wrong, or what is being waited for.
 */
error: string | null, };

/**
 * `GET /api/v1/triages`.
 */
export type TriagePage = { 
/**
 * Newest first.
 */
items: Array<Triage>, 
/**
 * Where the next page begins, as `before`; `None` on the last one.
 */
next: string | null, };

/**
 * Where a ticket stands.
 */
export type TriageStatus = "queued" | "triaging" | "waiting" | "triaged" | "needs_review" | "failed" | "gone";

/**
 * The way to the model on a device.
 */
export type Tunnel = { 
/**
 * Its public address.
 */
url: string, 
/**
 * The model that is asked there.
 */
model: string, 
/**
 * When a call through it last proved these credentials, before they were taken.
 */
verified_at: string, 
/**
 * When the service token ends, as far as it is known.
 */
expires_at: string | null, };

/**
 * How the tunnel is told what to do.
 */
export type TunnelMode = "token" | "config";

/**
 * One step.
 */
export type TunnelStep = { 
/**
 * What is done in it; none is there twice.
 */
step: string, 
/**
 * How far it is.
 */
state: TunnelStepState, 
/**
 * What came of it; empty when there is nothing to say.
 */
sentence: string, 
/**
 * A page that the person has to open for it.
 */
open_url: string | null, };

/**
 * How far a step is.
 */
export type TunnelStepState = "waiting" | "running" | "done" | "failed";

/**
 * Whether newer versions of the tray app are looked for.
 */
export type Updates = "off" | "ask";

/**
 * Whether tickets can be triaged on a machine.
 */
export type Usability = "usable" | "unusable" | "unknown";

/**
 * What a triage says of a ticket.
 */
export type Verdict = { 
/**
 * Key of a category of the configured taxonomy.
 */
category: string, 
/**
 * `low`, `medium`, `high` or `urgent`.
 */
priority: string, 
/**
 * `negative`, `neutral` or `positive`.
 */
sentiment: string, 
/**
 * ISO 639 code of the ticket's language, `und` when unknown.
 */
language: string, 
/**
 * What it is about.
 */
summary: string, 
/**
 * Why this category and priority.
 */
reason: string, 
/**
 * 0..1: how sure the model is.
 */
confidence: number, 
/**
 * Key of the team it belongs to.
 */
team: string, 
/**
 * Draft of an answer, when configured.
 */
suggested_reply: string | null, };

/**
 * Something that was written into HubSpot, or was not.
 */
export type Written = { 
/**
 * `note`, or the name of a property of the ticket.
 */
what: string, 
/**
 * The option; `None` for a note, and when there was nothing to write.
 */
value: string | null, 
/**
 * What stood there before.
 */
former: string | null, 
/**
 * `intended` (HubSpot's answer is not known), `written`, `skipped`, `overruled` (a person changed it since),
 * `undoing` or `undone`.
 */
status: string, 
/**
 * Why it was not written.
 */
why: string | null, 
/**
 * When that was decided, or when it was undone.
 */
at: string, };
