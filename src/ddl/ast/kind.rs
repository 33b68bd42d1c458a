//! What the head of a statement says it is.

use std::fmt;

/// What family a statement belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Changes definitions: tables, views, routines, users, privileges.
    Ddl,
    /// Maintains tables or the server, and is replicated like DDL where the server does so: OPTIMIZE, FLUSH, ...
    Admin,
    /// Changes rows.
    Dml,
    /// Reads.
    Query,
    /// Begins or ends transactions, takes locks.
    Transaction,
    /// Changes the session: SET, USE, PREPARE.
    Session,
    /// The head is not known.
    Unknown,
}

macro_rules! kinds {
    ($($variant:ident $name:literal $class:ident,)*) => {
        /// The kind of a statement: the words of its head, as the name in a plan has them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $(
                #[doc = concat!("`", $name, "`")]
                $variant,
            )*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Kind] = &[$(Kind::$variant,)*];

            /// In snake case, as plans print it: `alter_table`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Kind::$variant => $name,)*
                }
            }

            /// The family.
            pub const fn class(self) -> Class {
                match self {
                    $(Kind::$variant => Class::$class,)*
                }
            }
        }
    };
}

kinds! {
    AlterTable "alter_table" Ddl,
    CreateTable "create_table" Ddl,
    DropTable "drop_table" Ddl,
    RenameTable "rename_table" Ddl,
    TruncateTable "truncate_table" Ddl,
    CreateIndex "create_index" Ddl,
    DropIndex "drop_index" Ddl,
    CreateView "create_view" Ddl,
    AlterView "alter_view" Ddl,
    DropView "drop_view" Ddl,
    CreateSequence "create_sequence" Ddl,
    AlterSequence "alter_sequence" Ddl,
    DropSequence "drop_sequence" Ddl,
    CreateDatabase "create_database" Ddl,
    AlterDatabase "alter_database" Ddl,
    DropDatabase "drop_database" Ddl,
    CreateTrigger "create_trigger" Ddl,
    DropTrigger "drop_trigger" Ddl,
    CreateProcedure "create_procedure" Ddl,
    AlterProcedure "alter_procedure" Ddl,
    DropProcedure "drop_procedure" Ddl,
    CreateFunction "create_function" Ddl,
    AlterFunction "alter_function" Ddl,
    DropFunction "drop_function" Ddl,
    CreatePackage "create_package" Ddl,
    DropPackage "drop_package" Ddl,
    CreatePackageBody "create_package_body" Ddl,
    DropPackageBody "drop_package_body" Ddl,
    CreateEvent "create_event" Ddl,
    AlterEvent "alter_event" Ddl,
    DropEvent "drop_event" Ddl,
    CreateServer "create_server" Ddl,
    AlterServer "alter_server" Ddl,
    DropServer "drop_server" Ddl,
    CreateUser "create_user" Ddl,
    AlterUser "alter_user" Ddl,
    DropUser "drop_user" Ddl,
    RenameUser "rename_user" Ddl,
    CreateRole "create_role" Ddl,
    DropRole "drop_role" Ddl,
    Grant "grant" Ddl,
    Revoke "revoke" Ddl,
    SetPassword "set_password" Ddl,
    SetDefaultRole "set_default_role" Ddl,
    CreateTablespace "create_tablespace" Ddl,
    AlterTablespace "alter_tablespace" Ddl,
    DropTablespace "drop_tablespace" Ddl,
    CreateLogfileGroup "create_logfile_group" Ddl,
    AlterLogfileGroup "alter_logfile_group" Ddl,
    DropLogfileGroup "drop_logfile_group" Ddl,
    CreateCatalog "create_catalog" Ddl,
    AlterCatalog "alter_catalog" Ddl,
    DropCatalog "drop_catalog" Ddl,
    InstallPlugin "install_plugin" Admin,
    UninstallPlugin "uninstall_plugin" Admin,
    InstallSoname "install_soname" Admin,
    UninstallSoname "uninstall_soname" Admin,
    OptimizeTable "optimize_table" Admin,
    AnalyzeTable "analyze_table" Admin,
    CheckTable "check_table" Admin,
    RepairTable "repair_table" Admin,
    ChecksumTable "checksum_table" Admin,
    CheckView "check_view" Admin,
    RepairView "repair_view" Admin,
    CacheIndex "cache_index" Admin,
    LoadIndex "load_index" Admin,
    Flush "flush" Admin,
    Reset "reset" Admin,
    Purge "purge" Admin,
    Kill "kill" Admin,
    Shutdown "shutdown" Admin,
    Backup "backup" Admin,
    ChangeMaster "change_master" Admin,
    StartReplica "start_slave" Admin,
    StopReplica "stop_slave" Admin,
    Binlog "binlog" Admin,
    Dml "dml" Dml,
    Query "query" Query,
    Show "show" Query,
    Explain "explain" Query,
    Help "help" Query,
    Transaction "transaction" Transaction,
    Xa "xa" Transaction,
    LockTables "lock_tables" Transaction,
    UnlockTables "unlock_tables" Transaction,
    Set "set" Session,
    SetRole "set_role" Session,
    Use "use" Session,
    Prepare "prepare" Session,
    Execute "execute" Session,
    Deallocate "deallocate" Session,
    Compound "compound" Dml,
    Call "call" Dml,
    Do "do" Dml,
    Handler "handler" Query,
    Signal "signal" Session,
    GetDiagnostics "get_diagnostics" Session,
    Unknown "unknown" Unknown,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
