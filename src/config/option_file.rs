//! MariaDB's option files (`~/.my.cnf`), read by the rules of MariaDB's own clients: groups, `!include`,
//! `!includedir`, quotes, escapes, comments; `-` and `_` are the same in a name; the last value wins.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::{Address, ConfigError, Environment, TlsMode};

/// The groups that are read, like MariaDB's clients read them, and one of our own.
const GROUPS: [&str; 4] = ["client", "client-server", "client-mariadb", "schema"];
/// How deep includes may nest, as in MariaDB.
const MAX_DEPTH: usize = 10;

/// What an option file says about how to connect.
#[derive(Clone, Debug, Default)]
pub(super) struct ClientOptions {
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
    /// Where to start from, when nothing else names a node.
    pub(super) address: Option<Address>,
    pub(super) tls: Option<TlsMode>,
    pub(super) ca: Option<PathBuf>,
    pub(super) cert: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

/// Reads an option file with everything that it includes.
pub(super) fn read(path: &Path, environment: &Environment) -> Result<ClientOptions, ConfigError> {
    let mut values = HashMap::new();
    read_into(&mut values, path, 0)?;
    interpret(values, path, environment)
}

fn read_into(values: &mut HashMap<String, Option<String>>, path: &Path, depth: usize) -> Result<(), ConfigError> {
    if depth > MAX_DEPTH {
        return Err(ConfigError::in_file(path, "includes nest too deeply; does a file include itself?"));
    }
    let unreadable = |error: std::io::Error| ConfigError::in_file(path, format!("cannot be read: {error}"));
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_file() && metadata.permissions().mode() & 0o002 != 0 {
        // MariaDB's clients skip such a file with a warning; here a skipped password would be a riddle.
        return Err(ConfigError::in_file(path, "everybody may write to this file, so it is not read; chmod o-w it"));
    }
    let text = String::from_utf8_lossy(&fs::read(path).map_err(unreadable)?).into_owned();
    let mut wanted = false;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let at = |message: String| ConfigError::at(path, &text, offset, message);
        let bare = line.trim();
        if let Some(directive) = bare.strip_prefix('!') {
            let (word, argument) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
            let target = path.parent().unwrap_or(Path::new("")).join(argument.trim());
            match word {
                "include" => read_into(values, &target, depth + 1)?,
                "includedir" => {
                    let entries = fs::read_dir(&target)
                        .map_err(|error| at(format!("{} cannot be read: {error}", target.display())))?;
                    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
                    files.retain(|file| file.extension().is_some_and(|ending| ending == "cnf"));
                    files.sort();
                    for file in files {
                        read_into(values, &file, depth + 1)?;
                    }
                }
                _ => return Err(at(format!("`!{word}` is neither !include nor !includedir"))),
            }
        } else if let Some(group) = bare.strip_prefix('[') {
            let (name, _) = group.split_once(']').ok_or_else(|| at("the closing ] is missing".to_owned()))?;
            wanted = GROUPS.contains(&name.trim());
        } else if wanted && !bare.is_empty() && !bare.starts_with(['#', ';']) {
            let bare = without_comment(bare);
            let (name, value) = match bare.split_once('=') {
                Some((name, value)) => (name, Some(unquote(value.trim()))),
                None => (bare, None),
            };
            let name = name.trim().to_lowercase().replace('_', "-");
            values.insert(name.strip_prefix("loose-").unwrap_or(&name).to_owned(), value);
        }
        offset += line.len();
    }
    Ok(())
}

/// Cuts a `#` comment off, outside of quotes.
fn without_comment(line: &str) -> &str {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in line.char_indices() {
        if (c == '\'' || c == '"') && !escaped {
            quote = match quote {
                None => Some(c),
                Some(open) if open == c => None,
                open => open,
            };
        }
        if quote.is_none() && c == '#' {
            return line[..at].trim_end();
        }
        escaped = quote.is_some() && c == '\\' && !escaped;
    }
    line
}

/// Takes quotes and escapes away. An escape that MariaDB does not know stays as it is.
fn unquote(value: &str) -> String {
    let quoted =
        value.len() >= 2 && value.starts_with(['\'', '"']) && value.chars().next() == value.chars().next_back();
    let value = if quoted { &value[1..value.len() - 1] } else { value };
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        let Some(escape) = (c == '\\').then(|| chars.clone().next()).flatten() else {
            out.push(c);
            continue;
        };
        chars.next();
        match escape {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' => out.push('\u{8}'),
            's' => out.push(' '),
            '"' | '\'' | '\\' => out.push(escape),
            other => out.extend(['\\', other]),
        }
    }
    out
}

