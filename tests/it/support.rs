//! A rig for tests of the program itself: a folder of its own, a simulator as a child process, `enlist` as it is
//! installed, files of rows, and questions to the simulator. Nothing waits for time to pass: everything waits for a
//! condition, with a limit.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A test that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// How often a condition is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(5);

/// The secret that must never be seen again.
pub(crate) const SECRET: &str = "canary-secret-5c1f";

/// Flags that make a run against the simulator quick.
const QUICK: [&str; 7] = [
    "limits.windows=[{calls=1000,per=\"1s\"}]",
    "limits.in_flight=32",
    "poll.first=200ms",
    "poll.max=500ms",
    "retry.first=100ms",
    "retry.max=1s",
    "retry.look_after=[\"0s\",\"300ms\"]",
];

/// Whether the long versions of the tests are asked for.
pub(crate) fn is_big() -> bool {
    std::env::var_os("ENLIST_BIG").is_some()
}

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A sample's path.
pub(crate) fn sample(name: &str) -> String {
    repository().join("samples").join(name).display().to_string()
}

#[allow(clippy::disallowed_methods, reason = "a limit on the waiting of a test")]
pub(crate) fn clock() -> Instant {
    Instant::now()
}

/// Waits until `look` finds something.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = clock();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < LIMIT, "waited {LIMIT:?} for {what}");
        std::thread::sleep(LOOK);
    }
}

/// Numbers that look random and are the same in each run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from `min` to `max`.
    pub(crate) fn between(&mut self, min: u64, max: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        min + (z ^ (z >> 31)) % (max - min + 1)
    }
}

/// A folder of a test's own: working directory, data directory, home.
pub(crate) struct Rig {
    dir: TempDir,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A CSV file of `n` sound rows with keys `R-1` to `R-n`.
    pub(crate) fn rows(&self, name: &str, n: usize) {
        self.write(name, csv_of(n));
    }

    /// A report file, parsed.
    pub(crate) fn table(&self, name: &str) -> Table {
        Table::parse(&self.read(name))
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// `enlist` with these arguments, here.
    pub(crate) fn enlist<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Call {
        self.call(Command::new(env!("CARGO_BIN_EXE_enlist"))).args(args)
    }

    /// A line of shell with the program on its path, here.
    pub(crate) fn shell(&self, line: &str) -> Call {
        self.call(Command::new("sh")).args(["-c", line])
    }

    fn call(&self, mut command: Command) -> Call {
        let program = Path::new(env!("CARGO_BIN_EXE_enlist"))
            .parent()
            .unwrap()
            .to_owned();
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path =
            std::env::join_paths(std::iter::once(program).chain(std::env::split_paths(&others))).unwrap();
        command
            .current_dir(self.dir.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.dir.path())
            .env("ENLIST_DATA_DIR", self.path("data"))
            .env("ENLIST_TERMS_ACCEPTED_BY", "Ann Attester")
            .env("ENLIST_TERMS_VERSION", "2026-01")
            .env("ENLIST_ADOBE_CLIENT_ID", "canary-client")
            .env("ENLIST_ADOBE_CLIENT_SECRET", SECRET);
        Call { command, stdin: None }
    }

    /// `enlist LINE` at a terminal, where somebody types; `None` where none can be made.
    pub(crate) fn at_a_terminal(&self, line: &str, typed: &str) -> Option<Ended> {
        let found = Command::new("script").arg("--version").output();
        found.ok().filter(|output| output.status.success())?;
        let program = env!("CARGO_BIN_EXE_enlist");
        let mut call = self.line("");
        let mut command = Command::new("script");
        command.args(["-qec", &format!("{program} {line}"), "/dev/null"]);
        command.current_dir(self.path(""));
        for (name, value) in call.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        call.command = command;
        Some(call.stdin(typed).end())
    }

    /// `enlist` with the words of a line. No quoting: a word has no space.
    pub(crate) fn line(&self, line: &str) -> Call {
        self.enlist(line.split_whitespace())
    }

    /// A simulator of Adobe that runs until it is dropped. `flags` are words with spaces between.
    pub(crate) fn simulator(&self, flags: &str) -> Simulator {
        self.simulator_of("adobe", flags)
    }

    /// A simulator that runs until it is dropped.
    pub(crate) fn simulator_of(&self, provider: &str, flags: &str) -> Simulator {
        let line = format!("simulate {provider} --listen 127.0.0.1:0");
        let mut command = self.line(&line).command;
        let mut child = command
            .args(flags.split_whitespace())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim().to_owned();
        assert!(
            url.starts_with("http://127.0.0.1:"),
            "the simulator did not start: {line:?}"
        );
        Simulator { child, url }
    }

    /// `VERB FILE` under the sample job pointed at `simulator`, with everything quick.
    pub(crate) fn on(&self, simulator: &Simulator, verb: &str, file: &str) -> Call {
        let mut call = self.enlist([verb, file, "--job", "adobe-create"]);
        for set in simulator.sets() {
            call = call.args(["--set", &set]);
        }
        for set in QUICK {
            call = call.args(["--set", set]);
        }
        call
    }

    /// `run FILE --out out --json` on the simulator.
    pub(crate) fn run(&self, simulator: &Simulator, file: &str) -> Call {
        self.on(simulator, "run", file).args(["--out", "out", "--json"])
    }
    /// Each row's outcome and id in a report are those of the one account that has its reference.
    pub(crate) fn shows_the_accounts_that_exist(&self, results: &str, simulator: &Simulator) {
        let accounts: BTreeMap<String, Value> = simulator
            .accounts()
            .into_iter()
            .map(|account| (account["reference"].as_str().unwrap().to_owned(), account))
            .collect();
        let results = self.table(results);
        assert_eq!(accounts.len(), results.rows.len());
        for row in &results.rows {
            let account = &accounts[&row["external_id"]];
            assert_eq!(account["id"], row["_provider_id"], "{row:?}");
            assert_eq!(account["status"], row["_provider_status"], "{row:?}");
            let word = if account["settled"] == "1000" {
                "Active"
            } else {
                "Inactive"
            };
            assert_eq!(row["_outcome"], word, "{row:?}");
        }
    }

    /// The ids in the report are those of the accounts, of any provider; ids may be shown in capitals.
    pub(crate) fn shows_the_ids_that_exist(&self, results: &str, simulator: &Simulator) {
        let small = |id: &str| id.to_lowercase();
        let there: BTreeSet<String> = simulator
            .accounts()
            .iter()
            .map(|account| small(account["id"].as_str().unwrap()))
            .collect();
        let results = self.table(results);
        let told = results.column("_provider_id");
        assert_eq!(told.into_iter().map(small).collect::<BTreeSet<_>>(), there);
    }
}

/// The header of [`csv_of`].
pub(crate) const HEADER: &str = "external_id,company_name,language,market_segments,country,region,city,\
                                 address_line_1,postal_code,phone,first_name,last_name,email";

/// Row `at` of [`csv_of`].
pub(crate) fn csv_row(at: usize) -> String {
    format!(
        "R-{at},Company {at} Ltd,en-US,COM,US,MA,Boston,{at} Beacon Street,02108,617-555-0102,Grace,Pratt,\
         r{at}@company{at}.example"
    )
}

/// `n` sound rows with a header.
pub(crate) fn csv_of(n: usize) -> String {
    let mut text = String::from(HEADER);
    for at in 1..=n {
        text.push('\n');
        text.push_str(&csv_row(at));
    }
    text.push('\n');
    text
}

/// A CSV file: its header and its rows by column.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<BTreeMap<String, String>>,
}

