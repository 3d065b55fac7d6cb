//! The calls: token, budget, exchange, answer.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use url::Url;

use super::classify::Reading;
use super::wire::Ask;
use super::{MetallicSettings, classify};
use crate::domain::answer::{Answer, Refused};
use crate::domain::attempt::CallKind;
use crate::domain::ids::{AccountId, CorrelationId, RequestId};
use crate::engine::lease::LeaseWatch;
use crate::engine::ports::{Budget, LookUpCall, PendingPage, Permit, Provider, Reply, SubmitCall};
use crate::provider::SettingError;
use crate::provider::token::{Token, TokenFailure, TokenSource};
use crate::provider::transport::rate_limit::SpanUnit;
use crate::provider::transport::{Exchange, Held, Transport, plain};
use crate::world::World;

/// Metallic as the engine's provider.
pub struct Metallic {
    base: Url,
    resellers: Url,
    period_unit: SpanUnit,
    tokens: TokenSource,
    transport: Arc<dyn Transport>,
    budget: Arc<dyn Budget>,
    world: Arc<dyn World>,
}

impl std::fmt::Debug for Metallic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metallic")
            .field("resellers", &self.resellers.as_str())
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

impl Metallic {
    /// Checks the settings. Makes no call; the first one fetches a token.
    pub fn new(
        settings: MetallicSettings,
        transport: Arc<dyn Transport>,
        budget: Arc<dyn Budget>,
        world: Arc<dyn World>,
    ) -> Result<Self, SettingError> {
        let connection = settings.checked()?;
        let tokens = TokenSource::new(connection.principal, Arc::clone(&transport), Arc::clone(&world));
        Ok(Self {
            base: connection.base,
            resellers: connection.resellers,
            period_unit: connection.period_unit,
            tokens,
            transport,
            budget,
            world,
        })
    }

    pub(super) const fn base(&self) -> &Url {
        &self.base
    }

    pub(super) const fn tokens(&self) -> &TokenSource {
        &self.tokens
    }

    pub(super) fn transport(&self) -> &dyn Transport {
        &*self.transport
    }

    fn reading(&self) -> Reading {
        Reading {
            now: self.world.now(),
            period_unit: self.period_unit,
        }
    }

    /// Makes one exchange. `Err` says why there was none that could be classified: no token, or a refused one.
    /// A request under a `lease` leaves while that holds, or not at all.
    async fn exchange(
        &self,
        kind: CallKind,
        ask: &Ask,
        lease: Option<&LeaseWatch>,
        trail: &mut Trail,
    ) -> Result<Exchange, Answer> {
        let (token, permit) = self.token_and_leave(kind).await?;
        // While the token was fetched or leave was waited for, this process may have been stopped.
        let held = lease.map(|lease| Held::by(lease.clone(), Arc::clone(&self.world)));
        let lapsed = || held.as_ref().is_some_and(|held| !held.still());
        if lapsed() {
            return Err(Answer::NoLeave);
        }
        let mut request = ask.request(token.bearer.clone(), trail.correlation_id, trail.request_id);
        request.held.clone_from(&held);
        let left_at = self.world.now();
        let exchange = self.transport.send(request).await;
        drop(permit);
        if matches!(exchange, Exchange::NotSent(_)) && lapsed() {
            return Err(Answer::NoLeave);
        }
        let took = self.world.now().since(left_at);
        trail.note(&exchange);
        tell(kind, &exchange, took, trail);
        match exchange.head().map(|head| head.status) {
            Some(401) if self.tokens.refused(token.generation) => {
                Err(Answer::Refused(Refused::Denied(classify::refusal(&exchange))))
            }
            // The next call fetches a new token, once for all who need it.
            Some(401) => Err(Answer::Refused(Refused::TokenStale)),
            Some(200..=299 | 400 | 404) => {
                self.tokens.accepted(token.generation);
                Ok(exchange)
            }
            _ => Ok(exchange),
        }
    }

    /// A token and leave to send, in this order: leave is counted from the moment it is given, so nothing may come
    /// between it and the sending. A token that ran out while waiting for leave is replaced, and the leave let go: with
    /// a hundred writes an hour the wait can be as long as a token's life.
    async fn token_and_leave(&self, kind: CallKind) -> Result<(Token, Box<dyn Permit>), Answer> {
        let mut tries_left = 3_u8;
        loop {
            let token = self.tokens.get().await.map_err(TokenFailure::into_answer)?;
            let Some(permit) = self.budget.permit(kind).await else {
                return Err(Answer::NoLeave);
            };
            tries_left -= 1;
            if tries_left == 0 || !token.is_over(self.world.now()) {
                return Ok((token, permit));
            }
        }
    }

