//! Why a table that a column names is none of FROM (`errorMissingRTE` of PostgreSQL's parse_relation.c).

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, ObjectNamePart, Query, Select, TableFactor, Visit, Visitor,
};

use super::recursion::reads;
use super::tables::{factors, folded, known};
use crate::error::Error;

const MISSING: &str = "missing FROM-clause entry for table \"";

/// `error` with what is known of a table that FROM lacks: it may go by another name there, or stand where it cannot be
/// seen.
pub(crate) fn explained(error: Error, query: &Query) -> Error {
    if let Error::UndefinedTable(name) = error.bare()
        && query.visit(&mut Later(name)).is_break()
    {
        let detail = format!(
            "There is a WITH item named \"{name}\", but it cannot be referenced from this part of the query."
        );
        return error
            .detail(detail)
            .hint("Use WITH RECURSIVE, or re-order the WITH items to remove forward references.");
    }
    let Error::UndefinedRelation(message) = error.bare() else { return error };
    let table = message.strip_prefix(MISSING).and_then(|rest| rest.strip_suffix('"'));
    let Some(table) = table.map(str::to_owned) else { return error };
    let mut search = Search { table, selects: Vec::new(), hint: None };
    // What it found is in it.
    let _done = query.visit(&mut search);
    let Some(hint) = search.hint else { return error };
    let message = format!("invalid reference to FROM-clause entry for table \"{}\"", search.table);
    let invalid = Error::UndefinedRelation(message).hint(hint);
    match error.notes().position {
        Some(position) => invalid.at(position),
        None => invalid,
    }
}

/// Looks for a query of WITH that reads itself, or one behind it, by this name.
struct Later<'a>(&'a str);

impl Visitor for Later<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let Some(with) = query.with.as_ref().filter(|with| !with.recursive) else {
            return ControlFlow::Continue(());
        };
        let named = with.cte_tables.iter().rposition(|cte| folded(&cte.alias.name) == self.0);
        let before = with.cte_tables.iter().take(named.map_or(0, |named| named + 1));
        match before.into_iter().any(|cte| reads(&cte.query, self.0)) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

/// Looks for the first column of `table` where no FROM around has it.
struct Search {
    table: String,
    /// What the tables of the SELECTs around are called, and which they are.
    selects: Vec<Vec<(Option<String>, Option<String>)>>,
    hint: Option<String>,
}

impl Visitor for Search {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let names = |factor: &TableFactor| {
            let table = match factor {
                TableFactor::Table { name, .. } => {
                    name.0.last().and_then(ObjectNamePart::as_ident).map(folded)
                }
                _ => None,
            };
            (known(factor), table)
        };
        self.selects.push(factors(&select.from).map(names).collect());
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _select: &Select) -> ControlFlow<()> {
        self.selects.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let Expr::CompoundIdentifier(parts) = expr else { return ControlFlow::Continue(()) };
        let [.., table, _] = parts.as_slice() else { return ControlFlow::Continue(()) };
        if folded(table) != self.table {
            return ControlFlow::Continue(());
        }
        let is_own = |name: &Option<String>| name.as_deref() == Some(&self.table);
        let own = self.selects.last().into_iter().flatten();
        if own.clone().any(|(known, _)| is_own(known)) {
            return ControlFlow::Continue(());
        }
        let around = self.selects.iter().rev().flatten();
        for (known, table) in around {
            if is_own(known) {
                self.hint = Some(format!(
                    "There is an entry for table \"{}\", but it cannot be referenced from this part of the query.",
                    self.table
                ));
                return ControlFlow::Break(());
            }
            if is_own(table)
                && let Some(alias) = known
            {
                self.hint =
                    Some(format!("Perhaps you meant to reference the table alias \"{alias}\"."));
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }
}
