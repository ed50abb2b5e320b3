//! Where a query names relations: what a view's text is cut at.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    TableFactor, Visit, Visitor,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::position;

/// A name of a relation in a query's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Its schema, if it is written.
    pub(crate) schema: Option<String>,
    /// Its name.
    pub(crate) name: String,
    /// Where it stands: characters from 0, the last one behind it.
    pub(crate) from: usize,
    /// See `from`.
    pub(crate) to: usize,
    /// What stands there.
    pub(crate) kind: CutKind,
}

/// What a name of a relation is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CutKind {
    /// A relation in FROM, without an alias.
    Bare,
    /// A relation in FROM that gets another name.
    Aliased,
    /// Schema and relation before a column.
    Qualifier,
}

/// The relations that a query names in its text, in their order there. Names of WITH are none.
pub(crate) fn cuts(query: &Query, text: &str) -> Vec<Cut> {
    let mut search = Search { text, scopes: Vec::new(), found: Vec::new() };
    // It never breaks.
    let _done = query.visit(&mut search);
    let mut found = search.found;
    found.sort_by_key(|cut| cut.from);
    found.dedup();
    found
}

struct Search<'a> {
    text: &'a str,
    scopes: Vec<Scope>,
    found: Vec<Cut>,
}

/// The queries that WITH names, while what it belongs to is visited.
struct Scope {
    recursive: bool,
    names: Vec<(String, *const Query)>,
    /// The one of them that is visited.
    current: Option<usize>,
}

impl Scope {
    fn hides(&self, name: &str) -> bool {
        let visible = match self.current {
            Some(at) if !self.recursive => at,
            _ => self.names.len(),
        };
        self.names.iter().take(visible).any(|(own, _)| own == name)
    }
}

impl Search<'_> {
    fn is_query(&self, schema: Option<&str>, name: &str) -> bool {
        schema.is_none() && self.scopes.iter().any(|scope| scope.hides(name))
    }

    fn add(&mut self, parts: &[&Ident], kind: CutKind) {
        let (schema, name) = match parts {
            [name] => (None, name),
            [schema, name] => (Some(*schema), name),
            _ => return,
        };
        let own = schema.map(folded);
        let bare = folded(name);
        // A version is found by what is written, each time.
        if own.as_ref().is_some_and(|schema| schema.contains('@'))
            || self.is_query(own.as_deref(), &bare)
        {
            return;
        }
        let span = Span {
            start: schema.map_or(name.span, |schema| schema.span).start,
            end: name.span.end,
        };
        if span.start.line == 0 {
            return;
        }
        let (from, to) = (position(self.text, span.start) - 1, position(self.text, span.end) - 1);
        self.found.push(Cut { schema: own, name: bare, from, to, kind });
    }

    fn qualifier(&mut self, parts: &[&Ident]) {
        if let [_, _] = parts {
            self.add(parts, CutKind::Qualifier);
        }
    }
}

impl Visitor for Search<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(scope) = self.scopes.last_mut() {
            let own = std::ptr::from_ref(query);
            if let Some(at) = scope.names.iter().position(|(_, known)| std::ptr::eq(*known, own)) {
                scope.current = Some(at);
            }
        }
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
        self.scopes.push(Scope {
            recursive: query.with.as_ref().is_some_and(|with| with.recursive),
            names: ctes
                .map(|cte| (folded(&cte.alias.name), std::ptr::from_ref::<Query>(&cte.query)))
                .collect(),
            current: None,
        });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.scopes.pop();
        if let Some(scope) = self.scopes.last_mut() {
            let own = std::ptr::from_ref(query);
            if scope.names.iter().any(|(_, known)| std::ptr::eq(*known, own)) {
                scope.current = None;
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, args: None, .. } = factor {
            let kind = if alias.is_some() { CutKind::Aliased } else { CutKind::Bare };
            self.add(&idents(name), kind);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        for item in &select.projection {
            if let SelectItem::QualifiedWildcard(
                SelectItemQualifiedWildcardKind::ObjectName(name),
                _,
            ) = item
            {
                self.qualifier(&idents(name));
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::CompoundIdentifier(parts) = expr
            && let [schema, table, _column] = parts.as_slice()
        {
            self.qualifier(&[schema, table]);
        }
        ControlFlow::Continue(())
    }
}

fn idents(name: &ObjectName) -> Vec<&Ident> {
    name.0.iter().filter_map(|part| part.as_ident()).collect()
}

fn folded(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::{CutKind, cuts};
    use crate::query::parse::query_of;

    fn check(text: &str, want: &[(&str, CutKind)]) {
        let query = query_of(text).expect("parses");
        let letters: Vec<char> = text.chars().collect();
        let found = cuts(&query, text);
        let found: Vec<(String, CutKind)> = found
            .iter()
            .map(|cut| (letters[cut.from..cut.to].iter().collect(), cut.kind))
            .collect();
        let want: Vec<(String, CutKind)> =
            want.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        assert_eq!(found, want, "{text}");
    }

    #[test]
    fn relations_are_found_where_they_stand() {
        use CutKind::{Aliased, Bare, Qualifier};
        check("SELECT 'ä', a FROM t", &[("t", Bare)]);
        check(
            "SELECT s.t.a FROM s.t JOIN \"U\" x ON x.a = s.t.a",
            &[("s.t", Qualifier), ("s.t", Bare), ("\"U\"", Aliased), ("s.t", Qualifier)],
        );
        check(
            "WITH q AS (SELECT * FROM q), r AS (SELECT * FROM q) SELECT * FROM r, t",
            &[("q", Bare), ("t", Bare)],
        );
        check("WITH RECURSIVE q AS (SELECT 1 UNION ALL SELECT * FROM q) SELECT * FROM q", &[]);
        check(
            "SELECT (SELECT max(a) FROM u) FROM generate_series(1, 2) WHERE EXISTS (SELECT 1 FROM u)",
            &[("u", Bare), ("u", Bare)],
        );
        check("SELECT * FROM \"s@1\".t", &[]);
    }
}
