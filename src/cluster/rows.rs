//! Rows with typed access, that never panic on what a server sends.

use std::sync::Arc;

use mysql_async::Value;

use super::ClusterError;

/// The rows of one result.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    node: Arc<str>,
    columns: Arc<[String]>,
    rows: Vec<Vec<Value>>,
}

impl Rows {
    pub(super) fn new(node: Arc<str>, columns: Arc<[String]>, rows: Vec<Vec<Value>>) -> Self {
        Self { node, columns, rows }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many columns they have.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|values| Row { of: self, values })
    }

    /// The first.
    pub fn first(&self) -> Option<Row<'_>> {
        self.iter().next()
    }

    /// Whether the result has a column of this name.
    pub fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.eq_ignore_ascii_case(name))
    }

    /// The first column of the first row, when there is a row.
    ///
    /// # Errors
    /// When the value is not of the wanted type.
    pub fn scalar<T: FromValue>(&self) -> Result<Option<T>, ClusterError> {
        self.first().map(|row| row.get(0)).transpose()
    }
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    of: &'a Rows,
    values: &'a [Value],
}

impl Row<'_> {
    /// How many columns it has.
    pub fn width(&self) -> usize {
        self.values.len()
    }

    /// The value in a column, by position or by name without regard to case.
    ///
    /// # Errors
    /// When there is no such column, or the value is not of the wanted type; NULL is of type `Option` only.
    pub fn get<T: FromValue>(&self, column: impl Column) -> Result<T, ClusterError> {
        let shape = |what: String| ClusterError::Shape { node: self.of.node.to_string(), what };
        let at = column.position(&self.of.columns).ok_or_else(|| shape(format!("there is no column {column:?}")))?;
        let value = self.values.get(at).unwrap_or(&Value::NULL);
        T::from_value(value).ok_or_else(|| {
            let wanted = std::any::type_name::<T>();
            shape(format!("column {} holds {}, which is no {wanted}", self.of.columns[at], show(value)))
        })
    }
}

fn show(value: &Value) -> String {
    match String::from_value(value) {
        Some(text) => format!("`{}`", text.chars().take(60).collect::<String>()),
        None => "NULL or bytes that are no text".to_owned(),
    }
}

/// How a column is named: by 0-based position or by name.
pub trait Column: std::fmt::Debug {
    /// The position in `columns`.
    fn position(&self, columns: &[String]) -> Option<usize>;
}

impl Column for usize {
    fn position(&self, columns: &[String]) -> Option<usize> {
        (*self < columns.len()).then_some(*self)
    }
}

impl Column for &str {
    fn position(&self, columns: &[String]) -> Option<usize> {
        columns.iter().position(|column| column.eq_ignore_ascii_case(self))
    }
}

/// What a value can be read as.
pub trait FromValue: Sized {
    /// Reads it; `None` when it is something else.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes.clone()),
            _ => String::from_value(value).map(String::into_bytes),
        }
    }
}

impl FromValue for String {
    /// Bytes that are no UTF-8 are replaced: sessions of ours speak utf8mb4, so they can only come from binary columns.
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::NULL => None,
            Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Value::Int(number) => Some(number.to_string()),
            Value::UInt(number) => Some(number.to_string()),
            Value::Float(number) => Some(number.to_string()),
            Value::Double(number) => Some(number.to_string()),
            other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        if matches!(value, Value::NULL) { Some(None) } else { T::from_value(value).map(Some) }
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        match String::from_value(value)?.to_ascii_uppercase().as_str() {
            "ON" | "YES" | "Y" | "1" | "TRUE" => Some(true),
            "OFF" | "NO" | "N" | "0" | "FALSE" => Some(false),
            _ => None,
        }
    }
}

macro_rules! from_text {
    ($($number:ty),*) => {$(
        impl FromValue for $number {
            fn from_value(value: &Value) -> Option<Self> {
                String::from_value(value)?.trim().parse().ok()
            }
        }
    )*};
}
from_text!(u16, u32, u64, usize, i32, i64, f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_what_they_are() {
        let rows = Rows::new(
            "n1".into(),
            ["Name".to_owned(), "Value".to_owned()].into(),
            vec![vec![Value::Bytes(b"12".to_vec()), Value::NULL]],
        );
        let row = rows.first().unwrap();
        assert_eq!(row.get::<u64>("name").unwrap(), 12);
        assert_eq!(row.get::<String>(0).unwrap(), "12");
        assert_eq!(row.get::<Option<u64>>("VALUE").unwrap(), None);
        for error in
            [row.get::<u64>("value").unwrap_err(), row.get::<bool>(0).unwrap_err(), row.get::<u64>(2).unwrap_err()]
        {
            assert!(matches!(error, ClusterError::Shape { .. }), "{error}");
        }
    }
}
