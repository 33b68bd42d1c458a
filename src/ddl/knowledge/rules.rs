//! What makes a statement dearer than metadata: tables to be held against the manual and against real servers.
//!
//! A rule applies when all facts of `all` hold and none of `none` does. The dearest of [`RULES`] that applies decides;
//! when none does, the statement is metadata. The strongest of [`LOCKS`] that applies to that is the lock.
//!
//! Sources: "M" measured by `tests/oracle` on 10.11.19 and 11.8.6, "S" the server's source (function named), "D" the
//! manual (page named), with the MDEV of the change where there is one.

use super::Fact::{self, *};
use super::Known;
use crate::ddl::{Algorithm, Lock};
use crate::sql::ServerVersion;

/// The versions that a rule holds for: from the first, up to and without the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The first that has it; `None` for as far back as this table goes (10.3).
    pub since: Option<ServerVersion>,
    /// The first that no longer has it.
    pub before: Option<ServerVersion>,
}

impl Versions {
    /// Whether `version` is one of them.
    pub fn hold(self, version: ServerVersion) -> bool {
        self.since.is_none_or(|since| version >= since) && self.before.is_none_or(|before| version < before)
    }
}

const ALWAYS: Versions = Versions { since: None, before: None };
const V10_4: ServerVersion = ServerVersion::new(10, 4, 0);
const V10_6: ServerVersion = ServerVersion::new(10, 6, 0);
const V11_2: ServerVersion = ServerVersion::new(11, 2, 0);
const V11_7: ServerVersion = ServerVersion::new(11, 7, 0);

const fn since(version: ServerVersion) -> Versions {
    Versions { since: Some(version), before: None }
}

const fn before(version: ServerVersion) -> Versions {
    Versions { since: None, before: Some(version) }
}

/// One row of a table: what follows from facts.
#[derive(Clone, Copy, Debug)]
pub struct Rule<T: 'static> {
    /// Kebab case, stable; the code of the reason that a plan shows.
    pub code: &'static str,
    /// All of these hold.
    pub all: &'static [Fact],
    /// None of these holds.
    pub none: &'static [Fact],
    /// Where the rule holds.
    pub versions: Versions,
    /// What follows.
    pub then: T,
    /// Why, as a full sentence.
    pub text: &'static str,
    /// Where it is known from.
    pub source: &'static str,
}

const fn rule<T: Copy>(
    code: &'static str,
    all: &'static [Fact],
    then: T,
    text: &'static str,
    source: &'static str,
) -> Rule<T> {
    Rule { code, all, none: &[], versions: ALWAYS, then, text, source }
}

impl<T: Copy> Rule<T> {
    const fn unless(self, none: &'static [Fact]) -> Self {
        Self { none, ..self }
    }

    const fn versions(self, versions: Versions) -> Self {
        Self { versions, ..self }
    }

    /// Whether the rule holds for certain on `version`.
    pub fn holds(&self, known: Known, version: ServerVersion) -> bool {
        self.versions.hold(version)
            && self.all.iter().all(|fact| known.holds(*fact))
            && !self.none.iter().any(|fact| known.possible(*fact))
    }

    /// Whether the rule may hold on `version`, because something is not known.
    pub fn possible(&self, known: Known, version: ServerVersion) -> bool {
        self.versions.hold(version)
            && self.all.iter().all(|fact| known.possible(*fact))
            && !self.none.iter().any(|fact| known.holds(*fact))
    }
}

use Algorithm::{Copy as Rows, Inplace, Nocopy};

