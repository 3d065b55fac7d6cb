//! The shipped job file is the documentation, so it is held to the types; overrides and faults as tables.

mod connection;

use insta::assert_snapshot;
use secrecy::ExposeSecret as _;
use toml::{Table, Value};

use super::*;
use crate::domain::ids::Scope;
use crate::domain::policy::poll::PollPolicy;
use crate::domain::policy::retry::RetryPolicy;

const SHIPPED: &str = include_str!("../../jobs/adobe-create.toml");

fn shipped(sets: &[&str]) -> Result<Loaded, ConfigError> {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    Job::parse(SHIPPED, "adobe-create (built in)", &sets)
}

#[test]
fn the_shipped_file_says_the_defaults() {
    let loaded = shipped(&[]).unwrap();
    assert_eq!(
        loaded.job,
        Job::new("adobe-create", ProviderName::Adobe, Action::Create)
    );
    assert_eq!(loaded.notes, []);
    assert_eq!(loaded.job.retry.policy(), RetryPolicy::default());
    assert_eq!(loaded.job.poll.policy(), PollPolicy::default());
}

/// The shipped job files, each with what it should come to.
fn all_shipped() -> [(&'static str, Job); 3] {
    let job = |name, provider| Job::new(name, provider, Action::Create);
    [
        (SHIPPED, job("adobe-create", ProviderName::Adobe)),
        (
            include_str!("../../jobs/logicboxes-signup.toml"),
            job("logicboxes-signup", ProviderName::LogicBoxes),
        ),
        (
            include_str!("../../jobs/metallic-create.toml"),
            job("metallic-create", ProviderName::Metallic),
        ),
    ]
}

#[test]
fn each_provider_has_a_file_that_says_its_defaults() {
    for (text, wanted) in all_shipped() {
        let loaded = Job::parse(text, "x", &[]).unwrap();
        assert_eq!(loaded.job, wanted);
        assert_eq!(loaded.notes, []);
        let stored = loaded.job.to_toml();
        assert_eq!(Job::parse(&stored, "ledger", &[]).unwrap().job, wanted);
        let few = format!(
            "name = \"{}\"\nprovider = \"{}\"\noperation = \"create\"\n",
            wanted.name, wanted.provider
        );
        assert_eq!(Job::parse(&few, "x", &[]).unwrap().job, wanted);
    }
    let update = Job::parse(include_str!("../../jobs/adobe-update.toml"), "x", &[])
        .unwrap()
        .job;
    assert_eq!(
        update,
        Job::new("adobe-update", ProviderName::Adobe, Action::Update)
    );
}

#[test]
fn what_one_provider_has_another_has_not() {
    let with = |provider: &str, sets: &[&str]| {
        let text = format!("name = \"x\"\nprovider = \"{provider}\"\noperation = \"create\"\n");
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        Job::parse(&text, "x", &sets).map(|loaded| loaded.job)
    };
    assert!(with("logicboxes", &["logicboxes.language=de"]).is_ok());
    for (provider, set) in [
        ("adobe", "logicboxes.language=de"),
        ("metallic", "connection.distributor_id=1234"),
        ("logicboxes", "connection.token_url=https://example.test"),
    ] {
        let error = with(provider, &[set]).unwrap_err().to_string();
        assert!(error.contains("there is no key"), "{error}");
    }
    for (provider, set, wanted) in [
        ("adobe", "provider=metallic", "another provider"),
        ("logicboxes", "operation=update", "logicboxes has create"),
        ("metallic", "operation=update", "metallic has create"),
        ("logicboxes", "connection.client_id=me", "is not a number"),
        ("logicboxes", "logicboxes.language=english", "two letters"),
        ("logicboxes", "logicboxes.selling_currency=usd", "three capitals"),
        ("metallic", "metallic.resellers_path=x", "is not a path"),
        ("metallic", "metallic.token_life=2d", "1s to 1d"),
    ] {
        let error = with(provider, &[set]).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn the_shipped_file_shows_every_key() {
    fn missing(shown: &Table, known: &Table, above: &str, missing_keys: &mut Vec<String>) {
        for (key, value) in known {
            match (shown.get(key), value) {
                (None, _) => missing_keys.push(format!("{above}{key}")),
                (Some(Value::Table(shown)), Value::Table(known)) => {
                    missing(shown, known, &format!("{above}{key}."), missing_keys);
                }
                _ => {}
            }
        }
    }
    for (text, job) in all_shipped() {
        let mut missing_keys = Vec::new();
        let shown = toml::from_str(text).unwrap();
        missing(&shown, &set::schema(job.provider), "", &mut missing_keys);
        assert_eq!(missing_keys, Vec::<String>::new(), "{}", job.name);
    }
}

#[test]
fn three_lines_make_a_job() {
    let text = "name = \"mine\"\nprovider = \"adobe\"\noperation = \"create\"\n";
    assert_eq!(
        Job::parse(text, "x", &[]).unwrap().job,
        Job::new("mine", ProviderName::Adobe, Action::Create)
    );
}

#[test]
fn a_stored_job_reads_back_unresolved() {
    let sets = [
        "poll.first=10m",
        "columns.\"Müller = Söhne\"=companyName",
        "rules.warn_only=[\"a\"]",
    ];
    let job = shipped(&sets).unwrap().job;
    let text = job.to_toml();
    assert!(text.contains("${ENLIST_ADOBE_CLIENT_ID}"), "{text}");
    let back = Job::parse(&text, "ledger", &[]).unwrap();
    assert_eq!((back.job, back.notes), (job, vec![]));
}

/// The call of the issue, as written.
#[test]
fn overrides_of_every_kind() {
    let job = shipped(&[
        "connection.base_url=http://127.0.0.1:1",
        "connection.token_url=http://127.0.0.1:1/ims/token/v3",
        "limits.windows=[{calls=200,per=\"1s\"}]",
        "limits.in_flight=64",
        "poll.first=1s",
        "poll.max=1s",
        "poll.deadline=10m",
        "poll.growth=2",
        "poll.in_sets=false",
        "retry = { jitter = 0, look_after = [\"1ms\", \"2ms\"] }",
        "connection.distributor_id=0345434543",
        "connection.client_id=\"quoted\"",
        "columns.Firma=companyName",
        "columns.'E-Mail = Adresse'=email",
    ])
    .unwrap();
    assert_eq!(job.notes, []);
    let job = job.job;
    assert_eq!(job.connection.base_url, "http://127.0.0.1:1");
    assert_eq!(
        job.windows(CallsOf::All),
        [Window {
            calls: 200,
            per: std::time::Duration::from_secs(1)
        }]
    );
    assert_eq!(job.limits.in_flight, 64);
    assert_eq!(
        (job.poll.first, job.poll.max),
        ("1s".parse().unwrap(), "1s".parse().unwrap())
    );
    assert_eq!(job.poll.deadline, "10m".parse().unwrap());
    assert_eq!((job.poll.growth, job.poll.in_sets), (2.0, false));
    assert_eq!((job.retry.jitter, job.retry.first), (0.0, Retry::default().first));
    assert_eq!(job.connection.distributor_id, "0345434543");
    assert_eq!(job.connection.client_id, "quoted");
    assert_eq!(job.columns.len(), 2);
    assert_eq!(
        job.columns.get("E-Mail = Adresse").map(String::as_str),
        Some("email")
    );
}

#[test]
fn a_chosen_value_moves_the_default_it_contradicts() {
    let loaded = shipped(&["poll.first=10m"]).unwrap();
    assert_eq!(loaded.job.poll.max, loaded.job.poll.first);
    assert_eq!(
        loaded.notes[0].to_string(),
        "--set: poll.max = 10m: moved to agree with poll.first"
    );
    let loaded = shipped(&["poll.max=2s"]).unwrap();
    assert_eq!(loaded.job.poll.first, "2s".parse().unwrap());
    let loaded = shipped(&["connection.timeout=5s"]).unwrap();
    assert_eq!(loaded.job.connection.connect_timeout, "5s".parse().unwrap());

    let head = "name = \"mine\"\nprovider = \"adobe\"\noperation = \"create\"\n";
    let only_first = Job::parse(&format!("{head}[poll]\nfirst = \"10m\"\n"), "x", &[]).unwrap();
    assert_eq!(only_first.job.poll.max, "10m".parse().unwrap());
    assert!(shipped(&["poll.first=10m", "poll.max=1m"]).is_err());
    assert!(shipped(&["poll={first=\"10m\", max=\"1m\"}"]).is_err());
}

#[test]
fn overrides_that_are_wrong() {
    let errors = shipped(&[
        "limits.inflight=64",
        "limit.windows=[]",
        "limits.in_flight=many",
        "limits.in_flight",
        "poll.first=15",
        "poll.first=1 year",
        "poll.first.x=1",
        "limits.windows[0].calls=1",
        "limits.windows={calls=1,per=\"1s\"}",
        "limits.windows=[{call=1,per=\"1s\"}]",
        "provider=metalic",
        "connection.client_secret=hunter2",
        "=x",
        "rules.warn_only=a\nname=b",
        "name=b\n[poll]",
    ])
    .unwrap_err();
    let text = errors.to_string();
    assert!(!text.contains("hunter2"));
    assert_snapshot!(text);
}

#[test]
fn what_is_sealed_is_one_of_two_words() {
    let seal = |set: &str| shipped(&[set]).map(|loaded| loaded.job.secrets.seal);
    assert_eq!(seal("secrets.seal=all").unwrap(), SealWhat::All);
    assert_eq!(seal("secrets = { seal = \"marked\" }").unwrap(), SealWhat::Marked);
    let kept = shipped(&["secrets.seal=all"]).unwrap().job;
    assert_eq!(Job::parse(&kept.to_toml(), "ledger", &[]).unwrap().job, kept);
    let error = |set: &str| seal(set).unwrap_err().to_string();
    assert!(error("secrets.seal=everything").contains("`marked` or `all`"));
    // The section's name makes no key below it a place for secrets.
    let refused = error("secrets.password=hunter2");
    assert!(refused.contains("secrets never stand in a job file") && !refused.contains("hunter2"));
}

#[test]
fn all_faults_of_values_at_once() {
    let sets = [
        "name=My Job",
        "connection.base_url=http://partners.adobe.io",
        "connection.token_url=https://user:pw@ims-na1.adobelogin.com/",
        "connection.client_secret_env=p8e-the-secret-itself",
        "connection.distributor_id=a b",
        "connection.client_id=${oops",
        "connection.scopes=[\"a,b\"]",
        "connection.timeout=1h",
        "limits.windows=[]",
        "limits.in_flight=0",
        "limits.error_rate_max=nan",
        "retry.growth=0.5",
        "retry.attempts_max=0",
        "retry.deadline=31d",
        "poll.first=0s",
        "poll.jitter=inf",
        "columns.Firma=",
    ];
    let text = shipped(&sets).unwrap_err().to_string();
    assert!(!text.contains("p8e") && !text.contains(":pw"), "{text}");
    assert_snapshot!(text);
}

#[test]
fn faults_of_a_file_point_to_line_and_column() {
    let head = "name = \"x\"\nprovider = \"adobe\"\noperation = \"create\"\n";
    let error = |text: &str| Job::parse(text, "jobs/x.toml", &[]).unwrap_err().to_string();
    let after_head = |text: &str| error(&format!("{head}{text}"));
    let errors = [
        error("name = \"x\"\nprovidr = \"adobe\"\n\n[limits]\n  inflight = 3\n[pol]\n"),
        error("name = \"x\"\nprovider = \"adobe\"\noperation = \"creat\"\n"),
        error("name = \"x\"\n"),
        error("name = \"é\" x\n"),
        after_head("[poll]\nfirst = 15\n"),
        after_head("[poll]\nfirst = \"${FIRST}\"\n"),
        after_head("[limits]\nin_flight = 5000\nwindows = [{ calls = 0, per = \"1s\" }]\n"),
        after_head("[limits]\nwindows = [{ calls = 1, pro = \"1s\" }]\n"),
        after_head("[connection]\nclient_secret = \"hunter2\"\n"),
        after_head("[poll]\nfirst = \"10m\"\nmax = \"1m\"\n"),
    ]
    .join("\n\n");
    assert!(!errors.contains("hunter2"));
    assert_snapshot!(errors);
    // A line that does not parse can hold a secret too.
    assert!(!error(&format!("{head}[connection]\nclient_secret = hunter2 hunter2\n")).contains("hunter2"));
}

#[test]
fn what_is_odd_is_told() {
    let sets = [
        "connection.timeout=30s",
        "connection.base_url=https://partners.adobe.io",
        "limits.windows=[{calls=250,per=\"1s\"},{calls=9000,per=\"5s\"}]",
    ];
    let notes: Vec<String> = shipped(&sets)
        .unwrap()
        .notes
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_snapshot!(notes.join("\n"));
    let local = [sets[0], "connection.base_url=http://localhost:1", sets[2]];
    let notes = shipped(&local).unwrap().notes;
    assert_eq!((notes.len(), notes[0].key.as_str()), (1, "connection.token_url"));
}

#[test]
fn jobs_are_found_by_path_folder_and_name() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    assert_eq!(
        Job::load_beside(at, "adobe-create", &[]).unwrap().origin,
        "adobe-create (built in)"
    );
    let listed = jobs_beside_names(at);
    assert_eq!(
        listed,
        [
            "adobe-create (built in): adobe create",
            "adobe-update (built in): adobe update",
            "logicboxes-signup (built in): logicboxes create",
            "metallic-create (built in): metallic create",
        ]
    );

    std::fs::create_dir(at.join("jobs")).unwrap();
    let mine = SHIPPED.replace("in_flight = 32", "in_flight = 7");
    std::fs::write(at.join("jobs/adobe-create.toml"), &mine).unwrap();
    std::fs::write(at.join("jobs/broken.toml"), "name = ").unwrap();
    std::fs::write(at.join("jobs/notes.txt"), "").unwrap();
    let found = Job::load_beside(at, "adobe-create", &[]).unwrap();
    assert_eq!(
        (found.origin.as_str(), found.job.limits.in_flight),
        ("jobs/adobe-create.toml", 7)
    );
    assert_eq!(
        Job::load_beside(at, "jobs/adobe-create.toml", &[]).unwrap().job,
        found.job
    );
    let listed = jobs_beside_names(at);
    assert_eq!(listed[0], "adobe-create (jobs/adobe-create.toml): adobe create");
    assert!(
        listed[2].starts_with("broken (jobs/broken.toml): error: jobs/broken.toml:1:"),
        "{}",
        listed[2]
    );

    let unknown = Job::load_beside(at, "adobe-crate", &[]).unwrap_err().to_string();
    assert_eq!(
        unknown,
        "--job: there is no job \"adobe-crate\"\n  hint: did you mean adobe-create?"
    );
    let missing = Job::load_beside(at, "nowhere/x.toml", &[])
        .unwrap_err()
        .to_string();
    assert!(
        missing.starts_with("nowhere/x.toml: cannot read the job file:"),
        "{missing}"
    );
}

fn jobs_beside_names(dir: &std::path::Path) -> Vec<String> {
    file::jobs_beside(dir)
        .into_iter()
        .map(|job| match job.about {
            Ok(about) => format!("{} ({}): {about}", job.name, job.origin),
            Err(error) => format!("{} ({}): error: {error}", job.name, job.origin),
        })
        .collect()
}
