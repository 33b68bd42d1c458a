//! How another client program logs in as this one does: the text of an option file.
//!
//! The words are those of MariaDB's client library (Connector/C 3.3, `libmariadb/mariadb_lib.c` and `ma_default.c`),
//! which DBD::mysql reads a file with.

use secrecy::{ExposeSecret, SecretString};

use super::{ClusterError, Connector};
use crate::config::{Address, Node, TlsMode};

impl Connector {
    /// An option file with which a client program logs in to the node as this program does. It holds the password.
    /// `encrypted` says whether a session of ours with this node is: where encryption is merely preferred, the other
    /// program gets what we got. `init` is run at the beginning of each of its sessions.
    ///
    /// # Errors
    /// When that library cannot keep to the settings.
    pub fn client_file(&self, node: &Node, encrypted: bool, init: &str) -> Result<SecretString, ClusterError> {
        let (credentials, tls) = (self.credentials(), &self.credentials().tls);
        let mut lines = vec!["[client]".to_owned(), "default-character-set=utf8mb4".to_owned()];
        let mut add = |key: &str, value: &str| lines.push(format!("{key}={}", quoted(value)));
        add("user", credentials.user());
        if let Some(password) = credentials.password() {
            add("password", password.expose_secret());
        }
        let verify_host = tls.mode == TlsMode::VerifyIdentity;
        match &node.address {
            // That library takes `localhost` for a unix socket.
            Address::Tcp { host, .. } if host == "localhost" && verify_host => {
                return Err(refused(
                    "its library takes `localhost` for a unix socket; give the node another name of this host",
                ));
            }
            Address::Tcp { host, port } => {
                add("host", if host == "localhost" { "127.0.0.1" } else { host });
                add("port", &port.to_string());
            }
            Address::Unix(path) => {
                add("host", "localhost");
                add("socket", &path.display().to_string());
            }
        }
        let tcp = matches!(node.address, Address::Tcp { .. });
        let verify = matches!(tls.mode, TlsMode::VerifyCa | TlsMode::VerifyIdentity);
        let demanded = tcp && (encrypted || verify || tls.mode == TlsMode::Required) && tls.mode != TlsMode::Disabled;
        if demanded {
            add("ssl-enforce", "1");
            if let Some((certificate, key)) = &tls.identity {
                add("ssl-cert", &certificate.display().to_string());
                add("ssl-key", &key.display().to_string());
            }
            match &tls.ca {
                Some(ca) if verify => add("ssl-ca", &ca.display().to_string()),
                None if verify => {
                    return Err(refused(
                        "it needs the certificate authority in a file (`ca` or --tls-ca) to verify nodes",
                    ));
                }
                _ => {}
            }
            if verify_host {
                add("ssl-verify-server-cert", "1");
            }
        }
        // A library that does not know these words would go on without encryption, and say nothing.
        let init = if demanded { format!("BEGIN NOT ATOMIC {ENCRYPTED} {init}; END") } else { init.to_owned() };
        add("init-command", &init);
        lines.push(String::new());
        Ok(lines.join("\n").into())
    }
}

/// Ends a session that is not encrypted.
const ENCRYPTED: &str = "IF (SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'SSL_CIPHER') = '' THEN \
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the session is not encrypted, and tls demands it'; END IF;";

fn refused(why: &str) -> ClusterError {
    ClusterError::Unsupported(format!("Another client program cannot log in as this one does: {why}."))
}

/// A value as the library reads it back. Without a comment sign's or a space's special meaning.
fn quoted(value: &str) -> String {
    let mut text = String::from("\"");
    for char in value.chars() {
        match char {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\'' => text.push_str("\\'"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_ends_it() {
        for (value, expected) in
            [("a b#c", r#""a b#c""#), (r#"x"y\z'"#, r#""x\"y\\z\'""#), ("one\ntwo", r#""one\ntwo""#), ("", r#""""#)]
        {
            assert_eq!(quoted(value), expected);
        }
    }
}
