//! What a seed's world is like: any mix of faults, of the provider's undocumented ways, and of the program's set-up.
//!
//! Three limits are the provider's, not the program's, and the mixes keep to them:
//!
//! * An account in a status that cannot be listed (`1010`, `1012`, codes that are not known) is not found by a look-up
//!   (providers.md 2.7). After a 500 that had made the account, or when data change before the answer is known, nothing
//!   else can find it. So there accounts settle to listable statuses, or only long after the second look-up.
//! * A provider that forgets its own 500s runs the same id again. If the 500 had made an account and died with the
//!   process that got it, the resend makes another. So where 500s are forgotten no process dies.
//! * A provider that runs an id twice while its first call still runs makes two accounts if a process dies meanwhile and
//!   its lease ends sooner than the call. So there calls end before leases do.
//!
//! Three are the program's:
//!
//! * A budget in one process does not survive it (decision 4), so the next process starts after the longest window, or
//!   the provider counts no windows.
//! * A token must outlive a call's wait for leave. Where windows are long, tokens live as long as IMS gives them, a day.
//! * Whoever has a task in hand while its data change is not told. A call that waits for leave for longer than the look-ups
//!   take then sends the old data beside the new (`open_data_changed_under_a_lease` in the scenarios). So where data
//!   change, no call waits long.

use std::collections::BTreeMap;
use std::time::Duration;

use enlist::domain::policy::rate::Window;
use enlist::simulator::adobe::{AdobeSettings, Settle, Status};
use enlist::simulator::adobe::{
    Call, FAULTS, GatewayShape, ListKey, NameMatch, OtherBody, RetryAfter, WhileRunning,
};
use enlist::simulator::fault::Fault;
use enlist::simulator::limiter;

use crate::dice::Dice;
use crate::far::{revoke_tokens, set};
use crate::fate::Fate;
use crate::rig::{Plan, Rig};
use crate::rows::SimRow;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The simulation that a seed stands for.
pub(crate) fn rig(seed: u64) -> Rig {
    let mut dice = Dice::of(seed, 0);
    let mut settings = AdobeSettings {
        windows: Vec::new(),
        ..AdobeSettings::default()
    };
    faults(&mut settings, &mut dice);
    ways(&mut settings, &mut dice);
    let feeds = feeds(&mut dice);
    let changes = feeds.iter().any(|(_, changed)| *changed > 0.0);
    accounts(&mut settings, changes, &mut dice);
    let forgets_500s = !settings.store_5xx && settings.faults.contains_key(&Fault::Error500Stored);
    let dies = !forgets_500s;
    let mut plan = plan(&mut settings, dies, changes, &mut dice);
    plan.feeds = feeds;
    let share = if dies {
        dice.pick(&[0.0, 0.003, 0.01, 0.03])
    } else {
        0.0
    };
    let fate = Fate::by_dice(Dice::of(seed, 4), share, 12);
    let unsound = dice.pick(&[0.0, 0.0, 0.1, 0.3]);
    let rows = SimRow::some(dice.index(10, 40), unsound, &mut dice);
    let rig = Rig::new(seed, plan, fate, settings, rows);
    rig.far.set_clock(dice.number(0, 600_000).cast_signed() - 300_000);
    rig.far.set_way(dice.pick(&[24, 24, 999]));
    rig.far.set_refuse(dice.pick(&[0.0, 0.0, 0.02, 0.1]));
    events(&rig, &mut dice);
    rig
}

fn faults(settings: &mut AdobeSettings, dice: &mut Dice) {
    let kinds = dice.pick(&[0, 1, 2, 3, 5, 11]);
    let mut all = FAULTS;
    dice.shuffle(&mut all);
    let most = if kinds == 1 {
        0.3
    } else {
        0.5 / f64::from(kinds.max(1))
    };
    for fault in all.into_iter().take(usize::try_from(kinds).unwrap()) {
        settings.faults.insert(fault, most * (0.2 + 0.8 * dice.unit()));
    }
    for call in [Call::Get, Call::List, Call::Token] {
        if dice.chance(0.4) {
            settings.fault_on.insert(call);
        }
    }
    settings.hang = dice.pick(&[s(30), s(600)]);
    settings.retry_after = dice.pick(&[RetryAfter::Never, RetryAfter::Seconds, RetryAfter::Date]);
}

