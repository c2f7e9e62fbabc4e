//! The app that stays: the icon, its menu and the agent, from its start to its end.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use agent::context::Context;
use agent::environment::Environment;
use agent::notices::{DesktopNotices, Notifier as _};
use agent::paths::Paths;
use agent::socket::{Page, Reply, Request};
use agent::window::Destination;
use agent::{logging, signals};
use alerts::notice::Notice;
use supervise::Kind;
use tao::event::{Event, StartCause};
use tao::event_loop::{ControlFlow, EventLoop, EventLoopBuilder, EventLoopProxy};
use tao::platform::run_return::EventLoopExtRunReturn as _;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use tray_icon::menu::MenuEvent;

use crate::arguments::Arguments;
use crate::desktop::{self, Clipboard};
use crate::follow::{self, Line, News};
use crate::instance::{self, First};
use crate::opener::{Heard, Opener};
use crate::tray::Tray;
use crate::updates::daily;
use crate::view::Seen;
use crate::view::icon::{self, Panel};
use crate::view::menu::{self, Act};
use crate::{login, platform};

/// What the main loop is told by everybody else.
enum Told {
    News(News),
    /// The newer version that could be installed.
    Update(Option<String>),
    /// What another start was started with.
    Arrived(Arguments),
    Act(Act),
    /// From the window.
    Window(Heard),
    /// What a person asked for was not done: a few words, and in sentences why.
    NotDone(String, String),
    /// The diagnostics are ready to be pasted.
    Copy(String),
    /// A person has nothing to look at but the window.
    Show(Destination),
    /// Everything that was started has ended.
    Ended,
}

/// All that the main loop owns.
struct App {
    line: Arc<Line>,
    stop: CancellationToken,
    seen: Seen,
    update: Option<String>,
    panel: Panel,
    tray: Option<Tray>,
    opener: Opener,
    clipboard: Clipboard,
    notices: DesktopNotices,
    tell: EventLoopProxy<Told>,
    runtime: Handle,
}

