//! What a reply says about its exchanges.

use crate::domain::answer::Answer;
use crate::domain::ids::{CorrelationId, RequestId};
use crate::engine::ports::Reply;
use crate::provider::logicboxes::classify;
use crate::provider::transport::Exchange;
use crate::world::World;

/// The ids of the last exchange, and what came of it.
pub(super) struct Trail {
    pub(super) correlation_id: CorrelationId,
    pub(super) request_id: RequestId,
    pub(super) http: Option<u16>,
    pub(super) code: Option<String>,
    exchanges: u32,
}

impl Trail {
    pub(super) const fn new(correlation_id: CorrelationId, request_id: RequestId) -> Self {
        Self {
            correlation_id,
            request_id,
            http: None,
            code: None,
            exchanges: 0,
        }
    }

    pub(super) fn of_read(world: &dyn World) -> Self {
        Self::new(CorrelationId::fresh(world.dice()), RequestId::fresh(world.dice()))
    }

    /// Fresh ids for the next read.
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

    pub(super) fn reply(self, answer: Answer) -> Reply {
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
