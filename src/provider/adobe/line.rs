//! The way to the partner API, for whatever is asked there: token, budget, fresh ids, exchange.

use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

use super::wire::{Ask, ListPage, ListQuery};
use super::{AdobeSettings, classify};
use crate::domain::answer::Answer;
use crate::domain::attempt::CallKind;
use crate::domain::ids::AccountId;
use crate::engine::lease::LeaseWatch;
use crate::engine::ports::{Budget, Reply};
use crate::provider::SettingError;
use crate::provider::sender::{Exchanges, Sender};
use crate::provider::token::TokenSource;
use crate::provider::trail::Trail;
use crate::provider::transport::{Exchange, Transport};
use crate::world::World;

/// Everything between an [`Ask`] and its [`Exchange`].
pub(super) struct Line {
    pub(super) base: Url,
    pub(super) client_id: String,
    pub(super) tokens: TokenSource,
    pub(super) sender: Sender,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("base", &self.base.as_str())
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Exchanges for Line {
    type Ask = Ask;
    type Heard = Exchange;

    fn sender(&self) -> &Sender {
        &self.sender
    }

    async fn exchange(
        &self,
        kind: CallKind,
        ask: &Ask,
        lease: Option<&LeaseWatch>,
        trail: &mut Trail,
    ) -> Result<Exchange, Answer> {
        let (token, leave) = self.sender.token_and_leave(&self.tokens, kind).await?;
        let request = ask.request(
            &self.client_id,
            token.bearer.clone(),
            trail.correlation_id,
            trail.request_id,
        );
        let exchange = self.sender.send(leave, request, lease, trail).await?;
        self.tokens.judge(&token, exchange, classify::refusal)
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
            sender: Sender {
                transport,
                budget,
                world,
                read: |exchange| {
                    let code = classify::code(&exchange);
                    (exchange, code)
                },
            },
        })
    }

    pub(super) async fn page(
        &self,
        kind: CallKind,
        query: &ListQuery<'_>,
        trail: &mut Trail,
    ) -> Result<ListPage, Answer> {
        let exchange = self.read(kind, &Ask::list(&self.base, query), trail).await?;
        classify::list(&exchange, query.offset, self.sender.world.now())
    }

    /// Looks at one account.
    pub(super) async fn poll(&self, account: &AccountId) -> Reply {
        let mut trail = Trail::of_read(&*self.sender.world);
        match self
            .read(CallKind::Poll, &Ask::read(&self.base, account), &mut trail)
            .await
        {
            Ok(exchange) => {
                let answer = classify::read(&exchange, account, self.sender.world.now());
                trail.reply_showing(answer, exchange.body())
            }
            Err(answer) => trail.reply(answer),
        }
    }
}
