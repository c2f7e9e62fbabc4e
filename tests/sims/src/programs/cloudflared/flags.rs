//! Flags as Go programs read them: one dash or two, `--name value` or `--name=value`, and in front of the command
//! they belong to.

use std::collections::{BTreeMap, VecDeque};

/// A flag's names, the first of which is the one it is known by, and whether it takes a value.
type Flag = (&'static str, bool);

/// Those of `tunnel`, in front of its subcommands.
pub(super) const TUNNEL: &[Flag] = &[
    ("autoupdate-freq", true),
    ("config", true),
    ("credentials-file|cred-file", true),
    ("edge", true),
    ("edge-bind-address", true),
    ("edge-ip-version", true),
    ("grace-period", true),
    ("label", true),
    ("log-directory", true),
    ("logfile", true),
    ("loglevel", true),
    ("metrics", true),
    ("metrics-update-freq", true),
    ("no-autoupdate", false),
    ("no-prechecks", false),
    ("origincert", true),
    ("output", true),
    ("pidfile", true),
    ("post-quantum", false),
    ("protocol", true),
    ("region", true),
    ("retries", true),
    ("tag", true),
    ("transport-loglevel", true),
    ("url", true),
    ("version|v", false),
];
const RUN: &[Flag] = &[
    ("credentials-contents", true),
    ("credentials-file|cred-file", true),
    ("force|f", false),
    ("post-quantum", false),
    ("protocol", true),
    ("token", true),
    ("token-file", true),
];
const NONE: &[Flag] = &[];

/// The flags of one of `tunnel`'s subcommands.
pub(super) fn of(command: &str) -> &'static [Flag] {
    match command {
        "run" => RUN,
        "create" => &[("credentials-file|cred-file", true), ("output|o", true), ("secret|s", true)],
        "route" => &[("overwrite-dns|f", false)],
        "list" => &[("output|o", true), ("name|n", true), ("show-deleted|d", false), ("id|i", true)],
        "info" => &[("output|o", true)],
        "token" => &[("credentials-file|cred-file", true)],
        "delete" => &[("force|f", false), ("credentials-file|cred-file", true)],
        _ => NONE,
    }
}

/// A flag that nobody knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown(pub(super) String);

/// What was given, by the flags' first names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Flags(BTreeMap<&'static str, String>);

impl Flags {
    /// Takes flags from the front until a word that is none.
    pub(super) fn take(words: &mut VecDeque<String>, known: &[Flag]) -> Result<Self, Unknown> {
        let mut taken = Self::default();
        while let Some(word) = words.front() {
            let Some(flag) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else { break };
            let flag = flag.to_owned();
            words.pop_front();
            if flag.is_empty() {
                break;
            }
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag.as_str(), None),
            };
            let found = known.iter().find(|(names, _)| names.split('|').any(|known| known == name));
            let Some((names, takes_value)) = found else { return Err(Unknown(name.to_owned())) };
            let value = match (value, takes_value) {
                (Some(value), _) => value,
                (None, false) => "true".to_owned(),
                (None, true) => words.pop_front().ok_or_else(|| Unknown(name.to_owned()))?,
            };
            taken.0.insert(names.split('|').next().unwrap_or_default(), value);
        }
        Ok(taken)
    }

    pub(super) fn add(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub(super) fn with(mut self, others: Self) -> Self {
        self.add(others);
        self
    }

    /// Takes over one flag that was given in front of the command.
    pub(super) fn inherit(mut self, global: &Self, name: &'static str) -> Self {
        if let Some(value) = global.0.get(name) {
            self.0.entry(name).or_insert_with(|| value.clone());
        }
        self
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value != "false")
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// Whether a key of the configuration file is a flag's name.
pub(super) fn is_flag(key: &str) -> bool {
    TUNNEL.iter().chain(RUN).any(|(names, _)| names.split('|').any(|name| name == key))
}

/// The pages that follow an unknown flag or command, on standard output.
pub(super) fn help(unknown: &str) -> String {
    let mut text = format!(
        "Incorrect Usage: flag provided but not defined: -{unknown}\n\nNAME:\n   cloudflared tunnel - Use Cloudflare Tunnel \
         to expose private services to the Internet or to Cloudflare connected private users.\n\nUSAGE:\n   cloudflared \
         tunnel [tunnel command options] command [subcommand options]\n\nOPTIONS:\n"
    );
    for (names, takes_value) in TUNNEL.iter().chain(RUN) {
        let name = names.split('|').next().unwrap_or_default();
        text.push_str(&format!("   --{name}{}\n", if *takes_value { " value" } else { "" }));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> VecDeque<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn flags_end_at_the_first_word_that_is_none() {
        let mut line = words("--metrics 127.0.0.1:1 -no-autoupdate --output=json run --token-file x");
        let taken = Flags::take(&mut line, TUNNEL).unwrap();
        assert_eq!(taken.get("metrics"), Some("127.0.0.1:1"));
        assert_eq!(taken.get("output"), Some("json"));
        assert!(taken.has("no-autoupdate"));
        assert_eq!(line, words("run --token-file x"));
        line.pop_front();
        assert_eq!(Flags::take(&mut line, of("run")).unwrap().get("token-file"), Some("x"));
    }

    #[test]
    fn what_belongs_in_front_is_unknown_behind() {
        let unknown = |line: &str, known| Flags::take(&mut words(line), known).unwrap_err();
        assert_eq!(unknown("--metrics 127.0.0.1:1", of("run")), Unknown("metrics".to_owned()));
        assert_eq!(unknown("--token-file x", TUNNEL), Unknown("token-file".to_owned()));
        assert_eq!(unknown("--metrics", TUNNEL), Unknown("metrics".to_owned()));
        assert!(!Flags::take(&mut words("--no-autoupdate=false"), TUNNEL).unwrap().has("no-autoupdate"));
    }
}
