//! One `[[balancer]]` of the file becomes typed settings.

use std::ops::Range;
use std::time::Duration;

use super::file::{self, OneOrMany, Text};
use super::load::Source;
use super::{
    Address, BalancerKind, BalancerSettings, Command, ConfigError, HaProxy, MaxScale, PasswordSource, ProxySql,
    ServerNames, suggest,
};

/// How long one command or request may take when nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The words for the kinds.
const KINDS: [&str; 5] = ["haproxy", "proxysql", "maxscale", "command", "none"];

impl Source<'_> {
    pub(super) fn balancer(
        &self,
        mut raw: file::Balancer,
        span: Range<usize>,
    ) -> Result<BalancerSettings, ConfigError> {
        let kind = raw.kind.get_ref().clone();
        let missing = |key: &str| self.error(span.clone(), format!("a balancer of kind {kind} needs `{key}`"));
        let texts = |values: Option<OneOrMany>, key: &str| match values.map(OneOrMany::into_vec) {
            Some(values) if !values.is_empty() => Ok(values),
            _ => Err(missing(key)),
        };
        let addresses = |values: Option<OneOrMany>, port: u16| -> Result<Vec<Address>, ConfigError> {
            texts(values, "address")?.iter().map(|text| self.address(text, port)).collect()
        };
        let timeout = self.duration("timeout", raw.timeout.take().as_ref(), TIMEOUT)?;
        let servers = ServerNames(raw.servers.take().unwrap_or_default());
        let name = raw.name.take();
        let admin = |user: Option<Text>| user.map_or_else(|| "admin".to_owned(), Text::into_inner);
        let typed = match kind.as_str() {
            "haproxy" => BalancerKind::HaProxy(HaProxy {
                addresses: addresses(raw.address.take(), 9999)?,
                backends: texts(raw.backend.take(), "backend")?.into_iter().map(Text::into_inner).collect(),
                master_cli: raw.master_cli.take().unwrap_or(false),
            }),
            "proxysql" => BalancerKind::ProxySql(ProxySql {
                addresses: addresses(raw.address.take(), 6032)?,
                user: admin(raw.user.take()),
                password: self.secret(raw.password_file.take(), raw.password_command.take(), "password")?,
                hostgroups: raw.hostgroups.take().unwrap_or_default(),
            }),
            "maxscale" => BalancerKind::MaxScale(MaxScale {
                urls: texts(raw.address.take(), "address")?
                    .iter()
                    .map(|text| self.rest_url(text))
                    .collect::<Result<_, _>>()?,
                user: admin(raw.user.take()),
                password: self.secret(raw.password_file.take(), raw.password_command.take(), "password")?,
                token: match self.secret(raw.token_file.take(), raw.token_command.take(), "token")? {
                    PasswordSource::None => None,
                    token => Some(token),
                },
                ca: raw.ca.take().map(|path| self.resolve(&path)),
            }),
            "command" => BalancerKind::Command(Command {
                command: match raw.command.take() {
                    Some(text) if text.as_one().is_some() => {
                        vec!["sh".into(), "-c".into(), text.as_one().unwrap_or_default().to_owned()]
                    }
                    words => texts(words, "command")?.into_iter().map(Text::into_inner).collect(),
                },
            }),
            "none" => BalancerKind::None,
            other => {
                let meant = suggest::closest(other, KINDS).map_or_else(
                    || format!("; it is one of {}", KINDS.join(", ")),
                    |meant| format!("; did you mean `{meant}`?"),
                );
                return Err(self.error(raw.kind.span(), format!("unknown kind of balancer `{other}`{meant}")));
            }
        };
        // Each kind took its own keys out; what is left belongs to another kind.
        let left = [
            ("address", raw.address.is_some()),
            ("backend", raw.backend.is_some()),
            ("master_cli", raw.master_cli.is_some()),
            ("user", raw.user.is_some()),
            ("password_file", raw.password_file.is_some()),
            ("password_command", raw.password_command.is_some()),
            ("token_file", raw.token_file.is_some()),
            ("token_command", raw.token_command.is_some()),
            ("hostgroups", raw.hostgroups.is_some()),
            ("ca", raw.ca.is_some()),
            ("command", raw.command.is_some()),
        ];
        if let Some((key, _)) = left.iter().find(|(_, there)| *there) {
            return Err(self.error(span, format!("`{key}` means nothing to a balancer of kind {kind}")));
        }
        let name = name.unwrap_or_else(|| label(&kind, &typed));
        Ok(BalancerSettings { name, servers, timeout, kind: typed })
    }

    fn rest_url(&self, text: &Text) -> Result<String, ConfigError> {
        let url = text.get_ref().trim_end_matches('/');
        match url.split_once("://") {
            Some(("http" | "https", rest)) if !rest.is_empty() => Ok(url.to_owned()),
            Some(_) => Err(self.error(text.span(), format!("`address`: `{url}` is neither http:// nor https://"))),
            None => Ok(format!("http://{}", self.address(text, 8989)?)),
        }
    }

    fn secret(&self, file: Option<Text>, command: Option<Text>, what: &str) -> Result<PasswordSource, ConfigError> {
        match (file, command) {
            (Some(_), Some(command)) => {
                Err(self.error(command.span(), format!("give either `{what}_file` or `{what}_command`")))
            }
            (Some(file), None) => Ok(PasswordSource::File(self.resolve(&file))),
            (None, Some(command)) => Ok(PasswordSource::Command(command.into_inner())),
            (None, None) => Ok(PasswordSource::None),
        }
    }
}

/// The kind and where it listens, to tell balancers apart that nobody named.
fn label(word: &str, kind: &BalancerKind) -> String {
    let first = match kind {
        BalancerKind::HaProxy(HaProxy { addresses, .. }) | BalancerKind::ProxySql(ProxySql { addresses, .. }) => {
            addresses.first().map(Address::to_string)
        }
        BalancerKind::MaxScale(MaxScale { urls, .. }) => urls.first().cloned(),
        BalancerKind::Command(_) | BalancerKind::None => None,
    };
    first.map_or_else(|| word.to_owned(), |first| format!("{word} {first}"))
}
