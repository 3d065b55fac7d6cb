//! A row's whole way, by the real rules of the machine, against the stand-in of the provider: nobody is signed up twice,
//! whatever the answers look like.

use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::config::{LogicBoxes as LogicBoxesSection, Span};
use crate::domain::machine::{Effect, Event, IdempotencyContract, Order, Rules, Step, apply, order, plan};
use crate::domain::policy::poll::PollPolicy;
use crate::domain::policy::retry::RetryPolicy;
use crate::domain::task::{Action, Outcome, ParkReason, State, Task};
use crate::engine::ports::payload_digest;
use crate::provider::transport::{Head, Method};
use crate::simulator::fault::{Fault, Faults};
use crate::simulator::logicboxes::{
    self as far, Call, ErrorShape, FieldRules, LogicBoxesSettings as Far, SignupOption, TextMatch, XmlShape,
};
use crate::simulator::wire::{Delivery, Request};

const SOUND: &str = "username=Mickey%2Br%40mouse.com&passwd=Abcdef1%7Ex&name=Mickey&company=C&address-line-1=A&city=C&\
    state=California&country=US&zipcode=95110&phone-cc=1&phone=4085550100&lang-pref=en&accounting-currency-symbol=USD&\
    selling-currency-symbol=USD";

/// The stand-in behind a transport. Its faults strike the first sign-up alone.
struct Wire {
    brain: Mutex<far::LogicBoxes>,
    world: Arc<TestWorld>,
    signups: Mutex<u32>,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: HttpRequest) -> Exchange {
        let target = &request.url[url::Position::BeforePath..];
        let mut told = Request::new(request.method.as_str(), target).with_body(request.body.bytes());
        for (name, value) in &request.headers {
            told = told.with_header(name, value);
        }
        let mut brain = self.brain.lock().unwrap();
        let delivery = brain.handle(&told, self.world.now());
        if request.method == Method::Post {
            *self.signups.lock().unwrap() += 1;
            let calm = Far {
                faults: Faults::new(),
                ..brain.settings().clone()
            };
            brain.set_settings(calm);
        }
        match delivery {
            Delivery::Respond(reply) => Exchange::Response {
                head: Head::of(reply.status),
                body: reply.body.into(),
            },
            Delivery::Drop => Exchange::Broken("closed".to_owned()),
            Delivery::Truncate { reply, .. } => Exchange::BodyCut {
                head: Head::of(reply.status),
            },
            Delivery::Hang(_) => Exchange::TimedOut,
        }
    }
}

/// Those of a job that says nothing of its own.
fn rules() -> Rules {
    Rules {
        contract: IdempotencyContract::NaturalKey {
            looks: LogicBoxesSection::default().look_after.map(Span::get),
        },
        retry: RetryPolicy::default(),
        poll: PollPolicy::default(),
    }
}

/// One row on its way.
struct Way {
    logicboxes: LogicBoxes,
    wire: Arc<Wire>,
    world: Arc<TestWorld>,
    task: Task,
    effects: Vec<Effect>,
}

impl Way {
    fn new(far: Far, near: LogicBoxesSettings) -> Self {
        let world = TestWorld::new();
        let wire = Arc::new(Wire {
            brain: Mutex::new(far::LogicBoxes::new(far, 7)),
            world: world.clone(),
            signups: Mutex::default(),
        });
        let budget = Arc::new(CountingBudget::default());
        Self {
            logicboxes: LogicBoxes::new(near, wire.clone(), budget, world.clone()).unwrap(),
            wire,
            task: Task::new(Action::Create, payload_digest(SOUND), world.now()),
            world,
            effects: Vec::new(),
        }
    }

    fn of(far: Far) -> Self {
        Self::new(far, settings("http://127.0.0.1:1/api"))
    }

    fn tell(&mut self, event: &Event) {
        let rules = rules();
        let moved = apply(&self.task, event, &rules, self.world.now(), 1);
        assert!(!moved.illegal, "{event:?} in {:?}", self.task.state);
        self.task = moved.task;
        self.effects.extend(moved.effect);
    }

