//! The calls: token, budget, fresh ids, exchange, answer.

mod look_up;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use url::Url;

use super::wire::{Ask, ListPage, ListQuery, Order};
use super::{AdobeSettings, classify};
use crate::domain::answer::{Answer, Refused};
use crate::domain::attempt::CallKind;
use crate::domain::ids::{AccountId, CorrelationId, RequestId};
use crate::engine::lease::LeaseWatch;
use crate::engine::ports::{Budget, LookUpCall, PendingPage, Permit, Provider, Reply, SubmitCall};
use crate::provider::SettingError;
use crate::provider::token::{Token, TokenFailure, TokenSource};
use crate::provider::transport::{Exchange, Held, Transport, plain};
use crate::world::World;

/// A list call that is throttled pauses the budget for this long if no time is named, and at most so long.
const LIST_PAUSE: Duration = Duration::from_secs(1);
const LIST_PAUSE_MAX: Duration = Duration::from_secs(900);

/// The status of accounts that have not settled.
const PENDING: &str = "1002";

/// Adobe VIP Marketplace as the engine's provider.
pub struct Adobe {
    base: Url,
    client_id: String,
    tokens: TokenSource,
    transport: Arc<dyn Transport>,
    budget: Arc<dyn Budget>,
    world: Arc<dyn World>,
}

impl std::fmt::Debug for Adobe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Adobe")
            .field("base", &self.base.as_str())
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

impl Adobe {
    /// Checks the settings. Makes no call; the first one fetches a token.
    pub fn new(
        settings: AdobeSettings,
        transport: Arc<dyn Transport>,
        budget: Arc<dyn Budget>,
        world: Arc<dyn World>,
    ) -> Result<Self, SettingError> {
        let connection = settings.checked()?;
        let client_id = connection.credentials.client_id.clone();
        let tokens = TokenSource::new(connection.credentials, Arc::clone(&transport), Arc::clone(&world));
        Ok(Self {
            base: connection.base,
            client_id,
            tokens,
            transport,
            budget,
            world,
        })
    }

    pub(super) const fn base(&self) -> &Url {
        &self.base
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(super) const fn tokens(&self) -> &TokenSource {
        &self.tokens
    }

    pub(super) fn transport(&self) -> &dyn Transport {
        &*self.transport
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
        let mut request = ask.request(
            &self.client_id,
            token.bearer.clone(),
            trail.correlation_id,
            trail.request_id,
        );
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
    /// between it and the sending. A token that ran out while waiting for leave is replaced, and the leave let go.
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
    /// that the server had closed (providers.md 6.1, 7.1 D12). A submit is never repeated here.
    async fn read(&self, kind: CallKind, ask: &Ask, trail: &mut Trail) -> Result<Exchange, Answer> {
        trail.renew(self.world.as_ref());
        match self.exchange(kind, ask, None, trail).await {
            Ok(Exchange::Broken(_)) => {
                trail.renew(self.world.as_ref());
                self.exchange(kind, ask, None, trail).await
            }
            other => other,
        }
    }

    async fn page(
        &self,
        kind: CallKind,
        query: &ListQuery<'_>,
        trail: &mut Trail,
    ) -> Result<ListPage, Answer> {
        let exchange = self.read(kind, &Ask::list(&self.base, query), trail).await?;
        classify::list(&exchange, query.offset, self.world.now())
    }
}

#[async_trait]
impl Provider for Adobe {
    async fn submit(&self, call: &SubmitCall) -> Reply {
        let mut trail = Trail::new(call.correlation_id, RequestId::fresh(self.world.dice()));
        let ask = Ask::create(&self.base, Arc::clone(&call.payload));
        let exchange = self.exchange(CallKind::Submit, &ask, Some(&call.lease), &mut trail);
        let answer = match exchange.await {
            Ok(exchange) => classify::create(&exchange, self.world.now()),
            Err(answer) => answer,
        };
        trail.reply(answer)
    }

    async fn look_up(&self, call: &LookUpCall) -> Reply {
        let mut trail = Trail::of_read(self.world.as_ref());
        let answer = self.find(call, &mut trail).await.unwrap_or_else(|answer| answer);
        trail.reply(answer)
    }

    async fn poll(&self, account: &AccountId) -> Reply {
        let mut trail = Trail::of_read(self.world.as_ref());
        let answer = match self
            .read(CallKind::Poll, &Ask::read(&self.base, account), &mut trail)
            .await
        {
            Ok(exchange) => classify::read(&exchange, account, self.world.now()),
            Err(answer) => answer,
        };
        trail.reply(answer)
    }

    async fn list_pending(&self, offset: u64) -> Option<PendingPage> {
        let query = ListQuery {
            status: PENDING,
            company_name: None,
            order: Order::Oldest,
            offset,
        };
        let mut trail = Trail::of_read(self.world.as_ref());
        Some(match self.page(CallKind::Poll, &query, &mut trail).await {
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
                    self.budget.pause_for(wait);
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

    /// Fresh ids for the next read; with an old correlation id it could be answered from the provider's memory.
    fn renew(&mut self, world: &dyn World) {
        if self.exchanges > 0 {
            self.correlation_id = CorrelationId::fresh(world.dice());
            self.request_id = RequestId::fresh(world.dice());
        }
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
    tracing::debug!(
        call = kind.as_str(),
        http = trail.http,
        code = trail.code.as_deref().and_then(plain),
        took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        correlation_id = %trail.correlation_id,
        request_id = %trail.request_id,
        answer_request_id = exchange.head().and_then(|head| plain(head.request_id.as_deref()?)),
        went = exchange.as_str(),
        why,
        "exchange"
    );
}

#[cfg(test)]
mod tests;
