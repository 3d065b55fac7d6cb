//! A Docker engine to start the stack on: the one that answers, or one of the test's own, which goes when the test ends
//! and touches neither the machine's firewall nor its routes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::command::{TIDY_MAX, program, run, run_within, say, wait_for};

/// The image of `redis` in docker-compose.yml.
const REDIS: &str = "redis:7";

/// What engine and images may take.
const ASK_MAX: Duration = Duration::from_secs(20);
const PULL_MAX: Duration = Duration::from_secs(60);
const BOOTSTRAP_MAX: Duration = Duration::from_secs(150);

/// Makes the stand-in for the base images: folder, release, mirror, tar. In memory, where nothing waits for the disk, and
/// with mounts that no one else sees and that go with it, however it ends.
const BOOTSTRAP: &str = r#"
    mount -t tmpfs -o size=1g,mode=755 base "$1"
    debootstrap --variant=minbase --include=redis-server,ca-certificates "$2" "$1" "$3" 2>&1
    chroot "$1" install -d -o redis -g redis /data
    tar -C "$1" --exclude='./var/cache/apt/archives/*.deb' --exclude='./var/lib/apt/lists/*' -c . > "$4"
"#;

/// Becomes a daemon: folder, name. No rule of the firewall, no route, no bridge but those of the stack's networks, which
/// go with them; ports are passed on by a program, on loopback. What it stores lies in memory.
const DAEMON: &str = r#"
    mkdir "$1/var"
    mount -t tmpfs -o size=2g,mode=755 var "$1/var"
    exec dockerd --host "unix://$1/socket" --data-root "$1/var/data" --exec-root "$1/var/exec" --pidfile "$1/var/pid" \
        --containerd-namespace "$2" --containerd-plugins-namespace "$2-plugins" --shutdown-timeout 5 \
        --bridge none --iptables=false --ip-forward=false --ip-masq=false
"#;

/// An engine with the base images in it.
pub(crate) struct Engine {
    own: Option<Daemon>,
    compose: &'static [&'static str],
    /// An image with this machine's C library, so that what was built here runs there.
    pub(crate) system_image: String,
}

impl Engine {
    /// Finds an engine, or says why there is none.
    pub(crate) fn find() -> Result<Self, String> {
        let system = System::read()?;
        let compose = [&["docker-compose"][..], &["docker", "compose"]]
            .into_iter()
            .find(|words| run(program(words[0]).args(&words[1..]).arg("version"), ASK_MAX).is_ok())
            .ok_or("neither docker-compose nor docker compose is installed")?;
        let mut engine = Self {
            own: None,
            compose,
            system_image: system.image(),
        };
        let theirs = match run(engine.docker().arg("info"), ASK_MAX) {
            Ok(_) => engine.pull(),
            Err(error) => Err(error),
        };
        if let Err(why) = theirs {
            engine.own = Some(
                Daemon::start(&system)
                    .map_err(|own| format!("{}; and none could be started: {own}", last_line(&why)))?,
            );
            engine.import(&system)?;
        }
        Ok(engine)
    }

    /// `docker`, talking to this engine.
    pub(crate) fn docker(&self) -> Command {
        self.talking_to_it(program("docker"))
    }

    /// `docker-compose`, talking to this engine.
    pub(crate) fn compose(&self) -> Command {
        let mut command = self.talking_to_it(program(self.compose[0]));
        command.args(&self.compose[1..]);
        command
    }

    fn talking_to_it(&self, mut command: Command) -> Command {
        if let Some(own) = &self.own {
            // The builder that needs no plug-in.
            command
                .env("DOCKER_HOST", own.address())
                .env("DOCKER_BUILDKIT", "0");
        }
        command
    }

    fn pull(&self) -> Result<(), String> {
        for image in [REDIS, &self.system_image] {
            let here = run(self.docker().args(["image", "inspect", image]), ASK_MAX);
            if here.is_err() {
                say(format!("pulling {image}"));
                run(self.docker().args(["pull", "--quiet", image]), PULL_MAX)?;
            }
        }
        Ok(())
    }

    /// Puts a small system under the names of the base images, which is what they are made of.
    fn import(&self, system: &System) -> Result<(), String> {
        let tar = system.bootstrapped()?;
        run(self.docker().arg("import").arg(&tar).arg(REDIS), PULL_MAX)?;
        run(self.docker().args(["tag", REDIS, &self.system_image]), ASK_MAX)?;
        Ok(())
    }
}

