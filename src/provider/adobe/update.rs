//! Changing accounts: find the account, look at it, send what is to change, see what came of it.
//!
//! ```text
//! row ─▶ which account? ─▶ GET ─▶ compare ─▶ PATCH ─▶ what was kept?
//!        its own id,        fresh   refuse,    the intent's id,
//!        else a list                or nothing under the lease
//! ```
//!
//! Every submit begins with the look, one that is sent again after silence too: what an earlier send has done is then no
//! difference any more. What goes wrong before the PATCH has changed nothing, and is told as not sent.

mod compare;
pub(super) mod details;
mod find;

use std::sync::Arc;

use async_trait::async_trait;

use super::line::Line;
use super::wire::Ask;
use super::{AdobeSettings, classify};
use crate::domain::answer::{AccountSeen, Answer, Answered, Meaning, RowError, Silence};
use crate::domain::attempt::CallKind;
use crate::domain::diagnosis::Diagnosis;
use crate::domain::ids::{AccountId, RequestId};
use crate::domain::machine::IdempotencyContract;
use crate::domain::time::Timestamp;
use crate::engine::ports::{AccountShown, Budget, LookUpCall, PendingPage, Provider, Reply, SubmitCall};
use crate::provider::SettingError;
use crate::provider::sender::Exchanges as _;
use crate::provider::trail::Trail;
use crate::provider::transport::{Exchange, Transport};
use crate::world::World;
use compare::{Decision, decide, drift, sends_names};
use details::{Details, Row};

/// An update says what an account is to be, not what to add to it: twice is as good as once.
pub const IDEMPOTENCY: IdempotencyContract = IdempotencyContract::Repeatable;

/// Adobe VIP Marketplace as the engine's provider of changed accounts.
#[derive(Debug)]
pub struct AdobeUpdate {
    line: Line,
}

/// What a new account has otherwise than the create's `payload` said. The create's own answer repeats names that are not kept,
/// so only a later look can tell (seed 000).
pub(super) fn kept(payload: &str, shown: &[u8]) -> Vec<RowError> {
    let both = Details::parse(payload.as_bytes()).zip(Details::parse(shown));
    both.map_or_else(Vec::new, |(sent, shown)| drift(&sent, &shown))
}

/// An account as it stands.
struct Stored {
    seen: AccountSeen,
    details: Details,
}

impl AdobeUpdate {
    /// Checks the settings. Makes no call; the first one fetches a token.
    pub fn new(
        settings: AdobeSettings,
        transport: Arc<dyn Transport>,
        budget: Arc<dyn Budget>,
        world: Arc<dyn World>,
    ) -> Result<Self, SettingError> {
        Line::new(settings, transport, budget, world).map(|line| Self { line })
    }

    /// Looks at the provider, as whom we are known there. `clock` is this machine's own.
    pub async fn examine(&self, clock: &(dyn Fn() -> Timestamp + Sync)) -> Vec<Diagnosis> {
        self.line.examine(clock).await
    }

    /// The account that a row means, as it stands. `Err` says why there is none to be had.
    async fn stored(
        &self,
        row: &Row,
        known: Option<&AccountId>,
        reads: &mut Trail,
    ) -> Result<Stored, Answer> {
        // The row's own word is newer than what an earlier one led to.
        let account = match row.reseller.as_ref().or(known) {
            Some(account) => account.clone(),
            None => self.find(row, reads).await?,
        };
        self.look(&account, reads).await
    }

    async fn look(&self, account: &AccountId, reads: &mut Trail) -> Result<Stored, Answer> {
        let ask = Ask::read(&self.line.base, account);
        let exchange = self
            .line
            .read(CallKind::Poll, &ask, reads)
            .await
            .map_err(unsent)?;
        match classify::read(&exchange, account, self.line.sender.world.now()) {
            Answer::Answered(Answered::Account(seen)) => match details(&exchange) {
                Some(details) => Ok(Stored { seen, details }),
                None => Err(Answer::NotSent(
                    "the account could not be read: it was shown without a company".to_owned(),
                )),
            },
            Answer::Answered(Answered::Missing) => Err(Answer::Answered(Answered::NotFound)),
            other => Err(unsent(other)),
        }
    }

