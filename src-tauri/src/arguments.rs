//! How the app was started, or what a second start wants of the first. PURE.

use agent::link::Invitation;

/// The desktop starts it by itself.
pub const AT_LOGIN: &str = "--at-login";

/// A person or a test wants the window.
pub const OPEN: &str = "--open";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arguments {
    /// Started with the desktop: nobody waits for a window.
    pub at_login: bool,
    /// The window is wanted.
    pub open: bool,
    /// A link that pairs, for the person to confirm.
    pub pair_link: Option<String>,
}

impl Arguments {
    /// Reads them, without the program's name. What is not understood is left out: it comes from whoever opens links.
    pub fn read(words: impl IntoIterator<Item = String>) -> Self {
        let mut arguments = Self::default();
        for word in words {
            if word == AT_LOGIN {
                arguments.at_login = true;
            } else if word == OPEN {
                arguments.open = true;
            } else if Invitation::from_link(&word).is_ok() {
                arguments.pair_link = Some(word);
            }
        }
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_links_are_understood_and_nothing_else() {
        let link = "hubspot-triage://pair?url=https%3A%2F%2Ftriage.example.com&code=ABCD-EFGH";
        let none = Arguments::default();
        for (words, expected) in [
            (vec![], none.clone()),
            (vec!["--at-login"], Arguments { at_login: true, ..none.clone() }),
            (vec!["--open", "--verbose"], Arguments { open: true, ..none.clone() }),
            (vec![link], Arguments { pair_link: Some(link.to_owned()), ..none.clone() }),
            (vec!["hubspot-triage://pair?url=http%3A%2F%2Fevil.example&code=A"], none.clone()),
            (vec!["hubspot-triage://run?url=https%3A%2F%2Fa.example&code=A"], none.clone()),
            (vec!["https://triage.example.com"], none),
        ] {
            let read = Arguments::read(words.iter().map(ToString::to_string));
            assert_eq!(read, expected, "{words:?}");
        }
    }
}
