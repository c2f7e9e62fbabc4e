//! One ticket's triage: performs the steps that `triage::stage` decides, until one of them ends it.

use std::time::Duration;

use tracing::{info, warn};
use triage::answer;
use triage::prompt::{self, Length, Mark, Prompt};
use triage::redact::{Redacted, redact};
use triage::retry;
use triage::stage::{self, ATTEMPTS_ABOUT_TICKET, CloudFallback, Form, Outcome, Run, Source, Step, Try, Who};
use triage::ticket::{Provider, Text};
use triage::time::Timestamp;
use triage::writeback::WriteBack;

use super::{MOST_TAKEOVERS, insist};
use crate::app::App;
use crate::clients::hubspot::{Error as HubSpotError, HubSpot};
use crate::clients::model::{Answer, Question, Repair};
use crate::queue::{AttemptRow, Back, Ended, Finished, Job, Kind, TriageRow};
use crate::store::{Result, Ticket};

/// HubSpot's index lags behind its webhooks: so often a ticket that it does not have is asked for again.
pub const PATIENCE_WITH_NEW_TICKETS: u32 = 2;

/// Everything known while a worker holds the ticket.
struct Held<'a> {
    app: &'a App,
    job: &'a Job,
    ticket: Ticket,
    text: Text,
    mark: Mark,
    run: Run,
    attempts: Vec<AttemptRow>,
    /// The last answer that broke the rules: whose it was, its text, and how. It goes back only to whom it came from.
    bad: Option<(Who, String, Vec<String>)>,
    verdict: Option<TriageRow>,
    /// How it goes back into the queue after a failure that is not its own.
    back: Back,
}

/// Gives the job's ticket a verdict, or puts it back, or gives it to a person. `ticket` if it has been read already.
pub(super) async fn perform(app: &App, job: &Job, ticket: Option<Ticket>) -> Result<()> {
    let ticket = match ticket {
        Some(ticket) => Some(ticket),
        None => app.store.ticket(&job.ticket_id).await?,
    };
    let Some(ticket) = ticket else {
        return finish(app, job, false, &[], Finished::Gone).await;
    };
    if job.takeovers >= MOST_TAKEOVERS {
        let why = format!("Working on this ticket ended in a crash {} times.", job.takeovers);
        let what_to_do =
            "Look into the logs around job_taken_over, then run `orchestrator triage retry`.".to_owned();
        return finish(app, job, ticket.has_verdict, &[], Finished::Failed { why, what_to_do }).await;
    }
    if job.reason == "check" && ticket.has_verdict && hubspot(app, job).is_none() {
        // Only HubSpot could tell whether anything changed.
        return finish(app, job, ticket.has_verdict, &[], Finished::Unchanged).await;
    }
    let run = Run { source: source(app, job, &ticket), tries: Vec::new() };
    let text = ticket.text.clone().unwrap_or_default();
    let mark = Mark::from_random(rand::random());
    let mut held = Held {
        app,
        job,
        ticket,
        text,
        mark,
        run,
        attempts: Vec::new(),
        bad: None,
        verdict: None,
        back: Back::ServiceFailed,
    };
    loop {
        let now = app.clock.now();
        match stage::next(&held.run, &app.providers.world(now), now) {
            Step::FetchText => {
                if !held.fetch().await? {
                    return finish(app, job, held.ticket.has_verdict, &[], Finished::Unchanged).await;
                }
            }
            Step::Ask { who, form, why_cloud } => held.ask(who, form, why_cloud).await?,
            end @ (Step::Finish
            | Step::Wait { .. }
            | Step::Retry { .. }
            | Step::GiveUp { .. }
            | Step::Gone) => {
                return held.end(end, now).await;
            }
        }
    }
}

/// HubSpot, unless it has no such ticket.
fn hubspot<'a>(app: &'a App, job: &Job) -> Option<&'a HubSpot> {
    app.hubspot.as_ref().filter(|_| job.ticket_id.hubspot_record().is_some())
}

