//! How to reach the cluster, as typed on the command line.

use std::path::PathBuf;

/// The options of every command that talks to the cluster. They win over `schema.toml` and option files.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionArgs {
    /// All nodes of the cluster: HOST[:PORT], unix:SOCKET, or either behind NAME=, separated by commas.
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "node")]
    pub nodes: Vec<String>,
    /// One node of the cluster; it is asked for the others.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub node: Option<String>,
    /// The database user.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// A file whose first line is the password.
    #[arg(long, value_name = "FILE", conflicts_with = "ask_pass")]
    pub password_file: Option<PathBuf>,
    /// Ask for the password.
    #[arg(long)]
    pub ask_pass: bool,
    /// A MariaDB option file; its [client] group is read. [default: ~/.my.cnf, when it exists]
    #[arg(long, value_name = "FILE")]
    pub defaults_file: Option<PathBuf>,
    /// Encryption: disabled, preferred, required, verify-ca or verify-identity.
    #[arg(long, value_name = "MODE")]
    pub tls: Option<String>,
    /// The certificate authority that vouches for the nodes.
    #[arg(long, value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,
    /// The certificate to show to the nodes.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of that certificate.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// How long a node may take to answer a connection, such as 10s.
    #[arg(long, value_name = "TIME")]
    pub connect_timeout: Option<String>,
}
