//! Secrets at rest that must be readable again: XChaCha20-Poly1305, each sealed for its own place.
//!
//! A sealed secret is base64 of `version 1 | first 4 bytes of the key's SHA-256 | nonce of 24 bytes | ciphertext and tag`; the
//! place it is kept at is authenticated with it, so that it opens nowhere else. Of several keys the first seals and all
//! open, which is how a key is rotated.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

const VERSION: u8 = 1;
const NONCE: usize = 24;
const KEY_ID: usize = 4;

/// Seals and opens with the keys of `SECRETS_KEY`.
#[derive(Clone)]
pub struct Sealer {
    keys: Vec<Sealing>,
}

#[derive(Clone)]
struct Sealing {
    id: [u8; KEY_ID],
    cipher: XChaCha20Poly1305,
}

/// A sealed secret that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not in the form of a sealed secret, or was changed, or belongs to another place.
    #[error("it is damaged, or was moved from another place")]
    Damaged,
    /// The key that sealed it is not among ours.
    #[error("SECRETS_KEY does not have the key that sealed it")]
    OtherKey,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Sealer({} keys)", self.keys.len())
    }
}

impl Sealer {
    /// Reads one or more keys of 32 bytes in base64, separated by commas; `None` when there is none, or something else.
    pub fn parse(text: &str) -> Option<Self> {
        let keys: Option<Vec<Sealing>> = text.split(',').map(|key| Sealing::parse(key.trim())).collect();
        keys.filter(|keys| !keys.is_empty()).map(|keys| Self { keys })
    }

    /// Seals `secret` for `place`, which nobody else may use: table, row and column.
    pub fn seal(&self, place: &str, secret: &SecretString) -> String {
        let Sealing { id, cipher } = &self.keys[0];
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: place.as_bytes() };
        let ciphertext = cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("fails only for messages of more than 256 GiB");
        STANDARD.encode([&[VERSION], id.as_slice(), &nonce, &ciphertext].concat())
    }

    /// Opens what was sealed for `place`.
    pub fn open(&self, place: &str, sealed: &str) -> Result<SecretString, Unreadable> {
        let (id, nonce, ciphertext) = parts(sealed).ok_or(Unreadable::Damaged)?;
        let key = self.keys.iter().find(|key| key.id == id).ok_or(Unreadable::OtherKey)?;
        let payload = Payload { msg: &ciphertext, aad: place.as_bytes() };
        let plain = key.cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_| Unreadable::Damaged)?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| Unreadable::Damaged)
    }

    /// Sealed with the first key; otherwise it should be sealed anew.
    pub fn is_current(&self, sealed: &str) -> bool {
        parts(sealed).is_some_and(|(id, ..)| id == self.keys[0].id)
    }
}

impl Sealing {
    fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = STANDARD.decode(text).ok()?.try_into().ok()?;
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&Sha256::digest(bytes)[..KEY_ID]);
        Some(Self { id, cipher: XChaCha20Poly1305::new(&Key::from(bytes)) })
    }
}

fn parts(sealed: &str) -> Option<([u8; KEY_ID], [u8; NONCE], Vec<u8>)> {
    let bytes = STANDARD.decode(sealed).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (id, rest) = rest.split_first_chunk::<KEY_ID>()?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>()?;
    (*version == VERSION).then(|| (*id, *nonce, ciphertext.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> String {
        STANDARD.encode([byte; 32])
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let sealer = Sealer::parse(&key(1)).unwrap();
        let sealed = sealer.seal("tunnels/1/client_secret", &SecretString::from("cfast_secret"));
        assert!(!sealed.contains("cfast"));
        let opened = sealer.open("tunnels/1/client_secret", &sealed).unwrap();
        assert_eq!(opened.expose_secret(), "cfast_secret");
        let moved = sealer.open("tunnels/2/client_secret", &sealed);
        assert_eq!(moved.map(|_| ()), Err(Unreadable::Damaged));
        let again = sealer.seal("tunnels/1/client_secret", &SecretString::from("cfast_secret"));
        assert_ne!(sealed, again, "never the same nonce");
    }

    #[test]
    fn any_change_is_noticed() {
        let sealer = Sealer::parse(&key(1)).unwrap();
        let sealed = sealer.seal("place", &SecretString::from("secret"));
        let bytes = STANDARD.decode(&sealed).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(sealer.open("place", &STANDARD.encode(changed)).is_err(), "byte {at}");
        }
        for text in ["", "rubbish!", "AQ=="] {
            assert_eq!(sealer.open("place", text).map(|_| ()), Err(Unreadable::Damaged));
        }
    }

    #[test]
    fn a_key_is_rotated_by_putting_the_new_one_first() {
        let old = Sealer::parse(&key(1)).unwrap();
        let sealed = old.seal("place", &SecretString::from("secret"));
        let both = Sealer::parse(&format!("{}, {}", key(2), key(1))).unwrap();
        assert_eq!(both.open("place", &sealed).unwrap().expose_secret(), "secret");
        assert!(!both.is_current(&sealed));
        let anew = both.seal("place", &both.open("place", &sealed).unwrap());
        assert!(both.is_current(&anew));
        let new = Sealer::parse(&key(2)).unwrap();
        assert_eq!(new.open("place", &anew).unwrap().expose_secret(), "secret");
        assert_eq!(new.open("place", &sealed).map(|_| ()), Err(Unreadable::OtherKey));
    }

    #[test]
    fn keys_have_32_bytes() {
        for text in ["", ",", "short", &STANDARD.encode([0; 31]), &format!("{},", key(1))] {
            assert!(Sealer::parse(text).is_none(), "{text}");
        }
    }
}
