//! Which account a row means that names none: the one with the row's key as its external reference, found through the list
//! by company name (providers.md 2.7).

use super::details::{NAME, REFERENCE, Row};
use super::{AdobeUpdate, unsent};
use crate::domain::answer::{AccountSeen, Answer, Answered, RowError};
use crate::domain::ids::AccountId;
use crate::domain::time::Timestamp;
use crate::provider::adobe::look_up::{STATUSES, Wanted};
use crate::provider::trail::Trail;

/// Accounts are found whenever they were made.
const EVER: Timestamp = Timestamp::from_ms(i64::MIN);

/// Accounts named in a message at most.
const NAMED_MAX: usize = 5;

impl AdobeUpdate {
    /// `Err` says why there is none, or which there are.
    pub(super) async fn find(&self, row: &Row, reads: &mut Trail) -> Result<AccountId, Answer> {
        let wanted = Wanted {
            key: &row.reference,
            company_name: row.body.text(NAME).map(str::to_owned),
            horizon: EVER,
        };
        let (mut ours, mut elsewhere, mut doubtful) = (Vec::<AccountSeen>::new(), Vec::new(), false);
        for status in STATUSES {
            let seen = self
                .line
                .find_under(status, &wanted, reads)
                .await
                .map_err(unsent)?;
            for (_, account) in seen.ours {
                // One that settles between two lists stands in both.
                if ours.iter().all(|known| known.account != account.account) {
                    ours.push(account);
                }
            }
            elsewhere.extend(seen.elsewhere);
            doubtful |= seen.doubtful;
        }
        match (ours.as_slice(), elsewhere.as_slice()) {
            // A list that cannot be read whole finds nothing for certain, and not whether there are two.
            _ if doubtful => Err(Answer::NotSent(
                "the list of accounts could not be read whole".to_owned(),
            )),
            ([], []) => Err(Answer::Answered(Answered::NotFound)),
            // Another company's name is told when the account is compared.
            ([], elsewhere) => the_one(elsewhere),
            (ours, _) => the_one(ours),
        }
    }
}

/// The reference need not be unique (providers.md 2.5); to change the wrong account is worse than to change none.
fn the_one(accounts: &[AccountSeen]) -> Result<AccountId, Answer> {
    if let [account] = accounts {
        return Ok(account.account.clone());
    }
    let named: Vec<&str> = accounts
        .iter()
        .take(NAMED_MAX)
        .map(|seen| seen.account.as_str())
        .collect();
    let message = format!(
        "{} accounts have this reference: {}; name the one that is meant in a column reseller_id",
        accounts.len(),
        named.join(", ")
    );
    Err(Answer::Answered(Answered::Rejected(vec![RowError {
        field: REFERENCE.to_owned(),
        ..RowError::new("several_accounts", message)
    }])))
}