fn source(app: &App, job: &Job, ticket: &Ticket) -> Source {
    let has_text = ticket.text.is_some();
    // A webhook with empty strings may only mean that its sender does not know them.
    let is_blank = ticket.text.as_ref().is_some_and(Text::is_blank) && !ticket.has_verdict;
    let to_check = job.reason == "check" && ticket.has_verdict;
    match (hubspot(app, job), has_text) {
        (Some(_), true) if to_check || is_blank => Source::NotFetched,
        (_, true) => Source::Present,
        (Some(_), false) => Source::NotFetched,
        (None, false) => Source::NoAccess,
    }
}

impl Held<'_> {
    /// Gets the text from HubSpot; `false` when it is what the current verdict was given for.
    async fn fetch(&mut self) -> Result<bool> {
        let Some(hubspot) = hubspot(self.app, self.job) else {
            self.run.source = Source::NoAccess;
            return Ok(true);
        };
        let read = hubspot.ticket(&self.job.ticket_id).await;
        self.app.hubspot_reads.note(read.is_ok());
        match read {
            Ok(Some(record)) => {
                if self.ticket.has_verdict && self.job.reason == "check" && record.text == self.text {
                    return Ok(false);
                }
                self.text = record.text.clone();
                self.ticket.text = Some(record.text);
                self.ticket.contacts.extend(record.contacts);
                self.ticket.contacts.sort();
                self.ticket.contacts.dedup();
                self.app
                    .store
                    .keep_text(self.job, &self.ticket, record.url.as_deref(), self.app.clock.now())
                    .await?;
                self.run.source = Source::Present;
            }
            // The webhook itself said something, if only that there is nothing to say.
            Ok(None) if self.ticket.text.is_some() && !self.ticket.has_verdict => {
                self.run.source = Source::Present
            }
            Ok(None) if self.job.failures < PATIENCE_WITH_NEW_TICKETS => {
                warn!(event = "ticket_not_fetched", ticket_id = %self.job.ticket_id, error_message = "no such ticket", "HubSpot does not have the ticket (yet)");
                let why = "HubSpot does not have the ticket (yet)".to_owned();
                self.run.source = Source::FetchFailed { why, refused: false, retry_after: None };
                // What its index needs is time, whoever works again meanwhile.
                self.back = Back::Failed;
            }
            Ok(None) => self.run.source = Source::Gone,
            Err(error) => {
                warn!(event = "ticket_not_fetched", ticket_id = %self.job.ticket_id, error_message = %error, "cannot read the ticket from HubSpot");
                let (why, refused, retry_after) = match error {
                    HubSpotError::Refused(why) => (why, true, None),
                    HubSpotError::Later { why, retry_after } => (why, false, retry_after),
                };
                self.run.source = Source::FetchFailed { why, refused, retry_after };
                self.back = Back::Unread;
            }
        }
        Ok(true)
    }

    /// Makes one call and notes its outcome.
    async fn ask(&mut self, who: Who, form: Form, cloud_reason: Option<String>) -> Result<()> {
        let (app, provider) = (self.app, who.provider());
        // Not admitted: the provider has just become unavailable, and the next step will be another.
        let Some(admitted) = app.providers.admit(&who).await else { return Ok(()) };
        let redacted = self.redacted_for(provider);
        let text = redacted.as_ref().map_or(&self.text, |redacted| &redacted.text);
        let halved = self.run.tries.iter().any(|t| t.who == who && t.form == Form::Halved);
        let length = if form == Form::Halved || halved { Length::Halved } else { Length::Full };
        let Prompt { system, user, omitted_chars } =
            prompt::build(&app.config.desk, text, &self.mark, length);
        let repair = self.bad.take().filter(|(whose, ..)| form == Form::Repair && *whose == who);
        let repair =
            repair.map(|(_, answer, problems)| Repair { answer, problems: prompt::repair(&problems) });
        let mut attempt = AttemptRow {
            id: uuid::Uuid::now_v7().to_string(),
            provider,
            device_id: admitted.device_id(),
            form: form_name(form),
            model: admitted.model().name().to_owned(),
            model_digest: None,
            prompt_version: app.prompt_version.clone(),
            sent_to: admitted.model().sent_to().to_owned(),
            redacted: counts(redacted.as_ref()),
            omitted_chars,
            cloud_reason,
            started_at: app.clock.now(),
            latency_ms: None,
            outcome: "started".to_owned(),
            http_status: None,
            error: None,
        };
        if provider == Provider::Groq {
            app.store.begin_attempt(self.job, &attempt).await?;
        }
        let (result, latency) = admitted.ask(&Question { system, user, repair }).await;
        attempt.latency_ms = Some(millis(latency));
        let outcome = match result {
            Ok(answer) => self.read(answer, &who, &mut attempt, redacted.is_some()),
            Err(fault) => {
                attempt.outcome = fault.kind.as_str().to_owned();
                attempt.http_status = fault.status;
                attempt.error = Some(fault.in_full());
                self.log_fault(&attempt, &fault.message);
                let outcome = fault.outcome();
                self.bad = (outcome == Outcome::BadAnswer)
                    .then(|| (who.clone(), String::new(), vec![fault.message]));
                outcome
            }
        };
        self.attempts.push(attempt);
        self.run.tries.push(Try { who, form, outcome });
        Ok(())
    }

    /// Checks an answer; a good one becomes the verdict.
    fn read(&mut self, answer: Answer, who: &Who, attempt: &mut AttemptRow, redacted: bool) -> Outcome {
        let desk = &self.app.config.desk;
        attempt.http_status = Some(200);
        attempt.model_digest = answer.digest;
        match answer::parse(desk, &answer.text) {
            Ok(verdict) => {
                let judged = answer::judge(desk, self.app.config.review_threshold, &self.text, verdict);
                attempt.outcome = "verdict".to_owned();
                let (ticket_id, provider) = (&self.job.ticket_id, attempt.provider);
                let confidence = judged.verdict.confidence.get();
                info!(event = "inference_completed", %ticket_id, %provider, latency_ms = attempt.latency_ms.unwrap_or(0), confidence, "the model gave a verdict");
                self.verdict = Some(TriageRow {
                    id: uuid::Uuid::now_v7().to_string(),
                    verdict: judged.verdict,
                    review: judged.review,
                    provider: attempt.provider,
                    device_id: attempt.device_id.clone(),
                    model: attempt.model.clone(),
                    prompt_version: attempt.prompt_version.clone(),
                    redacted,
                    omitted_chars: attempt.omitted_chars,
                    latency_ms: attempt.latency_ms.unwrap_or(0),
                    write_back: self.app.config.hubspot.write_back != WriteBack::Off
                        && self.job.ticket_id.hubspot_record().is_some(),
                });
                Outcome::Verdict
            }
            Err(problems) => {
                attempt.outcome = "bad_answer".to_owned();
                // What is wrong with an answer may quote the ticket, so it stays in the database.
                self.log_fault(attempt, "the answer broke the rules");
                attempt.error = Some(problems.join(" "));
                // Enough of it to be repaired.
                self.bad = Some((who.clone(), answer.text.chars().take(4000).collect(), problems));
                Outcome::BadAnswer
            }
        }
    }

    /// Text without personal data, when that is the condition under which it may leave.
    fn redacted_for(&self, provider: Provider) -> Option<Redacted> {
        match (provider, self.app.config.cloud_fallback) {
            (Provider::Groq, CloudFallback::Redacted) => Some(redact(&self.text, &self.ticket.contacts)),
            (Provider::Groq, CloudFallback::Full | CloudFallback::Off) | (Provider::Local, _) => None,
        }
    }

    fn log_fault(&self, attempt: &AttemptRow, error_message: &str) {
        let (ticket_id, provider) = (&self.job.ticket_id, attempt.provider);
        let (latency_ms, error_type) = (attempt.latency_ms.unwrap_or(0), attempt.outcome.as_str());
        warn!(event = "inference_failed", %ticket_id, %provider, latency_ms, error_type, error_message, "no verdict");
    }

    async fn end(mut self, end: Step, now: Timestamp) -> Result<()> {
        let (app, job) = (self.app, self.job);
        match end {
            Step::Finish => {
                let verdict = self
                    .verdict
                    .take()
                    .map_or(Finished::Unchanged, |triage| Finished::Verdict(Box::new(triage)));
                finish(app, job, self.ticket.has_verdict, &self.attempts, verdict).await
            }
            Step::Gone => finish(app, job, self.ticket.has_verdict, &self.attempts, Finished::Gone).await,
            Step::GiveUp { why, what_to_do } => {
                finish(
                    app,
                    job,
                    self.ticket.has_verdict,
                    &self.attempts,
                    Finished::Failed { why, what_to_do },
                )
                .await
            }
            Step::Wait { until, why } => {
                insist(|| app.store.put_back(job, Back::Waiting, until.since(now), &why, now)).await?;
                // A provider that came back just before the job was put back has woken the others without it.
                let now = app.clock.now();
                if !matches!(stage::next(&self.run, &app.providers.world(now), now), Step::Wait { .. }) {
                    app.providers.look_again();
                }
                Ok(())
            }
            Step::Retry { why, retry_after, about_ticket } => {
                self.try_later(why, retry_after, about_ticket, now).await
            }
            Step::FetchText | Step::Ask { .. } => Ok(()),
        }
    }

    async fn try_later(
        self,
        why: String,
        retry_after: Option<Duration>,
        about_ticket: bool,
        now: Timestamp,
    ) -> Result<()> {
        let (app, job) = (self.app, self.job);
        let failures = job.failures.saturating_add(1);
        let delay = retry::delay(failures, rand::random(), retry_after);
        let Some(delay) = delay.filter(|_| !about_ticket || failures < ATTEMPTS_ABOUT_TICKET) else {
            let what_to_do =
                "Read the ticket yourself, or run `orchestrator triage retry` to have it tried again."
                    .to_owned();
            let why = format!("It failed {failures} times; at last: {why}");
            return finish(
                app,
                job,
                self.ticket.has_verdict,
                &self.attempts,
                Finished::Failed { why, what_to_do },
            )
            .await;
        };
        insist(|| app.store.record_attempts(job, &self.attempts)).await?;
        let back = if about_ticket { Back::Failed } else { self.back };
        insist(|| app.store.put_back(job, back, delay, &why, now)).await?;
        Ok(())
    }
}

