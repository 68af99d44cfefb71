//! What the system accounts to the programs that a task has run.

/// Most memory that a child of this process has had, in bytes.
#[cfg(unix)]
pub(crate) fn of_children() -> anyhow::Result<u64> {
    use nix::sys::resource::{UsageWho, getrusage};
    let most = u64::try_from(getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss())?;
    // Apple counts bytes, the others KiB.
    Ok(if cfg!(target_vendor = "apple") {
        most
    } else {
        most << 10
    })
}

#[cfg(not(unix))]
pub(crate) fn of_children() -> anyhow::Result<u64> {
    anyhow::bail!("the memory of an audit is told on Unix only")
}
