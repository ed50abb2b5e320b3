//! The texts of views that users make, put together of their pieces with the names that things have now.

use std::sync::Arc;

use super::data::Definition;
use super::dynamic::{qualified_name, quote_identifier};
use super::index::Entity;
use crate::catalog::view::{Known, Of, Piece, Reading, View};
use crate::pg::facts::Facts;

/// The relation that a view reads, as it is now.
pub(crate) fn relation(reading: &Reading, facts: &Facts) -> Option<Arc<Entity>> {
    let index = facts.index();
    match &reading.of {
        Of::Made(oid) => index.relation(*oid).cloned(),
        Of::Named(schema, name) => index.named(schema, name),
    }
}

/// The name that a column of a relation has now; `None` where it is gone.
fn column_now<'a>(reading: &Reading, known: &Known, entity: &'a Entity) -> Option<&'a str> {
    let column = match reading.of {
        Of::Made(_) => entity.column(known.number.into()),
        Of::Named(..) => entity.columns.iter().find(|column| column.name == known.name),
    };
    column.map(|column| column.name.as_str())
}

/// The query of a view as it is planned: relations stand there with their schemas, and with the columns that the view
/// knows, under the names that it knows.
pub(crate) fn text(view: &View, facts: &Facts) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Relation { reading, aliased } => {
            let read = view.reads.get(*reading).map(|reading| Read::of(reading, facts));
            read.map_or_else(String::new, |read| read.in_from(*aliased))
        }
        Piece::Qualifier(reading) => {
            let read = view.reads.get(*reading).map(|reading| Read::of(reading, facts));
            read.map_or_else(String::new, |read| read.qualifier())
        }
        // These are only in what is told.
        Piece::Column { .. } | Piece::Bracket(_) | Piece::Name(_) => String::new(),
    };
    view.query.iter().map(piece).collect()
}

/// A relation of FROM, ready to be written.
struct Read<'a> {
    reading: &'a Reading,
    /// Its name with its schema, as far as that is known.
    name: String,
    /// Whether that ends with the name that the view knows.
    same_name: bool,
    /// What stands for it where its columns are others.
    columns: Option<String>,
}

impl<'a> Read<'a> {
    fn of(reading: &'a Reading, facts: &Facts) -> Read<'a> {
        let Some(entity) = relation(reading, facts) else {
            // What is gone is told of by whoever looks for it.
            let name = match &reading.of {
                Of::Made(_) => quote_identifier(&reading.name),
                Of::Named(schema, name) => {
                    format!("{}.{}", quote_identifier(schema), quote_identifier(name))
                }
            };
            return Read { reading, name, same_name: true, columns: None };
        };
        let now: Vec<(&str, &str)> = reading
            .columns
            .iter()
            .filter_map(|known| Some((known.name.as_str(), column_now(reading, known, &entity)?)))
            .collect();
        let same = now.len() == entity.columns.len()
            && now.len() == reading.columns.len()
            && now
                .iter()
                .zip(&entity.columns)
                .all(|((known, now), own)| known == now && *now == own.name);
        let columns = (!same).then(|| {
            let column = |(known, now): &(&str, &str)| match known == now {
                true => quote_identifier(now),
                false => format!("{} AS {}", quote_identifier(now), quote_identifier(known)),
            };
            now.iter().map(column).collect::<Vec<String>>().join(", ")
        });
        let same_name = entity.name == reading.name;
        Read { reading, name: qualified_name(&entity), same_name, columns }
    }

    fn in_from(&self, aliased: bool) -> String {
        let own = match &self.columns {
            Some(columns) => format!("(SELECT {columns} FROM {})", self.name),
            None => self.name.clone(),
        };
        let named = self.same_name && self.columns.is_none();
        match aliased || named {
            true => own,
            false => format!("{own} AS {}", quote_identifier(&self.reading.name)),
        }
    }

    fn qualifier(&self) -> String {
        match self.same_name && self.columns.is_none() {
            true => self.name.clone(),
            false => quote_identifier(&self.reading.name),
        }
    }
}

/// The query of a view as PostgreSQL would write it, where that is known, else as it was written.
pub(crate) fn definition(view: &View, facts: &Facts) -> Definition {
    match (told(view, facts, true), told(view, facts, false)) {
        (Some(full), Some(pretty)) => Definition { full, pretty },
        _ => {
            let full = format!(" {};", text(view, facts));
            Definition { pretty: full.clone(), full }
        }
    }
}

fn told(view: &View, facts: &Facts, brackets: bool) -> Option<String> {
    if view.told.is_empty() {
        return None;
    }
    let entities: Vec<Option<Arc<Entity>>> =
        view.reads.iter().map(|reading| relation(reading, facts)).collect();
    let entity = |reading: usize| entities.get(reading)?.as_ref();
    let mut told = String::new();
    let mut names: Vec<&str> = Vec::new();
    for piece in &view.told {
        match piece {
            Piece::Text(text) => told.push_str(text),
            Piece::Bracket(text) if brackets => told.push_str(text),
            Piece::Bracket(_) | Piece::Qualifier(_) => {}
            Piece::Relation { reading, aliased } => {
                let entity = entity(*reading)?;
                if !aliased {
                    // Two of one name need other ones.
                    if names.contains(&entity.name.as_str()) {
                        return None;
                    }
                    names.push(&entity.name);
                }
                told.push_str(&entity.shown(facts));
            }
            Piece::Name(output) => {
                told.push_str(" AS ");
                told.push_str(&quote_identifier(view.columns.fields().get(*output)?.name()));
            }
            Piece::Column { reading, column, alias, output } => {
                let (reading, entity) = (view.reads.get(*reading)?, entity(*reading)?);
                let now = column_now(reading, reading.columns.get(*column)?, entity)?;
                let qualifier = alias.as_deref().unwrap_or(&entity.name);
                told.push_str(&quote_identifier(qualifier));
                told.push('.');
                told.push_str(&quote_identifier(now));
                let output = output.and_then(|output| view.columns.fields().get(output));
                if let Some(output) = output.map(|field| field.name()).filter(|it| *it != now) {
                    told.push_str(" AS ");
                    told.push_str(&quote_identifier(output));
                }
            }
        }
    }
    Some(told)
}
