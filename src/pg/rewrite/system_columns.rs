//! Columns every table has and none lists (PostgreSQL manual, 5.5): `tableoid`, `xmin` and their kin.
//!
//! All of these are constants but for `ctid`, which the scan tells: a table that is asked for it gets a name of its own
//! ([`PLACED`]), by which it has that column, and wildcards leave it out.

use std::cell::Cell;

use datafusion::sql::sqlparser::ast::{
    ExcludeSelectItem, Expr, Ident, ObjectName, ObjectNamePart, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, TableAlias, TableFactor, TableWithJoins, Value,
};

use super::PLACED;
use super::syntax::{cast_to, folded};
use crate::error::{Error, Result};
use crate::pg::catalog::data;
use crate::pg::facts::Facts;

/// The transaction that wrote PostgreSQL's own rows (`BootstrapTransactionId`).
const BOOTSTRAP: u32 = 1;
/// The transaction of rows that everybody sees (`FrozenTransactionId`): a version never changes.
const FROZEN: u32 = 2;

/// The queries of one WITH by their names, as far as they are in sight.
pub(super) struct Ctes {
    names: Vec<String>,
    /// Those that are read; a WITH comes before what it is for.
    read: usize,
    recursive: bool,
}

impl Ctes {
    pub(super) fn of(query: &Query) -> Ctes {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        Ctes {
            names: tables.map(|cte| folded(&cte.alias.name)).collect(),
            read: 0,
            recursive: query.with.as_ref().is_some_and(|with| with.recursive),
        }
    }

    /// Whether one goes by that name, in sight or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    /// A query right within this one is at its end.
    pub(super) fn leave_inner(&mut self) {
        self.read += 1;
    }

    /// Only a recursive WITH knows its own name, and those to come.
    fn names(&self) -> &[String] {
        match self.recursive {
            true => &self.names,
            false => self.names.get(..self.read).unwrap_or(&self.names),
        }
    }
}

/// The tables of a FROM clause.
pub(super) struct Tables(Vec<Named>);

/// A table as a FROM clause names it.
pub(super) struct Named {
    /// How it is called there.
    pub(super) alias: String,
    pub(super) schema: Option<String>,
    pub(super) name: String,
    /// Whether its rows are asked for their places.
    placed: Cell<bool>,
}

/// A table of PostgreSQL's own or of a version.
struct Table {
    oid: u32,
    writer: u32,
}

impl Tables {
    /// Those of `from`, where `ctes` hide tables of their names.
    pub(super) fn of(from: &[TableWithJoins], ctes: &[Ctes]) -> Tables {
        let mut tables = Tables(Vec::new());
        tables.add(from, ctes);
        tables
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Named> {
        self.0.iter()
    }

    fn add(&mut self, from: &[TableWithJoins], ctes: &[Ctes]) {
        let factors = from.iter().flat_map(|table| {
            std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation))
        });
        for factor in factors {
            match factor {
                TableFactor::NestedJoin { table_with_joins, .. } => {
                    self.add(std::slice::from_ref(table_with_joins), ctes);
                }
                TableFactor::Table { name, alias, args: None, .. } => {
                    let parts: Vec<String> =
                        name.0.iter().filter_map(|part| part.as_ident().map(folded)).collect();
                    let (schema, name) = match parts.as_slice() {
                        [name] if ctes.iter().any(|level| level.names().contains(name)) => continue,
                        [name] => (None, name.clone()),
                        [.., schema, name] => (Some(schema.clone()), name.clone()),
                        [] => continue,
                    };
                    let alias = alias.as_ref().map_or_else(|| name.clone(), |a| folded(&a.name));
                    self.0.push(Named { alias, schema, name, placed: Cell::new(false) });
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

    /// Gives `ctid` to the tables of `select`, whose these are, that were asked for it.
    pub(super) fn place(&self, select: &mut Select) {
        let placed: Vec<&str> = self
            .0
            .iter()
            .filter(|table| table.placed.get())
            .map(|table| table.alias.as_str())
            .collect();
        if placed.is_empty() {
            return;
        }
        select.from.iter_mut().for_each(|table| rename(table, &placed));
        for item in &mut select.projection {
            let options = match item {
                SelectItem::Wildcard(options) => options,
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(name),
                    options,
                ) if named(name).is_some_and(|name| placed.contains(&name.as_str())) => options,
                _ => continue,
            };
            let mut without = match options.opt_exclude.take() {
                Some(ExcludeSelectItem::Multiple(without)) => without,
                Some(ExcludeSelectItem::Single(one)) => vec![one],
                None => Vec::new(),
            };
            without.push(ObjectName::from(vec![Ident::new("ctid")]));
            options.opt_exclude = Some(ExcludeSelectItem::Multiple(without));
        }
    }
}

/// The last part of a name.
fn named(name: &ObjectName) -> Option<String> {
    name.0.last()?.as_ident().map(folded)
}

/// Renames the tables that are called `placed` in a FROM clause.
fn rename(table: &mut TableWithJoins, placed: &[&str]) {
    let joined = table.joins.iter_mut().map(|join| &mut join.relation);
    for factor in std::iter::once(&mut table.relation).chain(joined) {
        match factor {
            TableFactor::NestedJoin { table_with_joins, .. } => rename(table_with_joins, placed),
            TableFactor::Table { name, alias, args: None, .. } => {
                let Some(own) = named(name) else { continue };
                let known = alias.as_ref().map_or_else(|| own.clone(), |a| folded(&a.name));
                if !placed.contains(&known.as_str()) {
                    continue;
                }
                alias.get_or_insert_with(|| TableAlias {
                    explicit: true,
                    name: Ident::with_quote('"', &own),
                    columns: Vec::new(),
                    at: None,
                });
                if let Some(last) = name.0.last_mut() {
                    let marked = Ident::with_quote('"', format!("{own}{PLACED}"));
                    *last = ObjectNamePart::Identifier(marked);
                }
            }
            _ => {}
        }
    }
}

fn is_known(column: &str) -> bool {
    matches!(column, "tableoid" | "ctid" | "xmin" | "xmax" | "cmin" | "cmax")
}

impl Named {
    fn value(&self, column: &Ident, facts: &Facts) -> Result<Option<Expr>> {
        let column = folded(column);
        let known = is_known(&column);
        let Some(table) = known.then(|| self.table(&column, facts)).flatten() else {
            return Ok(None);
        };
        let (number, kind) = match column.as_str() {
            "tableoid" => (table.oid, "oid"),
            "xmin" => (table.writer, "xid"),
            "xmax" => (0, "xid"),
            "cmin" | "cmax" => (0, "cid"),
            _ if table.writer == FROZEN => {
                self.placed.set(true);
                return Ok(None);
            }
            _ => {
                let error = Error::FeatureNotSupported(format!(
                    "ctid of table \"{}\" is not supported",
                    self.name
                ));
                return Err(error.detail("Its rows are made when a statement asks for them."));
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
