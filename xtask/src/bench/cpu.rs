//! What the kernel knows of a process and of the machine, from `/proc`.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Processor time of a process since its start, all threads, user and system.
pub(crate) fn time(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("process {pid} is gone"))?;
    let ticks = stat_fields(&stat)
        .and_then(|fields| {
            let user = fields.get(11)?.parse::<u64>().ok()?;
            let system = fields.get(12)?.parse::<u64>().ok()?;
            Some(user + system)
        })
        .with_context(|| format!("{path} has another form than proc(5)'s"))?;
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Ok(Duration::from_micros(ticks * 1_000_000 / per_second))
}

/// The first child of `parent` that has `argument` as its first argument.
pub(crate) fn child_of(parent: u32, argument: &str) -> Option<u32> {
    let processes = fs::read_dir("/proc").ok()?;
    processes.flatten().find_map(|entry| {
        let pid = entry.file_name().to_str()?.parse::<u32>().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let of_parent = stat_fields(&stat)?.get(1)?.parse() == Ok(parent);
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let first = line.split(|byte| *byte == 0).nth(1)?;
        (of_parent && first == argument.as_bytes()).then_some(pid)
    })
}

/// The fields of `/proc/PID/stat` after the name, which may hold anything:
/// state, parent, …
fn stat_fields(stat: &str) -> Option<Vec<&str>> {
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace().collect())
}

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) resident: u64,
    /// The most that was ever resident.
    pub(crate) peak: u64,
    /// Resident now, pages shared by n processes counted as one nth.
    pub(crate) proportional: u64,
}

/// Memory of a process; the proportional part costs the kernel a walk over all
/// its pages and is for processes at rest.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .with_context(|| format!("process {pid} is gone"))?;
    let (resident, peak) = resident_and_peak(pid)?;
    Ok(Memory {
        resident,
        peak,
        proportional: kilobytes(&rollup, "Pss:").unwrap_or(0),
    })
}

/// The most memory that was ever resident in a process.
pub(crate) fn peak(pid: u32) -> Result<u64> {
    Ok(resident_and_peak(pid)?.1)
}

fn resident_and_peak(pid: u32) -> Result<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process {pid} is gone"))?;
    // A process that has ended and was not waited for has no memory lines.
    let of = |key| kilobytes(&status, key).with_context(|| format!("process {pid} has ended"));
    Ok((of("VmRSS:")?, of("VmHWM:")?))
}

fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let number = line.split_whitespace().next()?.parse::<u64>().ok()?;
    Some(number * 1024)
}

/// The processor's name and how many of them we may use.
pub(crate) fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{name}, {cores} cores")
}

/// The kernel's release.
pub(crate) fn kernel() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    release.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{kilobytes, memory, stat_fields, time};

    #[test]
    fn a_name_may_hold_anything() {
        let fields = stat_fields("7 (a ) R 1) S 42 7 7").unwrap();
        assert_eq!(fields[..2], ["S", "42"]);
    }

    #[test]
    fn kilobytes_are_found_by_key() {
        let status = "VmPeak:\t  900 kB\nVmHWM:\t  52 kB\nVmRSS:\t 40 kB\n";
        for (key, expected) in [("VmHWM:", Some(52 * 1024)), ("VmSwap:", None)] {
            assert_eq!(kilobytes(status, key), expected, "{key}");
        }
    }

    #[test]
    fn this_process_can_be_read() {
        let own = std::process::id();
        assert!(memory(own).unwrap().proportional > 0);
        time(own).unwrap();
    }
}
