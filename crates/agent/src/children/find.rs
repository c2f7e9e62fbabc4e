//! Where the programs are on this machine.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use supervise::Kind;

use super::platform;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Here.
    Installed(PathBuf),
    /// Nowhere.
    NotInstalled,
}

/// Where to look. The environment is read by whoever asks.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The path in the settings; when there is one nothing else counts.
    pub settings: Option<PathBuf>,
    /// The variable `PATH`. What a desktop starts has a shorter one than a shell, hence the rest.
    pub path: Option<OsString>,
    /// The home folder.
    pub home: Option<PathBuf>,
}

/// Looks for a program.
#[must_use]
pub fn find(kind: Kind, places: &Places) -> Found {
    let file = format!("{}{}", name(kind), std::env::consts::EXE_SUFFIX);
    let found = match &places.settings {
        Some(path) => Some(path.clone()).filter(|path| platform::is_program(path)),
        None => folders(kind, places)
            .into_iter()
            .map(|folder| folder.join(&file))
            .find(|path| platform::is_program(path)),
    };
    found.map_or(Found::NotInstalled, Found::Installed)
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Ollama => "ollama",
        Kind::Cloudflared => "cloudflared",
    }
}

fn folders(kind: Kind, places: &Places) -> Vec<PathBuf> {
    let path = places.path.as_deref().unwrap_or(OsStr::new(""));
    // A relative folder of PATH would mean another one whenever the working directory changes.
    let in_path = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    let under_home =
        places.home.iter().flat_map(|home| usual_under_home(kind).iter().map(|folder| home.join(folder)));
    in_path.chain(usual(kind).iter().map(|folder| Path::new(folder).to_owned())).chain(under_home).collect()
}

#[cfg(unix)]
fn usual(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Ollama => &[
            "/opt/homebrew/bin",
            "/usr/local/bin",
            "/usr/bin",
            "/Applications/Ollama.app/Contents/Resources",
        ],
        Kind::Cloudflared => &["/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/usr/local/sbin"],
    }
}

#[cfg(unix)]
fn usual_under_home(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Ollama => &[".local/bin", "Applications/Ollama.app/Contents/Resources"],
        Kind::Cloudflared => &[".local/bin", ".cloudflared/bin"],
    }
}

#[cfg(windows)]
fn usual(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Ollama => &["C:\\Program Files\\Ollama"],
        Kind::Cloudflared => &["C:\\Program Files (x86)\\cloudflared", "C:\\Program Files\\cloudflared"],
    }
}

#[cfg(windows)]
fn usual_under_home(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Ollama => &["AppData\\Local\\Programs\\Ollama"],
        Kind::Cloudflared => &["AppData\\Local\\Microsoft\\WinGet\\Links"],
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn put(folder: &Path, mode: u32) -> PathBuf {
        std::fs::create_dir_all(folder).unwrap();
        let file = folder.join("ollama");
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn the_first_program_of_the_path_is_taken_and_plain_files_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let [plain, first, second] = ["plain", "first", "second"].map(|name| folder.path().join(name));
        put(&plain, 0o644);
        let wanted = put(&first, 0o755);
        put(&second, 0o755);
        let path = std::env::join_paths([Path::new("."), &plain, &first, &second]).unwrap();
        let places = Places { path: Some(path), ..Places::default() };
        assert_eq!(find(Kind::Ollama, &places), Found::Installed(wanted));
    }

    #[test]
    fn what_the_settings_say_is_the_only_place() {
        let folder = tempfile::tempdir().unwrap();
        let in_path = put(folder.path(), 0o755);
        let path = Some(folder.path().as_os_str().to_owned());
        let wrong = Places { settings: Some(folder.path().join("nothing")), path: path.clone(), home: None };
        assert_eq!(find(Kind::Ollama, &wrong), Found::NotInstalled);
        let right = Places { settings: Some(in_path.clone()), ..wrong };
        assert_eq!(find(Kind::Cloudflared, &right), Found::Installed(in_path));
    }

    #[test]
    fn a_short_path_is_made_up_for_by_the_usual_folders() {
        let home = tempfile::tempdir().unwrap();
        let wanted = put(&home.path().join(".local/bin"), 0o755);
        let places = Places { home: Some(home.path().to_owned()), ..Places::default() };
        let Found::Installed(found) = find(Kind::Ollama, &places) else { panic!("not found") };
        assert!(
            found == wanted || usual(Kind::Ollama).iter().any(|folder| found.starts_with(folder)),
            "{found:?}"
        );
    }
}
