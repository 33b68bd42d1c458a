//! The vocabulary in which the rules are written: what a statement changes, and what stands around it.

/// One thing that is true of a statement on a table.
///
/// The first group is what the statement changes, found by holding the table before against the table after, as the
/// server does; the second is what the statement says; the third is what the table and the server are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Fact {
    // --- what changes ---
    /// A column that is kept in the row is added.
    AddsStoredColumn,
    /// A STORED generated column is added.
    AddsStoredGenerated,
    /// A virtual column is added.
    AddsVirtualColumn,
    /// A virtual column is added in front of one that was there.
    AddsVirtualBeforeOld,
    /// An AUTO_INCREMENT column is added.
    AddsAutoIncrement,
    /// The default of an added column depends on the row or differs from call to call: columns, uuid(), a sequence.
    AddsWithRowDefault,
    /// An added DATE or DATETIME is NOT NULL without a default, and the mode forbids the zero date.
    AddsZeroDate,
    /// A column that is kept in the row is dropped.
    DropsStoredColumn,
    /// A virtual column is dropped.
    DropsVirtualColumn,
    /// Columns that are kept in the row change their order, or their places among each other.
    MovesStoredColumn,
    /// A virtual column stands at another place than before.
    MovesVirtualColumn,
    /// The order of the virtual columns among each other changes.
    ReordersVirtualColumns,
    /// A type, or what is stored, changes in a way for which the rows must be written anew.
    ChangesStoredType,
    /// A type changes in a way that InnoDB takes as metadata: a longer VARCHAR, another collation.
    ChangesTypeInEngine,
    /// Stored becomes generated or the other way round, or virtual becomes stored.
    ChangesGeneratedKind,
    /// The expression of a STORED column changes, or of a virtual one that is indexed.
    ChangesStoredExpression,
    /// The expression of a virtual column changes.
    ChangesVirtualExpression,
    /// A type of a virtual column changes.
    ChangesVirtualType,
    /// NOT NULL is dropped.
    DropsNotNull,
    /// NOT NULL is dropped from the unique key that stands for a primary key, and none takes its place.
    DropsNotNullOfKey,
    /// NOT NULL is dropped from a column of the clustered key.
    DropsNotNullOfClustered,
    /// NOT NULL is added.
    AddsNotNull,
    /// NOT NULL is added to a TIMESTAMP that has a default.
    AddsNotNullTimestamp,
    /// A column is renamed.
    RenamesColumn,
    /// Defaults, comments, visibility: nothing that is kept in rows or indexes.
    ChangesColumnMetadata,
    /// A column gets AUTO_INCREMENT.
    GainsAutoIncrement,
    /// WITH or WITHOUT SYSTEM VERSIONING of a column changes.
    ChangesColumnVersioning,
    /// A plain key is added.
    AddsPlainKey,
    /// A unique key is added that is not clustered.
    AddsUniqueKey,
    /// A primary key is added, or the first unique key that can stand for one.
    AddsClusteredKey,
    /// The primary key is dropped, or the unique key that stands for one.
    DropsClusteredKey,
    /// A key is dropped.
    DropsKey,
    /// A FULLTEXT key is added.
    AddsFulltext,
    /// More than one FULLTEXT key is added.
    AddsManyFulltext,
    /// A SPATIAL key is added.
    AddsSpatial,
    /// A VECTOR key is added or renamed.
    AddsVector,
    /// A table with a VECTOR key and no KEY_BLOCK_SIZE gets one. All keys take it over and are built anew.
    SizesVectorKey,
    /// The same for a table with a unique or primary key.
    SizesUniqueKey,
    /// A key is added to a virtual column that is added too.
    AddsKeyOnNewVirtual,
    /// A key is renamed.
    RenamesKey,
    /// A unique key is renamed together with one of its columns.
    RenamesKeyAndColumn,
    /// A key becomes IGNORED, or its comment changes.
    ChangesKeyMetadata,
    /// A foreign key is added.
    AddsForeignKey,
    /// A foreign key whose actions change a column from which a STORED one is computed is added.
    AddsForeignKeyOnStoredBase,
    /// A foreign key on a virtual column is added.
    AddsForeignKeyOnVirtual,
    /// A foreign key is dropped.
    DropsForeignKey,
    /// A table's CHECK is added.
    AddsCheck,
    /// A CHECK is dropped.
    DropsCheck,
    /// A period is added.
    AddsPeriod,
    /// System versioning is added.
    AddsVersioning,
    /// The system versioning that is added goes by transactions.
    AddsTransactionVersioning,
    /// System versioning is dropped.
    DropsVersioning,
    /// FTS_DOC_ID is dropped or renamed while a FULLTEXT key stays.
    DropsFtsDocId,
    /// A column FTS_DOC_ID comes where a FULLTEXT key has, or left behind, a hidden one.
    ShowsFtsDocId,
    /// The table's name changes.
    RenamesTable,

    // --- what the statement says ---
    /// A table option is named that is metadata.
    NamesOption,
    /// A table option is named for which InnoDB builds the table anew: ROW_FORMAT, KEY_BLOCK_SIZE, encryption.
    NamesRebuildOption,
    /// CHARACTER SET, COLLATE or CONVERT TO is named.
    NamesCharset,
    /// PACK_KEYS, CHECKSUM or MAX_ROWS is named, for which other engines copy.
    NamesCopyOption,
    /// SEQUENCE is named.
    NamesSequence,
    /// PAGE_COMPRESSED is switched on.
    EnablesPageCompression,
    /// FORCE, or ENGINE= with the engine that the table has.
    Forces,
    /// ENGINE= with another engine.
    ChangesEngine,
    /// ORDER BY.
    OrdersRows,
    /// ENABLE KEYS or DISABLE KEYS.
    SwitchesKeys,
    /// ALTER IGNORE TABLE.
    Ignores,
    /// Nothing but RENAME, or ENABLE or DISABLE KEYS.
    OnlyRenameOrKeys,
    /// PARTITION BY, REMOVE PARTITIONING, or a key change that makes PARTITION BY KEY () place rows anew.
    ChangesPartitioning,
    /// DROP PRIMARY KEY and ADD PRIMARY KEY.
    NamesPrimaryKeyTwice,
    /// ALGORITHM=COPY is written, or alter_algorithm says so.
    DemandsCopy,
    /// A clause was not understood.
    Opaque,

    // --- what the table and the server are like ---
    /// The engine is InnoDB.
    InnoDb,
    /// The engine is another one.
    OtherEngine,
    /// ROW_FORMAT=REDUNDANT.
    Redundant,
    /// ROW_FORMAT=COMPRESSED.
    Compressed,
    /// The table is partitioned.
    Partitioned,
    /// A FULLTEXT key stands before or after.
    Fulltext,
    /// A FULLTEXT key stands after.
    FulltextAfter,
    /// Two or more FULLTEXT keys stand after.
    ManyFulltextAfter,
    /// There is neither a FULLTEXT key nor a column FTS_DOC_ID.
    NoFtsDocId,
    /// A column FTS_DOC_ID stands after that cannot number documents: it is virtual, or not BIGINT UNSIGNED NOT NULL.
    UnfitFtsDocId,
    /// A FULLTEXT key that is gone left its hidden column FTS_DOC_ID behind. No definition shows it, so it is never
    /// more than possible.
    HiddenFtsDocId,
    /// The same, known because a statement before this one dropped the key.
    KeptFtsDocId,
    /// The table is mysql.innodb_table_stats or mysql.innodb_index_stats.
    StatisticsTable,
    /// A SPATIAL key stands after.
    SpatialAfter,
    /// A virtual column is indexed before.
    IndexedVirtual,
    /// A virtual column is indexed after.
    IndexedVirtualAfter,
    /// A unique key is kept as a hash (long text, USING HASH), before or after.
    HashKey,
    /// A unique key is kept as a hash after.
    HashKeyAfter,
    /// A key is declared WITHOUT OVERLAPS after.
    WithoutOverlaps,
    /// The table has a VECTOR key.
    Vector,
    /// The table is system-versioned.
    Versioned,
    /// Versioned by transactions before (row_start is BIGINT UNSIGNED).
    VersionedByTransaction,
    /// foreign_key_checks=1.
    ForeignKeyChecks,
    /// A foreign key of the table has an ON UPDATE or ON DELETE action that changes rows.
    CascadingForeignKey,
    /// innodb_instant_alter_column_allowed=never.
    InstantNever,
    /// innodb_instant_alter_column_allowed=add_last.
    InstantAddLast,
    /// Columns are added elsewhere than at the end.
    AddsStoredColumnInside,
    /// The table is a sequence's.
    Sequence,
    /// The table is temporary.
    Temporary,
    /// The default of an AUTO_INCREMENT column is a sequence's next value, or the like.
    DefaultsToSequence,
    /// The engine copies whatever changes: ARCHIVE, BLACKHOLE, FEDERATED and others.
    EngineCopies,
    /// MERGE: the table is a list of other tables.
    Merge,
    /// The engine is Aria, and the table is partitioned.
    PartitionedAria,
    /// The engine is not InnoDB, and the table is system-versioned.
    VersionedElsewhere,
    /// A unique key that is kept as a hash goes, and a column that is kept in the row is added, dropped or moved.
    DropsHashKeyWithColumn,
    /// The table has a STORED column, or a key on a virtual one, or is partitioned by an expression over one.
    ComputedColumns,
    /// A column gets AUTO_INCREMENT, and no other unique key without NULL stays untouched to find rows by.
    GainsAutoIncrementOfKey,
    /// A foreign key is asked for where the engine keeps none.
    AsksForForeignKey,

    // --- what follows from those above ---
    /// IF [NOT] EXISTS leaves something to do.
    DoesSomething,
    /// Columns that are kept in the row are added, dropped or moved.
    ChangesStoredColumns,
    /// Columns are added, dropped or moved, or NOT NULL dropped, which carries the rest of the statement with it.
    InstantColumnsBeside,
    /// Something of the statement needs a rebuild, unless it can be done instantly.
    NeedsRebuild,
    /// All of that can be done instantly, and no key changes beside it.
    RebuildsInstantly,
    /// A row of `INSTANT_BLOCKERS` holds.
    InstantBlocked,
    /// Virtual columns change together with something that is neither a plain key nor a stored column that goes or moves.
    VirtualWithOthers,
    /// Virtual columns change together with stored ones that go or move.
    VirtualWithStoredOrder,
}

