//! A job's connection with the environment filled in: addresses, client, secret, and the scope its rows live in.

use std::time::Duration;

use secrecy::SecretString;
use url::{Host, Url};

use super::env::{Env, FillError, fill, secret};
use super::{ConfigError, Finding, Job, ProviderName};
use crate::domain::ids::Scope;

/// The distributor of Adobe's sample bodies. It is nobody's account.
pub const SAMPLE_DISTRIBUTOR: &str = "345434543";

/// Adobe's API host and the token host that belongs to it: sandbox, production (providers.md 2.1).
const ADOBE_HOSTS: [(&str, &str); 2] = [
    ("partnersandbox-stage.adobe.io", "ims-na1-stg1.adobelogin.com"),
    ("partners.adobe.io", "ims-na1.adobelogin.com"),
];

/// Everything it takes to call the provider. Debug output does not show the secret.
#[derive(Clone, Debug)]
pub struct Access {
    /// Whose rows these are.
    pub scope: Scope,
    /// The provider's address, without a slash at its end in its path.
    pub base_url: Url,
    /// Where tokens come from, if that is somewhere else.
    pub token_url: Option<Url>,
    /// Who calls.
    pub client_id: String,
    /// The secret of that.
    pub client_secret: SecretString,
    /// OAuth scopes asked for.
    pub scopes: Vec<String>,
    /// Under whom accounts are made: Adobe's distributor, else who calls.
    pub account: String,
    /// Time to a finished TLS handshake.
    pub connect_timeout: Duration,
    /// Time from sending to the last byte of the answer.
    pub timeout: Duration,
}

impl Job {
    /// Whose rows this job's are. Needs the address and whose accounts they will be, but no secret, so that a file can be
    /// imported where no credentials are.
    pub fn scope(&self, env: Env<'_>) -> Result<Scope, ConfigError> {
        let mut reader = Reader::new(self, env);
        let base_url = reader.url("connection.base_url", &self.connection.base_url);
        let account = reader.account(base_url.as_ref());
        match (base_url, account) {
            (Some(base_url), Some(account)) if reader.faults.is_empty() => {
                Ok(self.scope_of(&base_url, &account))
            }
            _ => Err(ConfigError {
                faults: reader.faults,
            }),
        }
    }

    /// Everything it takes to call the provider; all that is missing or wrong at once.
    pub fn access(&self, env: Env<'_>) -> Result<Access, ConfigError> {
        let connection = &self.connection;
        let mut reader = Reader::new(self, env);
        let base_url = reader.url("connection.base_url", &connection.base_url);
        let token_url = match self.provider {
            ProviderName::Adobe => reader
                .url("connection.token_url", &connection.token_url)
                .map(Some),
            ProviderName::LogicBoxes | ProviderName::Metallic => Some(None),
        };
        let client_id = reader.client();
        let account = match self.provider {
            ProviderName::Adobe => reader.distributor(base_url.as_ref()),
            ProviderName::LogicBoxes | ProviderName::Metallic => client_id.clone(),
        };
        let scopes: Vec<String> = connection
            .scopes
            .iter()
            .filter_map(|scope| reader.text("connection.scopes", scope))
            .collect();
        let client_secret = match secret(&connection.client_secret_env, env) {
            Ok(secret) => Some(secret),
            Err(error) => {
                reader.faults.extend(error.faults);
                None
            }
        };
        match (base_url, token_url, client_id, client_secret, account) {
            (Some(base_url), Some(token_url), Some(client_id), Some(client_secret), Some(account))
                if reader.faults.is_empty() =>
            {
                Ok(Access {
                    scope: self.scope_of(&base_url, &account),
                    base_url,
                    token_url,
                    client_id,
                    client_secret,
                    scopes,
                    account,
                    connect_timeout: connection.connect_timeout.get(),
                    timeout: connection.timeout.get(),
                })
            }
            _ => Err(ConfigError {
                faults: reader.faults,
            }),
        }
    }

    /// The address is part of the account, so that rows of the sandbox are never taken for rows of production.
    fn scope_of(&self, base_url: &Url, holder: &str) -> Scope {
        let address = format!(
            "{}{}",
            base_url.origin().ascii_serialization(),
            base_url.path().trim_end_matches('/')
        );
        Scope {
            provider: self.provider.as_str().to_owned(),
            account: format!("{holder}@{address}"),
        }
    }

    /// Faults of the connection that can be seen without the environment; texts with `${…}` are left for later.
    pub(super) fn connection_faults(&self) -> Vec<Finding> {
        let nobody = |_: &str| None;
        let mut reader = Reader::new(self, &nobody);
        let plain = |text: &str| !text.contains("${");
        let connection = &self.connection;
        let base_url = plain(&connection.base_url)
            .then(|| reader.url("connection.base_url", &connection.base_url))
            .flatten();
        let is_adobe = self.provider == ProviderName::Adobe;
        if is_adobe && plain(&connection.token_url) {
            reader.url("connection.token_url", &connection.token_url);
        }
        if plain(&connection.client_id) {
            reader.client_id(connection.client_id.clone());
        }
        if is_adobe && plain(&connection.distributor_id) {
            reader.distributor(base_url.as_ref());
        }
        let texts = [
            ("connection.base_url", &connection.base_url),
            ("connection.token_url", &connection.token_url),
            ("connection.client_id", &connection.client_id),
            ("connection.distributor_id", &connection.distributor_id),
        ];
        let scopes = connection.scopes.iter().map(|scope| ("connection.scopes", scope));
        for (key, text) in texts.into_iter().chain(scopes) {
            if let Err(error @ FillError::Form(_)) = fill(text, &nobody) {
                reader.fault(key, "", error.to_string(), "");
            }
        }
        reader.faults
    }
}