/// The table.
pub const RULES: &[Rule<Algorithm>] = &[
    // --- whatever the engine ---
    rule(
        "not-understood",
        &[Opaque],
        Rows,
        "A clause was not understood, so the worst case is assumed.",
        "a safety rule of this program",
    ),
    rule(
        "demands-copy",
        &[DemandsCopy, DoesSomething],
        Rows,
        "ALGORITHM=COPY is demanded, by the statement or by alter_algorithm.",
        "D: ALTER TABLE",
    ),
    rule(
        "order-by",
        &[OrdersRows],
        Rows,
        "ORDER BY copies the table, although ALGORITHM=INSTANT is accepted before 11.2.",
        "M; S: sql_table.cc is_inplace_alter_impossible",
    ),
    rule(
        "keys-with-others",
        &[SwitchesKeys],
        Rows,
        "ENABLE KEYS or DISABLE KEYS beside another clause copies the table.",
        "M; S: sql_table.cc is_inplace_alter_impossible",
    )
    .unless(&[OnlyRenameOrKeys]),
    rule(
        "engine-change",
        &[ChangesEngine],
        Rows,
        "Another storage engine means a copy of the table.",
        "M; S: sql_table.cc is_inplace_alter_impossible",
    ),
    rule(
        "partitioning",
        &[ChangesPartitioning],
        Rows,
        "Rows find other partitions, so the table is copied.",
        "M; S: sql_partition.cc prep_alter_part_table",
    ),
    rule(
        "add-check",
        &[AddsCheck],
        Rows,
        "A CHECK is verified by copying the table.",
        "M; S: ALTER_ADD_CHECK_CONSTRAINT is in no engine's list",
    ),
    rule(
        "period",
        &[AddsPeriod],
        Rows,
        "Adding a period copies the table.",
        "M; S: handler0alter.cc check_if_supported_inplace_alter",
    ),
    rule(
        "stored-type",
        &[ChangesStoredType],
        Rows,
        "The new type is stored differently, so every row is written anew.",
        "M; S: sql_table.cc fill_alter_inplace_info, Field::is_equal",
    )
    .unless(&[Merge]),
    rule(
        "generated-kind",
        &[ChangesGeneratedKind],
        Rows,
        "A column becomes generated, ceases to be, or changes between VIRTUAL and STORED, for which the table is copied.",
        "M; S: sql_table.cc fill_alter_inplace_info",
    ),
    rule(
        "stored-expression",
        &[ChangesStoredExpression],
        Rows,
        "The values of the generated column are stored or indexed and must be computed anew.",
        "M; S: sql_table.cc fill_alter_inplace_info",
    ),
    rule(
        "virtual-type",
        &[ChangesVirtualType],
        Rows,
        "A virtual column's type changes, for which the table is copied.",
        "M; S: ALTER_VIRTUAL_COLUMN_TYPE is in no engine's list",
    ),
    rule(
        "gains-auto-increment",
        &[GainsAutoIncrement],
        Rows,
        "AUTO_INCREMENT can only be given to a column by copying the table.",
        "M; S: field.cc Field_num::is_equal",
    )
    .unless(&[Merge]),
    rule(
        "stored-generated",
        &[AddsStoredGenerated],
        Rows,
        "The values of a STORED column are computed while the table is copied.",
        "M; S: ALTER_ADD_STORED_GENERATED_COLUMN is in no engine's list",
    ),
    rule(
        "hash-key",
        &[HashKeyAfter, DoesSomething],
        Rows,
        "A unique key over long text is kept as a hash in a hidden virtual column, and any change copies the table.",
        "M; S: sql_table.cc, hidden DB_ROW_HASH_n",
    )
    .unless(&[OnlyRenameOrKeys]),
    rule(
        "without-overlaps",
        &[WithoutOverlaps, DoesSomething],
        Rows,
        "A table with a key WITHOUT OVERLAPS is copied whatever changes.",
        "M; S: sql_table.cc mysql_alter_table, KEY::without_overlaps",
    )
    .unless(&[OnlyRenameOrKeys]),
    rule(
        "temporary",
        &[Temporary, DoesSomething],
        Rows,
        "A temporary table is always copied.",
        "S: sql_table.cc is_inplace_alter_impossible",
    )
    .unless(&[OnlyRenameOrKeys, Merge]),
    rule(
        "temporary",
        &[Temporary, Merge, DoesSomething],
        Rows,
        "A temporary table is always copied.",
        "M: 11.8.6 demands it of MERGE tables too, 10.11.19 does not",
    )
    .versions(since(V11_2))
    .unless(&[OnlyRenameOrKeys]),
    rule("sequence", &[InnoDb, NamesSequence], Rows, "The option SEQUENCE makes the server copy the table.", "M"),
    rule(
        "engine-copies",
        &[EngineCopies, DoesSomething],
        Rows,
        "The table's engine changes nothing in place, so the table is copied.",
        "M; S: handler.h check_if_incompatible_data",
    )
    .unless(&[OnlyRenameOrKeys]),
    // --- engines other than InnoDB ---
    rule(
        "versioned-elsewhere",
        &[VersionedElsewhere, DoesSomething],
        Rows,
        "Only InnoDB changes a system-versioned table without a copy.",
        "M",
    )
    .unless(&[OnlyRenameOrKeys]),
    rule(
        "aria-partitioned",
        &[PartitionedAria, DoesSomething],
        Rows,
        "A partitioned Aria table is copied.",
        "M; S: ha_maria.cc check_if_incompatible_data",
    )
    .unless(&[OnlyRenameOrKeys]),
    rule(
        "engine-cannot",
        &[OtherEngine, NamesPrimaryKeyTwice],
        Rows,
        "Only InnoDB sees that the primary key stays the same.",
        "M",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, AsksForForeignKey],
        Rows,
        "A foreign key is asked for, for which this engine copies.",
        "M",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, AddsStoredColumn],
        Rows,
        "Only InnoDB adds columns without a copy.",
        "M; S: handler.cc handler::check_if_supported_inplace_alter",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, AddsVirtualColumn],
        Rows,
        "Only InnoDB adds columns without a copy.",
        "M; S: handler.cc handler::check_if_supported_inplace_alter",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, DropsStoredColumn],
        Rows,
        "Only InnoDB drops columns without a copy.",
        "M; S: handler.cc handler::check_if_supported_inplace_alter",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, DropsVirtualColumn],
        Rows,
        "Only InnoDB drops columns without a copy.",
        "M; S: handler.cc handler::check_if_supported_inplace_alter",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, MovesStoredColumn],
        Rows,
        "Only InnoDB moves columns without a copy.",
        "M; S: handler.cc handler::check_if_supported_inplace_alter",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, MovesVirtualColumn],
        Rows,
        "Only InnoDB moves columns without a copy.",
        "M; S: handler.cc handler::check_if_supported_inplace_alter",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, ChangesTypeInEngine],
        Rows,
        "Only InnoDB changes such a type without a copy.",
        "M; S: handler.h handler::can_convert_nocopy",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, DropsNotNull],
        Rows,
        "Only InnoDB changes NOT NULL without a copy.",
        "M; S: handler.cc handler::check_if_supported_inplace_alter",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, AddsNotNull],
        Rows,
        "Only InnoDB changes NOT NULL without a copy.",
        "M; S: handler.cc handler::check_if_supported_inplace_alter",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, AddsPlainKey],
        Rows,
        "Only InnoDB builds keys without a copy.",
        "M; S: handler.cc handler::check_if_supported_inplace_alter",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, AddsUniqueKey],
        Rows,
        "Only InnoDB builds keys without a copy.",
        "M; S: handler.cc handler::check_if_supported_inplace_alter",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, AddsClusteredKey],
        Rows,
        "Only InnoDB builds keys without a copy.",
        "M; S: handler.cc handler::check_if_supported_inplace_alter",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, DropsClusteredKey],
        Rows,
        "Only InnoDB drops keys without a copy.",
        "M; S: handler.cc handler::check_if_supported_inplace_alter",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, DropsKey],
        Rows,
        "Only InnoDB drops keys without a copy.",
        "M; S: handler.cc handler::check_if_supported_inplace_alter",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, AddsVersioning],
        Rows,
        "System versioning is added by copying the table.",
        "M",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, DropsVersioning],
        Rows,
        "System versioning is dropped by copying the table.",
        "M",
    ),
    rule("engine-cannot", &[OtherEngine, Forces], Rows, "FORCE copies the table.", "M"),
    rule(
        "engine-cannot",
        &[OtherEngine, NamesCharset],
        Rows,
        "A character set is named, for which this engine copies.",
        "M; S: handler.cc, HA_CREATE_USED_DEFAULT_CHARSET",
    ),
    rule(
        "engine-cannot",
        &[OtherEngine, NamesCopyOption],
        Rows,
        "PACK_KEYS, CHECKSUM, MAX_ROWS, ROW_FORMAT and the like make this engine copy.",
        "M; S: handler.cc, HA_CREATE_USED_PACK_KEYS and others",
    ),
    rule("engine-cannot", &[OtherEngine, AddsForeignKey], Rows, "Foreign keys are built by copying the table.", "M"),
    // --- InnoDB: what must be copied ---
    rule(
        "hash-key-column",
        &[InnoDb, DropsHashKeyWithColumn],
        Rows,
        "The hidden column of a unique key over long text goes together with other columns, for which the table is copied.",
        "M",
    ),
    rule(
        "not-null-computed",
        &[InnoDb, AddsNotNull, ComputedColumns],
        Rows,
        "NOT NULL is added to a table with a STORED column or a key on a virtual one, for which the table is copied.",
        "M",
    ),
    rule(
        "vector-key",
        &[AddsVector],
        Rows,
        "A VECTOR key is built by copying the table.",
        "S: sql_table.cc, hlindexes",
    )
    .versions(since(V11_7)),
    rule(
        "vector-key",
        &[Vector, AddsPlainKey],
        Rows,
        "A table with a VECTOR key is copied when keys change.",
        "S: sql_table.cc, hlindexes",
    )
    .versions(since(V11_7)),
    rule(
        "vector-key",
        &[Vector, AddsUniqueKey],
        Rows,
        "A table with a VECTOR key is copied when keys change.",
        "S: sql_table.cc, hlindexes",
    )
    .versions(since(V11_7)),
    rule(
        "vector-key",
        &[Vector, DropsKey],
        Rows,
        "A table with a VECTOR key is copied when keys change.",
        "S: sql_table.cc, hlindexes",
    )
    .versions(since(V11_7)),
    rule(
        "vector-key",
        &[InnoDb, SizesVectorKey],
        Rows,
        "The first KEY_BLOCK_SIZE changes the VECTOR key too, which is built by copying the table.",
        "M",
    )
    .versions(since(V11_7)),
    rule(
        "vector-key",
        &[Vector, AddsVersioning],
        Rows,
        "System versioning adds a column to the primary key, and a table with a VECTOR key is copied when keys change.",
        "M",
    )
    .versions(since(V11_7)),
    rule("vector-key", &[Vector, AddsClusteredKey], Rows, "A table with a VECTOR key is copied when keys change.", "M")
        .versions(since(V11_7)),
    rule(
        "vector-key",
        &[Vector, DropsClusteredKey],
        Rows,
        "A table with a VECTOR key is copied when keys change.",
        "M",
    )
    .versions(since(V11_7)),
    rule(
        "versioning",
        &[InnoDb, AddsVersioning],
        Rows,
        "System versioning by time is added by copying the table.",
        "M; S: handler0alter.cc, VERS_TIMESTAMP",
    )
    .unless(&[AddsTransactionVersioning]),
    rule(
        "versioning",
        &[InnoDb, AddsVersioning],
        Inplace,
        "System versioning by transactions is added by a rebuild.",
        "S: handler0alter.cc, INNOBASE_ALTER_VERSIONED_REBUILD",
    ),
    rule(
        "foreign-key-checked",
        &[InnoDb, AddsForeignKey, ForeignKeyChecks],
        Rows,
        "With foreign_key_checks=1 a foreign key is verified by copying the table.",
        "M; S: handler0alter.cc, check_foreigns",
    ),
    rule(
        "ignore",
        &[InnoDb, Ignores, AddsUniqueKey],
        Rows,
        "ALTER IGNORE with a new unique key copies the table.",
        "M; S: handler0alter.cc",
    ),
    rule(
        "ignore",
        &[InnoDb, Ignores, AddsClusteredKey],
        Rows,
        "ALTER IGNORE with a new primary key copies the table.",
        "M; S: handler0alter.cc",
    ),
    rule(
        "ignore",
        &[InnoDb, Ignores, SizesUniqueKey],
        Rows,
        "The first KEY_BLOCK_SIZE builds unique keys anew, for which ALTER IGNORE copies the table.",
        "M; S: handler0alter.cc",
    ),
    rule(
        "rename-key-and-column",
        &[InnoDb, RenamesKeyAndColumn],
        Rows,
        "A unique key is renamed together with one of its columns, for which the table is copied from 11.2 on.",
        "M: 11.8.6 copies, 10.11.19 does not",
    )
    .versions(since(V11_2)),
    rule(
        "foreign-key-virtual",
        &[InnoDb, AddsForeignKeyOnVirtual],
        Rows,
        "A foreign key on a virtual column is added by copying the table.",
        "M",
    ),
    rule(
        "foreign-key-stored",
        &[InnoDb, AddsForeignKeyOnStoredBase],
        Rows,
        "A foreign key would change a column that a STORED one is computed from, so it is added by copying the table.",
        "M; S: handler0alter.cc innobase_check_fk_stored",
    ),
    rule(
        "drop-primary-key",
        &[InnoDb, DropsClusteredKey],
        Rows,
        "The primary key, or the unique key that stands for it, is dropped and no other takes its place, so the table is copied.",
        "M; S: handler0alter.cc, ER_ALTER_OPERATION_NOT_SUPPORTED_REASON_NOPK",
    )
    .unless(&[AddsClusteredKey]),
    rule(
        "nullable-key",
        &[InnoDb, DropsNotNullOfKey],
        Rows,
        "NOT NULL is dropped from the unique key that stands for a primary key, so the table is copied.",
        "M; S: handler0alter.cc, ER_PRIMARY_CANT_HAVE_NULL",
    ),
    rule(
        "not-null-timestamp",
        &[InnoDb, AddsNotNullTimestamp],
        Rows,
        "NULLs of the TIMESTAMP become its default, which only a copy can do.",
        "M; S: handler0alter.cc, ER_ALTER_OPERATION_NOT_SUPPORTED_REASON_NOT_NULL",
    ),
    rule(
        "row-default",
        &[InnoDb, AddsWithRowDefault],
        Rows,
        "The default of the new column differs from row to row, so the table is copied.",
        "M; S: handler0alter.cc is_non_const_value",
    ),
    rule(
        "virtual-fulltext",
        &[InnoDb, DropsVirtualColumn, FulltextAfter, NoFtsDocId],
        Rows,
        "Dropping a virtual column and adding the first FULLTEXT key can only be done together by copying the table.",
        "M; S: handler0alter.cc",
    ),
    rule(
        "virtual-fulltext",
        &[InnoDb, MovesVirtualColumn, FulltextAfter, NoFtsDocId],
        Rows,
        "Moving a virtual column and adding the first FULLTEXT key can only be done together by copying the table.",
        "M; S: handler0alter.cc",
    ),
    rule(
        "many-fulltext",
        &[InnoDb, AddsManyFulltext],
        Rows,
        "Only one FULLTEXT key can be built at a time; with more the table is copied.",
        "M; S: handler0alter.cc, ER_INNODB_FT_LIMIT",
    ),
    rule(
        "versioned-fulltext",
        &[InnoDb, AddsFulltext, Versioned],
        Rows,
        "A FULLTEXT key on a system-versioned table is built by copying it.",
        "S: handler0alter.cc",
    )
    .versions(since(V10_6)),
    rule(
        "fts-doc-id",
        &[InnoDb, ShowsFtsDocId],
        Rows,
        "A column FTS_DOC_ID takes the place of the hidden one that a FULLTEXT key has brought, so the table is copied.",
        "M; S: handler0alter.cc, ER_ALTER_OPERATION_NOT_SUPPORTED_REASON_HIDDEN_FTS",
    ),
    rule(
        "fts-doc-id",
        &[InnoDb, DropsFtsDocId],
        Rows,
        "FTS_DOC_ID goes while a FULLTEXT key stays, so the table is copied.",
        "M; S: handler0alter.cc, ER_ALTER_OPERATION_NOT_SUPPORTED_REASON_CHANGE_FTS",
    ),
    rule(
        "fts-doc-id",
        &[InnoDb, AddsFulltext, UnfitFtsDocId],
        Rows,
        "FTS_DOC_ID is no BIGINT UNSIGNED NOT NULL that is kept in the row; the key can only be had with ALGORITHM=COPY.",
        "M; S: handler0alter.cc innobase_fts_check_doc_id_col, ER_INNODB_FT_WRONG_DOCID_COLUMN",
    ),
    rule(
        "virtual-partitioned",
        &[InnoDb, Partitioned, AddsVirtualColumn],
        Rows,
        "Virtual columns of a partitioned table change only by copying it.",
        "M; S: handler0alter.cc, MDEV-17468",
    ),
    rule(
        "virtual-partitioned",
        &[InnoDb, Partitioned, DropsVirtualColumn],
        Rows,
        "Virtual columns of a partitioned table change only by copying it.",
        "M; S: handler0alter.cc, MDEV-17468",
    ),
    rule(
        "virtual-partitioned",
        &[InnoDb, Partitioned, MovesVirtualColumn],
        Rows,
        "Virtual columns of a partitioned table change only by copying it.",
        "M; S: handler0alter.cc, MDEV-17468",
    ),
    rule(
        "virtual-order",
        &[InnoDb, AddsVirtualBeforeOld],
        Rows,
        "A virtual column is added in front of another one, for which the table is copied.",
        "S: handler0alter.cc check_v_col_in_order",
    ),
    rule(
        "virtual-order",
        &[InnoDb, ReordersVirtualColumns],
        Rows,
        "Virtual columns change their order, for which the table is copied.",
        "S: handler0alter.cc check_v_col_in_order",
    ),
    rule(
        "virtual-with-others",
        &[InnoDb, VirtualWithOthers],
        Rows,
        "Adding, dropping or moving a virtual column cannot be combined with this; written as statements of their own, each is cheaper.",
        "M; S: handler0alter.cc, MDEV-17468",
    ),
    rule(
        "virtual-with-others",
        &[InnoDb, VirtualWithStoredOrder, InstantBlocked],
        Rows,
        "Virtual and stored columns change together, and the stored ones cannot change instantly, so the table is copied.",
        "M; S: handler0alter.cc, MDEV-17468",
    ),
    rule(
        "virtual-with-others",
        &[InnoDb, DropsVirtualColumn, AddsKeyOnNewVirtual],
        Rows,
        "One virtual column goes and another one comes together with a key, for which the table is copied.",
        "M; S: handler0alter.cc, MDEV-17468",
    ),
    rule(
        "virtual-fulltext",
        &[InnoDb, AddsVirtualColumn, FulltextAfter, NoFtsDocId],
        Rows,
        "A virtual column and the first FULLTEXT key can only be added together by copying the table.",
        "S: handler0alter.cc",
    ),
    rule(
        "many-fulltext",
        &[InnoDb, NeedsRebuild, ManyFulltextAfter],
        Rows,
        "A table with several FULLTEXT keys cannot be rebuilt; it is copied.",
        "M; S: handler0alter.cc, ER_INNODB_FT_LIMIT",
    )
    .unless(&[RebuildsInstantly]),
    rule(
        "many-fulltext",
        &[InnoDb, EnablesPageCompression, ManyFulltextAfter],
        Rows,
        "A table with several FULLTEXT keys cannot be rebuilt; it is copied.",
        "M; S: handler0alter.cc, ER_INNODB_FT_LIMIT",
    )
    .versions(before(V11_2)),
    // --- InnoDB: what is rebuilt inside the engine ---
    rule(
        "instant-blocked",
        &[InnoDb, AddsStoredColumn, InstantBlocked],
        Inplace,
        "The column cannot be added instantly, so the table is rebuilt.",
        "M; S: handler0alter.cc instant_alter_column_possible",
    ),
    rule(
        "instant-blocked",
        &[InnoDb, DropsStoredColumn, InstantBlocked],
        Inplace,
        "The column cannot be dropped instantly, so the table is rebuilt.",
        "M; S: handler0alter.cc instant_alter_column_possible",
    ),
    rule(
        "instant-blocked",
        &[InnoDb, MovesStoredColumn, InstantBlocked],
        Inplace,
        "The column cannot be moved instantly, so the table is rebuilt.",
        "M; S: handler0alter.cc instant_alter_column_possible",
    ),
    rule(
        "instant-too-old",
        &[InnoDb, DropsStoredColumn],
        Inplace,
        "Columns are dropped instantly from 10.4 on.",
        "D: InnoDB Online DDL, MDEV-15562",
    )
    .versions(before(V10_4)),
    rule(
        "instant-too-old",
        &[InnoDb, MovesStoredColumn],
        Inplace,
        "Columns are moved instantly from 10.4 on.",
        "D: InnoDB Online DDL, MDEV-15562",
    )
    .versions(before(V10_4)),
    rule(
        "instant-too-old",
        &[InnoDb, AddsStoredColumnInside],
        Inplace,
        "Columns are added instantly elsewhere than at the end from 10.4 on.",
        "D: InnoDB Online DDL, MDEV-15562",
    )
    .versions(before(V10_4)),
    rule(
        "nullable",
        &[InnoDb, DropsNotNull, InstantBlocked],
        Inplace,
        "Dropping NOT NULL changes how rows are stored, except in ROW_FORMAT=REDUNDANT.",
        "M; S: handler0alter.cc, MDEV-15563",
    ),
    rule(
        "not-null",
        &[InnoDb, AddsNotNull],
        Inplace,
        "Adding NOT NULL rebuilds the table and fails on the first NULL.",
        "M; S: handler0alter.cc INNOBASE_DEFAULTS",
    ),
    rule(
        "auto-increment",
        &[InnoDb, AddsAutoIncrement],
        Inplace,
        "Rows are numbered in a rebuild.",
        "M; S: handler0alter.cc, ER_ALTER_OPERATION_NOT_SUPPORTED_REASON_AUTOINC",
    ),
    rule(
        "primary-key",
        &[InnoDb, AddsClusteredKey],
        Inplace,
        "Rows are kept in the order of the primary key, or of the unique key that stands for it, so the table is rebuilt.",
        "M; S: handler0alter.cc, ALTER_ADD_PK_INDEX",
    ),
    rule(
        "first-fulltext",
        &[InnoDb, AddsFulltext, NoFtsDocId],
        Inplace,
        "The first FULLTEXT key adds a hidden column to every row.",
        "M; S: handler0alter.cc innobase_fts_check_doc_id_col",
    ),
    rule(
        "force",
        &[InnoDb, Forces],
        Inplace,
        "FORCE, or naming the engine that the table has, rebuilds the table.",
        "M; S: ALTER_RECREATE_TABLE",
    ),
    rule(
        "table-option",
        &[InnoDb, NamesRebuildOption],
        Inplace,
        "ROW_FORMAT, KEY_BLOCK_SIZE and changed encryption rebuild the table, even with the value that it has.",
        "M; S: handler0alter.cc alter_options_need_rebuild",
    ),
    rule(
        "page-compression",
        &[InnoDb, EnablesPageCompression],
        Inplace,
        "Switching PAGE_COMPRESSED on rebuilds the table.",
        "M: 10.11.19 rebuilds, 11.8.6 does not",
    )
    .versions(before(V11_2)),
    rule(
        "drop-versioning",
        &[InnoDb, DropsVersioning],
        Inplace,
        "The history is deleted in a rebuild.",
        "M; S: handler0alter.cc INNOBASE_ALTER_VERSIONED_REBUILD",
    ),
    // --- InnoDB: index work ---
    rule(
        "add-key",
        &[InnoDb, AddsPlainKey],
        Nocopy,
        "A key is built; the rows stay where they are.",
        "M; D: InnoDB Online DDL",
    ),
    rule(
        "add-key",
        &[InnoDb, AddsUniqueKey],
        Nocopy,
        "A unique key is built and verified; the rows stay where they are.",
        "M; D: InnoDB Online DDL",
    ),
    rule(
        "option-with-others",
        &[InnoDb, NamesOption, RenamesColumn],
        Nocopy,
        "The server refuses ALGORITHM=INSTANT for a table option beside this, although nothing is built; written as a statement of its own, the option is metadata.",
        "M; S: handler0alter.cc instant_alter_column_possible",
    )
    .unless(&[InstantColumnsBeside]),
    rule(
        "option-with-others",
        &[InnoDb, NamesOption, ChangesTypeInEngine],
        Nocopy,
        "The server refuses ALGORITHM=INSTANT for a table option beside this, although nothing is built; written as a statement of its own, the option is metadata.",
        "M; S: handler0alter.cc instant_alter_column_possible",
    )
    .unless(&[InstantColumnsBeside]),
    rule(
        "option-with-others",
        &[InnoDb, NamesOption, RenamesKey],
        Nocopy,
        "The server refuses ALGORITHM=INSTANT for a table option beside this, although nothing is built; written as a statement of its own, the option is metadata.",
        "M; S: handler0alter.cc instant_alter_column_possible",
    )
    .unless(&[InstantColumnsBeside]),
    rule(
        "option-with-others",
        &[InnoDb, NamesOption, ChangesKeyMetadata],
        Nocopy,
        "The server refuses ALGORITHM=INSTANT for a table option beside this, although nothing is built; written as a statement of its own, the option is metadata.",
        "M; S: handler0alter.cc instant_alter_column_possible",
    )
    .unless(&[InstantColumnsBeside]),
    rule(
        "option-with-others",
        &[InnoDb, NamesOption, DropsForeignKey],
        Nocopy,
        "The server refuses ALGORITHM=INSTANT for a table option beside this, although nothing is built; written as a statement of its own, the option is metadata.",
        "M; S: handler0alter.cc instant_alter_column_possible",
    )
    .unless(&[InstantColumnsBeside]),
    rule(
        "option-with-others",
        &[InnoDb, NamesOption, AddsForeignKey],
        Nocopy,
        "The server refuses ALGORITHM=INSTANT for a table option beside this, although nothing is built; written as a statement of its own, the option is metadata.",
        "M; S: handler0alter.cc instant_alter_column_possible",
    )
    .unless(&[InstantColumnsBeside]),
    rule(
        "option-with-others",
        &[InnoDb, NamesOption, ChangesColumnVersioning],
        Nocopy,
        "The server refuses ALGORITHM=INSTANT for a table option beside this, although nothing is built; written as a statement of its own, the option is metadata.",
        "M; S: handler0alter.cc instant_alter_column_possible",
    )
    .unless(&[InstantColumnsBeside]),
    rule(
        "drop-key",
        &[InnoDb, DropsKey],
        Nocopy,
        "A key's pages are freed; the rows stay where they are.",
        "M; T: innodb.alter_algorithm: refused as INSTANT with `Reason: DROP INDEX`",
    ),
];

