//! What a statement is, from its first words.

use super::create::CreateHead;
use super::cursor::Cursor;
use crate::ddl::ast::{Body, DropObjects, Ident, Kind, Maintenance, ObjectName, Rename};
use crate::sql::TokenKind;

type Read = (Kind, Vec<ObjectName>, Body);

/// A statement of which only the head is read.
const fn head(kind: Kind) -> Read {
    (kind, Vec::new(), Body::Head)
}

impl Cursor<'_> {
    /// Reads the statement.
    pub(super) fn statement(&mut self) -> Read {
        let mark = self.mark();
        let Some(token) = self.bump() else { return (Kind::Unknown, Vec::new(), Body::Opaque) };
        if token.kind == TokenKind::Punct(b'(') {
            return head(Kind::Query);
        }
        // `label: BEGIN NOT ATOMIC`
        if self.is_punct(b':') {
            return head(Kind::Compound);
        }
        let mut upper = token.text(self.text).as_bytes().to_vec();
        if token.kind != TokenKind::Word || upper.len() > 12 {
            return (Kind::Unknown, Vec::new(), Body::Opaque);
        }
        upper.make_ascii_uppercase();
        match upper.as_slice() {
            b"ALTER" => self.alter(),
            b"CREATE" => self.create(),
            b"DROP" => self.drop(),
            b"RENAME" => self.rename(),
            b"TRUNCATE" => {
                self.eat("TABLE");
                let table = self.object_name();
                // Oracle mode: DROP STORAGE, REUSE STORAGE.
                let _ = self.eat_all(&["DROP", "STORAGE"]) || self.eat_all(&["REUSE", "STORAGE"]);
                let wait = self.lock_wait();
                let objects = table.iter().cloned().collect();
                (Kind::TruncateTable, objects, self.whole(table, |table| Body::TruncateTable { table, wait }))
            }
            b"OPTIMIZE" | b"ANALYZE" | b"CHECK" | b"REPAIR" | b"CHECKSUM" => self.maintenance(&upper),
            b"USE" => {
                let name = self.ident();
                (Kind::Use, Vec::new(), self.whole(name, Body::Use))
            }
            b"SET" => self.set(),
            b"INSTALL" => head(if self.is("SONAME") { Kind::InstallSoname } else { Kind::InstallPlugin }),
            b"UNINSTALL" => head(if self.is("SONAME") { Kind::UninstallSoname } else { Kind::UninstallPlugin }),
            b"LOCK" => head(Kind::LockTables),
            b"UNLOCK" => head(Kind::UnlockTables),
            b"BEGIN" if self.is("NOT") || self.dialect.oracle && !self.at_end() && !self.is("WORK") => {
                head(Kind::Compound)
            }
            _ => {
                self.reset(mark + 1);
                self.other(&upper)
            }
        }
    }

    /// Statements that change no definition.
    fn other(&mut self, word: &[u8]) -> Read {
        let kind = match word {
            b"SELECT" | b"VALUES" | b"TABLE" => Kind::Query,
            b"WITH" => self.with_kind(),
            b"INSERT" | b"UPDATE" | b"DELETE" | b"REPLACE" | b"IMPORT" => Kind::Dml,
            b"LOAD" if self.is("INDEX") => Kind::LoadIndex,
            b"LOAD" => Kind::Dml,
            b"SHOW" => Kind::Show,
            b"EXPLAIN" | b"DESCRIBE" | b"DESC" => Kind::Explain,
            b"HELP" => Kind::Help,
            b"START" | b"STOP" if self.is_any(&["SLAVE", "REPLICA", "ALL"]) => {
                if word == b"START" {
                    Kind::StartReplica
                } else {
                    Kind::StopReplica
                }
            }
            b"START" | b"BEGIN" | b"COMMIT" | b"ROLLBACK" | b"SAVEPOINT" | b"RELEASE" => Kind::Transaction,
            b"XA" => Kind::Xa,
            b"CACHE" => Kind::CacheIndex,
            b"FLUSH" => Kind::Flush,
            b"RESET" => Kind::Reset,
            b"PURGE" => Kind::Purge,
            b"KILL" => Kind::Kill,
            b"SHUTDOWN" => Kind::Shutdown,
            b"BACKUP" => Kind::Backup,
            b"CHANGE" => Kind::ChangeMaster,
            b"BINLOG" => Kind::Binlog,
            b"GRANT" => Kind::Grant,
            b"REVOKE" => Kind::Revoke,
            b"PREPARE" => Kind::Prepare,
            b"EXECUTE" => Kind::Execute,
            b"DEALLOCATE" => Kind::Deallocate,
            b"CALL" => Kind::Call,
            b"DO" => Kind::Do,
            b"HANDLER" => Kind::Handler,
            b"SIGNAL" | b"RESIGNAL" => Kind::Signal,
            b"GET" => Kind::GetDiagnostics,
            b"IF" | b"CASE" | b"LOOP" | b"WHILE" | b"REPEAT" | b"FOR" | b"DECLARE" => Kind::Compound,
            _ => return (Kind::Unknown, Vec::new(), Body::Opaque),
        };
        head(kind)
    }

    /// WITH .. SELECT, WITH .. UPDATE: what follows the last common table expression.
    fn with_kind(&mut self) -> Kind {
        while !self.at_end() {
            if self.is_punct(b'(') {
                if self.parens().is_none() {
                    break;
                }
            } else if self.is_any(&["UPDATE", "DELETE", "INSERT", "REPLACE"]) {
                return Kind::Dml;
            } else if self.is("SELECT") {
                break;
            } else {
                self.bump();
            }
        }
        Kind::Query
    }

    fn set(&mut self) -> Read {
        if self.is("PASSWORD") && !self.punct_at(1, b'.') {
            return head(Kind::SetPassword);
        }
        if self.is("ROLE") {
            return head(Kind::SetRole);
        }
        if self.are(&["DEFAULT", "ROLE"]) {
            return head(Kind::SetDefaultRole);
        }
        let mark = self.mark();
        let assignments = self.list(|cursor| cursor.assignment(&[])).filter(|_| self.at_end());
        if assignments.is_none() {
            // SET NAMES, SET TRANSACTION, and lists that hold them.
            self.reset(mark);
        }
        (Kind::Set, Vec::new(), assignments.map_or(Body::Head, Body::Set))
    }

    fn maintenance(&mut self, verb: &[u8]) -> Read {
        let local = self.eat_any(&["NO_WRITE_TO_BINLOG", "LOCAL"]);
        let view = self.eat("VIEW");
        if !view && !self.eat_any(&["TABLE", "TABLES"]) {
            // ANALYZE SELECT .., ANALYZE FORMAT=JSON ..
            return if verb == b"ANALYZE" { head(Kind::Explain) } else { (Kind::Unknown, Vec::new(), Body::Opaque) };
        }
        let kind = match verb {
            b"OPTIMIZE" => Kind::OptimizeTable,
            b"ANALYZE" => Kind::AnalyzeTable,
            b"CHECK" if view => Kind::CheckView,
            b"CHECK" => Kind::CheckTable,
            b"REPAIR" if view => Kind::RepairView,
            b"REPAIR" => Kind::RepairTable,
            _ => Kind::ChecksumTable,
        };
        // Options follow the list, and those of ANALYZE each table.
        let mut persistent = false;
        let tables = self.list(|cursor| {
            let table = cursor.object_name()?;
            let all = cursor.eat_all(&["PERSISTENT", "FOR"]);
            persistent |= all;
            if all && !cursor.eat("ALL") {
                for word in ["COLUMNS", "INDEXES"] {
                    if cursor.eat(word) && !cursor.eat("ALL") {
                        cursor.parens()?;
                    }
                }
            }
            Some(table)
        });
        let mut wait = None;
        while !self.at_end() {
            wait = wait.or(self.lock_wait());
            self.bump();
        }
        let objects = tables.clone().unwrap_or_default();
        let body = self.whole(tables, |tables| Body::Maintenance(Maintenance { local, tables, persistent, wait }));
        (kind, objects, body)
    }

    fn rename(&mut self) -> Read {
        if self.eat("USER") {
            return head(Kind::RenameUser);
        }
        if !self.eat_any(&["TABLE", "TABLES"]) {
            return (Kind::Unknown, Vec::new(), Body::Opaque);
        }
        let if_exists = self.if_exists();
        let renames = self.list(|cursor| {
            let from = cursor.object_name()?;
            // Each may be waited for.
            let _ = cursor.lock_wait();
            cursor.expect("TO")?;
            Some(Rename { from, to: cursor.object_name()? })
        });
        let objects = renames.iter().flatten().map(|rename| rename.from.clone()).collect();
        (Kind::RenameTable, objects, self.whole(renames, |renames| Body::RenameTable { if_exists, renames }))
    }

    fn alter(&mut self) -> Read {
        let (mut online, mut ignore) = (false, false);
        while self.is_any(&["ONLINE", "IGNORE"]) {
            online |= self.is("ONLINE");
            ignore |= self.is("IGNORE");
            self.bump();
        }
        if self.eat("TABLE") {
            let alter = self.alter_table(online, ignore);
            let objects = alter.iter().map(|alter| alter.table.clone()).collect();
            return (Kind::AlterTable, objects, self.whole(alter, |alter| Body::AlterTable(Box::new(alter))));
        }
        self.attributes();
        let create = CreateHead { or_replace: true, temporary: false };
        match () {
            () if self.eat("VIEW") => {
                let view = self.view(create);
                self.read(Kind::AlterView, view, |view| (vec![view.view.clone()], Body::View(Box::new(view))))
            }
            () if self.eat("SEQUENCE") => {
                let sequence = self.sequence(CreateHead::default());
                self.read(Kind::AlterSequence, sequence, |sequence| {
                    (vec![sequence.sequence.clone()], Body::Sequence(Box::new(sequence)))
                })
            }
            () if self.eat_any(&["DATABASE", "SCHEMA"]) => {
                let database = self.database(CreateHead::default(), true);
                self.read(Kind::AlterDatabase, database, |database| (Vec::new(), Body::Database(database)))
            }
            () if self.eat("PROCEDURE") => self.named(Kind::AlterProcedure),
            () if self.eat("FUNCTION") => self.named(Kind::AlterFunction),
            () if self.eat("EVENT") => self.named(Kind::AlterEvent),
            () if self.eat("SERVER") => self.named(Kind::AlterServer),
            () if self.eat("USER") => head(Kind::AlterUser),
            () if self.eat("TABLESPACE") => self.named(Kind::AlterTablespace),
            () if self.eat_all(&["LOGFILE", "GROUP"]) => self.named(Kind::AlterLogfileGroup),
            () if self.eat("CATALOG") => self.named(Kind::AlterCatalog),
            () => (Kind::Unknown, Vec::new(), Body::Opaque),
        }
    }

    /// ALGORITHM = x, DEFINER = x, SQL SECURITY x, AGGREGATE.
    fn attributes(&mut self) {
        loop {
            if self.eat("ALGORITHM") {
                self.eat_equal();
                self.bump();
            } else if self.eat("DEFINER") {
                self.eat_equal();
                self.account();
            } else if self.eat_all(&["SQL", "SECURITY"]) {
                self.bump();
            } else if !self.eat_any(&["AGGREGATE", "ONLINE", "OFFLINE"]) {
                return;
            }
        }
    }

    /// `'user'@'host'`, CURRENT_USER(), a role.
    fn account(&mut self) {
        self.bump();
        if self.is_punct(b'(') {
            let mark = self.mark();
            if self.parens().is_none() {
                self.reset(mark);
            }
        } else if let Some(host) = self.peek(0).filter(|token| token.kind == TokenKind::Variable) {
            self.bump();
            // `a @ 'b'` leaves the host behind.
            if host.text(self.text) == "@" {
                self.bump();
            }
        }
    }

    fn create(&mut self) -> Read {
        let or_replace = self.eat_all(&["OR", "REPLACE"]);
        self.attributes();
        let temporary = self.eat("TEMPORARY");
        self.attributes();
        let create = CreateHead { or_replace, temporary };
        match () {
            () if self.eat("TABLE") => {
                let table = self.create_table(create);
                self.read(Kind::CreateTable, table, |table| {
                    (vec![table.table.clone()], Body::CreateTable(Box::new(table)))
                })
            }
            () if self.is_any(&["INDEX", "UNIQUE", "FULLTEXT", "SPATIAL"]) || self.are(&["VECTOR", "INDEX"]) => {
                let index = self.create_index(create);
                self.read(Kind::CreateIndex, index, |index| {
                    (vec![index.table.clone()], Body::CreateIndex(Box::new(index)))
                })
            }
            () if self.eat("VIEW") => {
                let view = self.view(create);
                self.read(Kind::CreateView, view, |view| (vec![view.view.clone()], Body::View(Box::new(view))))
            }
            () if self.eat("SEQUENCE") => {
                let sequence = self.sequence(create);
                self.read(Kind::CreateSequence, sequence, |sequence| {
                    (vec![sequence.sequence.clone()], Body::Sequence(Box::new(sequence)))
                })
            }
            () if self.eat_any(&["DATABASE", "SCHEMA"]) => {
                let database = self.database(create, false);
                self.read(Kind::CreateDatabase, database, |database| (Vec::new(), Body::Database(database)))
            }
            () if self.eat("TRIGGER") => self.trigger(),
            () if self.eat("PROCEDURE") => self.named(Kind::CreateProcedure),
            () if self.eat("FUNCTION") => self.named(Kind::CreateFunction),
            () if self.eat_all(&["PACKAGE", "BODY"]) => self.named(Kind::CreatePackageBody),
            () if self.eat("PACKAGE") => self.named(Kind::CreatePackage),
            () if self.eat("EVENT") => self.named(Kind::CreateEvent),
            () if self.eat("SERVER") => self.named(Kind::CreateServer),
            () if self.eat("USER") => head(Kind::CreateUser),
            () if self.eat("ROLE") => head(Kind::CreateRole),
            () if self.eat("TABLESPACE") || self.eat_all(&["UNDO", "TABLESPACE"]) => self.named(Kind::CreateTablespace),
            () if self.eat_all(&["LOGFILE", "GROUP"]) => self.named(Kind::CreateLogfileGroup),
            () if self.eat("CATALOG") => self.named(Kind::CreateCatalog),
            () => (Kind::Unknown, Vec::new(), Body::Opaque),
        }
    }

    /// A trigger's name, and its table.
    fn trigger(&mut self) -> Read {
        self.if_not_exists();
        let name = self.object_name();
        while !self.at_end() && !self.is("ON") {
            self.bump();
        }
        self.eat("ON");
        let objects = name.into_iter().chain(self.object_name()).collect();
        (Kind::CreateTrigger, objects, Body::Head)
    }

    /// `[IF [NOT] EXISTS] name`, and nothing more is read.
    fn named(&mut self, kind: Kind) -> Read {
        let _ = self.if_not_exists() || self.if_exists();
        let name = match self.peek(0) {
            // Servers may be named by a string.
            Some(token) if token.kind == TokenKind::String => {
                self.bump();
                Some(ObjectName { database: None, name: Ident { value: self.value(token), span: token.span } })
            }
            _ => self.object_name(),
        };
        (kind, name.into_iter().collect(), Body::Head)
    }

    fn drop(&mut self) -> Read {
        let temporary = self.eat("TEMPORARY");
        let kind = match () {
            () if self.eat_any(&["TABLE", "TABLES"]) => Kind::DropTable,
            () if self.eat("VIEW") => Kind::DropView,
            () if self.eat("SEQUENCE") => Kind::DropSequence,
            () if self.eat_any(&["DATABASE", "SCHEMA"]) => Kind::DropDatabase,
            () if self.eat("INDEX") => {
                let index = self.drop_index();
                return self.read(Kind::DropIndex, index, |index| {
                    (vec![index.table.clone()], Body::DropIndex(Box::new(index)))
                });
            }
            () if self.eat("TRIGGER") => return self.named(Kind::DropTrigger),
            () if self.eat("PROCEDURE") => return self.named(Kind::DropProcedure),
            () if self.eat("FUNCTION") => return self.named(Kind::DropFunction),
            () if self.eat_all(&["PACKAGE", "BODY"]) => return self.named(Kind::DropPackageBody),
            () if self.eat("PACKAGE") => return self.named(Kind::DropPackage),
            () if self.eat("EVENT") => return self.named(Kind::DropEvent),
            () if self.eat("SERVER") => return self.named(Kind::DropServer),
            () if self.eat("USER") => return head(Kind::DropUser),
            () if self.eat("ROLE") => return head(Kind::DropRole),
            () if self.eat("PREPARE") => return head(Kind::Deallocate),
            () if self.eat("TABLESPACE") => return self.named(Kind::DropTablespace),
            () if self.eat_all(&["LOGFILE", "GROUP"]) => return self.named(Kind::DropLogfileGroup),
            () if self.eat("CATALOG") => return self.named(Kind::DropCatalog),
            () => return (Kind::Unknown, Vec::new(), Body::Opaque),
        };
        let if_exists = self.if_exists();
        let names = self.list(Self::object_name);
        let wait = self.lock_wait();
        self.eat_any(&["RESTRICT", "CASCADE"]);
        let wait = wait.or_else(|| self.lock_wait());
        let objects = if kind == Kind::DropDatabase { Vec::new() } else { names.clone().unwrap_or_default() };
        let drop = names.map(|names| DropObjects { temporary, if_exists, names, wait });
        (kind, objects, self.whole(drop, Body::Drop))
    }

    fn read<T>(&self, kind: Kind, read: Option<T>, parts: impl FnOnce(T) -> (Vec<ObjectName>, Body)) -> Read {
        let end = self.at_end();
        let (objects, body) = read.map_or_else(|| (Vec::new(), Body::Opaque), parts);
        (kind, objects, if end { body } else { Body::Opaque })
    }
}