async fn finish(
    app: &App,
    job: &Job,
    had_verdict: bool,
    attempts: &[AttemptRow],
    end: Finished,
) -> Result<()> {
    // A verdict that stands is not replaced by the news that another one failed.
    let is_news = !(had_verdict && matches!(end, Finished::Failed { .. }));
    let announce = app.discord.is_some() && is_news;
    let ended = Ended { job: job.clone(), attempts: attempts.to_vec(), end, announce };
    let stored = insist(|| app.finishing.finish(ended.clone())).await?;
    match (stored, &ended.end) {
        (false, _) => {
            warn!(event = "lease_lost", ticket_id = %job.ticket_id, "somebody else has this ticket; nothing was stored")
        }
        (true, Finished::Failed { why, .. }) => {
            warn!(event = "triage_failed", ticket_id = %job.ticket_id, error_message = %why, "a person has to read this ticket");
        }
        (true, Finished::Gone) if !had_verdict => {
            warn!(event = "ticket_gone", ticket_id = %job.ticket_id, "nobody has read this ticket: HubSpot does not have it, so it was deleted, or the access token is of another account (`orchestrator doctor` tells)");
        }
        (true, Finished::Gone) => {
            info!(event = "ticket_gone", ticket_id = %job.ticket_id, "the ticket was deleted in HubSpot")
        }
        (true, Finished::Verdict(_) | Finished::Unchanged) => {}
    }
    if announce {
        app.wake.wake(Kind::Discord);
    }
    if ended.end.is_written_back() {
        app.wake.wake(Kind::HubSpot);
    }
    Ok(())
}

const fn form_name(form: Form) -> &'static str {
    match form {
        Form::First => "first",
        Form::Repair => "repair",
        Form::Halved => "halved",
    }
}

fn counts(redacted: Option<&Redacted>) -> String {
    redacted.map_or_else(
        || "{}".to_owned(),
        |redacted| {
            let counts =
                redacted.counts.iter().map(|(kind, count)| (kind.as_str().to_owned(), (*count).into()));
            serde_json::Value::Object(counts.collect()).to_string()
        },
    )
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
