//! The rows of today under the names of another time: a question is about columns as a statement of the plan meets or
//! leaves them, and is put to the table as it is before the plan begins.

use super::DataCheck;
use crate::ddl::model::{BaseType, Column, ColumnDefault, ColumnType, Table, same_name};
use crate::plan::Rows;
use crate::sql::quote_name as quote;

/// What a column of another time holds today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// The values of this column of today.
    Column(String),
    /// The values of this expression over today's columns.
    Converted(String),
    /// The same value in every row: the statements before add the column.
    Constant(String),
    /// A number of its own in every row, which the server gives it.
    Counted,
    /// Nothing that a query could tell, and why.
    Hidden(String),
}

/// A table at some point of the plan, and where its rows are today.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// Where its rows are.
    pub(super) rows: &'a Rows,
    /// What it is called at that point.
    pub(super) name: &'a str,
    /// Its definition at that point; `None` when it is not known.
    pub(super) table: Option<&'a Table>,
    /// All that is asked is whether values are distinct, which more conversions leave as it is.
    pub(super) distinct: bool,
}

impl Source<'_> {
    /// What the column of that name holds.
    pub(super) fn value(&self, name: &str) -> Value {
        match (self.rows, self.table) {
            // Of what is not known the written names are asked; the server says which it does not have.
            (Rows::In(_, None), None) => Value::Column(name.to_owned()),
            (Rows::In(_, now), Some(table)) => match table.column(name) {
                Some(column) => value(column, now.as_deref(), self.distinct),
                None => Value::Hidden(format!("there is no column `{name}` at that point")),
            },
            (Rows::In(..), None) => Value::Hidden("the table is not known at that point".to_owned()),
            (Rows::Nowhere, _) => Value::Constant("NULL".to_owned()),
            (Rows::Among(_), _) => Value::Hidden("partitions change hands before it".to_owned()),
            (Rows::Unknown, _) => Value::Hidden("the rows come from a query before it".to_owned()),
        }
    }

    /// The names of the key that is shown with rows that stand in the way; empty where there is none to show.
    pub(super) fn key(&self) -> Vec<&str> {
        let Some(table) = self.table else { return Vec::new() };
        let key = table.primary_key().map_or(&[][..], |key| &key.parts);
        let names = key.iter().filter_map(|part| Some(table.column_by_id(part.column)?.name.as_str()));
        names.filter(|name| matches!(self.value(name), Value::Column(_))).collect()
    }

    /// What stands behind FROM so that `names` can be asked for: the table, or the same under the names of that point.
    ///
    /// # Errors
    /// Why it cannot be asked for.
    pub(super) fn relation(&self, names: &[&str]) -> Result<String, String> {
        let mut columns: Vec<String> = Vec::new();
        let mut same = true;
        for name in names {
            let expression = match self.value(name) {
                Value::Column(column) => {
                    same &= same_name(&column, name);
                    quote(&column)
                }
                Value::Converted(value) | Value::Constant(value) => {
                    same = false;
                    value
                }
                Value::Counted => return Err(format!("the values of `{name}` are only made by the statement")),
                Value::Hidden(why) => return Err(why),
            };
            let column = format!("{expression} AS {}", quote(name));
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        let Rows::In(table, _) = self.rows else { return Err("there is no table to ask".to_owned()) };
        let real = format!("{}.{}", quote(&table.database), quote(&table.table));
        if same {
            return Ok(real);
        }
        Ok(format!("(SELECT {} FROM {real}) AS {}", columns.join(", "), quote(self.name)))
    }

    /// A question that cannot be put: whether there is any row at all is all that can be asked.
    pub(super) fn blind(&self, code: &'static str, what: String, why: String) -> DataCheck {
        let sql = match self.rows {
            Rows::In(table, _) => {
                format!("SELECT 1 FROM {}.{} LIMIT 1", quote(&table.database), quote(&table.table))
            }
            _ => "SELECT 1 LIMIT 1".to_owned(),
        };
        DataCheck { code, what, sql, blind: Some(why), as_written: false }
    }
}

