//! What kind of package this copy came in. The bundler writes it into the tray app alone, which tells the window's program.

use std::sync::OnceLock;

use tauri_utils::config::BundleType;
use tauri_utils::platform::bundle_type;

/// What comes before the kind.
const WORD: &str = "--bundle=";

static TOLD: OnceLock<BundleType> = OnceLock::new();

/// The kind; `None` for a copy that was built on a machine.
#[must_use]
pub fn kind() -> Option<BundleType> {
    TOLD.get().cloned().or_else(bundle_type)
}

/// The words for the window's program.
pub(crate) fn told() -> Option<String> {
    bundle_type().map(|kind| format!("{WORD}{kind}"))
}

/// What this program was told, which does not change any more.
pub(crate) fn hear(words: &[String]) {
    let word = words.iter().find_map(|word| word.strip_prefix(WORD));
    let kind = word.and_then(|word| serde_json::from_value(word.into()).ok());
    if let Some(kind) = kind {
        let _ = TOLD.set(kind);
    }
}
