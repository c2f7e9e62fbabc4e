//! Takes secrets out of text.

use secrecy::{ExposeSecret as _, SecretString};

/// What stands where a secret was.
const MASKED: &str = "[secret]";
/// Shorter words are no secrets and may be part of any word.
const SHORTEST: usize = 8;

/// The secrets that programs were given.
#[derive(Debug, Default)]
pub(super) struct Mask(Vec<SecretString>);

impl Mask {
    pub(super) fn add(&mut self, secrets: Vec<SecretString>) {
        for secret in secrets {
            let word = secret.expose_secret().trim();
            if word.len() >= SHORTEST && self.0.iter().all(|known| known.expose_secret() != word) {
                self.0.push(word.into());
            }
        }
        // A secret that holds another one is taken out first.
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
    }

    /// The text without them.
    pub(super) fn apply(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| {
            let secret = secret.expose_secret();
            if text.contains(secret) { text.replace(secret, MASKED) } else { text }
        })
    }

    /// The text without them, when its end is missing: without what may be the beginning of one.
    pub(super) fn apply_to_cut(&self, text: String) -> String {
        let mut text = self.apply(text);
        let longest = self.0.first().map_or(0, |secret| secret.expose_secret().len());
        let end = text.floor_char_boundary(text.len().saturating_sub(longest));
        text.truncate(end);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask() -> Mask {
        let mut mask = Mask::default();
        mask.add(
            ["hunter2-hunter2", "short", " hunter2-hunter2-and-more\n", "hunter2-hunter2"]
                .map(Into::into)
                .into(),
        );
        mask
    }

    #[test]
    fn secrets_are_taken_out_wherever_they_are() {
        let masked = mask().apply("a hunter2-hunter2b hunter2-hunter2-and-more short".to_owned());
        assert_eq!(masked, "a [secret]b [secret] short");
    }

    #[test]
    fn no_part_of_a_secret_is_left_at_a_cut() {
        for kept in 0.."hunter2-hunter2-and-more".len() {
            let cut = format!("{} {}", "x".repeat(60), &"hunter2-hunter2-and-more"[..kept]);
            let masked = mask().apply_to_cut(cut);
            assert!(!masked.contains("hunter"), "{masked}");
            assert!(masked.starts_with(&"x".repeat(30)), "{masked}");
        }
    }
}
