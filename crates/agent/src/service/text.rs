//! The files that describe the service, for each system. PURE.

use std::path::Path;

use super::{Agent, MARK, Problem};
use crate::paths::HOME;

/// The name on macOS.
pub(super) const LABEL: &str = "com.hubspot-triage.agent";

/// A systemd user unit.
///
/// # Errors
/// When a path is no text.
pub fn systemd_unit(agent: &Agent) -> Result<String, Problem> {
    // The colon turns off `$`: systemd would not put it back in the program's own path.
    let program = quoted(plain(&agent.program)?);
    let home = match &agent.home {
        None => String::new(),
        Some(home) => format!("Environment={}\n", quoted(&format!("{HOME}={}", plain(home)?))),
    };
    Ok(format!(
        "# {MARK}\n\
         [Unit]\n\
         Description=HubSpot support triage: keeps the model and its tunnel at work\n\
         StartLimitIntervalSec=0\n\
         \n\
         [Service]\n\
         Type=exec\n\
         ExecStart=:{program} run\n\
         {home}Restart=on-failure\n\
         RestartSec=3\n\
         RestartPreventExitStatus=64\n\
         KillMode=mixed\n\
         TimeoutStopSec=20\n\
         UMask=0077\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n"
    ))
}

/// A launchd agent.
///
/// # Errors
/// When a path is no text.
pub fn launchd_plist(agent: &Agent) -> Result<String, Problem> {
    let program = xml(plain(&agent.program)?);
    let home = match &agent.home {
        None => String::new(),
        Some(home) => format!(
            "    <key>EnvironmentVariables</key>\n    <dict>\n        <key>{HOME}</key>\n        <string>{}</string>\n    </dict>\n",
            xml(plain(home)?)
        ),
    };
    Ok(format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- {MARK} -->
<plist version="1.0">
<dict>
    <key>Label</key>
    <string>{LABEL}</string>
    <key>ProgramArguments</key>
    <array>
        <string>{program}</string>
        <string>run</string>
    </array>
{home}    <key>RunAtLoad</key>
    <true/>
    <key>KeepAlive</key>
    <dict>
        <key>SuccessfulExit</key>
        <false/>
    </dict>
    <key>ThrottleInterval</key>
    <integer>3</integer>
    <key>ExitTimeOut</key>
    <integer>20</integer>
    <key>Umask</key>
    <integer>63</integer>
</dict>
</plist>
"#
    ))
}

/// A task of Windows' Task Scheduler, for the user who is logged in.
///
/// # Errors
/// When a path is no text, or [`HOME`] is set: a task has no variables of its own.
pub fn task_xml(agent: &Agent) -> Result<String, Problem> {
    if let Some(home) = &agent.home {
        return Err(Problem::Path(home.clone()));
    }
    let program = xml(plain(&agent.program)?);
    Ok(format!(
        r#"<?xml version="1.0"?>
<!-- {MARK} -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>
  </Settings>
  <Actions><Exec><Command>{program}</Command><Arguments>run</Arguments></Exec></Actions>
</Task>
"#
    ))
}

fn plain(path: &Path) -> Result<&str, Problem> {
    let text = path.to_str().filter(|text| !text.contains(char::is_control));
    text.ok_or_else(|| Problem::Path(path.to_owned()))
}

/// As systemd reads a word: `%` starts a specifier.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%"))
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