/// Runs it to its end.
pub fn run() -> ExitCode {
    platform::spare_memory();
    logging::begin(Environment::read().log.as_deref());
    if !platform::has_display() {
        error!(event = "no_display", "{}", platform::NO_DISPLAY);
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime of two threads can be built");
    let words: Vec<String> = std::env::args().skip(1).collect();
    let first = match enter(&runtime, &words) {
        Ok(Some(first)) => Some(first),
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            warn!(event = "not_alone", %error, "it cannot be seen whether the app runs already");
            None
        }
    };
    let mut events: EventLoop<Told> = EventLoopBuilder::with_user_event().build();
    #[cfg(target_os = "macos")]
    {
        use tao::platform::macos::{ActivationPolicy, EventLoopExtMacOS as _};
        events.set_activation_policy(ActivationPolicy::Accessory);
    }
    let mut app = App::new(&runtime, events.create_proxy());
    app.listen(first);
    let arguments = Arguments::read(words);
    let code = events.run_return(|event, _, flow| {
        if *flow == ControlFlow::Poll {
            *flow = ControlFlow::Wait;
        }
        if let Event::NewEvents(StartCause::Init) = event {
            app.begin(&arguments);
        } else if let Event::UserEvent(Told::Ended) = event {
            *flow = ControlFlow::Exit;
        } else if let Event::UserEvent(told) = event {
            app.hear(told);
        } else if let Event::Opened { urls } = event {
            // Elsewhere than on macOS a link is an argument of another start.
            app.arrive(Arguments::read(urls.iter().map(ToString::to_string)));
        }
    });
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// `None` when another one runs, which knows now what this one was started with.
fn enter(runtime: &Runtime, words: &[String]) -> std::io::Result<Option<First>> {
    let paths = Paths::find(Environment::read().agent_home).map_err(std::io::Error::other)?;
    paths.create()?;
    runtime.block_on(instance::enter(&paths.runtime, words))
}

impl App {
    fn new(runtime: &Runtime, tell: EventLoopProxy<Told>) -> Self {
        let to_main = tell.clone();
        let (opener, serving) = Opener::new(move |heard| drop(to_main.send_event(Told::Window(heard))));
        runtime.spawn(serving);
        let _inside = runtime.enter();
        // Its own notices offer nothing to click.
        let (clicks, _) = mpsc::channel(1);
        Self {
            line: Arc::default(),
            stop: CancellationToken::new(),
            seen: Seen::default(),
            update: None,
            panel: platform::panel(),
            tray: None,
            opener,
            clipboard: Clipboard::default(),
            notices: DesktopNotices::start(clicks),
            tell,
            runtime: runtime.handle().clone(),
        }
    }

    /// What the main loop may be told of is told to it from now on.
    fn listen(&self, first: Option<First>) {
        let tell = self.tell.clone();
        // Who is told nothing any more has ended.
        MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
            drop(Act::of(event.id().as_ref()).map(|act| tell.send_event(Told::Act(act))));
        }));
        if let Some(first) = first {
            let tell = self.tell.clone();
            let hear = move |words| drop(tell.send_event(Told::Arrived(Arguments::read(words))));
            self.runtime.spawn(first.listen(hear));
        }
        let tell = self.tell.clone();
        let hear = move |version| drop(tell.send_event(Told::Update(version)));
        self.runtime.spawn(daily::keep_looking(hear));
        self.runtime.spawn(signals::stop_on_signal(self.stop.clone()));
        let (line, tell, stop) = (Arc::clone(&self.line), self.tell.clone(), self.stop.clone());
        self.runtime.spawn(async move {
            follow::keep(&line, |news| drop(tell.send_event(Told::News(news))), stop).await;
            drop(tell.send_event(Told::Ended));
        });
    }

    /// The icon, and the first window when one is wanted.
    fn begin(&mut self, arguments: &Arguments) {
        self.put_up_tray();
        if arguments.open || arguments.pair_link.is_some() {
            return self.arrive(arguments.clone());
        }
        let (has_tray, at_login, tell) = (self.tray.is_some(), arguments.at_login, self.tell.clone());
        self.runtime.spawn(async move {
            let is_shown = has_tray && platform::has_tray_host().await;
            if has_tray && !is_shown {
                warn!(event = "no_tray_host", "{}", platform::NO_TRAY_HOST);
            }
            // At login the panel may come later than this app.
            if at_login {
                return;
            }
            if is_new() {
                drop(tell.send_event(Told::Show(Destination::page(Page::Setup, None))));
            } else if !is_shown {
                drop(tell.send_event(Told::Show(Destination::default())));
            }
        });
    }

    fn put_up_tray(&mut self) {
        if !platform::has_indicator() {
            return warn!(event = "no_indicator", "{}", platform::NO_INDICATOR);
        }
        let (icon, menu) = (icon::icon(&self.seen, self.panel), self.menu());
        match Tray::put_up(icon, self.panel, menu, &icon_folder()) {
            Ok(tray) => self.tray = Some(tray),
            Err(error) => warn!(event = "no_tray", %error, "the icon cannot be shown"),
        }
    }

    fn menu(&self) -> menu::Menu {
        menu::menu(&self.seen, login::is_on(), self.update.as_deref())
    }

    fn redraw(&mut self) {
        let (icon, menu) = (icon::icon(&self.seen, self.panel), self.menu());
        if let Some(tray) = &mut self.tray {
            tray.show(icon, menu);
        }
    }

    fn hear(&mut self, told: Told) {
        match told {
            Told::News(News::Status(status)) => self.seen = Seen::Status(status),
            Told::News(News::Lost(why)) => self.seen = Seen::Lost(why),
            Told::News(News::Open(page, ticket_id)) => {
                return self.opener.open(Destination::page(page, ticket_id));
            }
            Told::Update(version) => self.update = version,
            Told::Arrived(arguments) => return self.arrive(arguments),
            Told::Act(act) => return self.act(act),
            Told::Window(Heard::Quit) => return self.act(Act::Quit),
            Told::Window(Heard::NotShown(why)) => {
                let body = format!("{why}. The icon's menu and triage-agent do without it.");
                return self.not_done("The window cannot be shown", &in_a_sentence(&body));
            }
            Told::NotDone(what, why) => return self.not_done(&what, &why),
            Told::Copy(text) => {
                let done = self.clipboard.put(text);
                return self.note("The diagnostics were not copied", done);
            }
            Told::Show(destination) => return self.opener.open(destination),
            // The window hears of a ticket too, and the end is the main loop's.
            Told::News(News::Triage(_)) | Told::Ended => return,
        }
        self.redraw();
    }

    /// What a start, or another start, asks for.
    fn arrive(&self, arguments: Arguments) {
        info!(event = "asked", is_invited = arguments.pair_link.is_some(), "the window is asked for");
        self.opener.open(arguments.pair_link.map_or_else(Destination::default, Destination::pair));
    }

    /// Does what a line of the menu says.
    fn act(&mut self, act: Act) {
        match act {
            Act::Ticket(ticket_id) => self.open_ticket(ticket_id),
            Act::Open => self.opener.open(Destination::default()),
            Act::Update => self.opener.open(Destination::page(Page::Settings, None)),
            Act::Pause => self.ask("Not paused", Request::Pause),
            Act::Resume => self.ask("Not resumed", Request::Resume),
            Act::Restart(program) => {
                let what = match program {
                    Kind::Ollama => "Ollama was not restarted",
                    Kind::Cloudflared => "The tunnel was not restarted",
                };
                self.ask(what, Request::Restart { program });
            }
            Act::CopyDiagnostics => {
                let (line, tell) = (Arc::clone(&self.line), self.tell.clone());
                self.runtime.spawn(async move {
                    let text = desktop::diagnostics(line.agent()).await;
                    drop(tell.send_event(Told::Copy(text)));
                });
            }
            Act::StartAtLogin => {
                self.note("Start at login was not changed", login::switch(!login::is_on()));
                self.redraw();
            }
            Act::Quit => self.stop.cancel(),
        }
    }

    /// In HubSpot; where its address is not known, in the window.
    fn open_ticket(&self, ticket_id: String) {
        let url = match &self.seen {
            Seen::Status(status) => {
                let ticket = status.recent.iter().find(|ticket| ticket.ticket_id == ticket_id);
                ticket.and_then(|ticket| ticket.url.clone())
            }
            Seen::Nothing | Seen::Lost(_) => None,
        };
        match url {
            Some(url) => self.note("The ticket was not opened", desktop::open_in_browser(&url)),
            None => self.opener.open(Destination::page(Page::Tickets, Some(ticket_id))),
        }
    }

    /// `what` is said when it is not done.
    fn ask(&self, what: &'static str, request: Request) {
        let (agent, tell) = (self.line.agent(), self.tell.clone());
        self.runtime.spawn(async move {
            let answer = match agent {
                Some(agent) => agent.ask_once(request).await.ok(),
                None => None,
            };
            let why = match answer {
                Some(Reply::Failed { why, what_to_do }) => format!("{why} {what_to_do}"),
                Some(_) => return,
                None => {
                    "The agent does not answer. It is started again by itself; then try again.".to_owned()
                }
            };
            drop(tell.send_event(Told::NotDone(what.to_owned(), why)));
        });
    }

    fn note<E: std::fmt::Display>(&self, what: &str, done: Result<(), E>) {
        if let Err(error) = done {
            self.not_done(what, &in_a_sentence(&error.to_string()));
        }
    }

    /// Whoever clicked is told that nothing came of it.
    fn not_done(&self, what: &str, why: &str) {
        warn!(event = "not_done", "{what}: {why}");
        self.notices.show(&Notice::not_done(what, why));
    }
}

/// Whether nobody has set anything up so far.
fn is_new() -> bool {
    let context = Context::read();
    context
        .is_ok_and(|context| context.settings.orchestrator.is_none() && context.settings.hostname.is_none())
}

/// Without a folder of one's own the icon lies where every user can write.
fn icon_folder() -> PathBuf {
    Context::read().map_or_else(|_| std::env::temp_dir(), |context| context.paths.runtime)
}

/// With a capital letter and a full stop.
fn in_a_sentence(words: &str) -> String {
    let mut letters = words.trim_end_matches('.').chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::in_a_sentence;

    #[test]
    fn what_others_say_becomes_a_sentence() {
        assert_eq!(in_a_sentence("no browser could be started"), "No browser could be started.");
        assert_eq!(in_a_sentence("It did not come."), "It did not come.");
        assert_eq!(in_a_sentence(""), ".");
    }
}
