//! Writes settings into the file that is there: only what changes is changed.

use std::io;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, Value};

use super::keys::{KEYS, Key};
use super::{ReadError, Settings, parse};
use crate::tunnel::file;

/// The settings were not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// What is there cannot be read, so it is left as it is.
    #[error("the settings are not changed, because what is there cannot be read")]
    Unreadable(#[source] ReadError),
    /// The settings cannot be like that.
    #[error("the settings are not changed, because they would not be right")]
    Wrong(#[source] ReadError),
    /// The file cannot be written.
    #[error("{} cannot be written", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Writes the settings, whole or not at all, for their owner only. Comments and order stay; what is as by default and
/// not in the file is not added. `home` stands for `~` at the start of a path.
///
/// # Errors
/// When the file cannot be read or written, when what is there is not understood, and when the settings would not be
/// read back as they are.
pub fn write(path: &Path, settings: &Settings, home: &Path) -> Result<(), WriteError> {
    let read = |source| ReadError::Io { path: path.to_owned(), source };
    let existing = file::read(path).map_err(|source| WriteError::Unreadable(read(source)))?;
    let existing = existing.unwrap_or_default();
    let wrong = |problems| ReadError::Wrong { path: path.to_owned(), problems };
    let text =
        change(&existing, settings, home).map_err(|problems| WriteError::Unreadable(wrong(problems)))?;
    parse(&text, home).map_err(|problems| WriteError::Wrong(wrong(problems)))?;
    file::write(path, &text).map_err(|source| WriteError::Io { path: path.to_owned(), source })
}

/// The text of the file with these settings. PURE.
pub(super) fn change(
    existing: &str,
    settings: &Settings,
    home: &Path,
) -> Result<String, Vec<super::Problem>> {
    let before = parse(existing, home)?;
    let mut document: DocumentMut =
        existing.parse().map_err(|error| vec![super::Problem::syntax(&error, existing)])?;
    for key in KEYS {
        let (old, new) = ((key.value)(&before), (key.value)(settings));
        if old.as_ref().map(Value::to_string) != new.as_ref().map(Value::to_string) {
            set(document.as_table_mut(), key, new);
        }
    }
    Ok(document.to_string())
}

fn set(root: &mut Table, key: &Key, value: Option<Value>) {
    let (table, name) = match key.name.split_once('.') {
        None => (Some(root as &mut dyn toml_edit::TableLike), key.name),
        Some((section, name)) => {
            let section = root.entry(section).or_insert_with(|| Item::Table(Table::new()));
            (section.as_table_like_mut(), name)
        }
    };
    let Some(table) = table else { return };
    match (value, table.get_mut(name).and_then(Item::as_value_mut)) {
        (None, _) => {
            table.remove(name);
        }
        (Some(mut value), Some(old)) => {
            // The decoration holds the comment behind the value.
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        (Some(value), None) => {
            table.insert(name, Item::Value(value));
        }
    }
}
