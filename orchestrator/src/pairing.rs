//! Pairing codes: what they look like, how people type them, and what one is worth. No clock, no database.
//!
//! A code is 8 characters of Crockford's base 32 (40 bits), good for 15 minutes and for one machine. It is kept as its
//! SHA-256. A wrong code counts against every one that is open, because nobody can say which was meant, and five end
//! them all.

use std::time::Duration;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use triage::time::Timestamp;
use url::Url;

/// How long a code is good.
pub const GOOD_FOR: Duration = Duration::from_secs(15 * 60);

/// So long after its end a code is remembered, to tell whoever types it late what is wrong with it.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// So many wrong tries end a code.
pub const MOST_WRONG_TRIES: i64 = 5;

/// Crockford's alphabet: no I, L, O and U, which are read as 1, 1, 0 and V.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const LENGTH: usize = 8;

/// A pairing code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code([u8; LENGTH]);

/// The form in which a code is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeHash(String);

/// A code that was given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub id: String,
    /// SHA-256 of the code, in hex.
    pub hash: String,
    /// From then on it is too late.
    pub expires_at: Timestamp,
    /// When it paired a machine.
    pub used_at: Option<Timestamp>,
    /// Wrong codes that were tried while it was open.
    pub wrong_tries: i64,
}

/// What a code that somebody typed is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It pairs a machine; the id of the code that is used up by it.
    Pairs(String),
    /// It is none of those that were given out.
    Wrong,
    /// It came too late.
    Expired,
    /// It has paired a machine already.
    Used,
    /// Too many wrong ones were tried before it.
    TooManyTries,
}

/// It shows only where it is asked for by [`Code::shown`].
impl std::fmt::Debug for Code {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Code(…)")
    }
}

impl Code {
    /// Makes a code of 40 random bits: 5 of each byte count.
    pub fn of_random(bytes: [u8; LENGTH]) -> Self {
        Self(bytes.map(|byte| ALPHABET[usize::from(byte % 32)]))
    }

    /// Reads what a person typed: in any case, with spaces and hyphens, with characters that look alike; `None` when it
    /// cannot be a code.
    pub fn read(text: &str) -> Option<Self> {
        let mut code = [0; LENGTH];
        let mut length = 0;
        for c in text.chars().filter(|c| !is_separator(*c)) {
            *code.get_mut(length)? = character(c)?;
            length += 1;
        }
        (length == LENGTH).then_some(Self(code))
    }

    /// As it is shown and typed: `ABCD-EFGH`.
    pub fn shown(&self) -> String {
        let text: String = self.0.iter().copied().map(char::from).collect();
        let (begin, end) = text.split_at(LENGTH / 2);
        format!("{begin}-{end}")
    }

    /// As it is kept.
    pub fn hash(&self) -> CodeHash {
        CodeHash(Sha256::digest(self.0).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The link that pairs the machine on which it is opened with the orchestrator at `url`.
    pub fn link(&self, url: &Url) -> String {
        let encoded = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("url", url.as_str().trim_end_matches('/'))
            .append_pair("code", &self.shown())
            .finish();
        format!("hubspot-triage://pair?{encoded}")
    }
}

impl CodeHash {
    /// In hex.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is(&self, kept: &str) -> bool {
        self.0.as_bytes().ct_eq(kept.as_bytes()).into()
    }
}

impl Kept {
    /// It could still pair a machine.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && self.expires_at > now && self.wrong_tries < MOST_WRONG_TRIES
    }

    fn was_ended(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && self.expires_at > now && self.wrong_tries >= MOST_WRONG_TRIES
    }
}

/// What a code is worth among those that are kept. It is compared with all of them, so that time does not tell which.
pub fn decide(typed: &CodeHash, kept: &[Kept], now: Timestamp) -> Decision {
    let meant = kept.iter().fold(None, |meant, one| if typed.is(&one.hash) { Some(one) } else { meant });
    match meant {
        Some(one) if one.used_at.is_some() => Decision::Used,
        Some(one) if one.wrong_tries >= MOST_WRONG_TRIES => Decision::TooManyTries,
        Some(one) if one.expires_at <= now => Decision::Expired,
        Some(one) => Decision::Pairs(one.id.clone()),
        // Whoever goes on typing the wrong one would otherwise never hear that the right one does not work any more.
        None if kept.iter().any(|one| one.was_ended(now)) && !kept.iter().any(|one| one.is_open(now)) => {
            Decision::TooManyTries
        }
        None => Decision::Wrong,
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '_' | '.' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn character(c: char) -> Option<u8> {
    let c = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        'U' => 'V',
        c => c,
    };
    ALPHABET.iter().copied().find(|known| char::from(*known) == c)
}

#[cfg(test)]
mod tests;
