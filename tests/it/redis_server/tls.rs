//! Certificates for a test: an authority, one certificate for 127.0.0.1 and localhost, made with `openssl`.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::{RedisServer, free_port};

pub(crate) struct Certificates {
    dir: TempDir,
}

impl Certificates {
    pub(crate) fn make() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let script = "set -e
            openssl ecparam -name prime256v1 -genkey -noout -out ca.key
            openssl req -x509 -new -key ca.key -subj /CN=test-authority -days 2 -out ca.pem
            openssl ecparam -name prime256v1 -genkey -noout -out our.sec1
            openssl pkcs8 -topk8 -nocrypt -in our.sec1 -out our.key
            openssl req -new -key our.key -subj /CN=test -out our.csr
            printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\\nextendedKeyUsage=serverAuth,clientAuth\\n' > ext
            openssl x509 -req -in our.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out our.pem";
        let made = Command::new("sh")
            .args(["-c", script])
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self { dir }
    }

    /// `ca.pem`, `our.pem` or `our.key`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// A server that speaks TLS on the port given with it, and asks clients for a certificate if told to.
    pub(crate) fn server(&self, ask_clients: bool) -> (RedisServer, u16) {
        let port = free_port();
        let flags = [
            "--tls-port",
            &port.to_string(),
            "--tls-cert-file",
            &self.text("our.pem"),
            "--tls-key-file",
            &self.text("our.key"),
            "--tls-ca-cert-file",
            &self.text("ca.pem"),
            "--tls-auth-clients",
            if ask_clients { "yes" } else { "no" },
        ];
        (RedisServer::start_with(&flags), port)
    }

    /// The address of the ledger `name` on that port, trusting our authority.
    pub(crate) fn address(&self, port: u16, name: &str) -> String {
        format!(
            "rediss://127.0.0.1:{port}/0?ledger={name}&ca={}",
            self.text("ca.pem")
        )
    }

    /// The same, showing our certificate.
    pub(crate) fn address_as_client(&self, port: u16, name: &str) -> String {
        let (cert, key) = (self.text("our.pem"), self.text("our.key"));
        format!("{}&cert={cert}&key={key}", self.address(port, name))
    }
}