impl Table {
    pub(crate) fn parse(text: &str) -> Self {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows = reader
            .records()
            .map(|record| {
                header
                    .iter()
                    .cloned()
                    .zip(record.unwrap().iter().map(str::to_owned))
                    .collect()
            })
            .collect();
        Self { header, rows }
    }

    /// A column, top to bottom.
    pub(crate) fn column(&self, name: &str) -> Vec<&str> {
        self.rows.iter().map(|row| row[name].as_str()).collect()
    }

    /// The rows as a CSV file again, each cell changed by `change(column, cell)`.
    pub(crate) fn rewritten(&self, change: impl Fn(&str, &str) -> String) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.header).unwrap();
        for row in &self.rows {
            writer
                .write_record(self.header.iter().map(|name| change(name, &row[name])))
                .unwrap();
        }
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    }
}

/// A call of `enlist`, not made yet.
pub(crate) struct Call {
    command: Command,
    stdin: Option<Vec<u8>>,
}

impl Call {
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn set(self, set: &str) -> Self {
        self.args(["--set", set])
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    pub(crate) fn start(mut self) -> Running {
        let stdin = if self.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        let mut child = self
            .command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if let (Some(text), Some(mut to)) = (self.stdin.take(), child.stdin.take()) {
            std::thread::spawn(move || {
                // A program that ends without reading all of it is the test's subject, not its failure.
                let _ = to.write_all(&text);
            });
        }
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Running {
            child: Some(child),
            out: Some(gather(out)),
            err: Some(gather(err)),
        }
    }

    pub(crate) fn end(self) -> Ended {
        self.start().end()
    }

    /// Runs it to its end and takes nothing but this exit code.
    pub(crate) fn exits(self, code: i32) -> Ended {
        let shown = format!("{:?}", self.command);
        let ended = self.end();
        assert_eq!(
            ended.code,
            Some(code),
            "{shown}\nstdout: {}\nstderr: {}",
            ended.out,
            ended.err
        );
        ended
    }
}

/// What a program has written so far.
struct Gathered {
    bytes: Arc<Mutex<Vec<u8>>>,
    end: JoinHandle<()>,
}

fn gather(mut from: impl std::io::Read + Send + 'static) -> Gathered {
    let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
    let to = Arc::clone(&bytes);
    let end = std::thread::spawn(move || {
        let mut block = [0; 8192];
        while let Ok(n @ 1..) = from.read(&mut block) {
            to.lock().unwrap().extend_from_slice(&block[..n]);
        }
    });
    Gathered { bytes, end }
}

impl Gathered {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    fn whole(self) -> String {
        let text = Arc::clone(&self.bytes);
        self.end.join().unwrap();
        String::from_utf8_lossy(&text.lock().unwrap()).into_owned()
    }
}

/// `enlist`, running. Killed when dropped.
pub(crate) struct Running {
    child: Option<Child>,
    out: Option<Gathered>,
    err: Option<Gathered>,
}

impl Running {
    /// Sends a signal by its name, `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid();
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {pid}")])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// What it has said on stderr so far.
    pub(crate) fn said(&self) -> String {
        self.err.as_ref().unwrap().text()
    }

