//! What both processes do with the desktop: the browser, the clipboard, what is pasted for whoever helps.

use agent::context::Context;
use agent::diagnostics::Collected;
use agent::handle::Handle;
use chrono::Utc;
use url::{Host, Url};

/// Where the next paste takes its text from, which is held as long as this lives.
#[derive(Default)]
pub(crate) struct Clipboard(Option<arboard::Clipboard>);

impl Clipboard {
    /// Puts a text there.
    ///
    /// # Errors
    /// When the desktop has no clipboard.
    pub(crate) fn put(&mut self, text: String) -> Result<(), arboard::Error> {
        let clipboard = match &mut self.0 {
            Some(clipboard) => clipboard,
            none => none.insert(arboard::Clipboard::new()?),
        };
        clipboard.set_text(text)
    }
}

/// Opens an address in the person's browser.
///
/// # Errors
/// When it is no address of a page, or no browser can be started.
pub(crate) fn open_in_browser(url: &str) -> Result<(), String> {
    let url = Url::parse(url).ok().filter(is_page).ok_or("this is no address of a page")?;
    open::that_detached(url.as_str()).map_err(|error| format!("no browser could be started: {error}"))
}

/// Other schemes start programs.
fn is_page(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

/// What helps whoever helps, without secrets and words of tickets.
pub(crate) async fn diagnostics(agent: Option<Handle>) -> String {
    match gather(agent).await {
        Ok(collected) => collected.text(Utc::now()),
        Err(why) => format!("hubspot-triage: {}\n{why}\n", env!("CARGO_PKG_VERSION")),
    }
}

/// The agent that answers is asked, wherever it runs.
///
/// # Errors
/// When the settings cannot be read, in a sentence.
pub(crate) async fn gather(agent: Option<Handle>) -> Result<Collected, String> {
    let context = Context::read().map_err(|problem| problem.to_string())?;
    let agent = agent.unwrap_or_else(|| Handle::There(context.socket()));
    Ok(Collected::gather(&context, &agent).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_are_opened_and_no_program_is_started() {
        for (url, expected) in [
            ("https://app.hubspot.com/contacts/1/record/0-5/2", true),
            ("http://127.0.0.1:3000/", true),
            ("http://[::1]:3000/", true),
            ("http://localhost:3000/", true),
            ("http://example.com/", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("ssh://example.com", false),
        ] {
            assert_eq!(is_page(&url.parse().unwrap()), expected, "{url}");
        }
        assert!(open_in_browser("no address").is_err());
    }
}
