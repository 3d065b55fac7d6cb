//! `passwords.age`: the passwords that were made for rows without one, for one reader alone. Nothing else holds them in the open.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use age::stream::StreamWriter;
use age::x25519::Recipient;
use csv::WriterBuilder;
use secrecy::{ExposeSecret as _, SecretString};

use super::ReportError;
use super::draft::{self, Draft};

/// The file in the report folder.
pub const FILE: &str = "passwords.age";

/// Who may read it.
#[derive(Clone)]
pub struct Reader(Recipient);

impl Reader {
    /// A recipient as `age-keygen` prints it, `age1…`.
    pub fn parse(text: &str) -> Result<Self, String> {
        Recipient::from_str(text.trim()).map(Self).map_err(str::to_owned)
    }
}

/// One account's password.
pub struct Made {
    /// The row's key.
    pub key: String,
    /// Whose it is.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// The file in the making, for its owner alone; put in its place when it is whole.
pub struct Passwords {
    dir: PathBuf,
    table: csv::Writer<StreamWriter<Draft>>,
}

impl Passwords {
    /// Begins the file of the folder `dir`.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn begin(dir: &Path, reader: &Reader) -> Result<Self, ReportError> {
        let begun = || {
            let recipients = std::iter::once(&reader.0 as &dyn age::Recipient);
            let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
            let sealed = encryptor.wrap_output(Draft::begin_private(dir, FILE)?)?;
            let mut table = WriterBuilder::new().from_writer(sealed);
            table.write_record(["key", "username", "password"])?;
            Ok(table)
        };
        Ok(Self {
            table: begun().map_err(failed(dir))?,
            dir: dir.to_owned(),
        })
    }

    /// Adds a password.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn add(&mut self, made: &Made) -> Result<(), ReportError> {
        let record = [&*made.key, &*made.username, made.password.expose_secret()];
        let written = self.table.write_record(record);
        written.map_err(|error| failed(&self.dir)(error.into()))
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn finish(self) -> Result<(), ReportError> {
        let sealed = self.table.into_inner().map_err(csv::IntoInnerError::into_error);
        let whole = sealed.and_then(StreamWriter::finish).and_then(Draft::finish);
        whole.map_err(failed(&self.dir))?.put_in(&self.dir)?;
        draft::settle(&self.dir);
        Ok(())
    }
}

fn failed(dir: &Path) -> impl FnOnce(io::Error) -> ReportError {
    let path = dir.join(FILE);
    |source| ReportError::File { path, source }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use age::x25519::Identity;

    use super::*;

    #[test]
    fn only_its_reader_can_read_it() {
        let (ours, others) = (Identity::generate(), Identity::generate());
        let reader = Reader::parse(&ours.to_public().to_string()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let made = Made {
            key: "R-1".into(),
            username: "ann@example.com".into(),
            password: SecretString::from("canary,\"1"),
        };
        let mut passwords = Passwords::begin(dir.path(), &reader).unwrap();
        passwords.add(&made).unwrap();
        passwords.finish().unwrap();
        let bytes = std::fs::read(dir.path().join(FILE)).unwrap();
        assert!(
            !bytes
                .windows(6)
                .any(|part| part == b"canary" || part == b"ann@ex")
        );
        let open = |identity: &Identity| {
            let decryptor = age::Decryptor::new(&bytes[..]).unwrap();
            let mut text = String::new();
            let mut opened = decryptor
                .decrypt(std::iter::once(identity as &dyn age::Identity))
                .ok()?;
            opened.read_to_string(&mut text).unwrap();
            Some(text)
        };
        let text = open(&ours).unwrap();
        assert_eq!(
            text,
            "key,username,password\nR-1,ann@example.com,\"canary,\"\"1\"\n"
        );
        assert_eq!(open(&others), None);
        assert!(Reader::parse("age1nobody").is_err() && Reader::parse("").is_err());
        assert_eq!(
            std::fs::read_dir(dir.path()).unwrap().count(),
            1,
            "no draft stays"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(dir.path().join(FILE))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0, "its owner's alone");
        }
    }
}