/// Why columns of an InnoDB table cannot be added, dropped or moved, or NOT NULL dropped, as metadata.
pub const INSTANT_BLOCKERS: &[Rule<()>] = &[
    rule(
        "instant-fulltext",
        &[Fulltext, ChangesStoredColumns],
        (),
        "The table has a FULLTEXT key, so its columns are not added, dropped or moved instantly.",
        "M; S: handler0alter.cc, MDEV-17459",
    ),
    rule(
        "instant-indexed-virtual",
        &[IndexedVirtual, ChangesStoredColumns],
        (),
        "The table has a key on a virtual column, so its columns are not added, dropped or moved instantly.",
        "M; S: handler0alter.cc, MDEV-17468",
    ),
    rule(
        "instant-compressed",
        &[Compressed],
        (),
        "The table is ROW_FORMAT=COMPRESSED, in which no column changes instantly.",
        "M; S: dict0mem.h supports_instant",
    ),
    rule(
        "instant-with-key",
        &[AddsPlainKey],
        (),
        "A key is added in the same statement; written as two statements, the column is instant.",
        "M; S: handler0alter.cc instant_alter_column_possible",
    ),
    rule(
        "instant-with-key",
        &[AddsUniqueKey],
        (),
        "A unique key is added in the same statement; written as two statements, the column is instant.",
        "M; S: handler0alter.cc instant_alter_column_possible",
    ),
    rule(
        "instant-with-rebuild",
        &[AddsClusteredKey],
        (),
        "The same statement changes the primary key, which rebuilds the table; the column changes with it.",
        "M; S: INNOBASE_ALTER_REBUILD",
    ),
    rule(
        "instant-with-rebuild",
        &[DropsClusteredKey],
        (),
        "The same statement changes the primary key, which rebuilds the table; the column changes with it.",
        "M; S: INNOBASE_ALTER_REBUILD",
    ),
    rule(
        "instant-with-rebuild",
        &[AddsNotNull],
        (),
        "The same statement adds NOT NULL, which rebuilds the table; the column changes with it.",
        "M; S: INNOBASE_ALTER_REBUILD",
    ),
    rule(
        "instant-with-rebuild",
        &[Forces],
        (),
        "The same statement rebuilds the table anyway; the column changes with it.",
        "M; S: INNOBASE_ALTER_REBUILD",
    ),
    rule(
        "instant-with-rebuild",
        &[NamesRebuildOption],
        (),
        "The same statement rebuilds the table anyway; the column changes with it.",
        "M; S: INNOBASE_ALTER_REBUILD",
    ),
    rule(
        "instant-with-rebuild",
        &[DropsVersioning],
        (),
        "The same statement rebuilds the table anyway; the column changes with it.",
        "M; S: INNOBASE_ALTER_REBUILD",
    ),
    rule(
        "instant-with-rebuild",
        &[AddsVersioning],
        (),
        "The same statement adds system versioning, which rebuilds the table; the column changes with it.",
        "S: handler0alter.cc",
    ),
    rule(
        "instant-nullable",
        &[DropsNotNull],
        (),
        "NOT NULL is dropped, which is metadata only in ROW_FORMAT=REDUNDANT.",
        "M; S: handler0alter.cc, MDEV-15563",
    )
    .unless(&[Redundant]),
    rule(
        "instant-nullable",
        &[DropsNotNull],
        (),
        "Before 10.4 dropping NOT NULL rebuilds the table.",
        "D: InnoDB Online DDL, MDEV-15563",
    )
    .versions(before(V10_4)),
    rule(
        "instant-nullable",
        &[DropsNotNullOfClustered],
        (),
        "NOT NULL is dropped from a column by which the rows are ordered, so the table is rebuilt.",
        "S: handler0alter.cc instant_alter_column_possible",
    ),
    // ADD, DROP and MODIFY of a column are rebuilt in such a table too. There ALGORITHM=INSTANT is sent, so that the
    // server refuses rather than rebuilds; to call each of them a rebuild would be wrong nearly always.
    rule(
        "instant-hidden-fts-doc-id",
        &[HiddenFtsDocId, Redundant, DropsNotNull],
        (),
        "A FULLTEXT key that was dropped may have left a hidden column behind, which only a rebuild removes.",
        "M; T: innodb.instant_alter_bugs, MDEV-18623",
    ),
    rule(
        "instant-hidden-fts-doc-id",
        &[KeptFtsDocId, ChangesStoredColumns],
        (),
        "A FULLTEXT key that was dropped left a hidden column behind, which only a rebuild removes.",
        "M; S: handler0alter.cc instant_alter_column_possible, DICT_TF2_FTS_HAS_DOC_ID",
    ),
    rule(
        "instant-hidden-fts-doc-id",
        &[KeptFtsDocId, DropsNotNull],
        (),
        "A FULLTEXT key that was dropped left a hidden column behind, which only a rebuild removes.",
        "M; S: handler0alter.cc instant_alter_column_possible, DICT_TF2_FTS_HAS_DOC_ID",
    ),
    rule(
        "instant-never",
        &[InstantNever, ChangesStoredColumns],
        (),
        "innodb_instant_alter_column_allowed=never forbids that columns change instantly.",
        "S: handler0alter.cc, MDEV-20590",
    ),
    rule(
        "instant-add-last",
        &[InstantAddLast, DropsStoredColumn],
        (),
        "innodb_instant_alter_column_allowed=add_last lets columns change instantly only where they are added at the end.",
        "S: handler0alter.cc, MDEV-20590",
    ),
    rule(
        "instant-add-last",
        &[InstantAddLast, MovesStoredColumn],
        (),
        "innodb_instant_alter_column_allowed=add_last lets columns change instantly only where they are added at the end.",
        "S: handler0alter.cc, MDEV-20590",
    ),
    rule(
        "instant-add-last",
        &[InstantAddLast, AddsStoredColumnInside],
        (),
        "innodb_instant_alter_column_allowed=add_last lets columns change instantly only where they are added at the end.",
        "S: handler0alter.cc, MDEV-20590",
    ),
];

