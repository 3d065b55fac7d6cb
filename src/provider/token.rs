//! One access token for everybody: fetched once however many wait for it, renewed before it runs out, and after a
//! refusal only if the refused one is still the one in use.
//!
//! How a token is asked for is the provider's own ([`TokenService`]). What all have in common: there is no refresh token,
//! and old tokens stay valid until they run out.

mod ims;
mod said;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use secrecy::SecretString;

use super::transport::{Exchange, HttpRequest, Transport, plain};
use crate::domain::answer::{Answer, Refused, RowError};
use crate::domain::time::Timestamp;
use crate::world::World;

pub use ims::Credentials;
pub(super) use said::{bearer, read};

/// One request for a token takes no longer than this.
pub(super) const ASK_TIMEOUT: Duration = Duration::from_secs(20);
/// Requests for a token in a row before those who wait are told that there is none.
const ASKS_MAX: usize = 3;
/// A failed renewal answers for this long, so that sixty-four waiting callers do not fail one after another.
const FAILURE_HOLD: Duration = Duration::from_secs(1);
/// While the old token still serves, a failed renewal is tried again only after this.
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);

/// Where tokens are had, and as whom. Its `Debug` shows no secret: it is a part of the source's.
pub trait TokenService: fmt::Debug + Send + Sync {
    /// Asks for a token. Everything secret stands in the body, nothing in the address: addresses are logged.
    fn request(&self) -> HttpRequest;

    /// What came back.
    fn read(&self, exchange: &Exchange) -> Result<Grant, TokenFailure>;
}

/// A token as given.
#[derive(Debug)]
pub struct Grant {
    /// The bearer text; it can stand in a header.
    pub bearer: SecretString,
    /// How long after the question it is good, or believed to be.
    pub life: Duration,
    /// How long after the question a new one is asked for; less than `life`.
    pub renew_after: Duration,
}

/// An access token. Its `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct Token {
    /// The bearer text.
    pub bearer: SecretString,
    /// Which token of this process it is; a refusal is told with it ([`TokenSource::refused`]).
    pub generation: u64,
    renew_at: Timestamp,
    expires_at: Timestamp,
}

impl Token {
    /// Whether its life is over, so that sending it would only be refused.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFailure {
    /// The token service refused us: a wrong or revoked secret, a wrong address. Trying again will not help.
    Denied(RowError),
    /// The token service did not answer, or not sensibly.
    Unavailable(String),
}

impl TokenFailure {
    /// Why, as it may be logged: of what the service said, the code alone. The rest is in the pause that follows.
    fn told(&self) -> String {
        match self {
            Self::Denied(error) => {
                let code = error.code.strip_prefix("HTTP ").unwrap_or(&error.code);
                format!("denied: {}", plain(code).unwrap_or("without a code"))
            }
            Self::Unavailable(why) => why.clone(),
        }
    }

    /// What it means for the call that needed the token: it did not leave.
    pub fn into_answer(self) -> Answer {
        match self {
            Self::Denied(error) => Answer::Refused(Refused::Denied(error)),
            Self::Unavailable(why) => Answer::NotSent(format!("no token: {why}")),
        }
    }
}

/// What is known of the present token.
#[derive(Default)]
struct Known {
    token: Option<Token>,
    generation: u64,
    /// Tokens refused one after another, none of which was ever accepted.
    refused_in_row: u32,
    failure: Option<(Timestamp, TokenFailure)>,
}

/// How the present token stands.
enum Standing {
    Good(Token),
    /// Usable, but time to renew it.
    Aging(Token),
    Gone,
    Failed(TokenFailure),
}

/// Gives out the token of one client.
pub struct TokenSource {
    service: Box<dyn TokenService>,
    transport: Arc<dyn Transport>,
    world: Arc<dyn World>,
    known: Mutex<Known>,
    renewal: tokio::sync::Mutex<()>,
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

impl TokenSource {
    /// A source that has no token yet; the first [`TokenSource::get`] fetches one.
    pub fn new(
        service: impl TokenService + 'static,
        transport: Arc<dyn Transport>,
        world: Arc<dyn World>,
    ) -> Self {
        Self {
            service: Box::new(service),
            transport,
            world,
            known: Mutex::default(),
            renewal: tokio::sync::Mutex::new(()),
        }
    }

