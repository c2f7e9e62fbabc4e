//! Linux and macOS: process groups and signals.

use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;

use rustix::io::Errno;
use rustix::process::{Pid, Signal};
use supervise::exit::Ending;
use tokio::process::{Child, Command};

/// A process that leads a group, and the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Group(Pid);

impl Group {
    /// Makes the command's process the leader of a new group, out of reach of the terminal's Ctrl+C.
    pub(in super::super) fn prepare(command: &mut Command) {
        command.process_group(0);
    }

    /// The group of a child that was prepared.
    pub(in super::super) fn of(child: &Child) -> io::Result<Self> {
        child.id().and_then(Self::led_by).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// The group of that leader. None for 0 and 1: to the system they mean our own group and every process there is.
    pub(in super::super) fn led_by(pid: u32) -> Option<Self> {
        let pid = i32::try_from(pid).ok().filter(|pid| *pid > 1)?;
        Pid::from_raw(pid).map(Self)
    }

    /// Asks the leader to end; it ends its own children in its own way.
    pub(in super::super) fn terminate(&self) {
        // It may be gone already, which is what was wanted.
        let _ = rustix::process::kill_process(self.0, Signal::TERM);
    }

    /// Asks every member to end.
    pub(in super::super) fn terminate_all(&self) {
        let _ = rustix::process::kill_process_group(self.0, Signal::TERM);
    }

    /// Ends every member.
    pub(in super::super) fn kill(&self) {
        let _ = rustix::process::kill_process_group(self.0, Signal::KILL);
    }

    /// Whether there is any member.
    pub(in super::super) fn is_alive(&self) -> bool {
        rustix::process::test_kill_process_group(self.0) != Err(Errno::SRCH)
    }
}

/// How a process ended.
pub(in super::super) fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Code(code),
        (None, Some(signal)) => Ending::Signal(signal),
        (None, None) => Ending::Code(status.into_raw()),
    }
}

/// When a running process started, in words that no later process of the same number repeats; none when no such
/// process runs.
///
/// proc_pid_stat(5): field 3 is the state, field 22 the start in clock ticks since the boot.
#[cfg(target_os = "linux")]
pub(in super::super) fn started(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces and parentheses itself.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace();
    let is_running = !matches!(fields.next()?, "Z" | "X" | "x");
    let ticks = fields.nth(18).filter(|_| is_running)?;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Some(format!("{}:{ticks}", boot.trim()))
}

/// When a running process started, to the second; none when no such process runs.
#[cfg(not(target_os = "linux"))]
pub(in super::super) fn started(pid: u32) -> Option<String> {
    let mut command = std::process::Command::new("/bin/ps");
    command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").args([
        "-o",
        "stat=,lstart=",
        "-p",
        &pid.to_string(),
    ]);
    let answer = String::from_utf8(command.output().ok()?.stdout).ok()?;
    let mut words = answer.split_whitespace();
    let is_running = !words.next()?.starts_with('Z');
    is_running.then(|| words.collect::<Vec<_>>().join("_")).filter(|start| !start.is_empty())
}

/// Makes a folder that only its owner can look into.
pub(in super::super) fn private_folder(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    // One that was there before may be open to others.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

/// How a file is created that only its owner can read.
pub(in super::super) fn private_file() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.mode(0o600);
    options
}

/// Whether this is a file that may be executed.
pub(in super::super) fn is_program(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Closes every descriptor but the standard ones. Only for a process that has opened none itself.
pub(in super::super) fn close_inherited() {
    let Ok(listed) = std::fs::read_dir("/dev/fd") else { return };
    let open: Vec<i32> =
        listed.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        #[expect(unsafe_code, reason = "a descriptor that came with the process has no owner in it")]
        // SAFETY: called first in `main`, before anything here opened a descriptor that something else would close.
        unsafe {
            // The list's own descriptor is in the list and closed already.
            if rustix::io::fcntl_getfd(BorrowedFd::borrow_raw(descriptor)).is_ok() {
                rustix::io::close(descriptor);
            }
        }
    }
}
