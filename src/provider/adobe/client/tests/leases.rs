//! Nothing is sent for a row that somebody else may have by now.

use super::tokens::SlowBudget;
use super::*;

/// An adapter whose first leave comes a day late: this process was stopped meanwhile.
fn late() -> (Rig, Adobe, Arc<SlowBudget>) {
    let rig = rig(|_, _| Exchange::response(201, CREATED));
    let budget = Arc::new(SlowBudget(CountingBudget::default(), rig.world.clone()));
    let adobe = Adobe::new(
        settings("http://127.0.0.1:1"),
        rig.transport.clone(),
        budget.clone(),
        rig.world.clone(),
    );
    (rig, adobe.unwrap(), budget)
}

fn leased(rig: &Rig, length: Duration) -> SubmitCall {
    submit_under(LeaseWatch::new(Moment::now(&*rig.world), length))
}

#[tokio::test(start_paused = true)]
async fn leave_that_comes_when_the_lease_is_over_is_not_used() {
    let (rig, adobe, budget) = late();
    let reply = adobe.submit(&leased(&rig, Duration::from_secs(5))).await;
    assert_eq!(
        (reply.answer, reply.exchanges, reply.http),
        (Answer::NoLeave, 0, None)
    );
    assert!(rig.transport.calls("/v3/resellers").is_empty());
    assert!(!budget.0.given.lock().unwrap().is_empty());
    assert_eq!(budget.0.out.load(Ordering::SeqCst), 0, "and is given back");
}

#[tokio::test(start_paused = true)]
async fn a_lease_prolonged_meanwhile_is_as_good_as_new() {
    let (rig, adobe, _) = late();
    let call = leased(&rig, Duration::from_secs(5));
    let now = Moment::now(&*rig.world);
    call.lease.prolonged(now, Duration::from_secs(100_000), now);
    assert_eq!(adobe.submit(&call).await.http, Some(201));
}
