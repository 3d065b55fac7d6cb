//! What a reply says about its exchanges.

use crate::domain::answer::Answer;
use crate::domain::ids::{CorrelationId, RequestId};
use crate::engine::ports::Reply;
use crate::provider::adobe::classify;
use crate::provider::transport::Exchange;
use crate::world::World;

/// What a reply says about its exchanges.
pub(in crate::provider::adobe) struct Trail {
    pub(super) correlation_id: CorrelationId,
    pub(super) request_id: RequestId,
    pub(in crate::provider::adobe) http: Option<u16>,
    pub(super) code: Option<String>,
    pub(in crate::provider::adobe) exchanges: u32,
}

impl Trail {
    pub(in crate::provider::adobe) const fn new(
        correlation_id: CorrelationId,
        request_id: RequestId,
    ) -> Self {
        Self {
            correlation_id,
            request_id,
            http: None,
            code: None,
            exchanges: 0,
        }
    }

    pub(in crate::provider::adobe) fn of_read(world: &dyn World) -> Self {
        Self::new(CorrelationId::fresh(world.dice()), RequestId::fresh(world.dice()))
    }

    /// Fresh ids for the next read; with an old correlation id it could be answered from the provider's memory.
    pub(super) fn renew(&mut self, world: &dyn World) {
        if self.exchanges > 0 {
            self.correlation_id = CorrelationId::fresh(world.dice());
            self.request_id = RequestId::fresh(world.dice());
        }
    }

    pub(super) fn note(&mut self, exchange: &Exchange) {
        self.exchanges += 1;
        self.http = exchange.head().map(|head| head.status);
        self.code = classify::code(exchange);
    }

    pub(in crate::provider::adobe) fn reply(self, answer: Answer) -> Reply {
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