/// A lock, for statements that do one of the named things.
#[derive(Clone, Copy, Debug)]
pub struct Asks {
    /// What the statement does.
    pub when: &'static [Algorithm],
    /// The weakest lock that is accepted then.
    pub lock: Lock,
}

const EXCLUSIVE_METADATA: Asks = Asks { when: &[Algorithm::Instant], lock: Lock::Exclusive };
const SHARED_IN_ENGINE: Asks = Asks { when: &[Nocopy, Inplace], lock: Lock::Shared };
const SHARED_REBUILD: Asks = Asks { when: &[Inplace], lock: Lock::Shared };
const SHARED_COPY: Asks = Asks { when: &[Rows], lock: Lock::Shared };

/// The weakest LOCK that is accepted; LOCK=NONE where no row applies.
pub const LOCKS: &[Rule<Asks>] = &[
    rule(
        "lock-rename",
        &[OnlyRenameOrKeys],
        EXCLUSIVE_METADATA,
        "Renaming a table, or switching its keys on or off, is metadata, but nothing else may use the table meanwhile.",
        "M; S: sql_table.cc simple_rename_or_index_change",
    )
    .unless(&[Temporary]),
    rule(
        "lock-merge",
        &[Merge, DoesSomething],
        EXCLUSIVE_METADATA,
        "A MERGE table is only a definition, but nothing else may use it meanwhile.",
        "M",
    )
    .unless(&[Temporary]),
    rule(
        "lock-fulltext",
        &[AddsFulltext],
        SHARED_IN_ENGINE,
        "A FULLTEXT key is built while nothing writes to the table.",
        "M; S: handler0alter.cc",
    ),
    rule(
        "lock-spatial",
        &[AddsSpatial],
        SHARED_IN_ENGINE,
        "A SPATIAL key is built while nothing writes to the table.",
        "M; S: handler0alter.cc",
    ),
    rule(
        "lock-virtual-key",
        &[AddsKeyOnNewVirtual],
        SHARED_IN_ENGINE,
        "A key on a new virtual column is built while nothing writes to the table.",
        "M; S: handler0alter.cc",
    ),
    rule(
        "lock-auto-increment",
        &[AddsAutoIncrement],
        SHARED_IN_ENGINE,
        "Rows are numbered while nothing writes to the table.",
        "M; S: handler0alter.cc",
    ),
    rule(
        "lock-rebuild-fulltext",
        &[NeedsRebuild, FulltextAfter],
        SHARED_IN_ENGINE,
        "A table with a FULLTEXT key is rebuilt while nothing writes to it.",
        "M; S: handler0alter.cc",
    ),
    rule(
        "lock-rebuild-spatial",
        &[NeedsRebuild, SpatialAfter],
        SHARED_IN_ENGINE,
        "A table with a SPATIAL key is rebuilt while nothing writes to it.",
        "M; S: handler0alter.cc",
    ),
    rule(
        "lock-rebuild-virtual",
        &[NeedsRebuild, IndexedVirtualAfter],
        SHARED_IN_ENGINE,
        "A table with a key on a virtual column is rebuilt while nothing writes to it.",
        "M; S: handler0alter.cc, MDEV-14341",
    ),
    rule(
        "lock-rebuild-fulltext",
        &[EnablesPageCompression, FulltextAfter],
        SHARED_REBUILD,
        "A table with a FULLTEXT key is rebuilt while nothing writes to it.",
        "M; S: handler0alter.cc",
    ),
    rule(
        "lock-rebuild-spatial",
        &[EnablesPageCompression, SpatialAfter],
        SHARED_REBUILD,
        "A table with a SPATIAL key is rebuilt while nothing writes to it.",
        "M; S: handler0alter.cc",
    ),
    rule(
        "lock-rebuild-virtual",
        &[EnablesPageCompression, IndexedVirtualAfter],
        SHARED_REBUILD,
        "A table with a key on a virtual column is rebuilt while nothing writes to it.",
        "M; S: handler0alter.cc, MDEV-14341",
    ),
    rule(
        "lock-statistics",
        &[StatisticsTable],
        SHARED_IN_ENGINE,
        "InnoDB's own statistics tables are rebuilt while nothing writes to them.",
        "M; S: handler0alter.cc check_if_supported_inplace_alter",
    ),
    rule(
        "lock-versioning",
        &[DropsVersioning],
        SHARED_REBUILD,
        "History is deleted while nothing writes to the table.",
        "M; S: handler0alter.cc",
    ),
    rule(
        "lock-versioning",
        &[AddsVersioning],
        SHARED_REBUILD,
        "System versioning is added while nothing writes to the table.",
        "S: handler0alter.cc",
    ),
    rule(
        "lock-copy",
        &[],
        SHARED_COPY,
        "The table is copied while nothing writes to it.",
        "M; D: before 11.2 a copy locks",
    )
    .versions(before(V11_2))
    .unless(&[Temporary]),
    rule(
        "lock-copy-cascade",
        &[CascadingForeignKey],
        SHARED_COPY,
        "A foreign key of the table cascades, so nothing may write while the table is copied.",
        "M; S: sql_table.cc online_alter_check_supported",
    )
    .versions(since(V11_2))
    .unless(&[Temporary, OrdersRows]),
    rule(
        "lock-copy-ignore",
        &[Ignores],
        SHARED_COPY,
        "ALTER IGNORE lets nothing write while the table is copied.",
        "M; S: online_alter_check_supported",
    )
    .versions(since(V11_2))
    .unless(&[Temporary]),
    rule(
        "lock-copy-auto-increment",
        &[AddsAutoIncrement],
        SHARED_COPY,
        "A new AUTO_INCREMENT column lets nothing write while the table is copied.",
        "M; S: online_alter_check_supported",
    )
    .versions(since(V11_2))
    .unless(&[Temporary]),
    rule(
        "lock-copy-auto-increment",
        &[GainsAutoIncrementOfKey],
        SHARED_COPY,
        "A column that gets AUTO_INCREMENT lets nothing write while the table is copied.",
        "M; S: online_alter_check_supported",
    )
    .versions(since(V11_2))
    .unless(&[Temporary]),
    rule(
        "lock-copy-versioning",
        &[DropsVersioning],
        SHARED_COPY,
        "Dropping system versioning lets nothing write while the table is copied.",
        "S: online_alter_check_supported",
    )
    .versions(since(V11_2))
    .unless(&[Temporary]),
    rule(
        "lock-copy-sequence",
        &[Sequence],
        SHARED_COPY,
        "A sequence may not be used while it is copied.",
        "S: online_alter_check_supported",
    )
    .versions(since(V11_2))
    .unless(&[Temporary]),
    rule(
        "lock-copy-sequence",
        &[DefaultsToSequence],
        SHARED_COPY,
        "A new column that takes its values from a sequence lets nothing write while the table is copied.",
        "S: online_alter_check_supported",
    )
    .versions(since(V11_2))
    .unless(&[Temporary]),
    rule(
        "lock-copy-transactions",
        &[VersionedByTransaction],
        SHARED_COPY,
        "A table versioned by transactions may not be written to while it is copied.",
        "S: online_alter_check_supported",
    )
    .versions(since(V11_2))
    .unless(&[Temporary]),
];
