//! The files that a sandbox writes for its servers, its clients and the other commands.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::error::{Doing, Result};

/// The account that the tool uses: all privileges.
pub(super) const ADMIN: &str = "schema";
/// The account of applications: everything in databases, nothing above them.
pub(super) const APP: &str = "app";
/// The account of HAProxy's health check: it may log in, and no more. It has no password, for the check cannot send one.
pub(super) const CHECK: &str = "haproxy_check";

/// Writes a file that only its owner may read.
pub(super) fn write_secret(path: &Path, text: &str) -> Result<()> {
    let doing = || format!("Cannot write {}", path.display());
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).doing(doing)?;
    file.write_all(text.as_bytes()).doing(doing)
}

pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).doing(|| format!("Cannot write {}", path.display()))
}

pub(super) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).doing(|| format!("Cannot read {}", path.display()))
}

pub(super) fn make_dir(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).doing(|| format!("Cannot make the folder {}", path.display()))
}

/// `bytes` random bytes from the kernel in hexadecimal digits.
pub(super) fn random_hex(bytes: usize) -> Result<String> {
    let mut buffer = vec![0; bytes];
    let source = "/dev/urandom";
    std::fs::File::open(source)
        .and_then(|mut file| file.read_exact(&mut buffer))
        .doing(|| format!("Cannot read {source}"))?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The statements that make the accounts, one a line. They run in the first data folder, before there is a cluster.
pub(super) fn accounts(admin_password: &str, app_password: &str) -> String {
    let check = CHECK;
    format!(
        "set password for root@localhost = password('{admin_password}');\n\
         delete from global_priv where user in ('', 'root') and host <> 'localhost';\n\
         delete from proxies_priv where host <> 'localhost';\n\
         flush privileges;\n\
         create user {ADMIN}@'%' identified by '{admin_password}';\n\
         grant all privileges on *.* to {ADMIN}@'%' with grant option;\n\
         create user {APP}@'%' identified by '{app_password}';\n\
         grant select, insert, update, delete, create, drop, alter, index, references, create view, show view, trigger, \
         create routine, alter routine, execute, event, lock tables, create temporary tables on *.* to {APP}@'%';\n\
         create user {check}@'%';\n"
    )
}

/// An option file for the command line clients.
pub(super) fn client_cnf(user: &str, password: &str, port: u16) -> String {
    format!("[client]\nprotocol = tcp\nhost = 127.0.0.1\nport = {port}\nuser = {user}\npassword = {password}\n")
}
