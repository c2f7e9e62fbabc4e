//! How far a set-up is, as people are shown it. PURE.

use serde::{Deserialize, Serialize};

/// Whoever is told whenever a step is elsewhere than before.
pub type Tell<'a> = &'a mut (dyn FnMut(&[Step]) + Send);

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "TunnelStep"))]
pub struct Step {
    /// What is done in it; none is there twice.
    pub step: String,
    /// How far it is.
    pub state: Progress,
    /// What came of it; empty when there is nothing to say.
    pub sentence: String,
    /// A page that the person has to open for it.
    pub open_url: Option<String>,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "TunnelStepState"))]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Those before it come first.
    Waiting,
    /// It is under way.
    Running,
    /// It is done.
    Done,
    /// It was not done.
    Failed,
}

impl Step {
    fn waiting(step: &str) -> Self {
        Self { step: step.to_owned(), state: Progress::Waiting, sentence: String::new(), open_url: None }
    }

    /// Work was ended in the middle: what was under way is not done.
    pub fn break_off(steps: &mut [Self]) {
        for step in steps.iter_mut().filter(|step| step.state == Progress::Running) {
            (step.state, step.open_url) = (Progress::Failed, None);
        }
    }
}

/// The steps of one set-up, told as they go. The first that is not done is under way.
pub(super) struct Told<'a> {
    steps: Vec<Step>,
    tell: Tell<'a>,
}

impl<'a> Told<'a> {
    pub(super) fn begin(names: &[&str], tell: Tell<'a>) -> Self {
        let mut told = Self { steps: names.iter().map(|name| Step::waiting(name)).collect(), tell };
        told.go_on();
        told
    }

    /// What is under way is done; the next begins.
    pub(super) fn done(&mut self, sentence: &str) {
        if let Some(step) = self.current() {
            (step.state, step.open_url) = (Progress::Done, None);
            sentence.clone_into(&mut step.sentence);
        }
        self.go_on();
    }

    /// More is to be done after what is under way, before the rest.
    pub(super) fn insert(&mut self, names: impl Iterator<Item = String>) {
        let next =
            self.steps.iter().position(|step| step.state == Progress::Waiting).unwrap_or(self.steps.len());
        let more: Vec<Step> = names.map(|name| Step::waiting(&name)).collect();
        self.steps.splice(next..next, more);
        (self.tell)(&self.steps);
    }

    /// The person has to open that page.
    pub(super) fn open(&mut self, page: &str) {
        if let Some(step) = self.current() {
            step.open_url = Some(page.to_owned());
        }
        (self.tell)(&self.steps);
    }

    /// The end of the work, as it came out.
    pub(super) fn end<T, E>(mut self, ended: Result<T, E>) -> Result<T, E> {
        if ended.is_err() {
            Step::break_off(&mut self.steps);
            (self.tell)(&self.steps);
        }
        ended
    }

    fn current(&mut self) -> Option<&mut Step> {
        self.steps.iter_mut().find(|step| step.state == Progress::Running)
    }

    fn go_on(&mut self) {
        if let Some(next) = self.steps.iter_mut().find(|step| step.state == Progress::Waiting) {
            next.state = Progress::Running;
        }
        (self.tell)(&self.steps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_runs_at_a_time_and_a_failure_is_its_own() {
        use Progress::{Done, Failed, Running, Waiting};
        let mut seen: Vec<Vec<(String, Progress)>> = Vec::new();
        let mut tell = |steps: &[Step]| {
            seen.push(steps.iter().map(|step| (step.step.clone(), step.state)).collect());
        };
        let mut told = Told::begin(&["look", "connect"], &mut tell);
        told.insert(["make", "lead"].map(str::to_owned).into_iter());
        told.done("It was looked at.");
        told.open("https://example.com/");
        assert_eq!(told.steps[1].open_url.as_deref(), Some("https://example.com/"));
        told.done("");
        assert_eq!(
            (told.steps[1].open_url.as_deref(), told.steps[0].sentence.as_str()),
            (None, "It was looked at.")
        );
        assert_eq!(told.end(Err::<(), _>("no")), Err("no"));
        let states = |states: [Progress; 4]| -> Vec<(String, Progress)> {
            ["look", "make", "lead", "connect"].map(str::to_owned).into_iter().zip(states).collect()
        };
        assert_eq!(seen[0], [("look".to_owned(), Running), ("connect".to_owned(), Waiting)]);
        assert_eq!(seen[1], states([Running, Waiting, Waiting, Waiting]));
        assert_eq!(seen[2], states([Done, Running, Waiting, Waiting]));
        assert_eq!(seen.last().unwrap(), &states([Done, Done, Failed, Waiting]));
    }
}