/// A set of facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FactSet(u128);

impl FactSet {
    /// Adds one.
    pub const fn insert(&mut self, fact: Fact) {
        self.0 |= 1 << fact as u8;
    }

    /// Whether it is in the set.
    pub const fn contains(self, fact: Fact) -> bool {
        self.0 & (1 << fact as u8) != 0
    }
}

/// What is known of a statement on a table: facts that hold, and facts that may hold because something is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    holds: FactSet,
    possible: FactSet,
}

impl Known {
    /// The fact holds.
    pub const fn insert(&mut self, fact: Fact) {
        self.holds.insert(fact);
        self.possible.insert(fact);
    }

    /// The fact holds if `condition` does.
    pub const fn insert_if(&mut self, condition: bool, fact: Fact) {
        if condition {
            self.insert(fact);
        }
    }

    /// The fact may hold.
    pub const fn allow(&mut self, fact: Fact) {
        self.possible.insert(fact);
    }

    /// Whether it holds for certain.
    pub const fn holds(self, fact: Fact) -> bool {
        self.holds.contains(fact)
    }

    /// Whether it holds, or may.
    pub const fn possible(self, fact: Fact) -> bool {
        self.possible.contains(fact)
    }
}

impl Known {
    /// Nothing is known, so everything is possible.
    pub const fn everything_possible() -> Self {
        Self { holds: FactSet(0), possible: FactSet(u128::MAX) }
    }

    /// The fact does not hold.
    pub const fn exclude(&mut self, fact: Fact) {
        self.holds.0 &= !(1 << fact as u8);
        self.possible.0 &= !(1 << fact as u8);
    }

    /// What is not known to hold does not.
    pub const fn trust(&mut self) {
        self.possible = self.holds;
    }

    /// Everything that is not known to hold becomes possible.
    pub const fn doubt_the_rest(&mut self) {
        self.possible = FactSet(u128::MAX);
    }
}
