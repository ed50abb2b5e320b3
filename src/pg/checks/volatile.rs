//! Queries of WITH whose values differ from one run to the next: PostgreSQL runs each once, the planner copies it to where it
//! is read.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Query, TableFactor, Visit, Visitor};

use super::at;
use super::recursion::reads;
use super::tables::{folded, read};
use crate::error::{Error, Result};

/// Functions whose values differ from one call to the next.
const VOLATILE: &[&str] = &["clock_timestamp", "gen_random_uuid", "random", "timeofday"];

/// Errors: 0A000 for such a query that is read twice, itself or through another.
pub(super) fn copied(query: &Query) -> Result<()> {
    let mut volatile: Vec<String> = Vec::new();
    for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
        let name = folded(&cte.alias.name);
        if !is_volatile(&cte.query) && !volatile.iter().any(|other| reads(&cte.query, other)) {
            continue;
        }
        if 1 < times_read(query, &name) {
            let message = format!(
                "WITH query \"{name}\" that calls a volatile function and is read twice is not supported"
            );
            let place = at(cte.alias.name.span.start);
            return Err(Error::FeatureNotSupported(message).near(place));
        }
        volatile.push(name);
    }
    Ok(())
}

fn is_volatile(query: &Query) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let name = match expr {
                Expr::Function(function) => function.name.0.last().and_then(|part| part.as_ident()),
                _ => None,
            };
            match name.is_some_and(|name| VOLATILE.contains(&folded(name).as_str())) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
    }
    query.visit(&mut Search).is_break()
}

fn times_read(query: &Query, name: &str) -> usize {
    struct Count<'a>(&'a str, usize);
    impl Visitor for Count<'_> {
        type Break = ();
        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            self.1 += usize::from(read(factor).as_deref() == Some(self.0));
            ControlFlow::Continue(())
        }
    }
    let mut count = Count(name, 0);
    // The visitor never breaks.
    let _done = query.visit(&mut count);
    count.1
}
