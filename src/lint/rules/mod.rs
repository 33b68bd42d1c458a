//! The rules, one file each. To add one: a file here with a `RULE`, its line in [`RULES`], and its page in `docs/rules`.

mod add_column_with_index;
mod charset_conversion;
mod check_on_existing_data;
mod cluster_stall;
mod column_order;
mod column_position;
mod create_table_select;
mod destructive_statement;
mod drop_column;
mod enum_reorder;
mod executable_comment;
mod explicit_algorithm;
mod foreign_key_on_existing_data;
mod foreign_key_parent;
mod ignore_without_reason;
mod insert_without_columns;
mod instant_blocked;
mod join_alters;
mod known_server_bug;
mod lock_tables;
mod missing_primary_key;
mod mixed_dml_ddl;
mod named_lock;
mod non_innodb_engine;
mod not_idempotent;
mod not_null_without_default;
mod null_to_not_null;
mod read_lock;
mod rename_column;
mod rename_table;
mod replication_switch;
mod reserved_word;
mod row_format_mentioned;
mod sequence_cache;
mod silent_copy;
mod split_alter;
mod trigger_or_event;
mod type_narrowing;
mod unbatched_dml;
mod unfinished_statement;
mod unique_on_existing_data;
mod unused_ignore;
mod version_gated_feature;
mod volatile_default;

use super::cost::Cost;
use super::rule::Rule;

pub(super) use ignore_without_reason::RULE as IGNORE_WITHOUT_REASON;
pub(super) use unused_ignore::RULE as UNUSED_IGNORE;

/// All rules, by group and id.
pub static RULES: &[&Rule] = &[
    &add_column_with_index::RULE,
    &cluster_stall::RULE,
    &explicit_algorithm::RULE,
    &instant_blocked::RULE,
    &join_alters::RULE,
    &row_format_mentioned::RULE,
    &silent_copy::RULE,
    &split_alter::RULE,
    &charset_conversion::RULE,
    &column_order::RULE,
    &column_position::RULE,
    &drop_column::RULE,
    &not_null_without_default::RULE,
    &null_to_not_null::RULE,
    &rename_column::RULE,
    &rename_table::RULE,
    &check_on_existing_data::RULE,
    &destructive_statement::RULE,
    &enum_reorder::RULE,
    &foreign_key_on_existing_data::RULE,
    &type_narrowing::RULE,
    &unbatched_dml::RULE,
    &unique_on_existing_data::RULE,
    &volatile_default::RULE,
    &create_table_select::RULE,
    &foreign_key_parent::RULE,
    &lock_tables::RULE,
    &missing_primary_key::RULE,
    &named_lock::RULE,
    &non_innodb_engine::RULE,
    &read_lock::RULE,
    &replication_switch::RULE,
    &sequence_cache::RULE,
    &trigger_or_event::RULE,
    &executable_comment::RULE,
    &insert_without_columns::RULE,
    &known_server_bug::RULE,
    &mixed_dml_ddl::RULE,
    &not_idempotent::RULE,
    &reserved_word::RULE,
    &unfinished_statement::RULE,
    &version_gated_feature::RULE,
    &ignore_without_reason::RULE,
    &unused_ignore::RULE,
];

/// The rule of that id.
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}