/// The ways of the provider that are documented twice or not at all.
fn ways(settings: &mut AdobeSettings, dice: &mut Dice) {
    let running = [
        WhileRunning::Busy,
        WhileRunning::Busy,
        WhileRunning::Wait,
        WhileRunning::RunTwice,
    ];
    settings.while_running = dice.pick(&running);
    settings.slow_max = match settings.while_running {
        WhileRunning::RunTwice => s(5),
        _ => dice.pick(&[s(5), s(30), s(100)]),
    };
    settings.store_5xx = dice.chance(0.7);
    settings.other_body = dice.pick(&[OtherBody::Replay, OtherBody::Refuse]);
    settings.gateway_shape = dice.pick(&[GatewayShape::Documented, GatewayShape::Gateway]);
    settings.list_key = dice.pick(&[ListKey::Accounts, ListKey::Resellers]);
    settings.name_match = dice.pick(&[NameMatch::Exact, NameMatch::IgnoreCase, NameMatch::Prefix]);
    settings.created_as_200 = dice.chance(0.3);
    settings.extra_fields = dice.chance(0.3);
    settings.visible_after = dice.pick(&[s(0), s(0), s(3), s(60)]);
    // The second look-up comes 5 s after the first.
    settings.list_lag = dice.pick(&[s(0), s(0), s(1), s(4)]);
}

/// When the file is fed again, and how much of it has changed.
fn feeds(dice: &mut Dice) -> Vec<(Duration, f64)> {
    let changed = dice.pick(&[0.0, 0.0, 0.3]);
    let times = dice.pick(&[0, 0, 1, 3]);
    (0..times).map(|_| (dice.ms(0, 200_000), changed)).collect()
}

/// How accounts settle.
fn accounts(settings: &mut AdobeSettings, changes: bool, dice: &mut Dice) {
    let looked_for = changes || settings.faults.contains_key(&Fault::Error500Stored);
    let spans = [
        Settle::AtOnce,
        Settle::Never,
        Settle::Between(s(0), s(3)),
        Settle::Between(s(1), s(90)),
        Settle::Between(s(0), s(900)),
    ];
    let listable: &[&str] = &["1004", "1002"];
    let all: &[&str] = &["1004", "1002", "1010", "1012", "1099"];
    settings.settle = dice.pick(&spans);
    let mut codes = all;
    if looked_for && dice.chance(0.5) {
        codes = listable;
    } else if looked_for {
        settings.settle = Settle::Between(s(1_200), s(1_800));
    }
    let share = dice.pick(&[0.0, 0.05, 0.15]);
    let shares = codes.iter().map(|code| (code.parse::<Status>().unwrap(), share));
    settings.settle_as = shares.collect::<BTreeMap<_, _>>();
}

fn plan(settings: &mut AdobeSettings, dies: bool, changes: bool, dice: &mut Dice) -> Plan {
    let mut plan = Plan {
        processes: u32::try_from(dice.number(1, 3)).unwrap(),
        in_flight: dice.pick(&[1, 3, 8, 20]),
        linger: dice.pick(&[0.0, 0.3, 0.8]),
        pause_share: if dies { dice.pick(&[0.0, 0.01, 0.05]) } else { 0.0 },
        in_sets: dice.chance(0.7),
        ..Plan::calm()
    };
    if changes || dice.chance(0.4) {
        plan.down = (s(0), s(3));
        settings.token_lifetime = dice.pick(&[s(86_399), s(60), s(600)]);
        return plan;
    }
    let calls = u32::try_from(dice.number(4, 40)).unwrap();
    let per = dice.ms(11_000, 30_000);
    plan.windows = vec![Window { calls, per }];
    if dice.chance(0.3) {
        let (calls, per) = (calls * 5, per * 10);
        plan.windows.push(Window { calls, per });
    }
    let provider = |window: &Window| {
        let hard = usize::try_from(window.calls * plan.processes).unwrap();
        let soft = hard / 2;
        let per = window.per;
        limiter::Window { soft, hard, per }
    };
    settings.windows = plan.windows.iter().map(provider).collect();
    settings.soft_delay_max = dice.pick(&[s(0), Duration::from_millis(500)]);
    let longest = plan.windows.iter().map(|window| window.per).max().unwrap();
    plan.down = (longest.max(plan.lease) + s(1), longest + s(60));
    plan
}

/// Keys and tokens revoked in the middle.
fn events(rig: &Rig, dice: &mut Dice) {
    let key_goes = dice.chance(0.2).then(|| dice.number(2, 80));
    let tokens_go: Vec<u64> = (0..dice.pick(&[0, 0, 1, 3]))
        .map(|_| dice.number(2, 120))
        .collect();
    let now = rig.far.brain(|_, now| now);
    rig.far.set_hook(move |brain, _, number| {
        if Some(number) == key_goes {
            set(brain, &serde_json::json!({ "api_key_valid": false }));
        }
        if tokens_go.contains(&number) {
            revoke_tokens(brain, now);
        }
    });
}
