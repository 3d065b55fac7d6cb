//! `passwords.age`: the passwords that were made for rows without one, for one reader alone. Nothing else holds them in the open.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use age::stream::StreamWriter;
use age::x25519::Recipient;
use csv::WriterBuilder;
use secrecy::{ExposeSecret as _, SecretString};

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
    draft: PathBuf,
    table: csv::Writer<StreamWriter<File>>,
}

impl Passwords {
    /// Begins the file of the folder `dir`.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn begin(dir: &Path, reader: &Reader) -> io::Result<Self> {
        let recipients = std::iter::once(&reader.0 as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        let draft = dir.join(".passwords.age.draft");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let sealed = encryptor.wrap_output(options.open(&draft)?)?;
        let mut table = WriterBuilder::new().from_writer(sealed);
        table.write_record(["key", "username", "password"])?;
        Ok(Self { draft, table })
    }

    /// Adds a password.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn add(&mut self, made: &Made) -> io::Result<()> {
        let record = [&*made.key, &*made.username, made.password.expose_secret()];
        Ok(self.table.write_record(record)?)
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn finish(self) -> io::Result<()> {
        let sealed = self.table.into_inner().map_err(csv::IntoInnerError::into_error)?;
        let mut file = sealed.finish()?;
        file.flush()?;
        file.sync_all()?;
        std::fs::rename(&self.draft, self.draft.with_file_name(FILE))
    }
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
    }
}
