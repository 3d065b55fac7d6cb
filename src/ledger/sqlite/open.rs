//! Opening: whose file it is, what format it has, and how SQLite is to treat it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use super::{SqliteOptions, Synchronous};
use crate::engine::ports::LedgerError;

/// The format this program reads and writes. Any change to [`TABLES`], or to what the texts in them hold, needs a new one.
const FORMAT: &str = "3";

/// What makes a ledger of an older format one of the next: the format, and the change.
const UPGRADES: [(&str, &str); 2] = [
    (
        "1",
        "ALTER TABLE batches ADD COLUMN weight INTEGER NOT NULL DEFAULT 1;",
    ),
    // Tasks have states and words besides that came with updates and further providers; those there are say the same.
    ("2", CALLS),
];

/// Calls that long windows of budgets count.
const CALLS: &str = "
CREATE TABLE calls (owner TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX calls_by_owner ON calls (owner, at);
";

/// `rows.id` is the batch's number and the row's, see [`crate::ledger::places::row_id`]: in order of file without an index.
/// `tasks.due_at` is the end of the lease while `claimed_at` is set, and null once settled, so that `tasks_due`
/// holds open tasks alone and a claim costs the same however many are done or waiting.
/// `tasks.source` and `tasks.staged` are the rows whose payload is in force, or waits to be.
/// `meta` has the format and, once a batch was forgotten, `last_task`, the highest id that a task ever had.
const TABLES: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE spaces (
    no INTEGER PRIMARY KEY, provider TEXT NOT NULL, account TEXT NOT NULL, action TEXT NOT NULL,
    UNIQUE (provider, account, action)
);
CREATE TABLE batches (
    no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, space INTEGER NOT NULL, created_at INTEGER NOT NULL,
    rows_total INTEGER NOT NULL, rows_imported INTEGER NOT NULL, cancelled INTEGER NOT NULL, pause TEXT,
    batch TEXT NOT NULL, job_text TEXT NOT NULL, weight INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE counts (
    batch INTEGER NOT NULL, slot INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (batch, slot)
) WITHOUT ROWID;
CREATE TABLE rows (
    id INTEGER PRIMARY KEY, line INTEGER NOT NULL, task INTEGER, faults TEXT, cells TEXT NOT NULL, payload TEXT
);
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY, space INTEGER NOT NULL, key TEXT NOT NULL, batch INTEGER NOT NULL,
    class INTEGER NOT NULL, due_at INTEGER, fence INTEGER NOT NULL, leased_by TEXT, claimed_at INTEGER,
    source INTEGER NOT NULL, staged INTEGER, task TEXT NOT NULL
);
CREATE UNIQUE INDEX tasks_by_key ON tasks (space, key);
CREATE INDEX tasks_due ON tasks (batch, class, due_at) WHERE due_at IS NOT NULL;
CREATE TABLE attempts (
    task INTEGER NOT NULL, fence INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL, kind INTEGER NOT NULL,
    took_ms INTEGER NOT NULL, exchanges INTEGER NOT NULL, http INTEGER, read_as TEXT NOT NULL, code TEXT,
    correlation_id BLOB NOT NULL, request_id BLOB NOT NULL, PRIMARY KEY (task, fence, n)
) WITHOUT ROWID;
";

/// Prepared statements kept per connection; there are fewer.
const STATEMENTS_MAX: usize = 64;

/// Pages the log may grow by before they are put into the database, 64 MB: a page changed often on the way is written
/// once. Beyond that, a quarter of the time of a large import went into checkpoints.
const CHECKPOINT_PAGES: i64 = 16_000;

/// What is left of the log's file after a burst.
const LOG_BYTES_KEPT: i64 = 64 << 20;

const WRITER_CACHE_KIB: i64 = 32 << 10;
const READER_CACHE_KIB: i64 = 4 << 10;

/// Switching a new file to write-ahead logging does not wait for others by itself; so many times this long, we do.
const SWITCH_TRIES: u32 = 100;
const SWITCH_PAUSE: Duration = Duration::from_millis(20);

/// Where a ledger is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Memory,
    File { path: PathBuf, options: SqliteOptions },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("sqlite::memory:"),
            Self::File { path, .. } => write!(f, "sqlite:{}", path.display()),
        }
    }
}

/// What a file holds.
enum Content {
    Nothing,
    OurFormat,
    /// So many of [`UPGRADES`] were made already.
    Older(usize),
    Other(String),
}

