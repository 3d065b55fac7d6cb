//! What calls are answered.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::answer::{Answer, RowError};
use crate::domain::attempt::CallKind;
use crate::domain::ids::AccountId;
use crate::engine::advance::read_as;
use crate::engine::ports::{AccountShown, LookUpCall, PendingPage, Provider, Reply, SubmitCall};
use crate::telemetry::metrics::Metrics;

/// A provider, watched.
pub struct WatchedProvider {
    provider: Arc<dyn Provider>,
    metrics: Arc<Metrics>,
}

impl WatchedProvider {
    /// `provider`, watched.
    pub fn new(provider: Arc<dyn Provider>, metrics: Arc<Metrics>) -> Self {
        Self { provider, metrics }
    }

    /// What got no leave was no call.
    fn count(&self, kind: CallKind, reply: Reply) -> Reply {
        if reply.answer != Answer::NoLeave {
            self.metrics.called(kind.as_str(), read_as(&reply.answer));
        }
        reply
    }
}

#[async_trait]
impl Provider for WatchedProvider {
    async fn submit(&self, call: &SubmitCall) -> Reply {
        self.count(CallKind::Submit, self.provider.submit(call).await)
    }

    async fn look_up(&self, call: &LookUpCall) -> Reply {
        self.count(CallKind::LookUp, self.provider.look_up(call).await)
    }

    async fn poll(&self, account: &AccountId) -> Reply {
        self.count(CallKind::Poll, self.provider.poll(account).await)
    }

    async fn list_pending(&self, offset: u64) -> Option<PendingPage> {
        let page = self.provider.list_pending(offset).await?;
        let answer = if page.answered { "listed" } else { "no answer" };
        self.metrics.called("list", answer);
        Some(page)
    }

    fn kept(&self, payload: &str, shown: &AccountShown) -> Vec<RowError> {
        self.provider.kept(payload, shown)
    }
}
