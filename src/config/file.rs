//! Finding and reading job files: the user's own, those in `./jobs`, and those that come with the program.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::finding::{did_you_mean, names_a_secret, secret_refused};
use super::given::{Chosen, Given, reconcile};
use super::{ConfigError, Finding, Job, ProviderName, check, set};

/// The job files that come with the program.
const EMBEDDED: [(&str, &str); 4] = [
    ("adobe-create", include_str!("../../jobs/adobe-create.toml")),
    ("adobe-update", include_str!("../../jobs/adobe-update.toml")),
    (
        "logicboxes-signup",
        include_str!("../../jobs/logicboxes-signup.toml"),
    ),
    ("metallic-create", include_str!("../../jobs/metallic-create.toml")),
];

/// A job file may be this long.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A job as it was found.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The job, overrides applied.
    pub job: Job,
    /// Where it came from: a path, or `adobe-create (built in)`.
    pub origin: String,
    /// What is allowed and probably not meant, and values that were moved to agree with others. For stderr.
    pub notes: Vec<Finding>,
    pub(super) given: Given,
}

/// A job file that could be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What to write after `--job`.
    pub name: String,
    /// Where it is.
    pub origin: String,
    /// Provider and operation, `adobe create`; or what is wrong with the file.
    pub about: Result<String, String>,
}

impl Job {
    /// The job called `name_or_path`, with `--set` overrides applied and checked: a path if it has a `/` or ends in
    /// `.toml`, else `jobs/NAME.toml` under the working directory, else the one of that name that is built in.
    pub fn load(name_or_path: &str, sets: &[String]) -> Result<Loaded, ConfigError> {
        Self::load_beside(Path::new("."), name_or_path, sets)
    }

    /// Like [`Job::load`], with another directory in place of the working directory.
    pub fn load_beside(dir: &Path, name_or_path: &str, sets: &[String]) -> Result<Loaded, ConfigError> {
        if name_or_path.contains(['/', '\\']) || name_or_path.ends_with(".toml") {
            let text = read(&dir.join(name_or_path)).map_err(|error| unreadable(name_or_path, &error))?;
            return Self::parse(&text, name_or_path, sets);
        }
        let path = dir.join("jobs").join(format!("{name_or_path}.toml"));
        let origin = format!("jobs/{name_or_path}.toml");
        match read(&path) {
            Ok(text) => return Self::parse(&text, &origin, sets),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&origin, &error)),
        }
        match EMBEDDED.iter().find(|(name, _)| *name == name_or_path) {
            Some((name, text)) => Self::parse(text, &format!("{name} (built in)"), sets),
            None => {
                let listed = jobs_beside(dir);
                let names: Vec<&str> = listed.iter().map(|job| job.name.as_str()).collect();
                let message = format!("there is no job {name_or_path:?}");
                Err(ConfigError::one(
                    "--job",
                    message,
                    did_you_mean(name_or_path, &names),
                ))
            }
        }
    }

    /// The job in a text, with `--set` overrides applied and checked. `origin` is for messages.
    pub fn parse(text: &str, origin: &str, sets: &[String]) -> Result<Loaded, ConfigError> {
        let mut given = Given::new(origin);
        let mut job = read_job(text, origin, &mut given)?;
        let mut faults = Vec::new();
        for set in sets {
            match set::apply(&job, set) {
                Ok((changed, paths)) => {
                    job = changed;
                    for path in paths {
                        given.note(path.join("."), Chosen::Set, set::AT.to_owned());
                    }
                }
                Err(fault) => faults.push(fault),
            }
        }
        let (contradictions, mut notes) = reconcile(&mut job, &mut given);
        let placed = |mut finding: Finding| {
            finding.at = given.at(&finding.key);
            finding
        };
        faults.extend(contradictions);
        faults.extend(check::faults(&job).into_iter().map(placed));
        notes.extend(check::warnings(&job).into_iter().map(placed));
        match faults.is_empty() {
            true => Ok(Loaded {
                job,
                origin: origin.to_owned(),
                notes,
                given,
            }),
            false => Err(ConfigError { faults }),
        }
    }
}

/// The jobs that [`Job::load`] finds by name.
pub fn jobs() -> Vec<Listed> {
    jobs_beside(Path::new("."))
}

/// Like [`jobs`], with another directory in place of the working directory. Sorted by name; a file in `jobs` hides
/// the built-in one of its name.
pub fn jobs_beside(dir: &Path) -> Vec<Listed> {
    let folder = fs::read_dir(dir.join("jobs")).into_iter().flatten();
    let paths: Vec<PathBuf> = folder.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let mut listed: Vec<Listed> = paths
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter_map(|path| {
            let name = path.file_stem()?.to_str()?.to_owned();
            let origin = format!("jobs/{name}.toml");
            let about = match read(path) {
                Ok(text) => about(&text, &origin),
                Err(error) => Err(error.to_string()),
            };
            Some(Listed { name, origin, about })
        })
        .collect();
    for (name, text) in EMBEDDED {
        if listed.iter().all(|job| job.name != name) {
            let origin = "built in".to_owned();
            listed.push(Listed {
                name: name.to_owned(),
                about: about(text, &origin),
                origin,
            });
        }
    }
    listed.sort_by(|one, other| one.name.cmp(&other.name));
    listed
}

