use super::*;

#[test]
fn a_unit_keeps_the_agent_running() {
    let unit = systemd_unit(&agent("/usr/bin/triage-agent", None)).unwrap();
    for line in [
        "ExecStart=:\"/usr/bin/triage-agent\" run",
        "Restart=on-failure",
        "RestartSec=3",
        "RestartPreventExitStatus=64",
        "KillMode=mixed",
        "StartLimitIntervalSec=0",
        "WantedBy=default.target",
    ] {
        assert!(unit.lines().any(|written| written == line), "{line}\n{unit}");
    }
    assert!(!unit.contains("Environment="));
}

#[test]
fn paths_reach_systemd_as_they_are() {
    for (path, expected) in [
        ("/opt/my agent/x", r#"ExecStart=:"/opt/my agent/x" run"#),
        ("/opt/100%/x", r#"ExecStart=:"/opt/100%%/x" run"#),
        ("/opt/$HOME/x", r#"ExecStart=:"/opt/$HOME/x" run"#),
        (r#"/opt/a"b\c/x"#, r#"ExecStart=:"/opt/a\"b\\c/x" run"#),
    ] {
        let unit = systemd_unit(&agent(path, None)).unwrap();
        assert!(unit.lines().any(|line| line == expected), "{path}\n{unit}");
    }
    let unit = systemd_unit(&agent("/x", Some("/srv/a b%"))).unwrap();
    assert!(unit.contains("\nEnvironment=\"TRIAGE_AGENT_HOME=/srv/a b%%\"\n"), "{unit}");
}

#[test]
fn plists_and_tasks_are_escaped() {
    let plist = launchd_plist(&agent("/Applications/A & B <1>/x", Some("/a&b"))).unwrap();
    assert!(plist.contains("<string>/Applications/A &amp; B &lt;1&gt;/x</string>"), "{plist}");
    assert!(plist.contains("<key>TRIAGE_AGENT_HOME</key>\n        <string>/a&amp;b</string>"), "{plist}");
    assert!(plist.contains("<key>RunAtLoad</key>\n    <true/>") && plist.contains("SuccessfulExit"));
    let task = task_xml(&agent("C:\\A & B\\x.exe", None)).unwrap();
    assert!(task.contains("<Command>C:\\A &amp; B\\x.exe</Command>"), "{task}");
    assert!(matches!(task_xml(&agent("x", Some("/home"))), Err(Problem::Path(_))));
}

#[test]
fn a_path_with_a_line_break_is_refused_everywhere() {
    let agent = agent("/opt/x\nExecStartPre=/bin/evil", None);
    for text in [systemd_unit(&agent), launchd_plist(&agent), task_xml(&agent)] {
        assert!(matches!(text, Err(Problem::Path(_))), "{text:?}");
    }
}

fn agent(program: &str, home: Option<&str>) -> Agent {
    Agent { program: program.into(), home: home.map(Into::into) }
}
