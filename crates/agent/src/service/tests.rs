use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;

#[test]
fn installed_once_whatever_is_asked_and_removed_again() {
    let (folder, place) = place_with("exit 0");
    let agent = Agent { program: "/usr/bin/triage-agent".into(), home: None };
    assert_eq!(status(&place).unwrap(), Status::NotInstalled);
    assert_eq!(install(&place, &agent, DateTime::UNIX_EPOCH).unwrap(), Written::New);
    assert_eq!(install(&place, &agent, DateTime::UNIX_EPOCH).unwrap(), Written::Unchanged);
    assert_eq!(status(&place).unwrap(), Status::Running);
    assert_eq!(plan(&place, &agent).unwrap().diff.as_deref(), Some(""));
    assert!(uninstall(&place).unwrap());
    assert!(!uninstall(&place).unwrap());
    assert!(!place.file.exists());
    let unit = "hubspot-triage-agent.service";
    let enabled = format!("--user daemon-reload\n--user enable --now {unit}\n");
    let expected = format!(
        "{enabled}{enabled}--user is-active --quiet {unit}\n--user disable --now {unit}\n--user daemon-reload\n"
    );
    assert_eq!(std::fs::read_to_string(folder.path().join("said")).unwrap(), expected);
}

#[test]
fn a_plan_writes_nothing_and_shows_what_would_change() {
    let (folder, place) = place_with("exit 0");
    let agent = Agent { program: "/usr/bin/triage-agent".into(), home: None };
    let new = plan(&place, &agent).unwrap();
    assert_eq!((new.diff, new.text), (None, systemd_unit(&agent).unwrap()));
    assert!(new.commands[1].ends_with("systemctl --user enable --now hubspot-triage-agent.service"));
    assert!(!place.file.exists() && !folder.path().join("said").exists());
    install(&place, &Agent { program: "/old".into(), ..agent.clone() }, DateTime::UNIX_EPOCH).unwrap();
    let diff = plan(&place, &agent).unwrap().diff.unwrap();
    assert!(diff.contains("-ExecStart=:\"/old\" run\n+ExecStart=:\"/usr/bin/triage-agent\" run\n"), "{diff}");
    let Written::Replaced { backup } = install(&place, &agent, DateTime::UNIX_EPOCH).unwrap() else {
        panic!()
    };
    assert!(std::fs::read_to_string(backup).unwrap().contains("/old"));
}

#[test]
fn somebody_elses_file_is_left_alone() {
    let (folder, place) = place_with("exit 0");
    std::fs::write(&place.file, "[Service]\n").unwrap();
    assert_eq!(status(&place).unwrap(), Status::NotOurs);
    assert!(matches!(uninstall(&place), Err(Problem::NotOurs(_))));
    assert!(place.file.exists() && !folder.path().join("said").exists());
}

#[test]
fn a_manager_that_is_not_there_is_told_from_one_that_refuses() {
    let agent = Agent { program: "/usr/bin/triage-agent".into(), home: None };
    let (_folder, place) = place_with("echo 'Failed to connect to bus: No medium found' >&2; exit 1");
    let told = install(&place, &agent, DateTime::UNIX_EPOCH).unwrap_err();
    assert!(
        matches!(told, Problem::Unreachable { .. }) && told.to_string().contains("enable-linger"),
        "{told}"
    );
    assert!(matches!(status(&place), Err(Problem::Unreachable { .. })));
    let nowhere = Place { tool: "/nowhere/systemctl".into(), ..place.clone() };
    assert!(matches!(status(&nowhere), Err(Problem::Unreachable { .. })));
    let (_other, refusing) = place_with("exit 3");
    std::fs::copy(&place.file, &refusing.file).unwrap();
    assert_eq!(status(&refusing).unwrap(), Status::Stopped);
    let refused = uninstall(&refusing);
    assert!(matches!(refused, Err(Problem::Refused { .. })) && refusing.file.exists(), "{refused:?}");
}

/// A `systemctl` that writes down what it is told.
fn place_with(answer: &str) -> (TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let tool = folder.path().join("systemctl");
    std::fs::write(&tool, format!("#!/bin/sh\necho \"$@\" >> \"$(dirname \"$0\")/said\"\n{answer}\n"))
        .unwrap();
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    let place = Place { file: folder.path().join("hubspot-triage-agent.service"), tool };
    (folder, place)
}
