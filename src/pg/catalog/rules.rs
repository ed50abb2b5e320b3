//! Rules: every view is one, and PostgreSQL has two more.

use std::sync::Arc;

use super::data::{self, Definition};
use super::dynamic::{qualified_name, quote_identifier};
use super::index::{Entity, Index, SYSTEM, synthetic};
use super::rows::{Cell, Row, row};
use super::views;
use crate::pg::facts::Facts;

/// The rule that makes a relation a view.
const RETURN: &str = "_RETURN";

/// Rows of `pg_rewrite` for the views of the generation.
pub(crate) fn rows(index: &Index) -> Vec<Row> {
    let views = index.relations.iter().filter(|entity| is_view(entity));
    let row = |entity: &Arc<Entity>| {
        let trees = Cell::Null;
        row![oid(entity), RETURN, entity.ids.relation, '1', 'O', true, trees.clone(), trees]
    };
    views.map(row).collect()
}

/// Rows of `pg_rules`: rules other than those of views.
pub(crate) fn listed() -> Vec<Row> {
    let rewrites = data::table("pg_rewrite").rows().iter();
    let rows = rewrites.filter(|rule| rule[1].text() != RETURN).filter_map(|rule| {
        let (name, definition) = (rule[1].clone(), data::definition(rule[0].oid())?);
        let entity = own_relation(rule)?;
        Some(row![&entity.schema, &entity.name, name.text().to_owned(), &definition.full])
    });
    rows.collect()
}

/// `CREATE RULE …` as `pg_get_ruledef` words it; for people, `name` is the relation's there.
pub(crate) fn definition(
    rule: u32,
    facts: &Facts,
    name: impl Fn(&Arc<Entity>) -> String,
) -> Option<Definition> {
    if let Some(known) = data::definition(rule) {
        return Some(known.clone());
    }
    let index = facts.index();
    let row = data::table("pg_rewrite").rows().iter().find(|row| row[0].oid() == rule);
    let entity = match row {
        Some(row) => own_relation(row)?,
        None => index.relations.iter().find(|entity| is_view(entity) && oid(entity) == rule)?,
    };
    let view = view(entity, facts)?;
    let create = |relation: String, view: String| {
        let name = quote_identifier(RETURN);
        format!("CREATE RULE {name} AS\n    ON SELECT TO {relation} DO INSTEAD {view}")
    };
    Some(Definition {
        full: create(qualified_name(entity), view.full),
        pretty: create(name(entity), view.pretty),
    })
}

/// The query of a view; `None` for any other relation.
pub(crate) fn view(entity: &Entity, facts: &Facts) -> Option<Definition> {
    if let Some(view) = &entity.view {
        return Some(views::definition(view, facts));
    }
    if let Some(known) = data::definition(entity.ids.relation) {
        return Some(known.clone());
    }
    let full = entity.definition.clone()?;
    Some(Definition { pretty: full.clone(), full })
}

/// The query of a view as the catalogs show it.
pub(super) fn shown(entity: &Entity, facts: &Facts) -> Option<String> {
    match &entity.view {
        Some(view) => Some(views::definition(view, facts).full),
        None => entity.definition.clone(),
    }
}

fn is_view(entity: &Entity) -> bool {
    matches!(entity.kind, 'v' | 'm')
}

/// `pg_rewrite.oid` of a view's rule.
pub(super) fn oid(entity: &Entity) -> u32 {
    if entity.view.is_some() {
        // Whatever its name is.
        return synthetic("rule", &[&entity.ids.relation.to_string()]);
    }
    synthetic("rule", &[&entity.schema, &entity.name])
}

/// The relation of PostgreSQL's own that a row of `pg_rewrite` is of.
fn own_relation(row: &Row) -> Option<&'static Arc<Entity>> {
    SYSTEM.iter().find(|entity| entity.ids.relation == row[2].oid())
}
