//! The stack in a folder of its own: the files a person has, the program that was built for this test, and questions to
//! the containers. Goes away when dropped.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{TIDY_MAX, program, run, run_within, wait_for};
use crate::engine::Engine;

/// The longest that one command may take.
const COMMAND_MAX: Duration = Duration::from_secs(90);

/// The longest that a condition may need.
const WAIT_MAX: Duration = Duration::from_secs(60);

pub(crate) struct Stack<'e> {
    engine: &'e Engine,
    dir: TempDir,
    name: String,
}

impl<'e> Stack<'e> {
    /// The files in their place, and what `deploy/prepare.sh` makes.
    pub(crate) fn new(engine: &'e Engine) -> Self {
        let stack = Self {
            engine,
            dir: tempfile::tempdir().unwrap(),
            name: format!("enliststack{}", std::process::id()),
        };
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in [
            "Dockerfile",
            ".dockerignore",
            "docker-compose.yml",
            ".env.example",
            "deploy",
            "samples",
            "jobs",
        ] {
            copy(&repository.join(name), &stack.path(name));
        }
        fs::create_dir(stack.path("dist")).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_enlist"), stack.path("dist/enlist")).unwrap();
        run(program("sh").arg(stack.path("deploy/prepare.sh")), COMMAND_MAX).unwrap();
        stack
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn compose_command(&self) -> Command {
        let mut command = self.engine.compose();
        command
            .current_dir(self.dir.path())
            .env("COMPOSE_PROJECT_NAME", &self.name)
            .env("ENLIST_IMAGE", self.image())
            .env("ENLIST_BUILD_IMAGE", &self.engine.system_image)
            .env("ENLIST_BINARY", "dist/enlist")
            .env("ENLIST_SIMULATOR_PORT", "0");
        command
    }

    pub(crate) fn image(&self) -> String {
        format!("enlist:{}", self.name)
    }

    /// `docker-compose` with the words of a line.
    pub(crate) fn compose(&self, line: &str) -> String {
        run(self.compose_command().args(line.split_whitespace()), COMMAND_MAX)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// `enlist` in a container of the importer, as a person calls it.
    pub(crate) fn importer<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        run(
            self.compose_command()
                .args(["run", "--rm", "-T", "importer"])
                .args(args),
            COMMAND_MAX,
        )
        .unwrap_or_else(|error| panic!("{error}"))
    }

    /// `docker` with these arguments.
    pub(crate) fn docker<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        run(self.engine.docker().args(args), COMMAND_MAX).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What `redis-cli` says to the words of a line.
    pub(crate) fn redis(&self, line: &str) -> String {
        let shell = format!("REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli {line}");
        let said = self.docker(["exec", &self.containers("redis")[0], "sh", "-c", &shell]);
        said.trim().to_owned()
    }

    /// Which containers are the stack's, as a filter of `docker ps`.
    pub(crate) fn label(&self) -> String {
        format!("label=com.docker.compose.project={}", self.name)
    }

    /// The running containers of a service.
    pub(crate) fn containers(&self, service: &str) -> Vec<String> {
        let of_service = format!("label=com.docker.compose.service={service}");
        let one_off = "label=com.docker.compose.oneoff=False";
        let mut args = vec!["ps", "--quiet", "--no-trunc"];
        let label = self.label();
        for filter in [&label, &of_service, one_off] {
            args.extend(["--filter", filter]);
        }
        let ids = self.docker(args);
        ids.split_whitespace().map(str::to_owned).collect()
    }

    /// What the engine knows of a container.
    pub(crate) fn inspect(&self, container: &str) -> Value {
        let known = self.docker(["inspect", "--format", "{{json .}}", container]);
        serde_json::from_str(&known).unwrap()
    }

    /// Waits until the service runs in this many containers, and each of them is well.
    pub(crate) fn wait_until_well(&self, service: &str, containers: usize) {
        let is_well = |container: &String| self.inspect(container)["State"]["Health"]["Status"] == "healthy";
        wait_for(&format!("{containers} × {service} to be well"), WAIT_MAX, || {
            let running = self.containers(service);
            (running.len() == containers && running.iter().all(is_well)).then_some(())
        });
    }

    /// Rows of the newest batch that are not settled.
    pub(crate) fn open_rows(&self) -> u64 {
        let status: Value = serde_json::from_str(&self.importer(["status", "last", "--json"])).unwrap();
        status["open"].as_u64().unwrap()
    }

    pub(crate) fn wait_until_settled(&self) {
        wait_for("the batch to settle", WAIT_MAX, || {
            (self.open_rows() == 0).then_some(())
        });
    }

    /// What the simulator says has happened, asked on this machine as a person would.
    pub(crate) fn simulator(&self) -> Value {
        let port = self.compose("port simulator 8080");
        let host = port.trim();
        assert!(host.starts_with("127.0.0.1:"), "on loopback alone: {host}");
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(
            stream,
            "GET /_simulator/ledger HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    pub(crate) fn creates(&self) -> u64 {
        self.simulator()["calls"]["create"].as_u64().unwrap_or(0)
    }
}

impl Drop for Stack<'_> {
    fn drop(&mut self) {
        let tidy = |command: &mut Command| run_within(command, TIDY_MAX);
        if std::thread::panicking() {
            for line in ["ps", "logs --no-color --tail=40"] {
                let said = tidy(self.compose_command().args(line.split_whitespace()));
                eprintln!("{}", said.unwrap_or_else(|error| error));
            }
        }
        let down = "--profile try --profile tools down --volumes --remove-orphans --timeout 2";
        if let Err(error) = tidy(self.compose_command().args(down.split_whitespace())) {
            eprintln!("{error}");
        }
        let _ = tidy(
            self.engine
                .docker()
                .args(["image", "rm", "--force", &self.image()]),
        );
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}