fn interpret(
    mut values: HashMap<String, Option<String>>,
    path: &Path,
    environment: &Environment,
) -> Result<ClientOptions, ConfigError> {
    let base = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut take = |name: &str| values.remove(name).flatten().filter(|value| !value.is_empty());
    let (user, password) = (take("user"), take("password"));
    let (host, port, socket) = (take("host"), take("port"), take("socket"));
    let mut file = |name: &str| take(name).map(|value| environment.resolve(&value, &base));
    let (ca, cert, key) = (file("ssl-ca"), file("ssl-cert"), file("ssl-key"));
    let port = match port.as_deref().map(str::parse::<u16>) {
        Some(Err(_)) => return Err(ConfigError::in_file(path, "`port` is a number from 1 to 65535")),
        Some(Ok(port)) => port,
        None => 3306,
    };
    let address = match (host, socket) {
        (Some(host), None) => Some(host),
        (Some(host), Some(_)) if host != "localhost" => Some(host),
        (_, Some(socket)) => Some(format!("unix:{socket}")),
        (None, None) => None,
    };
    let address = address
        .map(|text| Address::parse(&text, port))
        .transpose()
        .map_err(|error| ConfigError::in_file(path, error.to_string()))?;
    let switch = |name: &str| match values.get(name) {
        None => None,
        Some(None) => Some(true),
        Some(Some(value)) => Some(!matches!(value.to_lowercase().as_str(), "0" | "off" | "false" | "no")),
    };
    let off = switch("ssl") == Some(false) || switch("skip-ssl") == Some(true) || switch("disable-ssl") == Some(true);
    let no_verify =
        switch("skip-ssl-verify-server-cert") == Some(true) || switch("disable-ssl-verify-server-cert") == Some(true);
    let tls = if off {
        Some(TlsMode::Disabled)
    } else if switch("ssl-verify-server-cert") == Some(true) && !no_verify {
        Some(TlsMode::VerifyIdentity)
    } else if ca.is_some() && !no_verify {
        Some(TlsMode::VerifyCa)
    } else if switch("ssl") == Some(true) || cert.is_some() {
        Some(TlsMode::Required)
    } else {
        None
    };
    Ok(ClientOptions { user, password: password.map(SecretString::from), address, tls, ca, cert, key })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn options(text: &str) -> Result<ClientOptions, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.cnf");
        fs::write(&path, text).unwrap();
        read(&path, &Environment::default())
    }

    #[test]
    fn values_are_read_as_mariadb_reads_them() {
        for (line, expected) in [
            ("password=a b", "a b"),
            ("password = \"a#b\"  # comment", "a#b"),
            ("password='it''s'", "it''s"),
            (r"password=a\sb\\c\qd", r"a b\c\qd"),
            (r#"password="say \"x\"""#, r#"say "x""#),
            ("PASSWORD=x#comment", "x"),
            ("loose-password=x\npassword=y", "y"),
        ] {
            let read = options(&format!("[client]\n{line}\n[mysqld]\npassword=other\n")).unwrap();
            assert_eq!(read.password.unwrap().expose_secret(), expected, "{line}");
        }
    }

    #[test]
    fn groups_and_hosts() {
        let read = options("user=none\n[mysql]\nuser=no\n[client]\nhost=::1\nport=3307\n[schema]\nuser=s\n").unwrap();
        assert_eq!(read.user.as_deref(), Some("s"));
        assert_eq!(read.address.unwrap().to_string(), "[::1]:3307");
        let read = options("[client]\nhost=localhost\nsocket=/run/x.sock\n").unwrap();
        assert_eq!(read.address.unwrap().to_string(), "unix:/run/x.sock");
    }

    #[test]
    fn tls_words() {
        for (lines, expected) in [
            ("", None),
            ("skip-ssl", Some(TlsMode::Disabled)),
            ("ssl=0", Some(TlsMode::Disabled)),
            ("ssl", Some(TlsMode::Required)),
            ("ssl_ca=ca.pem", Some(TlsMode::VerifyCa)),
            ("ssl-ca=ca.pem\nssl-verify-server-cert", Some(TlsMode::VerifyIdentity)),
            ("ssl-ca=ca.pem\nssl\nskip-ssl-verify-server-cert", Some(TlsMode::Required)),
        ] {
            assert_eq!(options(&format!("[client]\n{lines}\n")).unwrap().tls, expected, "{lines}");
        }
    }

    #[test]
    fn includes_are_followed_and_a_loop_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        file("d/b.cnf", "[client]\nuser=b\n");
        file("d/a.cnf", "[client]\nuser=a\npassword=a\n");
        file("d/c.txt", "[client]\nuser=c\n");
        let main = file("my.cnf", "[client]\nuser=first\n!includedir d\n");
        let read_back = read(&main, &Environment::default()).unwrap();
        assert_eq!(read_back.user.as_deref(), Some("b"));
        assert_eq!(read_back.password.unwrap().expose_secret(), "a");
        let own = file("loop.cnf", "!include loop.cnf\n");
        assert!(read(&own, &Environment::default()).unwrap_err().to_string().contains("include"));
    }

    #[test]
    fn a_file_that_everybody_may_write_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o666)).unwrap();
        assert!(read(file.path(), &Environment::default()).unwrap_err().to_string().contains("everybody"));
    }
}