    /// A token that should work. Waits if there is none; while the old one still works, only one caller renews and
    /// the others go on with it.
    pub async fn get(&self) -> Result<Token, TokenFailure> {
        let _renewing = match self.standing() {
            Standing::Good(token) => return Ok(token),
            Standing::Failed(failure) => return Err(failure),
            Standing::Aging(token) => match self.renewal.try_lock() {
                Ok(renewing) => renewing,
                Err(_) => return Ok(token),
            },
            Standing::Gone => self.renewal.lock().await,
        };
        // Whoever held the lock may have done the work.
        match self.standing() {
            Standing::Good(token) => Ok(token),
            Standing::Failed(failure) => Err(failure),
            Standing::Aging(_) | Standing::Gone => self.renew().await,
        }
    }

    /// The provider accepted a token: what it refuses from now on has merely grown old.
    pub fn accepted(&self, generation: u64) {
        let mut known = self.known();
        if known.generation == generation {
            known.refused_in_row = 0;
        }
    }

    /// The provider refused a token (401). The present one is dropped if it is the one refused, so that the next
    /// [`TokenSource::get`] renews it. Says whether renewing has been tried already and did not help: then it is
    /// not the token that is wrong.
    pub fn refused(&self, generation: u64) -> bool {
        let mut known = self.known();
        if known
            .token
            .as_ref()
            .is_some_and(|token| token.generation == generation)
        {
            known.token = None;
            known.failure = None;
            known.refused_in_row = known.refused_in_row.saturating_add(1);
        }
        known.refused_in_row >= 2
    }

    /// Takes in what came of a call with `token`. `Err` says that it was refused: stale, so that the next call fetches a new
    /// one, once for all who need it; or denied, in the words of `refusal`, where a new one would not help.
    pub(super) fn judge(
        &self,
        token: &Token,
        exchange: Exchange,
        refusal: fn(&Exchange) -> RowError,
    ) -> Result<Exchange, Answer> {
        match exchange.head().map(|head| head.status) {
            Some(401) if self.refused(token.generation) => {
                Err(Answer::Refused(Refused::Denied(refusal(&exchange))))
            }
            Some(401) => Err(Answer::Refused(Refused::TokenStale)),
            Some(200..=299 | 400 | 404) => {
                self.accepted(token.generation);
                Ok(exchange)
            }
            _ => Ok(exchange),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn standing(&self) -> Standing {
        let now = self.world.now();
        let known = self.known();
        let failed_within = |span| known.failure.as_ref().filter(|(at, _)| now.since(*at) < span);
        match &known.token {
            Some(token) if now < token.renew_at => Standing::Good(token.clone()),
            Some(token) if !token.is_over(now) && failed_within(RENEWAL_PAUSE).is_some() => {
                Standing::Good(token.clone())
            }
            Some(token) if !token.is_over(now) => Standing::Aging(token.clone()),
            _ => match failed_within(FAILURE_HOLD) {
                Some((_, failure)) => Standing::Failed(failure.clone()),
                None => Standing::Gone,
            },
        }
    }

    async fn renew(&self) -> Result<Token, TokenFailure> {
        let pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_factor(3.0)
            .with_max_times(ASKS_MAX - 1);
        let granted = (|| self.ask())
            .retry(pauses)
            .when(|failure| matches!(failure, TokenFailure::Unavailable(_)))
            .await;
        let now = self.world.now();
        let mut known = self.known();
        match granted {
            Ok((asked_at, grant)) => {
                known.generation += 1;
                known.failure = None;
                let token = Token {
                    bearer: grant.bearer,
                    generation: known.generation,
                    renew_at: asked_at.plus(grant.renew_after),
                    expires_at: asked_at.plus(grant.life),
                };
                tracing::debug!(
                    generation = token.generation,
                    life_s = grant.life.as_secs(),
                    "token renewed"
                );
                known.token = Some(token.clone());
                Ok(token)
            }
            Err(failure) => {
                tracing::warn!(why = failure.told(), "no new token");
                known.failure = Some((now, failure.clone()));
                known
                    .token
                    .clone()
                    .filter(|token| !token.is_over(now))
                    .ok_or(failure)
            }
        }
    }

    /// Asks once. The life of a token counts from before the question, to be on the safe side.
    async fn ask(&self) -> Result<(Timestamp, Grant), TokenFailure> {
        let asked_at = self.world.now();
        let exchange = self.transport.send(self.service.request()).await;
        self.service.read(&exchange).map(|grant| (asked_at, grant))
    }
}

#[cfg(test)]
mod tests;