impl Place {
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Memory => None,
            Self::File { path, .. } => Some(path),
        }
    }

    pub(super) fn file(path: &Path, options: SqliteOptions) -> Self {
        Self::File {
            path: path.to_owned(),
            options,
        }
    }

    /// The connection that writes. Makes the ledger if there is none.
    pub(super) fn open(&self) -> Result<Connection, LedgerError> {
        let mut connection = match self {
            Self::Memory => Connection::open_in_memory()?,
            Self::File { path, options } => {
                make_private(path)?;
                connect(path, *options)?
            }
        };
        // Asked before anything is written: what is not ours stays as it is.
        let content = content(&connection)?;
        if let Content::Other(found) = content {
            return Err(self.format_error(found));
        }
        if let Self::File { options, .. } = self {
            self.switch_to_log(&connection)?;
            let synchronous = match options.synchronous {
                Synchronous::Normal => "NORMAL",
                Synchronous::Full => "FULL",
            };
            connection.pragma_update(None, "synchronous", synchronous)?;
            connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
            connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
        }
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        if !matches!(content, Content::OurFormat) {
            self.create_or_upgrade(&mut connection)?;
        }
        Ok(connection)
    }

    /// A connection that cannot write.
    pub(super) fn open_to_read(&self) -> Result<Connection, LedgerError> {
        let connection = match self {
            Self::Memory => Connection::open_in_memory()?,
            Self::File { path, options } => connect(path, *options)?,
        };
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        Ok(connection)
    }

    fn create_or_upgrade(&self, connection: &mut Connection) -> Result<(), LedgerError> {
        let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
        // Another process may have been faster.
        match self::content(&transaction)? {
            Content::OurFormat => return Ok(()),
            Content::Other(found) => return Err(self.format_error(found)),
            Content::Nothing => {
                transaction.execute_batch(TABLES)?;
                transaction.execute_batch(CALLS)?;
            }
            Content::Older(made) => {
                for (_, change) in UPGRADES.iter().skip(made) {
                    transaction.execute_batch(change)?;
                }
            }
        }
        let meta = "INSERT OR REPLACE INTO meta VALUES ('format', ?1), ('enlist', ?2)";
        transaction.execute(meta, (FORMAT, env!("CARGO_PKG_VERSION")))?;
        Ok(transaction.commit()?)
    }

    fn switch_to_log(&self, connection: &Connection) -> Result<(), LedgerError> {
        for tries in 1.. {
            let mode = connection
                .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
            match mode {
                Ok(mode) if mode == "wal" => break,
                Ok(mode) => {
                    return Err(LedgerError::Unavailable(format!(
                        "{self} can only be kept with journal mode {mode:?}; hint: put it on a local disk"
                    )));
                }
                Err(error)
                    if tries < SWITCH_TRIES && error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) =>
                {
                    std::thread::sleep(SWITCH_PAUSE);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn format_error(&self, found: String) -> LedgerError {
        format_error(self.to_string(), found)
    }
}

fn format_error(at: String, found: String) -> LedgerError {
    LedgerError::Format {
        at,
        found,
        wanted: FORMAT.to_owned(),
    }
}

/// Whether the ledger still has our format: while it is open, a newer version beside us may change it.
pub(super) fn still_ours(connection: &Connection) -> Result<(), LedgerError> {
    let mut statement = connection.prepare_cached("SELECT value = ?1 FROM meta WHERE name = 'format'")?;
    if statement.query_row([FORMAT], |row| row.get(0)).optional()? == Some(true) {
        return Ok(());
    }
    let found = match content(connection)? {
        Content::Other(found) => found,
        Content::Older(made) => UPGRADES.get(made).map_or("older", |(from, _)| from).to_owned(),
        Content::OurFormat => return Ok(()),
        Content::Nothing => "unknown (it is empty now)".to_owned(),
    };
    let at = connection.path().filter(|path| !path.is_empty());
    Err(format_error(
        format!("sqlite:{}", at.unwrap_or(":memory:")),
        found,
    ))
}

fn connect(path: &Path, options: SqliteOptions) -> Result<Connection, LedgerError> {
    // Without SQLITE_OPEN_URI, so that a path is a path.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    Ok(connection)
}

/// Makes the file, readable by its owner alone: it holds people's addresses. SQLite gives its log the same rights.
fn make_private(path: &Path) -> Result<(), LedgerError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(LedgerError::Unavailable(format!(
            "{} cannot be made: {error}; hint: name a file in a folder that exists and may be written",
            path.display()
        ))),
    }
}

fn content(connection: &Connection) -> Result<Content, LedgerError> {
    let tables = match connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| {
        row.get::<_, i64>(0)
    }) {
        Ok(tables) => tables,
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return Ok(Content::Other("unknown (it is not an SQLite database)".into()));
        }
        Err(error) => return Err(error.into()),
    };
    if tables == 0 {
        return Ok(Content::Nothing);
    }
    let has_meta = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta'";
    let is_meta = connection.query_row(has_meta, [], |row| row.get::<_, i64>(0))? == 1;
    let Some(format) = is_meta.then(|| meta(connection, "format")).flatten() else {
        return Ok(Content::Other(
            "unknown (it is another program's SQLite database)".into(),
        ));
    };
    if format == FORMAT {
        return Ok(Content::OurFormat);
    }
    if let Some(made) = UPGRADES.iter().position(|(from, _)| *from == format) {
        return Ok(Content::Older(made));
    }
    Ok(Content::Other(match meta(connection, "enlist") {
        Some(version) => format!("{format} (of enlist {version})"),
        None => format,
    }))
}

fn meta(connection: &Connection, name: &str) -> Option<String> {
    connection
        .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
        .optional()
        .unwrap_or(None)
}
