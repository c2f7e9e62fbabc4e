//! The signals that ask a program to end.

#[cfg(unix)]
mod platform {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// Catches SIGTERM and SIGINT from its creation on.
    pub(crate) struct Signals {
        terminated: Signal,
        interrupted: Signal,
    }

    impl Signals {
        pub(crate) fn catch() -> Self {
            let catch = |kind| signal(kind).expect("both signals can be caught");
            Self { terminated: catch(SignalKind::terminate()), interrupted: catch(SignalKind::interrupt()) }
        }

        /// The next one, as Go names it.
        pub(crate) async fn next(&mut self) -> &'static str {
            tokio::select! {
                _ = self.terminated.recv() => "terminated",
                _ = self.interrupted.recv() => "interrupt",
            }
        }
    }

    /// Ends this process as an uncaught SIGTERM does.
    pub(crate) fn die() -> ! {
        drop(signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTERM));
        std::process::abort()
    }

    /// SIGTERM and SIGINT do nothing from here on.
    pub(crate) fn ignore_termination() {
        for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
            let noted = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
            noted.expect("both signals can be caught");
        }
    }
}

#[cfg(not(unix))]
mod platform {
    /// Catches Ctrl-C.
    pub(crate) struct Signals;

    impl Signals {
        pub(crate) fn catch() -> Self {
            Self
        }

        /// The next one, as Go names it.
        pub(crate) async fn next(&mut self) -> &'static str {
            tokio::signal::ctrl_c().await.expect("Ctrl-C can be caught");
            "interrupt"
        }
    }

    /// Ends this process at once.
    pub(crate) fn die() -> ! {
        std::process::exit(1)
    }
}

pub(super) use platform::*;
