//! How an exchange is made, whichever provider it is with: leave from the budget, a token where there is one, the lease
//! looked at before and after, a read repeated once.

use std::sync::Arc;

use async_trait::async_trait;

use super::token::{Token, TokenFailure, TokenSource};
use super::trail::Trail;
use super::transport::{Exchange, Held, HttpRequest, Transport};
use crate::domain::answer::Answer;
use crate::domain::attempt::CallKind;
use crate::engine::lease::LeaseWatch;
use crate::engine::ports::{Budget, Permit};
use crate::world::World;

/// What exchanges are made with. `R` is what an adapter reads of one.
pub(super) struct Sender<R = Exchange> {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) budget: Arc<dyn Budget>,
    pub(super) world: Arc<dyn World>,
    /// Reads what came back, once: what its answer is made from, and the provider's own code, if it gave one.
    pub(super) read: fn(Exchange) -> (R, Option<String>),
}

/// Leave to make one exchange. It counts from the moment it is given, so nothing that takes time may come between it and
/// the sending.
pub(super) struct Leave {
    kind: CallKind,
    permit: Box<dyn Permit>,
}

impl<R: AsRef<Exchange>> Sender<R> {
    /// Waits for leave. `Err` if there will be none.
    pub(super) async fn leave(&self, kind: CallKind) -> Result<Leave, Answer> {
        let permit = self.budget.permit(kind).await.ok_or(Answer::NoLeave)?;
        Ok(Leave { kind, permit })
    }

    /// A token, then leave. A token that ran out while waiting for leave is replaced, and the leave let go: with a hundred
    /// writes an hour (providers.md 4.1) the wait can be as long as a token's life.
    pub(super) async fn token_and_leave(
        &self,
        tokens: &TokenSource,
        kind: CallKind,
    ) -> Result<(Token, Leave), Answer> {
        let mut tries_left = 3_u8;
        loop {
            let token = tokens.get().await.map_err(TokenFailure::into_answer)?;
            let leave = self.leave(kind).await?;
            tries_left -= 1;
            if tries_left == 0 || !token.is_over(self.world.now()) {
                return Ok((token, leave));
            }
        }
    }

    /// Sends. A request under a `lease` leaves while that is held, or not at all.
    pub(super) async fn send(
        &self,
        Leave { kind, permit }: Leave,
        mut request: HttpRequest,
        lease: Option<&LeaseWatch>,
        trail: &mut Trail,
    ) -> Result<R, Answer> {
        // While a token was fetched or leave was waited for, this process may have been stopped.
        let held = lease.map(|lease| Held::by(lease.clone(), Arc::clone(&self.world)));
        let lapsed = || held.as_ref().is_some_and(|held| !held.still());
        if lapsed() {
            return Err(Answer::NoLeave);
        }
        request.held.clone_from(&held);
        let left_at = self.world.now();
        let exchange = self.transport.send(request).await;
        drop(permit);
        if matches!(exchange, Exchange::NotSent(_)) && lapsed() {
            return Err(Answer::NoLeave);
        }
        let took = self.world.now().since(left_at);
        let (heard, code) = (self.read)(exchange);
        trail.note(heard.as_ref(), code);
        trail.tell(kind, heard.as_ref(), took);
        Ok(heard)
    }
}

/// A client, as far as all make exchanges alike.
#[async_trait]
pub(super) trait Exchanges: Sync {
    /// A call, before it has ids and credentials.
    type Ask: Sync;

    /// What is read of an exchange.
    type Heard: AsRef<Exchange> + Send;

    /// What it makes them with.
    fn sender(&self) -> &Sender<Self::Heard>;

    /// Makes one exchange. `Err` says why there was none that could be classified: no leave, no token, or a refused one.
    async fn exchange(
        &self,
        kind: CallKind,
        ask: &Self::Ask,
        lease: Option<&LeaseWatch>,
        trail: &mut Trail,
    ) -> Result<Self::Heard, Answer>;

    /// A read: ids of its own, and one immediate repetition when the connection broke, which is mostly an idle one that
    /// the server had closed (providers.md 6.1, 7.1 D12). What makes or changes something is never repeated here.
    async fn read(&self, kind: CallKind, ask: &Self::Ask, trail: &mut Trail) -> Result<Self::Heard, Answer> {
        let world = &*self.sender().world;
        trail.renew(world);
        match self.exchange(kind, ask, None, trail).await {
            Ok(heard) if matches!(heard.as_ref(), Exchange::Broken(_)) => {
                trail.renew(world);
                self.exchange(kind, ask, None, trail).await
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests;