fn about(text: &str, origin: &str) -> Result<String, String> {
    match Job::parse(text, origin, &[]) {
        Ok(loaded) => Ok(format!(
            "{} {}",
            loaded.job.provider,
            loaded.job.operation.as_str()
        )),
        Err(error) => Err(error.to_string()),
    }
}

fn unreadable(origin: &str, error: &io::Error) -> ConfigError {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => "`enlist jobs` lists the jobs that can be named",
        _ => "check the path and its permissions",
    };
    ConfigError::one(origin, format!("cannot read the job file: {error}"), hint)
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let bytes = fs::File::open(path)?
        .take(FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)?;
    if u64::try_from(bytes).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than 1 MiB"));
    }
    Ok(text)
}

/// Reads the text, noting in `given` which keys it has.
fn read_job(text: &str, origin: &str, given: &mut Given) -> Result<Job, ConfigError> {
    // The library's own rendering quotes the line, and a line can hold a secret that should not be there.
    let refuse = |error: &toml::de::Error| {
        let at = error
            .span()
            .map_or_else(|| origin.to_owned(), |span| place(text, origin, span.start));
        ConfigError::one(at, error.message().trim().replace('\n', ", "), "")
    };
    let document = DeTable::parse(text).map_err(|error| refuse(&error))?;
    let mut walk = Walk {
        text,
        origin,
        given,
        faults: Vec::new(),
    };
    let provider = provider_of(document.get_ref());
    let defaults = set::schema(provider);
    walk.table(document.get_ref(), &defaults, "");
    if !walk.faults.is_empty() {
        walk.faults.sort_by_key(|(byte, _)| *byte);
        return Err(ConfigError {
            faults: walk.faults.into_iter().map(|(_, fault)| fault).collect(),
        });
    }
    // Read once as it stands, for faults with their places; then over the defaults of its provider.
    let _: Job = toml::from_str(text).map_err(|error| refuse(&error))?;
    let mut whole = defaults;
    set::lay_over(&mut whole, toml::from_str(text).map_err(|error| refuse(&error))?);
    Value::Table(whole).try_into().map_err(|error| refuse(&error))
}

/// The provider that the text names; whether it names one is seen to later.
fn provider_of(document: &DeTable<'_>) -> ProviderName {
    let named = document.iter().find(|(key, _)| key.get_ref() == "provider");
    let word = named.and_then(|(_, value)| value.get_ref().as_str().map(str::to_owned));
    word.and_then(|word| Value::String(word).try_into().ok())
        .unwrap_or(ProviderName::Adobe)
}

/// `file:line:column`, both from 1, the column in characters.
fn place(text: &str, origin: &str, byte: usize) -> String {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{origin}:{line}:{column}")
}

/// Looks for keys that the schema does not have, all of them, which a deserializer would not tell.
struct Walk<'a> {
    text: &'a str,
    origin: &'a str,
    given: &'a mut Given,
    /// Each with the byte it stands at.
    faults: Vec<(usize, Finding)>,
}

impl Walk<'_> {
    fn table(&mut self, table: &DeTable<'_>, schema: &Table, above: &str) {
        for (key, value) in table {
            let word = key.get_ref().as_ref();
            let byte = key.span().start;
            let at = place(self.text, self.origin, byte);
            let path = if above.is_empty() {
                word.to_owned()
            } else {
                format!("{above}.{word}")
            };
            match schema.get(word) {
                None if names_a_secret(word) => self.faults.push((byte, secret_refused(at, path))),
                None => {
                    let known: Vec<&str> = schema.keys().map(String::as_str).collect();
                    let message = format!("there is no key {word:?}");
                    let hint = did_you_mean(word, &known);
                    self.faults.push((
                        byte,
                        Finding {
                            at,
                            message,
                            hint,
                            ..Finding::default()
                        },
                    ));
                }
                Some(known) => {
                    // A section's header chooses none of the keys it leaves out.
                    if !known.is_table() || path == set::OPEN_TABLE {
                        self.given.note(path.clone(), Chosen::File, at);
                    }
                    if path == set::OPEN_TABLE {
                        self.open_table(value);
                    }
                    self.value(value, known, &path);
                }
            }
        }
    }

    /// Notes where each of the user's own keys stands.
    fn open_table(&mut self, value: &Spanned<DeValue<'_>>) {
        for (key, _) in value.get_ref().as_table().into_iter().flatten() {
            let at = place(self.text, self.origin, key.span().start);
            let path = format!("{}.{}", set::OPEN_TABLE, key.get_ref());
            self.given.note(path, Chosen::File, at);
        }
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, known: &Value, path: &str) {
        match (value.get_ref(), known) {
            (DeValue::Table(inner), Value::Table(known)) if path != set::OPEN_TABLE => {
                self.table(inner, known, path)
            }
            (DeValue::Array(items), Value::Array(known)) => {
                for item in items.iter() {
                    if let (DeValue::Table(inner), Some(Value::Table(known))) =
                        (item.get_ref(), known.first())
                    {
                        self.table(inner, known, path);
                    }
                }
            }
            _ => {}
        }
    }
}
