//! One ticket's triage as `worker/triage.rs` does it: the same decisions (`triage::stage`, the schedule of failures),
//! with a roll of the dice where that asks a service.

use std::rc::Rc;
use std::time::Duration;

use orchestrator::queue::{AttemptRow, Back, Finished, Proof, TriageRow};
use orchestrator::worker::{MOST_TAKEOVERS, PATIENCE_WITH_NEW_TICKETS};
use triage::breaker::Signal;
use triage::retry;
use triage::stage::{self, ATTEMPTS_ABOUT_TICKET, Form, Outcome, Run, Source, Step, Try, Who};
use triage::ticket::{Confidence, Priority, Provider, Sentiment, Text, Verdict};
use triage::time::Timestamp;

use super::model::{Claimed, Work};
use super::process::{Process, Result, kill};
use super::providers::number;
use super::queue::Queue;

/// No run has so many: each provider is asked twice at the most.
const MOST_TURNS: usize = 100;

struct Held<'a> {
    me: &'a Rc<Process>,
    job: &'a Claimed,
    text: Option<Text>,
    has_verdict: bool,
    run: Run,
    attempts: Vec<AttemptRow>,
    verdict: Option<TriageRow>,
    back: Back,
}

pub(crate) async fn perform(me: &Rc<Process>, job: &Claimed) -> Result<()> {
    let read = me.db(|| format!("reads {}", job.ticket), |queue, _| queue.ticket(&job.ticket)).await?;
    let Some((text, has_verdict)) = read else {
        return finish(me, job, false, &[], Finished::Gone).await;
    };
    if job.takeovers >= MOST_TAKEOVERS {
        let (why, what_to_do) = (format!("{} crashes", job.takeovers), "look".to_owned());
        return finish(me, job, has_verdict, &[], Finished::Failed { why, what_to_do }).await;
    }
    let has_access = me.world.plan.has_access;
    if job.reason == "check" && has_verdict && !has_access {
        return finish(me, job, has_verdict, &[], Finished::Unchanged).await;
    }
    let is_blank = text.as_ref().is_some_and(Text::is_blank) && !has_verdict;
    let to_check = job.reason == "check" && has_verdict;
    let source = match (has_access, text.is_some()) {
        (true, true) if to_check || is_blank => Source::NotFetched,
        (_, true) => Source::Present,
        (true, false) => Source::NotFetched,
        (false, false) => Source::NoAccess,
    };
    let run = Run { source, tries: Vec::new() };
    let mut held = Held {
        me,
        job,
        text,
        has_verdict,
        run,
        attempts: Vec::new(),
        verdict: None,
        back: Back::ServiceFailed,
    };
    for _ in 0..MOST_TURNS {
        let now = me.now();
        match stage::next(&held.run, &me.routes(now), now) {
            Step::FetchText => {
                if !held.fetch().await? {
                    return finish(me, job, has_verdict, &[], Finished::Unchanged).await;
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
    me.world.book.borrow_mut().trouble = Some(format!("the triage of {} goes round in circles", job.ticket));
    me.world.is_dirty.set(true);
    Ok(())
}

fn note_hubspot(me: &Rc<Process>, works: bool) {
    if !me.hubspot_proved.replace(works) && works {
        me.spawn(Rc::clone(me).wake_waiting(Work::Triage, Proof::Reads));
    }
}

impl Held<'_> {
    /// Gets the text from HubSpot; `false` when it is what the current verdict was given for.
    async fn fetch(&mut self) -> Result<bool> {
        let (world, job) = (&self.me.world, self.job);
        let asked = |why: &str| {
            world.clockwork.trace(|| format!("P{} asks HubSpot for {}: {why}", self.me.index, job.ticket));
        };
        self.me.boundary().await;
        let record = world.hubspot.borrow().get(&job.ticket).cloned().unwrap_or_default();
        // The answer may take its time.
        self.me.boundary().await;
        let failed =
            |why: &str, refused| Source::FetchFailed { why: why.to_owned(), refused, retry_after: None };
        if world.strikes(world.plan.odds.hubspot) {
            let refused = world.dice().one_in(20);
            asked("it fails");
            note_hubspot(self.me, false);
            self.back = Back::Unread;
            self.run.source = failed("HubSpot failed", refused);
        } else if !record.is_deleted && record.indexed_at <= world.clockwork.now() {
            asked(&record.text.content);
            note_hubspot(self.me, true);
            if self.has_verdict && job.reason == "check" && Some(&record.text) == self.text.as_ref() {
                return Ok(false);
            }
            self.text = Some(record.text.clone());
            let keep = |queue: &mut Queue, now| queue.keep_text(job, &record.text, now);
            self.me.db(|| format!("keeps text of {}", job.ticket), keep).await?;
            self.run.source = Source::Present;
        } else {
            asked("no such ticket");
            note_hubspot(self.me, true);
            self.run.source = if self.text.is_some() && !self.has_verdict {
                Source::Present
            } else if job.failures < PATIENCE_WITH_NEW_TICKETS {
                self.back = Back::Failed;
                failed("no such ticket (yet)", false)
            } else {
                Source::Gone
            };
        }
        Ok(true)
    }

    async fn ask(&mut self, who: Who, form: Form, cloud_reason: Option<String>) -> Result<()> {
        let provider = who.provider();
        let (me, job, world) = (self.me, self.job, &self.me.world);
        let Some(call) = me.admit(provider).await else { return Ok(()) };
        let mut attempt = attempt(me, provider, form, cloud_reason);
        if provider == Provider::Groq {
            me.db(
                || format!("notes a call about {}", job.ticket),
                |queue, _| queue.begin_attempt(job, &attempt),
            )
            .await?;
        }
        world.book.borrow_mut().asked(job, provider, &attempt.id);
        world.clockwork.trace(|| format!("P{} asks {provider} about {} ({form:?})", me.index, job.ticket));
        if world.plan.poison.as_ref() == Some(&job.ticket) {
            kill(world, me.index, "dies of what it read");
            return std::future::pending().await;
        }
        let result = world.ask(number(provider), &job.ticket).await;
        me.boundary().await;
        let signal = result.as_ref().map_or_else(|fault| fault.signal(me.now()), |_| Signal::Works);
        if call.report(signal) {
            me.spawn(Rc::clone(me).wake_waiting(Work::Triage, Proof::Works));
        }
        let outcome = match result {
            Ok(true) => {
                "verdict".clone_into(&mut attempt.outcome);
                let text = self.text.clone().unwrap_or_default();
                self.verdict = Some(verdict(world.id("verdict-"), provider, &text));
                Outcome::Verdict
            }
            Ok(false) => {
                "bad_answer".clone_into(&mut attempt.outcome);
                Outcome::BadAnswer
            }
            Err(fault) => {
                fault.kind.as_str().clone_into(&mut attempt.outcome);
                fault.outcome()
            }
        };
        world.clockwork.trace(|| format!("P{} {provider} about {}: {outcome:?}", me.index, job.ticket));
        self.attempts.push(attempt);
        self.run.tries.push(Try { who, form, outcome });
        Ok(())
    }

    async fn end(mut self, end: Step, now: Timestamp) -> Result<()> {
        let (me, job) = (self.me, self.job);
        let end = match end {
            Step::Finish => {
                self.verdict.take().map_or(Finished::Unchanged, |row| Finished::Verdict(Box::new(row)))
            }
            Step::Gone => Finished::Gone,
            Step::GiveUp { why, what_to_do } => Finished::Failed { why, what_to_do },
            Step::Wait { until, why } => {
                let back = (Back::Waiting, until.since(now));
                let put_back = |queue: &mut Queue, now| queue.put_back(job, back, &why, now);
                me.insist(|| format!("lets {} wait", job.ticket), put_back).await?;
                let now = me.now();
                if !matches!(stage::next(&self.run, &me.routes(now), now), Step::Wait { .. }) {
                    me.look_again();
                }
                return Ok(());
            }
            Step::Retry { why, retry_after, about_ticket } => {
                match self.try_later(&why, retry_after, about_ticket).await? {
                    None => return Ok(()),
                    Some(end) => end,
                }
            }
            Step::FetchText | Step::Ask { .. } => return Ok(()),
        };
        finish(me, job, self.has_verdict, &self.attempts, end).await
    }

    /// Puts the job back for its next attempt; how it ends when there is none.
    async fn try_later(
        &self,
        why: &str,
        wait: Option<Duration>,
        about_ticket: bool,
    ) -> Result<Option<Finished>> {
        let (me, job, attempts) = (self.me, self.job, &self.attempts);
        let failures = job.failures + 1;
        let delay = retry::delay(failures, me.world.dice().fraction(), wait);
        let Some(delay) = delay.filter(|_| !about_ticket || failures < ATTEMPTS_ABOUT_TICKET) else {
            return Ok(Some(Finished::Failed { why: why.to_owned(), what_to_do: "read it".to_owned() }));
        };
        me.insist(
            || format!("notes calls about {}", job.ticket),
            |queue, _| queue.record_attempts(job, attempts),
        )
        .await?;
        let back = if about_ticket { Back::Failed } else { self.back };
        let put_back = |queue: &mut Queue, now| queue.put_back(job, (back, delay), why, now);
        me.insist(|| format!("puts {} back", job.ticket), put_back).await?;
        Ok(None)
    }
}

async fn finish(
    me: &Process,
    job: &Claimed,
    had_verdict: bool,
    attempts: &[AttemptRow],
    end: Finished,
) -> Result<()> {
    let announce = !(had_verdict && matches!(end, Finished::Failed { .. }));
    let shown = match &end {
        Finished::Verdict(row) => format!("finishes {} with {}", job.ticket, row.id),
        Finished::Failed { why, .. } => format!("gives {} to a person: {why}", job.ticket),
        Finished::Gone => format!("finishes {}: gone", job.ticket),
        Finished::Unchanged => format!("finishes {}: unchanged", job.ticket),
    };
    let store = |queue: &mut Queue, now| {
        let is_stored = queue.finish(job, attempts, &end, now, announce);
        me.world.book.borrow_mut().finished(&end, is_stored);
        is_stored
    };
    me.insist(|| shown.clone(), store).await?;
    me.wake(Work::Discord);
    Ok(())
}

fn attempt(me: &Process, provider: Provider, form: Form, cloud_reason: Option<String>) -> AttemptRow {
    AttemptRow {
        id: me.world.id("attempt-"),
        provider,
        form: match form {
            Form::First => "first",
            Form::Repair => "repair",
            Form::Halved => "halved",
        },
        device_id: None,
        model: "model".to_owned(),
        model_digest: None,
        prompt_version: "1".to_owned(),
        sent_to: "host".to_owned(),
        redacted: "{}".to_owned(),
        omitted_chars: 0,
        cloud_reason,
        started_at: me.now(),
        latency_ms: None,
        outcome: "started".to_owned(),
        http_status: None,
        error: None,
    }
}

/// Its summary is the text that was read.
pub(crate) fn verdict(id: String, provider: Provider, text: &Text) -> TriageRow {
    let verdict = Verdict {
        category: "billing".to_owned(),
        priority: Priority::Low,
        sentiment: Sentiment::Neutral,
        language: "en".to_owned(),
        summary: text.content.clone(),
        reason: "because".to_owned(),
        confidence: Confidence::parse(0.9).unwrap(),
        team: "billing".to_owned(),
        suggested_reply: None,
    };
    TriageRow {
        id,
        verdict,
        review: text.is_blank().then(|| "It is empty.".to_owned()),
        provider,
        device_id: None,
        model: "model".to_owned(),
        prompt_version: "1".to_owned(),
        redacted: false,
        omitted_chars: 0,
        latency_ms: 1,
        write_back: false,
    }
}
