//! Making accounts: one request for an account, a look for it, polls.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::line::Line;
use super::wire::{Ask, ListQuery, Order};
use super::{AdobeSettings, classify, update};
use crate::domain::answer::{Answer, Refused, RowError};
use crate::domain::attempt::CallKind;
use crate::domain::diagnosis::Diagnosis;
use crate::domain::ids::{AccountId, RequestId};
use crate::domain::time::Timestamp;
use crate::engine::ports::{AccountShown, Budget, LookUpCall, PendingPage, Provider, Reply, SubmitCall};
use crate::provider::SettingError;
use crate::provider::sender::Exchanges as _;
use crate::provider::trail::Trail;
use crate::provider::transport::Transport;
use crate::world::World;

/// A list call that is throttled pauses the budget for this long if no time is named, and at most so long.
const LIST_PAUSE: Duration = Duration::from_secs(1);
const LIST_PAUSE_MAX: Duration = Duration::from_secs(900);

/// The status of accounts that have not settled.
const PENDING: &str = "1002";

/// Adobe VIP Marketplace as the engine's provider of new accounts.
#[derive(Debug)]
pub struct Adobe {
    line: Line,
}

impl Adobe {
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
}

#[async_trait]
impl Provider for Adobe {
    async fn submit(&self, call: &SubmitCall) -> Reply {
        let mut trail = Trail::new(
            call.correlation_id,
            RequestId::fresh(self.line.sender.world.dice()),
        );
        let ask = Ask::create(&self.line.base, Arc::clone(&call.payload));
        let exchange = self
            .line
            .exchange(CallKind::Submit, &ask, Some(&call.lease), &mut trail);
        let answer = match exchange.await {
            Ok(exchange) => classify::create(&exchange, self.line.sender.world.now()),
            Err(answer) => answer,
        };
        trail.reply(answer)
    }

    async fn look_up(&self, call: &LookUpCall) -> Reply {
        let mut trail = Trail::of_read(&*self.line.sender.world);
        let answer = self
            .line
            .find(call, &mut trail)
            .await
            .unwrap_or_else(|answer| answer);
        trail.reply(answer)
    }

    async fn poll(&self, account: &AccountId) -> Reply {
        self.line.poll(account).await
    }

    fn kept(&self, payload: &str, shown: &AccountShown) -> Vec<RowError> {
        update::kept(payload, &shown.0)
    }

    async fn list_pending(&self, offset: u64) -> Option<PendingPage> {
        let query = ListQuery {
            status: PENDING,
            company_name: None,
            order: Order::Oldest,
            offset,
        };
        let mut trail = Trail::of_read(&*self.line.sender.world);
        Some(match self.line.page(CallKind::Poll, &query, &mut trail).await {
            Ok(page) => {
                let rows = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
                PendingPage {
                    total: page.total.unwrap_or_else(|| offset.saturating_add(rows)),
                    accounts: page.rows.into_iter().filter_map(|row| row?.reseller_id).collect(),
                    answered: true,
                }
            }
            Err(answer) => {
                // The page cannot tell its caller about a wait that was asked for, so the budget is told here.
                if let Answer::Refused(Refused::Throttled { retry_after }) = answer {
                    let wait = retry_after.unwrap_or(LIST_PAUSE).min(LIST_PAUSE_MAX);
                    self.line.sender.budget.pause_for(wait);
                }
                PendingPage {
                    accounts: Vec::new(),
                    total: 0,
                    answered: false,
                }
            }
        })
    }
}

#[cfg(test)]
pub(super) mod tests;
