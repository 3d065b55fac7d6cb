//! Commands of the system, each with a limit, all within the limit of the whole test.

use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The whole test: engine, images, stack. What tidies up comes on top.
const TEST_MAX: Duration = Duration::from_secs(220);

/// How long what tidies up may take, each.
pub(crate) const TIDY_MAX: Duration = Duration::from_secs(40);

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(250);

#[allow(clippy::disallowed_methods, reason = "a limit on the waiting of a test")]
fn clock() -> Instant {
    Instant::now()
}

/// Time since the test began.
pub(crate) fn elapsed() -> Duration {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let began = *BEGAN.get_or_init(clock);
    clock().duration_since(began)
}

/// Says what is being done; heard even where the output of tests is kept back.
pub(crate) fn say(what: impl AsRef<str>) {
    use std::io::Write as _;
    let _ = writeln!(
        std::io::stderr(),
        "{:6.1} s  {}",
        elapsed().as_secs_f64(),
        what.as_ref()
    );
}

/// A program, found where a system's own programs are too.
pub(crate) fn program(name: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("timeout");
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    // What a person has set for a stack of theirs is not meant for this one.
    let theirs = |name: &str| name.starts_with("ENLIST_") || name.starts_with("COMPOSE_");
    for (name, _) in std::env::vars().filter(|(name, _)| theirs(name)) {
        command.env_remove(name);
    }
    // The limit is put in by `run`, before the program's name.
    command.arg("--kill-after=5").arg(name);
    command
}

/// Runs it for at most `max`; its stdout, or how it failed with all it said.
pub(crate) fn run(command: &Command, max: Duration) -> Result<String, String> {
    let left = TEST_MAX.saturating_sub(elapsed());
    if left.is_zero() {
        return Err(format!("the test took more than {TEST_MAX:?}"));
    }
    run_within(command, max.min(left))
}

/// Like [`run`], when the test's own time may be over: for what tidies up.
pub(crate) fn run_within(command: &Command, max: Duration) -> Result<String, String> {
    let mut args = command.get_args();
    let mut limited = Command::new(command.get_program());
    limited.args(args.next());
    limited.arg(format!("{:.3}", max.as_secs_f64())).args(args);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        limited.current_dir(dir);
    }
    let shown: Vec<_> = command
        .get_args()
        .skip(1)
        .map(|arg| arg.to_string_lossy())
        .collect();
    let shown = shown.join(" ");
    let output = limited
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{shown}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        Err(format!(
            "`{shown}` ended with {} (124: after {max:?})\n{out}{err}",
            output.status
        ))
    }
}

/// Waits at most `max` until `look` finds something.
pub(crate) fn wait_for<T>(what: &str, max: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let began = clock();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < max, "waited {max:?} for {what}");
        std::thread::sleep(LOOK);
    }
}