    /// The address after `word` on stderr, as soon as it is there.
    pub(crate) fn address(&self, word: &str) -> String {
        wait_for(word, || {
            let text = self.said();
            let (_, after) = text.split_once(word)?;
            let (address, _) = after.split_once(['/', '\n'])?;
            Some(address.trim().to_owned())
        })
    }

    /// SIGKILL; the end as it was.
    pub(crate) fn kill(mut self) -> Ended {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
        }
        self.end()
    }

    pub(crate) fn is_over(&mut self) -> bool {
        self.child
            .as_mut()
            .is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    pub(crate) fn end(mut self) -> Ended {
        let mut child = self.child.take().unwrap();
        let began = clock();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if began.elapsed() > LIMIT {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            std::thread::sleep(LOOK);
        };
        let out = self.out.take().unwrap().whole();
        let err = self.err.take().unwrap().whole();
        let Some(status) = status else {
            panic!("it did not end in {LIMIT:?}\nstdout: {out}\nstderr: {err}");
        };
        Ended {
            code: status.code(),
            signal: status.signal(),
            out,
            err,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Stdout as one JSON value, and nothing else.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// Stdout as JSON Lines.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }
}

/// `enlist simulate PROVIDER`, running. Killed when dropped.
pub(crate) struct Simulator {
    child: Child,
    /// What `connection.base_url` is set to.
    pub(crate) url: String,
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Simulator {
    /// What points a job for Adobe here.
    pub(crate) fn sets(&self) -> [String; 2] {
        [
            format!("connection.base_url={}", self.url),
            format!("connection.token_url={}/ims/token/v3", self.url),
        ]
    }

    /// Its own account of what happened.
    pub(crate) fn ledger(&self) -> Value {
        self.ask("GET", "/_simulator/ledger", "")
    }

    /// Accounts that exist.
    pub(crate) fn accounts_created(&self) -> u64 {
        self.ledger()["accounts_created"].as_u64().unwrap()
    }

    /// Creates that arrived.
    pub(crate) fn creates(&self) -> u64 {
        self.ledger()["calls"]["create"].as_u64().unwrap_or(0)
    }

    /// All accounts.
    pub(crate) fn accounts(&self) -> Vec<Value> {
        let mut accounts: Vec<Value> = Vec::new();
        loop {
            let path = format!("/_simulator/accounts?limit=10000&offset={}", accounts.len());
            let page = self.ask("GET", &path, "");
            accounts.extend(page["accounts"].as_array().unwrap().iter().cloned());
            if accounts.len() as u64 >= page["total"].as_u64().unwrap() {
                return accounts;
            }
        }
    }

    /// Changes settings.
    pub(crate) fn change(&self, settings: &Value) {
        self.ask("POST", "/_simulator/settings", &settings.to_string());
    }

    /// Gives an account a status.
    pub(crate) fn settle(&self, id: &str, status: &str) {
        let body = serde_json::json!({ "status": status }).to_string();
        self.ask("POST", &format!("/_simulator/accounts/{id}/status"), &body);
    }

    /// `rows` accounts exist, each with a reference of its own.
    pub(crate) fn has_one_account_each(&self, rows: usize) {
        let ledger = self.ledger();
        assert_eq!(ledger["accounts_created"], rows, "{ledger}");
        assert_eq!(ledger["accounts_per_reference"]["max"], 1, "{ledger}");
        assert_eq!(ledger["accounts_without_reference"], 0, "{ledger}");
    }

    /// Its address, `127.0.0.1:4711`.
    pub(crate) fn host(&self) -> &str {
        let rest = self.url.strip_prefix("http://").unwrap();
        rest.split_once('/').map_or(rest, |(host, _)| host)
    }

    /// One question that is answered with 200.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let (head, body) = exchange(self.host(), method, path, body).unwrap();
        assert!(
            head.starts_with("HTTP/1.1 200"),
            "{method} {path}: {head}\n{body}"
        );
        serde_json::from_str(&body).unwrap()
    }
}

/// One HTTP exchange: head and body of the answer, or why there was none.
pub(crate) fn exchange(
    host: &str,
    method: &str,
    path: &str,
    body: &str,
) -> std::io::Result<(String, String)> {
    exchange_with(host, method, path, "", body)
}

/// The same with header lines of one's own, each with its end.
pub(crate) fn exchange_with(
    host: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> std::io::Result<(String, String)> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         {headers}Content-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or(std::io::ErrorKind::UnexpectedEof)?;
    Ok((head.to_owned(), body.to_owned()))
}
