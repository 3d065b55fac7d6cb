//! The program: reads the flags, runs one verb, ends with its exit code.

use std::process::ExitCode;

use enlist::app::exit::Exit;
use enlist::cli::{read, run, signals};

fn main() -> ExitCode {
    let cli = match read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(exit) => return ExitCode::from(exit.code()),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let exit = runtime.block_on(async {
        let (stop, second) = signals::listen()?;
        // The work has its own thread: a second signal must end the program whatever the work is at.
        let work = tokio::spawn(run(cli, stop));
        Ok(tokio::select! {
            ended = work => ended.unwrap_or(Exit::Failed),
            exit = second => exit,
        })
    });
    runtime.shutdown_background();
    match exit {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => failed(&error),
    }
}

#[allow(clippy::print_stderr, reason = "nothing else is set up yet")]
fn failed(error: &std::io::Error) -> ExitCode {
    eprintln!("error: the program could not start: {error}");
    ExitCode::from(Exit::Failed.code())
}