/// Whether the address is this machine's own.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Whether the address is one of Adobe's.
pub(super) fn is_adobe(url: &Url) -> bool {
    url.host_str()
        .is_some_and(|host| host == "adobe.io" || host.ends_with(".adobe.io"))
}

/// The token host that does not belong to the API host, and the one that does, if sandbox and production are mixed.
pub(super) fn mixed_hosts(base_url: &Url, token_url: &Url) -> Option<(String, &'static str)> {
    let token_host = token_url.host_str()?;
    let (_, right) = ADOBE_HOSTS
        .iter()
        .find(|(api, _)| Some(*api) == base_url.host_str())?;
    let known = ADOBE_HOSTS.iter().any(|(_, token)| *token == token_host);
    (known && *right != token_host).then(|| (token_host.to_owned(), *right))
}

/// Reads texts of one job, and gathers what is wrong with them.
struct Reader<'a> {
    job: &'a Job,
    env: Env<'a>,
    faults: Vec<Finding>,
}

impl<'a> Reader<'a> {
    fn new(job: &'a Job, env: Env<'a>) -> Self {
        Self {
            job,
            env,
            faults: Vec::new(),
        }
    }

    fn fault(&mut self, key: &str, value: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.faults.push(Finding {
            at: format!("job {}", self.job.name),
            key: key.to_owned(),
            value: value.to_owned(),
            message: message.into(),
            hint: hint.into(),
        });
    }

    fn text(&mut self, key: &str, text: &str) -> Option<String> {
        match fill(text, self.env) {
            Ok(filled) => Some(filled.trim().to_owned()),
            Err(error) => {
                let hint = match &error {
                    FillError::Missing(name) => format!("export {name}=…, or --set {key}=…"),
                    FillError::Form(_) => String::new(),
                };
                self.fault(key, text, error.to_string(), hint);
                None
            }
        }
    }

    fn url(&mut self, key: &str, text: &str) -> Option<Url> {
        let text = self.text(key, text)?;
        let Ok(mut url) = Url::parse(&text) else {
            // The text is not shown: an address that does not parse can still hold a password.
            self.fault(
                key,
                "",
                "is not an address",
                "write it like https://partners.adobe.io",
            );
            return None;
        };
        if !url.username().is_empty() || url.password().is_some() {
            self.fault(
                key,
                "",
                "holds a user name or password",
                "credentials come from the environment only",
            );
            return None;
        }
        if url.query().is_some() || url.fragment().is_some() {
            self.fault(
                key,
                "",
                "has a query or a fragment",
                "end the address before ? and #",
            );
            return None;
        }
        if url.host_str().is_none_or(str::is_empty) || !matches!(url.scheme(), "https" | "http") {
            self.fault(
                key,
                url.as_str(),
                "is not an https address",
                "write it like https://partners.adobe.io",
            );
            return None;
        }
        if url.scheme() == "http" && !is_loopback(&url) && !self.job.connection.insecure_http {
            let hint = "write https, or set connection.insecure_http = true where the network is your own";
            self.fault(
                key,
                url.as_str(),
                "http would show credentials to the network",
                hint,
            );
            return None;
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Some(url)
    }

    /// Under whom accounts are made.
    fn account(&mut self, base_url: Option<&Url>) -> Option<String> {
        match self.job.provider {
            ProviderName::Adobe => self.distributor(base_url),
            ProviderName::LogicBoxes | ProviderName::Metallic => self.client(),
        }
    }

    fn client(&mut self) -> Option<String> {
        let id = self.text("connection.client_id", &self.job.connection.client_id)?;
        self.client_id(id)
    }

    fn client_id(&mut self, id: String) -> Option<String> {
        if self.job.provider == ProviderName::LogicBoxes
            && !(!id.is_empty() && id.len() <= 20 && id.bytes().all(|byte| byte.is_ascii_digit()))
        {
            let hint = "it is the number of your own reseller account, in the control panel under its name";
            self.fault("connection.client_id", "", "is not a number", hint);
            return None;
        }
        let fits = (1..=200).contains(&id.len()) && id.chars().all(|c| c.is_ascii_graphic());
        if !fits {
            self.fault(
                "connection.client_id",
                "",
                "is not 1 to 200 visible ASCII characters",
                "",
            );
        }
        fits.then_some(id)
    }

    fn distributor(&mut self, base_url: Option<&Url>) -> Option<String> {
        let key = "connection.distributor_id";
        let id = self.text(key, &self.job.connection.distributor_id)?;
        let chars = id.chars().count();
        if !(4..=40).contains(&chars)
            || !id
                .chars()
                .all(|c| c.is_alphabetic() || c.is_ascii_digit() || c == '-')
        {
            self.fault(
                key,
                &id,
                "is not 4 to 40 letters, digits or hyphens",
                "it stands in your contract with Adobe",
            );
            return None;
        }
        if id == SAMPLE_DISTRIBUTOR && base_url.is_some_and(is_adobe) {
            let hint = "set ENLIST_ADOBE_DISTRIBUTOR_ID to your own distributor id";
            self.fault(
                key,
                &id,
                "is the sample of Adobe's pages, not your distributor",
                hint,
            );
            return None;
        }
        Some(id)
    }
}