/// A daemon of our own. Ends when dropped.
struct Daemon {
    child: Child,
    dir: TempDir,
}

impl Daemon {
    fn start(system: &System) -> Result<Self, String> {
        let root = run(program("id").arg("-u"), ASK_MAX)?.trim() == "0";
        if !root {
            return Err("that takes root".into());
        }
        if system.id != "debian" {
            return Err("the stand-ins for the base images are made of Debian".into());
        }
        for needed in ["dockerd", "debootstrap", "unshare"] {
            run(program("which").arg(needed), ASK_MAX).map_err(|_| format!("{needed} is not installed"))?;
        }
        say("starting an engine of our own");
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let log = File::create(dir.path().join("log")).map_err(|error| error.to_string())?;
        let name = format!("enlist-stack-{}", std::process::id());
        // Not by way of `timeout`: it is to live as long as the test, and die with it at Ctrl-C.
        let path = std::env::var("PATH").unwrap_or_default();
        let child = Command::new("unshare")
            .env("PATH", format!("{path}:/usr/sbin:/sbin"))
            .args(["--mount", "sh", "-euc", DAEMON, "-"])
            .arg(dir.path())
            .arg(name)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(|error| error.to_string())?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("dockerd: {error}"))?;
        let mut daemon = Self { child, dir };
        let up = wait_for("dockerd", Duration::from_secs(40), || {
            if !matches!(daemon.child.try_wait(), Ok(None)) {
                return Some(false);
            }
            let answers = run(
                program("docker").env("DOCKER_HOST", daemon.address()).arg("info"),
                ASK_MAX,
            );
            answers.is_ok().then_some(true)
        });
        if up {
            Ok(daemon)
        } else {
            let log = fs::read_to_string(daemon.dir.path().join("log")).unwrap_or_default();
            Err(format!("dockerd ended: {}", last_line(&log)))
        }
    }

    fn address(&self) -> String {
        address(self.dir.path())
    }
}

fn address(dir: &Path) -> String {
    format!("unix://{}", dir.join("socket").display())
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        let _ = run_within(program("kill").arg(&pid), TIDY_MAX);
        for _ in 0..200 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What this machine runs, from /etc/os-release.
struct System {
    id: String,
    release: String,
}

impl System {
    fn read() -> Result<Self, String> {
        let text =
            fs::read_to_string("/etc/os-release").map_err(|error| format!("/etc/os-release: {error}"))?;
        let value = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
                .map(|value| value.trim_matches('"').to_owned())
                .unwrap_or_default()
        };
        let id = value("ID");
        let release = match id.as_str() {
            "debian" => value("VERSION_CODENAME"),
            "ubuntu" => value("VERSION_ID"),
            _ => String::new(),
        };
        match release.is_empty() {
            true => Err(format!("no image is known for what was built on {id:?}")),
            false => Ok(Self { id, release }),
        }
    }

    fn image(&self) -> String {
        match self.id.as_str() {
            "debian" => format!("debian:{}-slim", self.release),
            _ => format!("{}:{}", self.id, self.release),
        }
    }

    /// A tar of a small Debian with Redis. Kept beside what cargo builds, because making it takes most of a minute.
    fn bootstrapped(&self) -> Result<PathBuf, String> {
        let tar = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stack-{}.tar", self.release));
        if tar.exists() {
            return Ok(tar);
        }
        let of_release = format!("Codename: {}", self.release);
        let mirrors = run(
            program("apt-get").args([
                "indextargets",
                "--format",
                "$(REPO_URI)",
                "Created-By: Packages",
                &of_release,
            ]),
            ASK_MAX,
        )?;
        let mirror = mirrors
            .lines()
            .next()
            .ok_or("apt names no mirror of this release")?;
        say(format!(
            "making stand-ins for the base images out of {}",
            self.release
        ));
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let partial = tar.with_extension(std::process::id().to_string());
        run(
            program("unshare")
                .args(["--mount", "sh", "-euc", BOOTSTRAP, "-"])
                .args([dir.path(), Path::new(&self.release), Path::new(mirror), &partial]),
            BOOTSTRAP_MAX,
        )
        .inspect_err(|_| {
            let _ = fs::remove_file(&partial);
        })?;
        fs::rename(&partial, &tar).map_err(|error| error.to_string())?;
        Ok(tar)
    }
}

fn last_line(text: &str) -> &str {
    text.trim().lines().last().unwrap_or_default()
}
