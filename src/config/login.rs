//! Who logs in, and where the password comes from.

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};

use super::ConfigError;

/// How long a password command may take. It may ask a password manager, but it may not hang a run.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

/// Where a password comes from. Nothing is read before [`PasswordSource::fetch`].
#[derive(Clone, Debug, Default)]
pub enum PasswordSource {
    /// There is none, as with unix socket authentication.
    #[default]
    None,
    /// Asked for on the terminal.
    Prompt,
    /// The first line of a file.
    File(PathBuf),
    /// The first line that a command prints, run by `sh -c`.
    Command(String),
    /// Known already: from an option file or `MYSQL_PWD`.
    Known(SecretString),
}

impl PasswordSource {
    /// Gets the password.
    ///
    /// # Errors
    /// When the file cannot be read, the command fails or takes more than a minute, or nobody can be asked. The
    /// error never holds what was read.
    pub fn fetch(&self, who: &str) -> Result<Option<SecretString>, ConfigError> {
        match self {
            Self::None => Ok(None),
            Self::Known(password) => Ok(Some(password.clone())),
            Self::Prompt => rpassword::prompt_password(format!("Password for {who}: "))
                .map(|password| Some(SecretString::from(password)))
                .map_err(|error| ConfigError::typed(format!("The password could not be asked for: {error}."))),
            Self::File(path) => std::fs::read_to_string(path)
                .map(|text| Some(first_line(&text)))
                .map_err(|error| ConfigError::in_file(path, format!("the password file cannot be read: {error}"))),
            Self::Command(command) => run(command).map(Some),
        }
    }
}

/// Who logs in.
#[derive(Clone, Default)]
pub struct Login {
    /// The database user.
    pub user: String,
    /// Where the password comes from.
    pub password: PasswordSource,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.user)
    }
}

fn first_line(text: &str) -> SecretString {
    let line = text.split('\n').next().unwrap_or_default();
    SecretString::from(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

fn run(command: &str) -> Result<SecretString, ConfigError> {
    let fail = |why: String| ConfigError::typed(format!("password_command `{command}` {why}."));
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| fail(format!("did not start: {error}")))?;
    // Read on another thread: a child that prints more than a pipe holds would never end, and one that leaves a
    // grandchild behind would never close the pipe.
    let mut stdout = child.stdout.take();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.as_mut().map(|pipe| std::io::Read::read_to_string(pipe, &mut text));
        let _ = sender.send(matches!(read, Some(Ok(_))).then(|| SecretString::from(text)));
    });
    let started = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < COMMAND_TIMEOUT => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(fail(format!("did not end within {} seconds", COMMAND_TIMEOUT.as_secs())));
            }
            Err(error) => return Err(fail(format!("was lost: {error}"))),
        }
    };
    if !status.success() {
        return Err(fail(format!("failed with {status}")));
    }
    match receiver.recv_timeout(Duration::from_secs(1)) {
        Ok(Some(text)) => Ok(first_line(text.expose_secret())),
        Ok(None) => Err(fail("did not print text".to_owned())),
        Err(_) => Err(fail("left something behind that keeps its output open".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_password() {
        for (text, expected) in [("a b\n", "a b"), ("x\r\ny\n", "x"), ("x", "x"), ("", "")] {
            assert_eq!(first_line(text).expose_secret(), expected);
        }
    }

    #[test]
    fn a_command_that_fails_shows_nothing_of_what_it_printed() {
        let good = PasswordSource::Command("printf 'se cret\\nrest'".into()).fetch("u").unwrap().unwrap();
        assert_eq!(good.expose_secret(), "se cret");
        let bad = PasswordSource::Command("printf '%s' 's3''cr3t'; exit 3".into()).fetch("u").unwrap_err().to_string();
        assert!(bad.contains("exit status: 3") && !bad.contains("s3cr3t"), "{bad}");
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let login = Login { user: "u".into(), password: PasswordSource::Known("s3cr3t".to_owned().into()) };
        assert!(!format!("{login:?} {:?}", login.password).contains("s3cr3t"));
    }
}
