//! Columns every table has and none lists (PostgreSQL manual, 5.5): `tableoid`, `xmin` and their kin.

use datafusion::sql::sqlparser::ast::{Expr, Ident, TableFactor, TableWithJoins, Value};

use super::syntax::{cast_to, folded};
use crate::error::{Error, Result};
use crate::pg::catalog::data;
use crate::pg::facts::Facts;

/// The transaction that wrote PostgreSQL's own rows (`BootstrapTransactionId`).
const BOOTSTRAP: u32 = 1;
/// The transaction of rows that everybody sees (`FrozenTransactionId`): a version never changes.
const FROZEN: u32 = 2;

/// The tables of a FROM clause.
pub(super) struct Tables(Vec<Named>);

/// A table as a FROM clause names it.
pub(super) struct Named {
    /// How it is called there.
    pub(super) alias: String,
    pub(super) schema: Option<String>,
    pub(super) name: String,
}

/// A table of PostgreSQL's own or of a version.
struct Table {
    oid: u32,
    writer: u32,
}

impl Tables {
    pub(super) fn of(from: &[TableWithJoins]) -> Tables {
        let mut tables = Tables(Vec::new());
        tables.add(from);
        tables
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Named> {
        self.0.iter()
    }

    fn add(&mut self, from: &[TableWithJoins]) {
        let factors = from.iter().flat_map(|table| {
            std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation))
        });
        for factor in factors {
            match factor {
                TableFactor::NestedJoin { table_with_joins, .. } => {
                    self.add(std::slice::from_ref(table_with_joins));
                }
                TableFactor::Table { name, alias, args: None, .. } => {
                    let parts: Vec<String> =
                        name.0.iter().filter_map(|part| part.as_ident().map(folded)).collect();
                    let (schema, name) = match parts.as_slice() {
                        [name] => (None, name.clone()),
                        [.., schema, name] => (Some(schema.clone()), name.clone()),
                        [] => continue,
                    };
                    let alias = alias.as_ref().map_or_else(|| name.clone(), |a| folded(&a.name));
                    self.0.push(Named { alias, schema, name });
                }
                _ => {}
            }
        }
    }

    /// What a system column without a table is in a SELECT from one table.
    /// Errors: 0A000 for one that no row has here.
    pub(super) fn own(&self, column: &Ident, facts: &Facts) -> Result<Option<Expr>> {
        match self.0.as_slice() {
            [table] => table.value(column, facts),
            _ => Ok(None),
        }
    }

    /// What `table.column` is when that is a system column of one of these.
    /// Errors: 0A000 for one that no row has here.
    pub(super) fn qualified(&self, parts: &[Ident], facts: &Facts) -> Result<Option<Expr>> {
        let (qualifier, column) = match parts {
            [qualifier, column] | [_, qualifier, column] => (folded(qualifier), column),
            _ => return Ok(None),
        };
        let found = self.0.iter().find(|table| table.alias == qualifier);
        found.map_or(Ok(None), |table| table.value(column, facts))
    }
}

impl Named {
    fn value(&self, column: &Ident, facts: &Facts) -> Result<Option<Expr>> {
        let column = folded(column);
        let known =
            matches!(column.as_str(), "tableoid" | "ctid" | "xmin" | "xmax" | "cmin" | "cmax");
        let Some(table) = known.then(|| self.table(&column, facts)).flatten() else {
            return Ok(None);
        };
        let (number, kind) = match column.as_str() {
            "tableoid" => (table.oid, "oid"),
            "xmin" => (table.writer, "xid"),
            "xmax" => (0, "xid"),
            "cmin" | "cmax" => (0, "cid"),
            _ => {
                let error = Error::FeatureNotSupported("ctid is not supported".to_owned());
                return Err(error.detail("Rows of files have no place that stays theirs."));
            }
        };
        let number = Value::SingleQuotedString(number.to_string());
        Ok(Some(cast_to(Box::new(Expr::value(number)), kind)))
    }

    /// `None` for a view, a query of that name, and a table with a column called like that.
    fn table(&self, column: &str, facts: &Facts) -> Option<Table> {
        let schema = self.schema.as_deref();
        if schema.is_none_or(|schema| schema == "pg_catalog")
            && let Some(own) = data::relation("pg_catalog", &self.name)
        {
            return (own.kind == 'r').then_some(Table { oid: own.oid, writer: BOOTSTRAP });
        }
        let (table, ids) = match schema {
            Some(schema) => facts.table(schema, &self.name)?,
            None => facts.visible(&self.name).map(|(_, table, ids)| (table, ids))?,
        };
        let hidden = table.schema().field_with_name(column).is_ok();
        (!hidden).then_some(Table { oid: ids.relation, writer: FROZEN })
    }
}
