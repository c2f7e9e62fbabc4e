//! Ends as they were seen, and what they mean.

use super::*;

/// What is expected: the class, and a word of the sentence.
#[derive(Debug, PartialEq, Eq)]
enum Class {
    Clean,
    Restart,
    AtOnce,
    CannotWork,
}

const SOON: Duration = Duration::from_millis(200);
const LATER: Duration = Duration::from_secs(3600);
const HELP: &str = "USAGE:\n   cloudflared [global options] [command] [command options]";
const NO_DNS: &str =
    "Could not lookup srv records on _v2-origintunneld._tcp.argotunnel.com: lookup: no such host";
const METRICS: &str =
    "Error opening metrics server listener: listen tcp 127.0.0.1:20241: bind: address already in use";
const NO_CATCH_ALL: &str =
    "The last ingress rule must match all URLs (i.e. it should not have a hostname or path filter)";
const TAKEN: &str = "Error: listen tcp 127.0.0.1:11434: bind: address already in use";
const TAKEN_ON_WINDOWS: &str = "Error: listen tcp 127.0.0.1:11434: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted.";

#[test]
fn the_ends_of_cloudflared() {
    let table: &[(i32, Duration, &str, Class, &str)] = &[
        (0, SOON, HELP, Class::CannotWork, "help"),
        (0, LATER, HELP, Class::Clean, ""),
        (0, SOON, "Tunnel server stopped", Class::Clean, ""),
        (0, LATER, "", Class::Clean, ""),
        (1, SOON, NO_DNS, Class::Restart, "no network"),
        (1, SOON, METRICS, Class::Restart, "status page"),
        (1, SOON, "tunnel credentials file not found", Class::CannotWork, "credentials file"),
        (1, SOON, NO_CATCH_ALL, Class::CannotWork, "ingress"),
        (
            1,
            SOON,
            "localhost:11434 is an invalid address, please make sure it has a scheme",
            Class::CannotWork,
            "ingress",
        ),
        (1, LATER, "", Class::Restart, "code 1"),
        (10, SOON, "", Class::Restart, "update"),
        (11, LATER, "", Class::AtOnce, "updated itself"),
        (255, SOON, "Provided Tunnel token is not valid.", Class::CannotWork, "token"),
        (255, SOON, "Incorrect Usage: flag provided but not defined: -x", Class::CannotWork, "understand"),
        (CONTROL_C_EXIT, LATER, "", Class::Clean, ""),
    ];
    check(Kind::Cloudflared, table);
}

#[test]
fn the_ends_of_ollama() {
    let table: &[(i32, Duration, &str, Class, &str)] = &[
        (0, SOON, "", Class::Clean, ""),
        (1, SOON, TAKEN, Class::Restart, "holds Ollama's address"),
        (1, SOON, TAKEN_ON_WINDOWS, Class::Restart, "holds Ollama's address"),
        (2, SOON, "panic: $HOME is not defined", Class::CannotWork, "home folder"),
        (1, SOON, "Error: unknown command \"serve\" for \"ollama\"", Class::CannotWork, "understand"),
        (2, LATER, "panic: runtime error", Class::Restart, "code 2"),
        (255, SOON, "", Class::Restart, "code 255"),
    ];
    check(Kind::Ollama, table);
}

#[test]
fn signals_from_outside_are_clean_and_others_are_named() {
    for (signal, class, word) in [
        (15, Class::Clean, ""),
        (2, Class::Clean, ""),
        (9, Class::Restart, "memory"),
        (11, Class::Restart, "signal 11"),
    ] {
        for kind in [Kind::Ollama, Kind::Cloudflared] {
            let exit = Exit { ending: Ending::Signal(signal), last_lines: vec![] };
            expect(&classify(kind, &exit, LATER), &class, word);
        }
    }
}

fn check(kind: Kind, table: &[(i32, Duration, &str, Class, &str)]) {
    for (code, ran, output, class, word) in table {
        let last_lines = output.lines().map(str::to_owned).collect();
        let exit = Exit { ending: Ending::Code(*code), last_lines };
        expect(&classify(kind, &exit, *ran), class, word);
    }
}

fn expect(verdict: &Verdict, class: &Class, word: &str) {
    let (seen, sentence) = match verdict {
        Verdict::Clean => (Class::Clean, ""),
        Verdict::Restart { why } => (Class::Restart, why.as_str()),
        Verdict::RestartAtOnce { why } => (Class::AtOnce, why.as_str()),
        Verdict::CannotWork(reason) => {
            assert!(reason.what_to_do.ends_with('.'), "{verdict:?}");
            (Class::CannotWork, reason.why.as_str())
        }
    };
    assert_eq!(&seen, class, "{verdict:?}");
    assert!(sentence.contains(word), "{word:?} is not in {sentence:?}");
}
