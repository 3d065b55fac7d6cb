use std::time::Duration;

use url::Url;

use super::*;
use crate::engine::lease::Moment;
use crate::provider::testing::{CountingBudget, ScriptedTransport, TestWorld};
use crate::provider::transport::{Method, RequestBody};

fn request() -> HttpRequest {
    HttpRequest {
        method: Method::Post,
        url: Url::parse("https://api.example/").unwrap(),
        headers: Vec::new(),
        bearer: None,
        body: RequestBody::Json("{}".into()),
        timeout: None,
        held: None,
    }
}

/// What came of a request whose lease of a minute ran out on its way if `late`, and how many exchanges are told.
async fn sent(exchange: Exchange, late: bool) -> (Result<Exchange, Answer>, u32) {
    let world = TestWorld::new();
    let clock = world.clone();
    let transport = ScriptedTransport::new(move |_| {
        clock.pass(Duration::from_secs(if late { 61 } else { 1 }));
        exchange.clone()
    });
    let sender = Sender {
        transport,
        budget: Arc::new(CountingBudget::default()),
        world: world.clone(),
        read: |exchange| (exchange, None),
    };
    let lease = LeaseWatch::new(Moment::now(&*world), Duration::from_secs(60));
    let mut trail = Trail::of_read(&*world);
    let leave = sender.leave(CallKind::Submit).await.ok().unwrap();
    let came = sender.send(leave, request(), Some(&lease), &mut trail).await;
    (came, trail.exchanges)
}

#[tokio::test(start_paused = true)]
async fn a_request_that_its_lease_held_back_was_none() {
    let unsent = Exchange::NotSent("its lease ran out before it left".to_owned());
    assert_eq!(sent(unsent.clone(), true).await, (Err(Answer::NoLeave), 0));
    assert_eq!(sent(unsent.clone(), false).await, (Ok(unsent), 1));
    // It may have left before: what came of it counts.
    for exchange in [Exchange::TimedOut, Exchange::response(201, "{}")] {
        assert_eq!(sent(exchange.clone(), true).await, (Ok(exchange), 1));
    }
}
