//! SQL text to statements: lossless, and it never fails.

mod version;

pub use version::ServerVersion;