    /// Everything a submit does. `Err` is an answer too: of whatever it ended at.
    async fn update(
        &self,
        call: &SubmitCall,
        reads: &mut Trail,
        sent: &mut Trail,
    ) -> Result<Answered, Answer> {
        let Some(row) = Row::parse(&call.payload) else {
            let error = RowError::new("payload", "the row's stored request is not one of an update");
            return Ok(Answered::Misfit(error));
        };
        let before = self.stored(&row, call.account.as_ref(), reads).await?;
        if before.seen.meaning == Meaning::Pending {
            return Ok(Answered::NotYet(before.seen));
        }
        let wanted = match decide(&before.details, &row.body) {
            Decision::Refused(errors) => return Ok(Answered::Rejected(errors)),
            Decision::Nothing(drift) if drift.is_empty() => return Ok(Answered::Unchanged(before.seen)),
            Decision::Nothing(drift) => {
                return Ok(Answered::Updated {
                    seen: before.seen,
                    drift,
                });
            }
            Decision::Send(wanted) => wanted,
        };
        let ask = Ask::update(
            &self.line.base,
            &before.seen.account,
            wanted.to_value().to_string().into(),
        );
        let exchange = self
            .line
            .exchange(CallKind::Submit, &ask, Some(&call.lease), sent)
            .await?;
        match classify::update(&exchange, &before.seen, self.line.sender.world.now()) {
            Answer::Answered(Answered::Account(seen)) => {
                let shown = details(&exchange).map(|details| Stored { seen, details });
                self.outcome(&before, &wanted, shown, exchange, reads).await
            }
            other => Err(other),
        }
    }

    /// What came of an update that was carried out, by its answer, or by another look where the answer does not tell.
    async fn outcome(
        &self,
        before: &Stored,
        wanted: &Details,
        shown: Option<Stored>,
        exchange: Exchange,
        reads: &mut Trail,
    ) -> Result<Answered, Answer> {
        let is_plain = |shown: &Stored| {
            drift(wanted, &shown.details).is_empty() && !sends_names(wanted, &before.details)
        };
        let after = match shown {
            Some(shown) if is_plain(&shown) => shown,
            shown => match (self.look(&before.seen.account, reads).await, shown) {
                (Ok(after), _) => after,
                (Err(_), Some(shown)) => shown,
                // Carried out, and what the account is now is not known: looked at again, as after any silence.
                (Err(_), None) => {
                    let http = exchange.head().map(|head| head.status).unwrap_or_default();
                    return Err(Answer::Silent(Silence::Unreadable { http }));
                }
            },
        };
        Ok(Answered::Updated {
            drift: drift(wanted, &after.details),
            seen: after.seen,
        })
    }
}

fn details(exchange: &Exchange) -> Option<Details> {
    exchange.body().and_then(|body| Details::parse(body))
}

/// What a look that brought nothing means for an update: it was not sent.
fn unsent(answer: Answer) -> Answer {
    let why = match answer {
        Answer::Silent(Silence::TimedOut) => "no response in time".to_owned(),
        Answer::Silent(Silence::Broken(why)) => why,
        Answer::Silent(Silence::Gateway { http, .. } | Silence::Unreadable { http }) => {
            format!("HTTP {http}")
        }
        Answer::Silent(Silence::Busy | Silence::Abandoned) => "the provider is at work".to_owned(),
        Answer::Answered(Answered::Ambiguous(error)) => format!("{}: {}", error.code, error.message),
        // What a look is refused for says nothing of the row.
        Answer::Answered(Answered::Rejected(errors)) => {
            let codes: Vec<&str> = errors.iter().map(|error| error.code.as_str()).collect();
            format!("refused with {}", codes.join(", "))
        }
        other => return other,
    };
    Answer::NotSent(format!("the account could not be read: {why}"))
}

#[async_trait]
impl Provider for AdobeUpdate {
    /// The reply is that of the PATCH if one left, else that of the last look.
    async fn submit(&self, call: &SubmitCall) -> Reply {
        let world = &*self.line.sender.world;
        let mut reads = Trail::of_read(world);
        let mut sent = Trail::new(call.correlation_id, RequestId::fresh(world.dice()));
        let answer = self.update(call, &mut reads, &mut sent).await;
        let answer = answer.map_or_else(|answer| answer, Answer::Answered);
        if sent.exchanges == 0 {
            return reads.reply(answer);
        }
        sent.exchanges += reads.exchanges;
        sent.reply(answer)
    }

    /// Not asked for: an update is repeated, not looked for. Answers all the same.
    async fn look_up(&self, call: &LookUpCall) -> Reply {
        let mut reads = Trail::of_read(&*self.line.sender.world);
        let answer = match Row::parse(&call.payload) {
            Some(row) => match self.stored(&row, None, &mut reads).await {
                Ok(stored) => Answer::Answered(Answered::Account(stored.seen)),
                Err(answer) => answer,
            },
            None => Answer::Answered(Answered::NotFound),
        };
        reads.reply(answer)
    }

    async fn poll(&self, account: &AccountId) -> Reply {
        self.line.poll(account).await
    }

    /// The answer to an update says so itself.
    fn kept(&self, _: &str, _: &AccountShown) -> Vec<RowError> {
        Vec::new()
    }

    /// Accounts that wait to be updated are looked at one by one, in the course of a submit.
    async fn list_pending(&self, _: u64) -> Option<PendingPage> {
        None
    }
}

#[cfg(test)]
mod tests;
