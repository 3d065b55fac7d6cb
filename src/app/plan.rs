//! A plan that was saved: what a file was seen to come to, and a seal over all of it, so that what runs is what was agreed to.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::feed::{Checked, Feed};
use super::{Exit, Failure};
use crate::domain::ids::Digest;
use crate::domain::plan::Foreseen;
use crate::domain::time::Timestamp;

/// The number of this shape.
const FORMAT: u32 = 1;

/// The longest plan that is read, in bytes; one that was saved has less than two thousand.
const BYTES_MAX: u64 = 64 << 10;

/// What was planned, of what, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: u32,
    /// The batch that the file will make, or has made.
    pub batch: String,
    /// The file as it was named.
    pub file: String,
    /// SHA-256 of the file, 64 hex digits.
    pub file_digest: String,
    /// The job's name.
    pub job: String,
    /// SHA-256 of the job as it is run, overrides applied: `enlist jobs NAME` shows that text.
    pub job_digest: String,
    /// The provider's name.
    pub provider: String,
    /// The account holder at the provider and the system's address.
    pub account: String,
    /// What is asked for each row.
    pub action: String,
    /// When it was made, RFC 3339 in UTC.
    pub made_at: String,
    /// What the file will come to.
    #[serde(flatten)]
    pub foreseen: Foreseen,
    /// SHA-256 of all before. It shows that nothing was changed by accident; whoever wants to can make another one.
    #[serde(default)]
    pub seal: String,
}

impl Plan {
    /// The plan of a file that was checked and looked at.
    pub fn of(feed: &Feed, checked: &Checked, foreseen: Foreseen, now: Timestamp) -> Self {
        let batch = feed.batch(checked, now);
        let mut plan = Self {
            format: FORMAT,
            batch: batch.id.to_string(),
            file: feed.source.name().to_string(),
            file_digest: checked.summary.digest.to_string(),
            job: feed.job.name.clone(),
            job_digest: Digest::of(feed.job.to_toml().as_bytes()).to_string(),
            provider: feed.scope.provider.clone(),
            account: feed.scope.account.clone(),
            action: feed.job.operation.as_str().to_owned(),
            made_at: now.to_string(),
            foreseen,
            seal: String::new(),
        };
        plan.seal = plan.digest();
        plan
    }

    fn digest(&self) -> String {
        let open = Self {
            seal: String::new(),
            ..self.clone()
        };
        // A struct of texts and numbers always renders.
        Digest::of(&serde_json::to_vec(&open).unwrap_or_default()).to_string()
    }

    /// Reads a plan that was saved.
    ///
    /// # Errors
    /// When it cannot be read, is none, or was changed since.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let refuse = |why: String, hint: &str| Failure::usage(format!("{}: {why}", path.display()), hint);
        let length = fs::metadata(path).map_or(0, |file| file.len());
        if length > BYTES_MAX {
            return Err(refuse("this is too long for a plan".into(), MAKE_ONE));
        }
        let text =
            fs::read_to_string(path).map_err(|error| refuse(format!("cannot be read: {error}"), MAKE_ONE))?;
        let plan: Self =
            serde_json::from_str(&text).map_err(|error| refuse(format!("is no plan: {error}"), MAKE_ONE))?;
        if plan.format != FORMAT {
            let why = format!(
                "is a plan of format {}, and this version reads {FORMAT}",
                plan.format
            );
            return Err(refuse(why, MAKE_ONE));
        }
        if plan.seal != plan.digest() {
            return Err(refuse("was changed after it was made".into(), MAKE_ONE));
        }
        Ok(plan)
    }

    /// Whether what was planned is what would be done `now`: the same file under the same job for the same account, and its
    /// rows as they were; what the plan itself has done meanwhile is no difference.
    ///
    /// # Errors
    /// All differences.
    pub fn is_still(&self, now: &Self, begun: bool) -> Result<(), Failure> {
        let mut differences = Vec::new();
        let mut same = |what: &str, planned: &str, is: &str| {
            if planned != is {
                differences.push(format!("{what} was {planned} and is {is}"));
            }
        };
        same("the file's digest", &self.file_digest, &now.file_digest);
        same("the provider", &self.provider, &now.provider);
        same("the account", &self.account, &now.account);
        same("the action", &self.action, &now.action);
        same("the job's digest", &self.job_digest, &now.job_digest);
        if !begun {
            let rows = |plan: &Self| plan.foreseen.rows.to_string();
            same("the work", &rows(self), &rows(now));
        }
        if differences.is_empty() {
            return Ok(());
        }
        Err(Failure::new(
            Exit::InvalidInput,
            format!(
                "the plan of {} no longer holds: {}; no call was made",
                self.made_at,
                differences.join("; ")
            ),
            "look at a new one: `enlist plan`",
        ))
    }
}

const MAKE_ONE: &str = "make one: `enlist plan FILE --out plan.json`";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plan::ForeseenRows;

    fn plan() -> Plan {
        let mut plan = Plan {
            format: FORMAT,
            batch: "b_1".into(),
            file: "a.csv".into(),
            file_digest: "11".into(),
            job: "adobe-create".into(),
            job_digest: "22".into(),
            provider: "adobe".into(),
            account: "1@x".into(),
            action: "create".into(),
            made_at: "2026-01-01T00:00:00Z".into(),
            foreseen: Foreseen::default(),
            seal: String::new(),
        };
        plan.foreseen.rows.new = 4;
        plan.seal = plan.digest();
        plan
    }

    #[test]
    fn a_changed_byte_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plan.json");
        let text = serde_json::to_string_pretty(&plan()).unwrap();
        fs::write(&path, &text).unwrap();
        assert_eq!(Plan::read(&path).unwrap(), plan());
        for (at, byte) in text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| byte.is_ascii_alphanumeric())
        {
            let mut changed = text.clone().into_bytes();
            changed[at] = if byte == b'1' { b'2' } else { b'1' };
            fs::write(&path, changed).unwrap();
            assert!(Plan::read(&path).is_err(), "byte {at}");
        }
        fs::write(&path, "x".repeat(70_000)).unwrap();
        assert!(Plan::read(&path).unwrap_err().message.contains("too long"));
    }

    #[test]
    fn a_plan_holds_while_all_is_as_it_was() {
        assert!(plan().is_still(&plan(), false).is_ok());
        let mut now = plan();
        now.foreseen.rows = ForeseenRows {
            new: 1,
            unchanged: 3,
            ..ForeseenRows::default()
        };
        let refused = plan().is_still(&now, false).unwrap_err();
        assert!(
            refused
                .message
                .contains("the work was 4 new and is 1 new, 3 as before"),
            "{refused}"
        );
        assert!(plan().is_still(&now, true).is_ok(), "it was begun");
        now.file_digest = "33".into();
        assert!(
            plan()
                .is_still(&now, true)
                .unwrap_err()
                .message
                .contains("the file's digest was 11 and is 33")
        );
    }
}
