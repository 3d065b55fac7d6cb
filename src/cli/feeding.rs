//! From a checked file to its batch, for `run` and `import`: the plan, the import, and what is said of both.

use std::path::Path;
use std::sync::Arc;

use super::Scene;
use super::progress::ProgressLine;
use super::talk::{self, many};
use crate::app::Failure;
use crate::app::feed::{Checked, Feed};
use crate::app::plan::Plan;
use crate::domain::batch::Batch;
use crate::domain::consent::Terms;
use crate::domain::plan::ForeseenRows;
use crate::engine::ports::{Appended, Ledger};

/// Feeds the file to the ledger, after saying what it will come to; under a plan, only if that still holds.
pub(super) async fn feed(
    feed: &Arc<Feed>,
    checked: &Arc<Checked>,
    ledger: &dyn Ledger,
    scene: &Scene,
    plan: Option<&Path>,
) -> Result<(Batch, Appended), Failure> {
    let (world, now) = (&*scene.app.world, scene.app.world.now());
    let plan = plan.map(Plan::read).transpose()?;
    let known = ledger.batch(&feed.batch(checked, now).id).await?;
    let begun = known.as_ref().is_some_and(|batch| batch.rows_imported > 0);
    let foreseen = match &plan {
        // What was begun has its forecast already.
        None if known.is_some_and(|batch| batch.is_imported()) => None,
        _ => Some(feed.foresee(checked, ledger, now).await?),
    };
    if let Some(foreseen) = &foreseen {
        scene.talk.say(super::plan::line(foreseen));
    }
    let foreseen = match (plan, foreseen) {
        (Some(plan), Some(foreseen)) => {
            plan.is_still(&Plan::of(feed, checked, foreseen, now), begun)?;
            Some(plan.foreseen)
        }
        (_, foreseen) => foreseen,
    };
    let mut line = ProgressLine::new(scene.talk, checked.summary.rows);
    let fed = feed
        .import(checked, ledger, world, foreseen, &mut |rows| line.importing(rows))
        .await?;
    line.end();
    Ok(fed)
}

/// What became of the file's rows on import, in a line; and in another that evidence given now was not taken.
pub(super) fn imported(feed: &Feed, batch: &Batch, appended: &Appended) -> String {
    let mut said = format!(
        "batch {}: {} of {}: {}",
        batch.id,
        many(batch.rows_total, "row"),
        feed.source.name(),
        came_to(batch.rows_total, appended)
    );
    if let Some(kept) = evidence_kept(feed.terms.as_ref(), batch.terms.as_ref()) {
        said.push('\n');
        said.push_str(&kept);
    }
    said
}

/// The evidence that a batch was begun with stands: its rows may be accounts already. Says so where another is given.
fn evidence_kept(given: Option<&Terms>, kept: Option<&Terms>) -> Option<String> {
    let same = |kept: &Terms, given: &Terms| {
        (&kept.accepted_by, &kept.version) == (&given.accepted_by, &given.version)
    };
    // A rehearsal's evidence says nothing, and is not kept.
    let given = given.filter(|given| !given.accepted_by.is_empty())?;
    match (given, kept) {
        (given, Some(kept)) if same(kept, given) => None,
        (_, Some(kept)) => Some(format!(
            "the batch keeps the acceptance of terms it was begun with (version {}, {}); what was given now is not stored\n\
             hint: rows not yet sent can be attested for anew in a file of their own, after `enlist cancel`",
            kept.version, kept.accepted_at
        )),
        (_, None) => Some(
            "the batch was begun with each row's own acceptance of the terms; what was given now is not stored\n\
             hint: rows that were refused for want of it can be attested for in a file of their own"
                .to_owned(),
        ),
    }
}

/// What so many rows came to, each of them told.
fn came_to(rows: u64, appended: &Appended) -> String {
    let told = ForeseenRows {
        new: appended.new,
        resumed: appended.resumed,
        changed: appended.changed,
        unchanged: appended.unchanged,
        invalid: appended.faulty,
    };
    match (appended.there_of(rows), told == ForeseenRows::default()) {
        (0, _) => told.to_string(),
        (there, true) => format!("{} there already", talk::thousands(there)),
        (there, false) => format!("{told}, {} there already", talk::thousands(there)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_that_is_not_taken_is_told() {
        let terms = |by: &str, version: &str, at: &str| Terms {
            accepted_by: by.into(),
            version: version.into(),
            accepted_at: at.into(),
        };
        let (kept, same) = (terms("Ann", "1", "2026-01-01"), terms("Ann", "1", ""));
        assert_eq!(evidence_kept(None, Some(&kept)), None);
        assert_eq!(evidence_kept(Some(&same), Some(&kept)), None);
        for other in [terms("Ben", "1", ""), terms("Ann", "2", "")] {
            let said = evidence_kept(Some(&other), Some(&kept)).unwrap();
            assert!(
                said.contains("(version 1, 2026-01-01)") && said.contains("hint: "),
                "{said}"
            );
        }
        let said = evidence_kept(Some(&same), None).unwrap();
        assert!(said.contains("each row's own"), "{said}");
    }

    #[test]
    fn every_row_of_an_import_is_told() {
        let some = Appended {
            new: 1_200,
            faulty: 3,
            ..Appended::default()
        };
        let table = [
            (1_203, some, "1,200 new, 3 with faults"),
            // Another importer, or this one before its answer was lost, put the others there.
            (1_500, some, "1,200 new, 3 with faults, 297 there already"),
            (50, Appended::default(), "50 there already"),
            (0, Appended::default(), "none"),
        ];
        for (rows, appended, told) in table {
            assert_eq!(came_to(rows, &appended), told);
        }
    }
}
