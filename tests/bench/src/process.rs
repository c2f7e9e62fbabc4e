//! What Linux tells about a process: memory and used processor time.

use std::collections::BTreeMap;
use std::fs;

/// Clock ticks per second in `/proc/PID/stat`, on every Linux since 2.6.
const TICKS: f64 = 100.0;

/// Memory of a process, in MiB.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// Resident now, with what is shared with others in full.
    pub rss: f64,
    /// Resident now, with what is shared in proportion.
    pub pss: f64,
    /// The most that was ever resident.
    pub peak: f64,
}

/// Its memory; zeros when it is not there.
pub(crate) fn memory(pid: u32) -> Memory {
    let read = |file: &str, key: &str| {
        let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let kib = text
            .lines()
            .find_map(|line| line.strip_prefix(key)?.split_whitespace().next()?.parse::<f64>().ok());
        kib.unwrap_or(0.0) / 1024.0
    };
    Memory {
        rss: read("status", "VmRSS:"),
        pss: read("smaps_rollup", "Pss:"),
        peak: read("status", "VmHWM:"),
    }
}

/// Processor seconds that a process has used in all its threads.
pub(crate) fn cpu_seconds(pid: u32) -> f64 {
    stat(pid).map_or(0.0, |stat| stat.own)
}

/// The same for a process with all its children, living and gone.
pub(crate) fn cpu_seconds_of_tree(pid: u32) -> f64 {
    let all: BTreeMap<u32, Stat> = processes().filter_map(|pid| Some((pid, stat(pid)?))).collect();
    let children: f64 = all.values().filter(|stat| stat.parent == pid).map(|stat| stat.own).sum();
    all.get(&pid).map_or(0.0, |stat| stat.own + stat.ended_children) + children
}

struct Stat {
    parent: u32,
    own: f64,
    ended_children: f64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may contain anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let seconds = |index: usize| Some(fields.get(index)?.parse::<f64>().ok()? / TICKS);
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: seconds(11)? + seconds(12)?,
        ended_children: seconds(13)? + seconds(14)?,
    })
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