    /// Goes on until the row is settled, or somebody has to come.
    async fn go(&mut self) -> (State, u32, u64) {
        let rules = rules();
        for _ in 0..100 {
            let reply = match plan(&self.task, &rules, self.world.now()) {
                Step::Nothing => break,
                Step::Wait(until) => {
                    self.world.pass(until.since(self.world.now()));
                    continue;
                }
                Step::Learn(event) => {
                    self.tell(&event);
                    continue;
                }
                Step::Submit => {
                    self.tell(&Event::Sent);
                    let lease = LeaseWatch::new(Moment::now(&*self.world), Duration::from_secs(60));
                    let call = SubmitCall {
                        payload: SOUND.into(),
                        ..submit_under(lease)
                    };
                    self.logicboxes.submit(&call).await
                }
                Step::LookUp { sent_after } => {
                    let call = LookUpCall {
                        key: RowKey::new("R-1").unwrap(),
                        payload: SOUND.into(),
                        sent_after,
                        any_age: self.task.seeks_any_age(),
                    };
                    self.logicboxes.look_up(&call).await
                }
                Step::Poll => self.logicboxes.poll(self.task.account.as_ref().unwrap()).await,
            };
            self.tell(&Event::Answer(reply.answer));
            if !self.effects.is_empty() {
                break;
            }
        }
        let accounts = self.wire.brain.lock().unwrap().ledger().accounts_created;
        (
            self.task.state.clone(),
            *self.wire.signups.lock().unwrap(),
            accounts,
        )
    }

    fn ask_far(&self, path: &str, body: &str) {
        let request = Request::new("POST", &format!("/_simulator/{path}"))
            .with_header("content-type", "application/json")
            .with_body(body);
        let delivery = self.wire.brain.lock().unwrap().handle(&request, self.world.now());
        let status = delivery.reply().unwrap().status;
        assert!(status < 300, "{path}: {status}");
    }
}

const AWAITING: State = State::Settled(Outcome::AwaitingActivation);
const ACTIVE: State = State::Settled(Outcome::Active);
const UNKNOWN: State = State::Settled(Outcome::Parked(ParkReason::UnknownOutcome));

fn faulty(fault: Fault) -> Far {
    Far {
        faults: [(fault, 1.0)].into(),
        field_rules: FieldRules::Strict,
        ..Far::default()
    }
}

