//! How much of a limit is used when processes share it through Redis, and what that costs: 20, 200 and 1,000 calls a
//! second, by 1, 4 and 16 processes' worth of connections, against a provider that takes 5 ms. The last lines have an
//! hourly limit beside the short one, under which nothing is given ahead.
//!
//! `cargo bench --bench budget [-- SECONDS]`, 10 seconds for each line unless told. Needs `redis-server`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a measurement: it reads the clock, prints, and may fail"
)]

use std::collections::VecDeque;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use enlist::config::RedisAccess;
use enlist::domain::attempt::CallKind;
use enlist::domain::policy::rate::Window;
use enlist::engine::ports::{Budget, Budgets};
use enlist::ledger::redis::budget::RedisBudgets;
use enlist::world::RealWorld;

const HANDS: usize = 32;
const PROVIDER: Duration = Duration::from_millis(5);

fn main() {
    let seconds: usize = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(10);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    println!(
        "{:>22} {:>10} {:>8} {:>11} {:>18} {:>20} {:>12} {:>14}",
        "limit",
        "processes",
        "used",
        "over limit",
        "Redis us a call",
        "round trips a call",
        "us a script",
        "bytes a call"
    );
    let second = |calls| Window {
        calls,
        per: Duration::from_secs(1),
    };
    let hour = Window {
        calls: 100_000,
        per: Duration::from_secs(3_600),
    };
    for windows in [
        vec![second(20)],
        vec![second(200)],
        vec![second(1_000)],
        vec![second(200), hour],
    ] {
        for processes in [1, 4, 16] {
            runtime.block_on(measure(&windows, processes, seconds));
        }
    }
}

async fn measure(windows: &[Window], processes: usize, seconds: usize) {
    let window = windows[0];
    let server = Server::start();
    let calls = Calls::default();
    let mut budgets: Vec<Arc<dyn Budget>> = Vec::new();
    for _ in 0..processes {
        let budgets_there = RedisBudgets::open(&server.access, Arc::new(RealWorld::default()))
            .await
            .unwrap();
        budgets.push(budgets_there.budget("somebody", windows, false));
    }
    let hands: Vec<_> = budgets
        .iter()
        .flat_map(|budget| (0..HANDS).map(|_| tokio::spawn(call(Arc::clone(budget), calls.clone()))))
        .collect();
    let limit = window.calls as usize;
    calls.wait_for(3 * limit).await;
    let (from, before) = (calls.len(), server.costs());
    // Both ends lie at the same call of the limit's number, so it does not matter how calls bunch within a window.
    let last = from + limit * seconds;
    calls.wait_for(last + 1).await;
    let (after, made) = (server.costs(), (calls.len() - from) as f64);
    budgets.iter().for_each(|budget| budget.close());
    for hand in hands {
        hand.await.unwrap();
    }
    let arrivals = calls.arrivals();
    let used = window.per.as_secs_f64() * seconds as f64 / (arrivals[last] - arrivals[from]).as_secs_f64();
    println!(
        "{:>22} {:>10} {:>8.3} {:>11} {:>18.1} {:>20.2} {:>12.0} {:>14}",
        show(windows),
        processes,
        used,
        windows
            .iter()
            .map(|window| over(&arrivals, *window))
            .max()
            .unwrap(),
        (after.cpu_us - before.cpu_us) / made,
        (after.scripts - before.scripts) / made,
        (after.script_us - before.script_us) / (after.scripts - before.scripts),
        server.bytes(),
    );
}

async fn call(budget: Arc<dyn Budget>, calls: Calls) {
    while !budget.is_closed() {
        if let Some(permit) = budget.permit(CallKind::Submit).await {
            tokio::time::sleep(PROVIDER / 2).await;
            calls.arrive();
            tokio::time::sleep(PROVIDER / 2).await;
            drop(permit);
        }
    }
}

fn show(windows: &[Window]) -> String {
    let shown = windows
        .iter()
        .map(|window| format!("{}/{}s", window.calls, window.per.as_secs()));
    shown.collect::<Vec<_>>().join(" ")
}

/// The most calls above the limit that any rolling window saw.
fn over(arrivals: &[Instant], window: Window) -> usize {
    let mut seen: VecDeque<Instant> = VecDeque::new();
    let mut over = 0;
    for at in arrivals {
        seen.push_back(*at);
        while *at - seen[0] >= window.per {
            seen.pop_front();
        }
        over = over.max(seen.len().saturating_sub(window.calls as usize));
    }
    over
}

#[derive(Clone, Default)]
struct Calls(Arc<Mutex<Vec<Instant>>>);

impl Calls {
    fn arrive(&self) {
        let mut arrivals = self.0.lock().unwrap();
        arrivals.push(Instant::now());
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn arrivals(&self) -> Vec<Instant> {
        self.0.lock().unwrap().clone()
    }

    async fn wait_for(&self, calls: usize) {
        while self.len() < calls {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

struct Server {
    child: Child,
    port: u16,
    access: RedisAccess,
    _dir: tempfile::TempDir,
}

/// What the server has done so far.
struct Costs {
    cpu_us: f64,
    scripts: f64,
    script_us: f64,
}

impl Server {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let dir = tempfile::tempdir().unwrap();
        let child = Command::new("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--appendonly",
                "yes",
                "--save",
                "",
                "--dir",
            ])
            .arg(dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            child,
            port,
            access: format!("redis://127.0.0.1:{port}/0?ledger=bench")
                .parse()
                .unwrap(),
            _dir: dir,
        };
        while server.cli(&["ping"]).trim() != "PONG" {}
        server
    }

    fn cli(&self, words: &[&str]) -> String {
        let said = Command::new("redis-cli")
            .args(["-p", &self.port.to_string()])
            .args(words)
            .output()
            .unwrap();
        String::from_utf8_lossy(&said.stdout).into_owned()
    }

    fn costs(&self) -> Costs {
        let info = self.cli(&["info", "all"]);
        let number = |line: &str, after: &str| {
            let found = info
                .lines()
                .find(|found| found.starts_with(line))
                .unwrap_or_default();
            let text = found.split_once(after).map_or("0", |(_, text)| text);
            let end = text
                .find(|c: char| c != '.' && !c.is_ascii_digit())
                .unwrap_or(text.len());
            text[..end].parse::<f64>().unwrap()
        };
        Costs {
            cpu_us: (number("used_cpu_sys:", ":") + number("used_cpu_user:", ":")) * 1e6,
            scripts: number("cmdstat_evalsha:", "calls="),
            script_us: number("cmdstat_evalsha:", "usec="),
        }
    }

    /// Memory of the log of calls, for each.
    fn bytes(&self) -> u64 {
        let number = |words: &[&str]| self.cli(words).trim().parse::<u64>().unwrap();
        let key = self.cli(&["--scan", "--pattern", "*:log"]);
        number(&["memory", "usage", key.trim(), "samples", "0"]) / number(&["zcard", key.trim()])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