    /// A read: ids of its own, and one immediate repetition when the connection broke, which is mostly an idle one
    /// that the server had closed (providers.md 7.1 D12). A submit is never repeated here.
    async fn read(&self, kind: CallKind, ask: &Ask, trail: &mut Trail) -> Result<Exchange, Answer> {
        match self.exchange(kind, ask, None, trail).await {
            Ok(Exchange::Broken(_)) => {
                trail.renew(self.world.as_ref());
                self.exchange(kind, ask, None, trail).await
            }
            other => other,
        }
    }
}

#[async_trait]
impl Provider for Metallic {
    async fn submit(&self, call: &SubmitCall) -> Reply {
        let mut trail = Trail::new(call.correlation_id, RequestId::fresh(self.world.dice()));
        let ask = Ask::create(&self.resellers, Arc::clone(&call.payload));
        let exchange = self.exchange(CallKind::Submit, &ask, Some(&call.lease), &mut trail);
        let answer = match exchange.await {
            Ok(exchange) => classify::create(&exchange, self.reading()),
            Err(answer) => answer,
        };
        trail.reply(answer)
    }

    /// There is no look-up (providers.md 4.4), and under [`IDEMPOTENCY`](super::contract::IDEMPOTENCY) nobody asks for
    /// one.
    async fn look_up(&self, _: &LookUpCall) -> Reply {
        let why = "this provider cannot be asked whether an account exists";
        Trail::of_read(self.world.as_ref()).reply(Answer::NotSent(why.to_owned()))
    }

    async fn poll(&self, account: &AccountId) -> Reply {
        let mut trail = Trail::of_read(self.world.as_ref());
        let ask = Ask::read(&self.resellers, account);
        let answer = match self.read(CallKind::Poll, &ask, &mut trail).await {
            Ok(exchange) => classify::read(&exchange, account, self.reading()),
            Err(answer) => answer,
        };
        trail.reply(answer)
    }

    /// A list of resellers is not public (providers.md 4.4).
    async fn list_pending(&self, _: u64) -> Option<PendingPage> {
        None
    }
}

/// What a reply says about its exchanges.
struct Trail {
    correlation_id: CorrelationId,
    request_id: RequestId,
    http: Option<u16>,
    code: Option<String>,
    exchanges: u32,
}

impl Trail {
    const fn new(correlation_id: CorrelationId, request_id: RequestId) -> Self {
        Self {
            correlation_id,
            request_id,
            http: None,
            code: None,
            exchanges: 0,
        }
    }

    fn of_read(world: &dyn World) -> Self {
        Self::new(CorrelationId::fresh(world.dice()), RequestId::fresh(world.dice()))
    }

    /// Fresh ids for the next read.
    fn renew(&mut self, world: &dyn World) {
        self.correlation_id = CorrelationId::fresh(world.dice());
        self.request_id = RequestId::fresh(world.dice());
    }

    fn note(&mut self, exchange: &Exchange) {
        self.exchanges += 1;
        self.http = exchange.head().map(|head| head.status);
        self.code = classify::code(exchange);
    }

    fn reply(self, answer: Answer) -> Reply {
        let Self {
            correlation_id,
            request_id,
            http,
            code,
            exchanges,
        } = self;
        Reply {
            answer,
            correlation_id,
            request_id,
            http,
            code,
            exchanges,
        }
    }
}

/// One event an exchange. No body, no token, no name: nothing of what was sent but its ids, nothing of what came but codes.
fn tell(kind: CallKind, exchange: &Exchange, took: Duration, trail: &Trail) {
    let why = match exchange {
        Exchange::NotSent(why) | Exchange::Broken(why) => Some(why.as_str()),
        _ => None,
    };
    let head = exchange.head();
    tracing::debug!(
        call = kind.as_str(),
        http = trail.http,
        code = trail.code.as_deref().and_then(plain),
        took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        correlation_id = %trail.correlation_id,
        request_id = %trail.request_id,
        answer_request_id = head.and_then(|head| plain(head.request_id.as_deref()?)),
        rate_limit = head.and_then(|head| plain(head.rate_limit.as_deref()?)),
        rate_limit_period = head.and_then(|head| plain(head.rate_limit_period.as_deref()?)),
        went = exchange.as_str(),
        why,
        "exchange"
    );
}

#[cfg(test)]
mod tests;
