//! Where a server listens.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::str::FromStr;

/// The port of a MariaDB server, when none is given.
const DEFAULT_PORT: u16 = 3306;

/// Where a server listens: `10.0.0.1:3306`, `db1`, `[::1]:3306`, `::1`, `tcp:db1:3306` or `unix:/run/mysqld/mysqld.sock`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A host name or IP address (an IPv6 address without brackets) and a port.
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// The path of a unix socket.
    Unix(PathBuf),
}

impl Address {
    /// Reads an address whose port may be left out.
    ///
    /// # Errors
    /// When the text is no address; the error says why.
    pub fn parse(text: &str, default_port: u16) -> Result<Self, NotAnAddress> {
        let fail = |why: &'static str| NotAnAddress { text: text.to_owned(), why };
        let bare = text.trim();
        if let Some(path) = bare.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err(fail("the socket's path is missing"))
            } else {
                Ok(Self::Unix(path.into()))
            };
        }
        if bare.starts_with('/') {
            return Err(fail("the path of a socket stands behind unix:"));
        }
        let bare = bare.strip_prefix("tcp:").unwrap_or(bare);
        let bare = bare.strip_prefix("//").unwrap_or(bare);
        let port_of = |port: &str| match port.parse::<u16>() {
            Ok(0) | Err(_) => Err(fail("a port is a number from 1 to 65535")),
            Ok(port) => Ok(port),
        };
        let (host, port) = if let Some(rest) = bare.strip_prefix('[') {
            let (host, rest) = rest.split_once(']').ok_or_else(|| fail("the closing ] is missing"))?;
            if host.parse::<Ipv6Addr>().is_err() {
                return Err(fail("what stands in brackets is no IPv6 address"));
            }
            match rest.strip_prefix(':') {
                Some(port) => (host, port_of(port)?),
                None if rest.is_empty() => (host, default_port),
                None => return Err(fail("after ] only :PORT may follow")),
            }
        } else if bare.parse::<Ipv6Addr>().is_ok() {
            (bare, default_port)
        } else {
            match bare.split_once(':') {
                Some((_, port)) if port.contains(':') => {
                    return Err(fail("it has too many colons; an IPv6 address with a port is written [ADDRESS]:PORT"));
                }
                Some((host, port)) => (host, port_of(port)?),
                None => (bare, default_port),
            }
        };
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || "/@,=".contains(c)) {
            return Err(fail("the host is missing or holds characters that no host name has"));
        }
        Ok(Self::Tcp { host: host.to_owned(), port })
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        Self::parse(text, DEFAULT_PORT)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address: {why}")]
pub struct NotAnAddress {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        let tcp = |host: &str, port| Address::Tcp { host: host.into(), port };
        for (text, expected, printed) in [
            ("10.0.0.1:3307", tcp("10.0.0.1", 3307), "10.0.0.1:3307"),
            ("db1", tcp("db1", 3306), "db1:3306"),
            ("[::1]:3307", tcp("::1", 3307), "[::1]:3307"),
            ("[fe80::1]", tcp("fe80::1", 3306), "[fe80::1]:3306"),
            ("::1", tcp("::1", 3306), "[::1]:3306"),
            ("tcp:db1:1", tcp("db1", 1), "db1:1"),
            ("unix:/run/my.sock", Address::Unix("/run/my.sock".into()), "unix:/run/my.sock"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address, expected, "{text}");
            assert_eq!(address.to_string(), printed);
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in ["", ":3306", "a:b", "a:0", "a:70000", "a:1:2", "[::1", "[x]:1", "[::1]3306", "unix:", "a b", "u@h"]
        {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
