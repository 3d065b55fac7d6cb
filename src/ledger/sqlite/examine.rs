//! Whether an embedded ledger can go on: the file takes writes, and the disk has room.

use std::path::Path;

use super::SqliteLedger;
use super::write::Store;
use crate::domain::diagnosis::Diagnosis;

/// With less room than this an import of many rows may not fit: 1,300 bytes a row, and the log.
const ROOM_WARNING_BYTES: u64 = 1 << 30;

/// With less than this, SQLite cannot put its log into the database.
const ROOM_PROBLEM_BYTES: u64 = 128 << 20;

/// Looks at the file; `path` is `None` for a ledger in memory.
pub(super) async fn examine(ledger: &SqliteLedger, path: Option<&Path>) -> Vec<Diagnosis> {
    let part = "writing";
    // A write that changes nothing takes the same way to the disk as any other.
    let written = ledger.write(1, |store: &mut Store| {
        let same = "UPDATE meta SET value = value WHERE name = 'format'";
        Ok(store.connection.execute(same, [])?)
    });
    let mut found = vec![match written.await {
        Ok(_) => Diagnosis::ok(part, "the file takes writes"),
        Err(error) => Diagnosis::failing(part, error.to_string(), "see to the file and its folder"),
    }];
    found.extend(path.map(room));
    found
}

fn room(path: &Path) -> Diagnosis {
    let part = "disk";
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    match rustix::fs::statvfs(folder) {
        Ok(disk) => judge(disk.f_bavail.saturating_mul(disk.f_frsize), folder),
        Err(error) => Diagnosis::warning(
            part,
            format!("the room in {} cannot be seen: {error}", folder.display()),
            "see to it by hand: df",
        ),
    }
}

fn judge(bytes: u64, folder: &Path) -> Diagnosis {
    let part = "disk";
    let message = format!("{} MiB free in {}", bytes >> 20, folder.display());
    let hint = "make room, or name a ledger on another disk with --ledger";
    if bytes < ROOM_PROBLEM_BYTES {
        Diagnosis::failing(part, message, hint)
    } else if bytes < ROOM_WARNING_BYTES {
        Diagnosis::warning(part, message, hint)
    } else {
        Diagnosis::ok(part, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diagnosis::Verdict;

    #[test]
    fn how_much_room_is_enough() {
        for (mib, verdict) in [
            (0, Verdict::Failing),
            (127, Verdict::Failing),
            (128, Verdict::Warning),
            (1_023, Verdict::Warning),
            (1_024, Verdict::Ok),
        ] {
            assert_eq!(judge(mib << 20, Path::new(".")).verdict, verdict, "{mib} MiB");
        }
        assert_eq!(room(Path::new("/nonexistent/x.sqlite")).verdict, Verdict::Warning);
    }
}
