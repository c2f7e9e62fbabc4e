//! What a person types or opens to pair this machine. PURE.

use url::Url;

use crate::tunnel::is_safe;

/// Before everything else in a link that pairs.
const SCHEME: &str = "hubspot-triage";

/// Whom to pair with, and the code that allows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The orchestrator's address.
    pub url: Url,
    /// The code, as it was typed; the orchestrator forgives case, spaces and hyphens.
    pub code: String,
}

/// The code never shows.
impl std::fmt::Debug for Invitation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Invitation").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

/// What was given does not invite anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoInvitation {
    /// It is no link that pairs.
    #[error("this is no link that pairs; `orchestrator pair` prints one, hubspot-triage://pair?url=…&code=…")]
    NoLink,
    /// The address is none.
    #[error(
        "the orchestrator's address must begin with https:// (http:// only on this machine), like https://triage.example.com"
    )]
    NoAddress,
    /// There is no code.
    #[error("there is no code; `orchestrator pair` prints one, like ABCD-EFGH")]
    NoCode,
}

impl Invitation {
    /// From an address and a code.
    ///
    /// # Errors
    /// When one of them cannot be one.
    pub fn new(url: &str, code: &str) -> Result<Self, NoInvitation> {
        let url = Url::parse(url.trim()).ok().filter(is_safe).filter(is_plain);
        let mut url = url.ok_or(NoInvitation::NoAddress)?;
        url.set_fragment(None);
        let code = code.trim();
        let is_code = (1..=64).contains(&code.len()) && !code.contains(char::is_control);
        if !is_code {
            return Err(NoInvitation::NoCode);
        }
        Ok(Self { url, code: code.to_owned() })
    }

    /// From a link: `hubspot-triage://pair?url=…&code=…`.
    ///
    /// # Errors
    /// When it is another kind of link, or one of its parts is missing or wrong.
    pub fn from_link(link: &str) -> Result<Self, NoInvitation> {
        let link = Url::parse(link.trim()).map_err(|_| NoInvitation::NoLink)?;
        let is_pair = link.host_str() == Some("pair") && ["", "/"].contains(&link.path());
        if link.scheme() != SCHEME || !is_pair {
            return Err(NoInvitation::NoLink);
        }
        let part = |name: &str| link.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value);
        let url = part("url").ok_or(NoInvitation::NoAddress)?;
        let code = part("code").ok_or(NoInvitation::NoCode)?;
        Self::new(&url, &code)
    }

    /// Whether it is meant as a link.
    #[must_use]
    pub fn is_link(text: &str) -> bool {
        let text = text.trim().as_bytes();
        text.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME.as_bytes()))
            && text.get(SCHEME.len()) == Some(&b':')
    }
}

fn is_plain(url: &Url) -> bool {
    url.query().is_none() && url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn links_and_words_invite_and_what_is_wrong_is_said() {
        let read = |link: &str| Invitation::from_link(link).map(|found| (found.url.to_string(), found.code));
        let ok = |url: &str, code: &str| Ok((url.to_owned(), code.to_owned()));
        for (link, expected) in [
            (
                "hubspot-triage://pair?url=https%3A%2F%2Ftriage.example.com&code=ABCD-EFGH",
                ok("https://triage.example.com/", "ABCD-EFGH"),
            ),
            (
                " hubspot-triage://pair/?code=ABCD%20EFGH&url=http://127.0.0.1:3000 \n",
                ok("http://127.0.0.1:3000/", "ABCD EFGH"),
            ),
            (
                "hubspot-triage://pair?url=http%3A%2F%2Ftriage.example.com&code=A",
                Err(NoInvitation::NoAddress),
            ),
            ("hubspot-triage://pair?url=https://me:pw@a.example.com&code=A", Err(NoInvitation::NoAddress)),
            ("hubspot-triage://pair?code=A", Err(NoInvitation::NoAddress)),
            ("hubspot-triage://pair?url=https://a.example.com", Err(NoInvitation::NoCode)),
            ("hubspot-triage://pair?url=https://a.example.com&code=%20", Err(NoInvitation::NoCode)),
            ("hubspot-triage://open?url=https://a.example.com&code=A", Err(NoInvitation::NoLink)),
            ("https://pair?url=https://a.example.com&code=A", Err(NoInvitation::NoLink)),
            ("ABCD-EFGH", Err(NoInvitation::NoLink)),
        ] {
            assert_eq!(read(link), expected, "{link}");
        }
        assert!(Invitation::is_link("HUBSPOT-TRIAGE://pair") && !Invitation::is_link("https://a"));
        assert!(
            !format!("{:?}", Invitation::new("https://a.example.com", "SECRET").unwrap()).contains("SECRET")
        );
    }

    proptest! {
        #[test]
        fn what_is_put_into_a_link_is_read_out_of_it(host in "[a-z]{1,8}", path in "(/[a-z]{1,5}){0,2}", code in "[!-~]{1,16}") {
            let url = format!("https://{host}.example.com{path}");
            let mut link = Url::parse("hubspot-triage://pair").unwrap();
            link.query_pairs_mut().append_pair("url", &url).append_pair("code", &code);
            prop_assert_eq!(Invitation::from_link(link.as_str()), Invitation::new(&url, &code));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = (Invitation::from_link(&text), Invitation::new(&text, &text), Invitation::is_link(&text));
        }
    }
}