#[tokio::test(start_paused = true)]
async fn every_sign_up_option_in_every_form() {
    for format in [Format::Json, Format::Xml] {
        for xml_shape in [XmlShape::Elements, XmlShape::Pairs] {
            for credentials_in in [CredentialsIn::Body, CredentialsIn::Query] {
                for (signup_option, wanted) in [
                    (SignupOption::Manual, AWAITING),
                    (SignupOption::Receipts, AWAITING),
                    (SignupOption::Direct, ACTIVE),
                ] {
                    let far = Far {
                        signup_option,
                        xml_shape,
                        credentials_in: match credentials_in {
                            CredentialsIn::Body => far::CredentialsIn::Body,
                            CredentialsIn::Query => far::CredentialsIn::Query,
                        },
                        ..Far::default()
                    };
                    let near = LogicBoxesSettings {
                        format,
                        credentials_in,
                        ..settings("http://127.0.0.1:1/api")
                    };
                    let told = format!("{format:?} {xml_shape:?} {credentials_in:?} {signup_option:?}");
                    let mut way = Way::new(far, near);
                    assert_eq!(way.go().await, (wanted, 1, 1), "{told}: {:?}", way.effects);
                    assert!(!way.task.existed, "{told}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_sign_up_that_went_unanswered_is_found_or_made_once_more() {
    for (fault, signups) in [
        (Fault::DroppedAfterCommit, 1),
        (Fault::Gateway504AfterCommit, 1),
        (Fault::Truncated, 1),
        (Fault::Hang, 1),
        (Fault::DroppedBeforeCommit, 2),
        (Fault::Unavailable503, 2),
        (Fault::Html502, 2),
        (Fault::Empty500, 2),
        (Fault::Error500, 2),
        (Fault::Slow, 1),
    ] {
        for text_match in [TextMatch::Exact, TextMatch::Partial] {
            let far = Far {
                text_match,
                signup_option: SignupOption::Direct,
                ..faulty(fault)
            };
            let (state, sent, accounts) = Way::of(far).go().await;
            assert_eq!((state, accounts), (ACTIVE, 1), "{fault:?} {text_match:?}");
            assert!(sent <= signups, "{fault:?} {text_match:?}: {sent}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_search_is_waited_for() {
    let far = Far {
        search_lag: Duration::from_secs(500),
        ..faulty(Fault::DroppedAfterCommit)
    };
    assert_eq!(Way::of(far).go().await, (AWAITING, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn one_that_no_search_shows_is_left_to_a_person_and_found_afterwards() {
    let far = Far {
        pending_visible: false,
        ..faulty(Fault::DroppedAfterCommit)
    };
    let mut way = Way::of(far);
    assert_eq!(way.go().await, (UNKNOWN, 2, 1));
    // Somebody activates it, and asks again.
    way.ask_far("activate", "");
    way.task = order(&way.task, &Order::Retry, way.world.now());
    assert_eq!(way.go().await, (ACTIVE, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn who_was_there_before_is_not_signed_up() {
    let mut first = Way::of(Far::default());
    first.go().await;
    first.world.pass(Duration::from_secs(24 * 3600));
    first.task = Task::new(Action::Create, payload_digest(SOUND), first.world.now());
    assert_eq!(first.go().await, (AWAITING, 1, 1));
    assert!(first.task.existed);
}

#[tokio::test(start_paused = true)]
async fn a_username_of_somebody_elses_reseller_is_left_to_a_person() {
    let mut theirs = Way::of(Far::default());
    theirs.go().await;
    let near = LogicBoxesSettings {
        auth_userid: "4712".to_owned(),
        ..settings("http://127.0.0.1:1/api")
    };
    let budget = Arc::new(CountingBudget::default());
    theirs.logicboxes = LogicBoxes::new(near, theirs.wire.clone(), budget, theirs.world.clone()).unwrap();
    theirs.task = Task::new(Action::Create, payload_digest(SOUND), theirs.world.now());
    assert_eq!(theirs.go().await, (UNKNOWN, 2, 1));
    assert_eq!(theirs.task.errors[0].code, "AlreadyReseller");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_in_any_shape_rejects_the_row_unless_a_proxy_could_have_said_it() {
    for shape in [
        ErrorShape::Message,
        ErrorShape::Error,
        ErrorShape::Failed,
        ErrorShape::ActionStatus,
        ErrorShape::Bare,
    ] {
        for status in [200, 400, 500, 503] {
            for (format, xml_shape) in [
                (Format::Json, XmlShape::Elements),
                (Format::Xml, XmlShape::Elements),
                (Format::Xml, XmlShape::Pairs),
            ] {
                let far = Far {
                    reject_all: Some("Invalid value for parameter: zipcode".to_owned()),
                    error_shapes: vec![shape],
                    error_statuses: vec![status],
                    xml_shape,
                    ..Far::default()
                };
                let near = LogicBoxesSettings {
                    format,
                    ..settings("http://127.0.0.1:1/api")
                };
                let mut way = Way::new(far, near);
                let told = format!("{shape:?} {status} {format:?} {xml_shape:?}");
                // What says no and nothing more under 503 may be a proxy's: asked once more, then a person's.
                let wanted = match (shape, status) {
                    (ErrorShape::Bare, 503) => (UNKNOWN, 2, 0),
                    _ => (State::Settled(Outcome::Rejected), 1, 0),
                };
                assert_eq!(way.go().await, wanted, "{told}");
                let field = if shape == ErrorShape::Bare { "" } else { "zipcode" };
                assert_eq!(way.task.errors[0].field, field, "{told}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_or_an_address_that_opens_nothing_pauses_and_fails_no_row() {
    for status in [200, 401, 403, 500] {
        for (ip_listed, any_credentials) in [(false, true), (true, false)] {
            let far = Far {
                ip_listed,
                any_credentials,
                ip_status: status,
                auth_status: status,
                ..Far::default()
            };
            let mut way = Way::of(far);
            let (state, signups, _) = way.go().await;
            assert!(!state.is_settled() && signups == 0, "{status}: {state:?}");
            assert!(
                matches!(&way.effects[..], [Effect::Pause { .. }]),
                "{status}: {:?}",
                way.effects
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn details_that_are_not_to_be_had_yet_are_asked_for_again() {
    let far = Far {
        signup_option: SignupOption::Direct,
        fault_on: BTreeSet::from([Call::Details]),
        ..faulty(Fault::Empty500)
    };
    // Faults end with a sign-up, which comes before: so this one strikes from here on.
    let mut way = Way::of(far.clone());
    assert_eq!(way.go().await, (ACTIVE, 1, 1));
    way.wire.brain.lock().unwrap().set_settings(far);
    let account = way.task.account.clone().unwrap();
    let reply = way.logicboxes.poll(&account).await;
    assert_eq!(
        reply.answer,
        Answer::Silent(Silence::Gateway {
            http: 500,
            retry_after: None
        })
    );
}
