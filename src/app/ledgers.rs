//! Opens the ledger, and finds batches in it.

use std::path::Path;
use std::sync::Arc;

use super::keys::{check_all, keyring};
use super::{App, Exit, Failure, clock};
use crate::config::{LedgerAddress, RedisAccess};
use crate::domain::batch::Batch;
use crate::engine::ports::{Ledger, LedgerError};
use crate::ledger::redis::RedisLedger;
use crate::ledger::sealed::{Keyring, SealedLedger};
use crate::ledger::sqlite::SqliteLedger;
use crate::worker::patiently;

impl App {
    /// Opens the ledger, making it, and its folder, if need be. Secrets lie in it sealed, and come out of it open, if the
    /// keys are there. From then on our clock is the ledger's, if many machines share it.
    pub async fn open_ledger(&self) -> Result<Arc<dyn Ledger>, Failure> {
        Ok(self.open_sealed().await?)
    }

    /// The same, for whoever asks which keys are needed.
    pub async fn open_sealed(&self) -> Result<Arc<SealedLedger>, Failure> {
        let ring = Arc::new(keyring(&self.env)?);
        let ledger = match &self.ledger {
            LedgerAddress::Redis(address) => self.open_shared(&RedisAccess::of(address, &*self.env)?).await?,
            LedgerAddress::Sqlite(path) => self.open_file(path)?,
        };
        Ok(Arc::new(SealedLedger::new(ledger, ring)))
    }

    /// The same for a worker, with the keys that its batches need. A shared ledger that does not answer is waited for, as
    /// it is in the middle of the work.
    pub async fn open_for_work(&self) -> Result<Arc<SealedLedger>, Failure> {
        let LedgerAddress::Redis(address) = &self.ledger else {
            let sealed = self.open_sealed().await?;
            check_all(&sealed).await?;
            return Ok(sealed);
        };
        let ring = Arc::new(keyring(&self.env)?);
        let access = RedisAccess::of(address, &*self.env)?;
        Ok(patiently(&*self.world, || self.open_checked(&access, &ring)).await?)
    }

    async fn open_checked(
        &self,
        access: &RedisAccess,
        ring: &Arc<Keyring>,
    ) -> Result<Arc<SealedLedger>, LedgerError> {
        let sealed = SealedLedger::new(self.open_shared(access).await?, Arc::clone(ring));
        check_all(&sealed).await?;
        Ok(Arc::new(sealed))
    }

    async fn open_shared(&self, access: &RedisAccess) -> Result<Arc<dyn Ledger>, LedgerError> {
        let ledger: Arc<dyn Ledger> = Arc::new(RedisLedger::open(access).await?);
        clock::follow(&self.clock, &ledger).await?;
        Ok(ledger)
    }

    fn open_file(&self, path: &Path) -> Result<Arc<dyn Ledger>, Failure> {
        if self.ledger.is_memory() {
            return Ok(Arc::new(SqliteLedger::in_memory()?));
        }
        if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
            std::fs::create_dir_all(folder).map_err(|error| {
                Failure::new(
                    Exit::Failed,
                    format!(
                        "cannot make the folder of the ledger, {}: {error}",
                        folder.display()
                    ),
                    "name a ledger you may write to with --ledger sqlite:FILE, or set ENLIST_DATA_DIR",
                )
            })?;
        }
        Ok(Arc::new(SqliteLedger::open(path)?))
    }

    /// The text, with `--ledger` in each command it names, if the ledger is not the one that is found without: a hint
    /// should work as it stands.
    pub fn with_ledger(&self, text: &str) -> String {
        if self.unnamed {
            return text.to_owned();
        }
        let ledger = for_shell(&self.ledger.to_string());
        let parts = text.split('`').enumerate().map(|(at, part)| {
            // Every second part stands between backticks.
            if at % 2 == 1 && part.starts_with("enlist ") && !part.contains("--ledger") {
                format!("{part} --ledger {ledger}")
            } else {
                part.to_owned()
            }
        });
        parts.collect::<Vec<_>>().join("`")
    }

    /// The batch that `word` names: its id, the beginning of it, or `last`.
    pub async fn find_batch(&self, ledger: &dyn Ledger, word: &str) -> Result<Batch, Failure> {
        let mut batches = ledger.batches().await?;
        if word == "last" && !batches.is_empty() {
            return Ok(batches.swap_remove(0));
        }
        let mut found = batches
            .into_iter()
            .filter(|batch| batch.id.as_str().starts_with(word));
        let hint = "`enlist status` lists the batches";
        match (found.next(), found.next()) {
            (Some(batch), None) => Ok(batch),
            (Some(_), Some(_)) => Err(Failure::usage(
                format!("more than one batch begins with {word}"),
                hint,
            )),
            (None, _) => Err(Failure::usage(
                format!("there is no batch {word} in {}", self.ledger),
                hint,
            )),
        }
    }
}

/// A word as a shell takes it: quoted if need be.
fn for_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Env;

    #[test]
    fn commands_in_hints_name_the_ledger_they_need() {
        let env: Env = Arc::new(|name| (name == "ENLIST_DATA_DIR").then(|| "/data".to_owned()));
        let app = |ledger| App::new(ledger, Arc::clone(&env)).unwrap();
        let text = "put the key in place, then `enlist resume b_1`; --out DIR, `enlist check x`";
        assert_eq!(app(None).with_ledger(text), text);
        assert_eq!(app(Some("sqlite:/data/ledger.sqlite")).with_ledger(text), text);
        assert_eq!(
            app(Some("L")).with_ledger(text),
            "put the key in place, then `enlist resume b_1 --ledger sqlite:L`; --out DIR, `enlist check x --ledger sqlite:L`"
        );
        assert_eq!(app(Some("L")).with_ledger("an odd ` tick"), "an odd ` tick");
        for (address, word) in [
            ("redis://h", "redis://h:6379/0"),
            ("redis://me@h/2?ledger=x", "'redis://me@h:6379/2?ledger=x'"),
            ("rediss://h?ca=/a%20b", "'rediss://h:6379/0?ca=/a%20b'"),
            ("redis+sentinel://a,b/m", "redis+sentinel://a:26379,b:26379/m/0"),
            ("it's", r"'sqlite:it'\''s'"),
            ("a b", "'sqlite:a b'"),
        ] {
            let told = app(Some(address)).with_ledger("`enlist status`");
            assert_eq!(told, format!("`enlist status --ledger {word}`"));
        }
    }

    #[test]
    fn a_ledger_named_by_the_environment_needs_no_flag() {
        let env: Env = Arc::new(|name| match name {
            "ENLIST_DATA_DIR" => Some("/data".to_owned()),
            "ENLIST_LEDGER" => Some("redis://me:s3cret@h?ledger=x".to_owned()),
            _ => None,
        });
        let app = |ledger| App::new(ledger, Arc::clone(&env)).unwrap();
        assert_eq!(app(None).ledger.to_string(), "redis://me@h:6379/0?ledger=x");
        assert_eq!(app(None).with_ledger("`enlist status`"), "`enlist status`");
        let other = app(Some("L")).with_ledger("`enlist status`");
        assert_eq!(other, "`enlist status --ledger sqlite:L`");
    }
}
