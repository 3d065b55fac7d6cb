//! The way to the partner API, for whatever is asked there: token, budget, fresh ids, exchange.

mod trail;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::wire::{Ask, ListPage, ListQuery};
use super::{AdobeSettings, classify};
use crate::domain::answer::{Answer, Refused};
use crate::domain::attempt::CallKind;
use crate::domain::ids::AccountId;
use crate::engine::lease::LeaseWatch;
use crate::engine::ports::{Budget, Permit, Reply};
use crate::provider::SettingError;
use crate::provider::token::{Token, TokenFailure, TokenSource};
use crate::provider::transport::{Exchange, Held, Transport, plain};
use crate::world::World;

pub(super) use trail::Trail;

/// Everything between an [`Ask`] and its [`Exchange`].
pub(super) struct Line {
    base: Url,
    client_id: String,
    tokens: TokenSource,
    transport: Arc<dyn Transport>,
    budget: Arc<dyn Budget>,
    world: Arc<dyn World>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("base", &self.base.as_str())
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

impl Line {
    /// Checks the settings. Makes no call; the first one fetches a token.
    pub(super) fn new(
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

    pub(super) fn budget(&self) -> &dyn Budget {
        &*self.budget
    }

    pub(super) fn world(&self) -> &dyn World {
        &*self.world
    }

    /// Makes one exchange. `Err` says why there was none that could be classified: no token, or a refused one.
    /// A request under a `lease` leaves while that holds, or not at all.
    pub(super) async fn exchange(
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
    pub(super) async fn read(
        &self,
        kind: CallKind,
        ask: &Ask,
        trail: &mut Trail,
    ) -> Result<Exchange, Answer> {
        trail.renew(self.world.as_ref());
        match self.exchange(kind, ask, None, trail).await {
            Ok(Exchange::Broken(_)) => {
                trail.renew(self.world.as_ref());
                self.exchange(kind, ask, None, trail).await
            }
            other => other,
        }
    }

    pub(super) async fn page(
        &self,
        kind: CallKind,
        query: &ListQuery<'_>,
        trail: &mut Trail,
    ) -> Result<ListPage, Answer> {
        let exchange = self.read(kind, &Ask::list(&self.base, query), trail).await?;
        classify::list(&exchange, query.offset, self.world.now())
    }

    /// Looks at one account.
    pub(super) async fn poll(&self, account: &AccountId) -> Reply {
        let mut trail = Trail::of_read(&*self.world);
        let answer = match self
            .read(CallKind::Poll, &Ask::read(&self.base, account), &mut trail)
            .await
        {
            Ok(exchange) => classify::read(&exchange, account, self.world.now()),
            Err(answer) => answer,
        };
        trail.reply(answer)
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
