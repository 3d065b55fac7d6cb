use proptest::prelude::*;

use super::*;
use crate::domain::answer::{InactiveReason, RowError};
use crate::domain::ids::{AccountId, Digest, StatusCode};
use crate::domain::task::{Action, Outcome, ParkReason, State, Then, Tries};

fn fresh() -> Stored {
    let at = Timestamp::from_ms(1_732_660_000_000);
    Stored {
        id: (7 << 40) | 41,
        fence: 0,
        since: None,
        owner: 7,
        key: RowKey::new("R-123456").unwrap(),
        sources: Sources {
            in_force: (7 << 40) | 41,
            staged: None,
        },
        task: Task::new(Action::Create, Digest::of(b"payload"), at),
    }
}

/// Redis rounds a value of 61 to 76 bytes up to 80; the promise of 300 bytes a row needs it.
#[test]
fn a_task_not_yet_sent_takes_few_bytes() {
    assert!(fresh().encode().len() <= 76, "{}", fresh().encode().len());
}

#[test]
fn the_head_is_where_scripts_look_for_it() {
    let held = Stored {
        fence: 0x0102_0304,
        since: Some(Timestamp::from_ms(0x0a0b_0c0d_0e0f)),
        owner: 0x0011_2233,
        ..fresh()
    };
    let head = [
        1, 2, 3, 4, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x11, 0x22, 0x33, 2,
    ];
    assert_eq!(held.encode()[..14], head);
    assert_eq!(fresh().encode()[4..10], [0; 6]);
    assert_eq!(fresh().encode()[13], 0);
}

/// At any time of the two years, from whatever is stored.
#[test]
fn fences_grow_with_leases_and_with_time() {
    let mut now = 1_732_660_000_000_i64;
    let mut fence = fence_at(Timestamp::from_ms(now));
    let year = 365 * 86_400_000;
    for step in [0, 0, 16, 15, 1_000, 86_400_000, year, 0, year, 16] {
        now += step;
        let next = next_fence(fence, fence_at(Timestamp::from_ms(now)));
        assert_ne!(next, fence);
        assert!(next.wrapping_sub(fence) <= u32::MAX / 2, "{fence} {next}");
        fence = next;
    }
    assert_eq!(next_fence(u32::MAX, u32::MAX), 0);
    assert_eq!(next_fence(u32::MAX - 1, 4), 4, "round the end");
    assert_eq!(next_fence(7, 4), 8, "a clock that is behind");
}

fn any_state() -> impl Strategy<Value = State> {
    let then = prop_oneof![
        Just(Then::SendAgain),
        Just(Then::SendAnyway),
        Just(Then::GiveUp),
        Just(Then::Park),
        Just(Then::SendFirst)
    ];
    let outcome = prop_oneof![
        Just(Outcome::Active),
        Just(Outcome::Inactive(InactiveReason::Unspecified)),
        Just(Outcome::Inactive(InactiveReason::InvalidAddress)),
        Just(Outcome::Inactive(InactiveReason::Blocked)),
        Just(Outcome::Rejected),
        Just(Outcome::StillPending),
        Just(Outcome::Parked(ParkReason::UnknownStatus)),
        Just(Outcome::Parked(ParkReason::UnknownOutcome)),
        Just(Outcome::Parked(ParkReason::AccountMissing)),
        Just(Outcome::Exhausted),
        Just(Outcome::Cancelled),
        Just(Outcome::Updated),
        Just(Outcome::Unchanged),
        Just(Outcome::AwaitingActivation),
        Just(Outcome::CreatedIdUnknown),
    ];
    prop_oneof![
        Just(State::Queued),
        Just(State::Submitting),
        Just(State::Unknown),
        Just(State::Pending),
        (any::<u8>(), then).prop_map(|(misses, then)| State::Reconciling { misses, then }),
        outcome.prop_map(State::Settled),
    ]
}

prop_compose! {
    fn any_task()(
        state in any_state(),
        payload in any::<[u8; 32]>(),
        generation in any::<u32>(),
        due in any::<i64>(),
        times in prop::array::uniform6(prop::option::of(any::<i64>())),
        flags in any::<(bool, bool, bool, bool, bool)>(),
        texts in (prop::option::of(".{0,40}"), prop::option::of("[0-9]{0,8}")),
        staged in prop::option::of(any::<[u8; 32]>()),
        tries in prop::array::uniform8(prop_oneof![Just(0_u32), any::<u32>()]),
        errors in prop::collection::vec(("[0-9]{4}", ".{0,20}", ".{0,60}"), 0..4),
    ) -> Task {
        let [first_sent_at, quiet_at, trying_since, polling_since, created_at, settled_at] =
            times.map(|at| at.map(Timestamp::from_ms));
        let [sends, silences, refusals, unsent, generations, polls, read_failures, missing] = tries;
        Task {
            state,
            action: if flags.4 { Action::Update } else { Action::Create },
            payload: Digest::from_bytes(payload),
            generation,
            due_at: Timestamp::from_ms(due),
            first_sent_at,
            unknown: flags.0,
            quiet_at,
            trying_since,
            polling_since,
            created_at,
            settled_at,
            account: texts.0.map(AccountId::new),
            status: texts.1.map(StatusCode::new),
            staged: staged.map(Digest::from_bytes),
            changed: flags.1,
            looked: flags.2,
            existed: flags.3,
            tries: Tries { sends, silences, refusals, unsent, generations, polls, read_failures, missing },
            errors: errors
                .into_iter()
                .map(|(code, field, message)| RowError { code, field, message })
                .collect(),
        }
    }
}

prop_compose! {
    fn any_stored()(
        id in 0_i64..1 << 62,
        fence in any::<u32>(),
        since in prop::option::of(1_i64..1 << 48),
        owner in 0_i64..1 << 23,
        key in "[^<>\"\\p{C}\\s]{1,35}",
        in_force in 0_i64..1 << 62,
        staged in prop::option::of(0_i64..1 << 62),
        task in any_task(),
    ) -> Stored {
        Stored {
            id,
            fence,
            since: since.map(Timestamp::from_ms),
            owner,
            key: RowKey::new(&key).unwrap(),
            sources: Sources { in_force, staged },
            task,
        }
    }
}

proptest! {
    #[test]
    fn a_task_reads_back_as_it_was(stored in any_stored()) {
        prop_assert_eq!(Stored::decode(stored.id, &stored.encode()).unwrap(), stored);
    }

    #[test]
    fn broken_bytes_are_an_error_or_another_task_never_a_panic(
        stored in any_stored(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()
    ) {
        let mut bytes = stored.encode();
        let whole = bytes.len();
        prop_assert!(Stored::decode(stored.id, &bytes[..cut.index(whole)]).is_err());
        bytes[at.index(whole)] = byte;
        let _ = Stored::decode(stored.id, &bytes);
    }
}
