//! What the kernel says of processes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::Failure;

/// The CPU time that a process's threads have had. Counted by the scheduler, and finer than the clock ticks of `stat`.
pub fn cpu(pid: u32) -> Result<Duration, Failure> {
    let mut nanos = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end while we look.
        let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        nanos += first(&text).and_then(|ran| ran.parse::<u64>().ok()).ok_or("schedstat has another form")?;
    }
    Ok(Duration::from_nanos(nanos))
}

/// The CPU time of a process's children.
pub fn cpu_of_children(pid: u32) -> Result<Duration, Failure> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    let mut sum = Duration::ZERO;
    for child in children.split_whitespace() {
        sum += cpu(child.parse()?).unwrap_or_default();
    }
    Ok(sum)
}

/// The process that started another.
pub fn parent(pid: u32) -> Result<u32, Failure> {
    Ok(status(pid, "PPid:")?.parse()?)
}

/// The memory of a process that is not shared with others or with files, in KiB.
pub fn memory(pid: u32) -> Result<u32, Failure> {
    Ok(status(pid, "RssAnon:")?.parse()?)
}

/// The memory of a process, its program's pages included, in KiB.
pub fn resident(pid: u32) -> Result<u32, Failure> {
    Ok(status(pid, "VmRSS:")?.parse()?)
}

fn status(pid: u32, key: &str) -> Result<String, Failure> {
    let status = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"))?;
    let value = status.lines().find_map(|line| line.strip_prefix(key)).and_then(first);
    Ok(value.ok_or_else(|| format!("no {key} of process {pid}"))?.to_owned())
}

fn first(text: &str) -> Option<&str> {
    text.split_whitespace().next()
}
