//! Do all nodes hold the same schema? Observed schemas become "converged", or what differs and the DDL that mends it.
//!
//! An object is compared by the text with which the server itself would create it, without what may rightly differ
//! between nodes: the next AUTO_INCREMENT value. How rows lie on disk after instant changes does not show there
//! either. Text that could not be read is unknown, and unknown is never equal. `docs/verify.md` has the details.

mod compare;
mod definition;
mod repair;
mod scope;
mod table;

pub use compare::{Comparison, Difference, Repair, compare};
pub use definition::{Definition, Object, ObjectKind, SchemaSnapshot};
pub use scope::{SYSTEM_DATABASES, Scope};
pub use table::TableText;
