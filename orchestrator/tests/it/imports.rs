//! Who may use what inside the service: SQL stays in `queue` and `store`, HTTP calls in `clients`, the environment in
//! `config`, and `http` hands over instead of calling out.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn modules_use_only_what_they_may() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rules: [(&str, &[&str]); 4] = [
        ("sqlx::", &["queue/", "store/", "store.rs"]),
        ("reqwest::", &["clients/"]),
        ("std::env::", &["config.rs", "config/"]),
        ("crate::clients", &["app.rs", "clients/", "worker/", "commands/"]),
    ];
    let mut offenders = Vec::new();
    for file in rust_files(&source) {
        let place = file.strip_prefix(&source).unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        for (name, allowed) in rules {
            if text.contains(name) && !allowed.iter().any(|prefix| place.starts_with(prefix)) {
                offenders.push(format!("{place} uses {name}"));
            }
        }
    }
    assert!(offenders.is_empty(), "{offenders:#?}");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] }).collect()
}
