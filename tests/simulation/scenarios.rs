//! The scenarios of providers.md 7.5 that concern Adobe, by name, and the rules of design 4 that are hard to meet by
//! chance. One process, a calm provider, and one thing that goes wrong.

mod changed;
mod ids;
mod quota;
mod watching;

use std::collections::BTreeSet;
use std::time::Duration;

use enlist::domain::attempt::{Attempt, CallKind};
use enlist::domain::task::{State, Task};
use enlist::simulator::adobe::{AdobeSettings, Settle};

use crate::far::strike;
use crate::fate::{Fate, Point};
use crate::judge::{Looks, judge};
use crate::process::{End, Process};
use crate::rig::{Plan, Rig};
use crate::rows::SimRow;
use crate::seeds::simulate;

/// Some sound rows at a provider that settles every account to `1000` after 20 s and limits nothing.
fn calm(rows: usize) -> Rig {
    rig(7, rows, &[], Plan::calm())
}

fn rig(seed: u64, rows: usize, deaths: &[(Point, u32)], plan: Plan) -> Rig {
    let rows = (0..rows).map(|number| SimRow::new(number, "Fairmont", None));
    of_rows(seed, rows.collect(), deaths, plan)
}

fn of_rows(seed: u64, rows: Vec<SimRow>, deaths: &[(Point, u32)], plan: Plan) -> Rig {
    let seconds = Duration::from_secs(20);
    let settings = AdobeSettings {
        settle: Settle::Between(seconds, seconds),
        settle_as: [].into(),
        windows: Vec::new(),
        ..AdobeSettings::default()
    };
    Rig::new(seed, plan, Fate::by_script(deaths), settings, rows)
}

impl Rig {
    /// The first creates meet these faults, those after them none.
    fn creates_meet(&self, faults: &'static [&'static str]) {
        let mut left = faults.iter();
        self.far.set_hook(move |brain, request, _| {
            if request.method == "POST" && request.path == "/v3/resellers" {
                strike(brain, left.next().copied());
            }
        });
    }

    /// Imports the file and works until all is settled as it must be.
    async fn run(&self) {
        self.import().await;
        self.work().await;
        judge(self, Looks::Answered).await;
    }

    async fn task(&self, number: usize) -> Task {
        self.tasks().await.remove(number).1
    }

    async fn state(&self, number: usize) -> State {
        self.task(number).await.state
    }

    async fn attempts_of(&self, number: usize) -> Vec<Attempt> {
        self.attempts(&self.file().rows[number].key).await
    }

    /// How many creates left, and under how many ids.
    fn sends_and_ids(&self) -> (usize, usize) {
        let sent = self.far.sent();
        let ids: BTreeSet<&String> = sent.iter().map(|sent| &sent.correlation_id).collect();
        (sent.len(), ids.len())
    }

    fn calls(&self, kind: &'static str) -> u64 {
        let calls = self.far.ledger().tally.calls;
        calls.get(kind).copied().unwrap_or_default()
    }
}

fn kinds(attempts: &[Attempt]) -> Vec<(CallKind, &str)> {
    attempts.iter().map(|one| (one.kind, &*one.read_as)).collect()
}

/// The seed of a calm world whose first 500 had made the account, or had not.
fn seed_where_the_500_had_committed(committed: bool) -> u64 {
    let had_committed = |seed: &u64| {
        simulate(async {
            let rig = rig(*seed, 1, &[(Point::Answered, 1)], Plan::calm());
            rig.creates_meet(&["error_500_stored"]);
            rig.import().await;
            assert_eq!(Process::new(&rig).live().await, End::Died);
            rig.far.ledger().accounts_created == 1
        })
    };
    (0..100).find(|seed| had_committed(seed) == committed).unwrap()
}