/// What `column` holds in the rows of a table that is defined as `now`.
fn value(column: &Column, now: Option<&Table>, distinct: bool) -> Value {
    let Some(now) = now else { return Value::Column(column.name.clone()) };
    let name = &column.name;
    if let Some(old) = now.column_by_id(column.id) {
        let computed = |column: &Column| column.generated.as_ref().map(|generated| generated.text.clone());
        let (then, later) = (&old.data_type, &column.data_type);
        return if computed(old) != computed(column) {
            Value::Hidden(format!("the values of `{name}` are computed in another way before it"))
        } else if keeps_values(then, later) || distinct && stays_distinct(then, later) {
            Value::Column(old.name.clone())
        } else {
            let converted = text_in(later).filter(|_| is_text(&then.base));
            converted.map_or_else(
                || Value::Hidden(format!("the values of `{name}` are converted before it")),
                |(charset, collation)| {
                    Value::Converted(format!("CONVERT({} USING {charset}) COLLATE {collation}", quote(&old.name)))
                },
            )
        };
    }
    if column.auto_increment {
        return Value::Counted;
    }
    let made_later = || Value::Hidden(format!("the values of `{name}` are only made by the plan"));
    match &column.default {
        _ if column.generated.is_some() => made_later(),
        ColumnDefault::Null => Value::Constant("NULL".to_owned()),
        ColumnDefault::Literal(text) => Value::Constant(text.clone()),
        ColumnDefault::None if column.nullable => Value::Constant("NULL".to_owned()),
        // A NOT NULL column without default begins with zero, or with nothing.
        ColumnDefault::None => match &column.data_type.base {
            base if base.is_numeric() => Value::Constant("0".to_owned()),
            base if base.is_text() || matches!(base, BaseType::Char | BaseType::VarChar) => {
                Value::Constant("''".to_owned())
            }
            _ => made_later(),
        },
        ColumnDefault::Now | ColumnDefault::Expression { .. } => made_later(),
    }
}

/// Whether values of `old` are equal, and compare alike, exactly where they did, once they are of type `new`. Values that
/// do not fit are asked for by the questions of the column itself.
fn keeps_values(old: &ColumnType, new: &ColumnType) -> bool {
    use BaseType as T;
    let exact = |base: &T| base.is_integer() || *base == T::Decimal;
    let decimals = |data_type: &ColumnType| data_type.decimals.unwrap_or(0);
    if old == new {
        return true;
    }
    match (&old.base, &new.base) {
        (one, other) if exact(one) && exact(other) => decimals(new) >= decimals(old),
        (one, other) if is_text(one) && is_text(other) || one == other && matches!(one, T::Enum | T::Set) => {
            old.charset == new.charset && old.collation == new.collation
        }
        (T::VarBinary, T::VarBinary) | (T::Date, T::DateTime) => true,
        (one, other) if one == other && matches!(one, T::DateTime | T::Timestamp | T::Time) => {
            decimals(new) >= decimals(old)
        }
        _ => false,
    }
}

/// Whether values of a column that differ before its redefinition differ behind it.
pub(super) fn leaves_distinct(old: &Column, new: &Column) -> bool {
    let (old, new) = (&old.data_type, &new.data_type);
    keeps_values(old, new) || stays_distinct(old, new)
}

/// Whether values of `old` that differ still differ once they are of type `new`: numbers and times as texts, and texts as
/// bytes.
fn stays_distinct(old: &ColumnType, new: &ColumnType) -> bool {
    use BaseType as T;
    let bytes = |base: &T| base.is_blob() || *base == T::VarBinary;
    let printed = |base: &T| {
        base.is_integer() || matches!(base, T::Decimal | T::Date | T::DateTime | T::Time | T::Year | T::Uuid | T::Enum)
    };
    printed(&old.base) && (is_text(&new.base) || bytes(&new.base))
        || (is_text(&old.base) || bytes(&old.base)) && bytes(&new.base)
        || bytes(&old.base) && new.collation.as_deref().is_some_and(|name| name.ends_with("_bin"))
}

fn is_text(base: &BaseType) -> bool {
    base.is_text() || matches!(base, BaseType::Char | BaseType::VarChar)
}

/// The character set and the collation of a text type, where both are known and are plain names.
fn text_in(data_type: &ColumnType) -> Option<(&str, &str)> {
    let plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let charset = data_type.charset.as_deref().filter(plain)?;
    let collation = data_type.collation.as_deref().filter(plain)?;
    is_text(&data_type.base).then_some((charset, collation))
}
