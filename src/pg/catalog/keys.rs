//! Keys, checks, defaults and indexes of relations: rows of `pg_constraint`, `pg_index` and their kin, and how PostgreSQL
//! writes their definitions.

use std::sync::Arc;

use super::data;
use super::dynamic::{BTREE_AM_OID, qualified_name, quote_identifier};
use super::index::{Column, Entity, Index, synthetic, type_cell};
use super::rows::{Cell, Row, row};
use crate::catalog::table::{self, Action, Rule, Table};
use crate::pg::facts::Facts;
use crate::pg::types;

/// A rule for the rows of a relation.
#[derive(Debug)]
pub(crate) struct Constraint {
    pub(crate) oid: u32,
    pub(crate) name: String,
    /// `pg_constraint.contype`.
    pub(crate) kind: char,
    /// Numbers of its columns.
    pub(crate) columns: Vec<i16>,
    /// The index that holds it, or 0.
    pub(crate) index: u32,
    /// What a check says.
    pub(crate) check: Option<String>,
    /// What a foreign key names.
    pub(crate) reference: Option<Reference>,
    pub(crate) comment: Option<String>,
}

/// What a foreign key names, and what happens to it.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) table: u32,
    pub(crate) columns: Vec<i16>,
    pub(crate) on_delete: Action,
    pub(crate) on_update: Action,
}

/// An index of a relation.
#[derive(Debug)]
pub(crate) struct KeyIndex {
    pub(crate) oid: u32,
    pub(crate) name: String,
    /// Numbers of its columns.
    pub(crate) columns: Vec<i16>,
    /// What stands in the place of a column whose number is 0.
    pub(crate) expressions: Vec<Option<String>>,
    pub(crate) predicate: Option<String>,
    /// `pg_index.indoption` of each: 1 descending, 2 NULLs first.
    pub(crate) options: Vec<i16>,
    pub(crate) unique: bool,
    pub(crate) primary: bool,
    pub(crate) nulls_distinct: bool,
    pub(crate) comment: Option<String>,
}

/// The constraint and the index that stand for the key that a version declares.
pub(super) fn declared(
    schema: &str,
    table: &str,
    key: Vec<i16>,
) -> (Vec<Constraint>, Vec<KeyIndex>) {
    if key.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let parts = [schema, table];
    let (oid, index) = (synthetic("constraint", &parts), synthetic("index", &parts));
    let name = format!("{table}_pkey");
    let constraint = Constraint {
        oid,
        name: name.clone(),
        kind: 'p',
        columns: key.clone(),
        index,
        check: None,
        reference: None,
        comment: None,
    };
    let options = vec![0; key.len()];
    let expressions = vec![None; key.len()];
    let index = KeyIndex {
        oid: index,
        name,
        columns: key,
        expressions,
        predicate: None,
        options,
        unique: true,
        primary: true,
        nulls_distinct: true,
        comment: None,
    };
    (vec![constraint], vec![index])
}

/// The constraints and indexes of a table that users write.
pub(super) fn written(table: &Table) -> (Vec<Constraint>, Vec<KeyIndex>) {
    let keys = |index: u32| {
        let index = table.index(index);
        index.map_or_else(Vec::new, |it| it.keys.iter().map(|key| key.column).collect())
    };
    let constraint = |own: &table::Constraint| {
        let mut made = Constraint {
            oid: own.oid,
            name: own.name.clone(),
            kind: 'c',
            columns: Vec::new(),
            index: 0,
            check: None,
            reference: None,
            comment: own.comment.clone(),
        };
        match &own.rule {
            Rule::PrimaryKey(index) => {
                (made.kind, made.columns, made.index) = ('p', keys(*index), *index);
            }
            Rule::Unique(index) => {
                (made.kind, made.columns, made.index) = ('u', keys(*index), *index);
            }
            Rule::Check(text) => made.check = Some(text.clone()),
            Rule::ForeignKey(key) => {
                (made.kind, made.columns) = ('f', key.columns.clone());
                made.reference = Some(Reference {
                    table: key.table,
                    columns: key.referenced.clone(),
                    on_delete: key.on_delete,
                    on_update: key.on_update,
                });
            }
        }
        made
    };
    let primary = table.primary_key().map(|(_, index)| index.oid);
    let index = |own: &table::Index| KeyIndex {
        oid: own.oid,
        name: own.name.clone(),
        columns: own.keys.iter().map(|key| key.column).collect(),
        expressions: own.keys.iter().map(|key| key.expression.clone()).collect(),
        predicate: own.predicate.clone(),
        options: own
            .keys
            .iter()
            .map(|key| i16::from(key.descending) | i16::from(key.nulls_first) << 1)
            .collect(),
        unique: own.unique,
        primary: primary == Some(own.oid),
        nulls_distinct: own.nulls_distinct,
        comment: own.comment.clone(),
    };
    (table.constraints.iter().map(constraint).collect(), table.indexes.iter().map(index).collect())
}

// ---- rows

/// What `row` makes of every index.
pub(super) fn indexes<'a, T>(
    index: &'a Index,
    row: impl Fn(&'a Arc<Entity>, &'a KeyIndex) -> T + Copy,
) -> impl Iterator<Item = T> {
    let relations = index.relations.iter();
    relations.flat_map(move |entity| entity.indexes.iter().map(move |own| row(entity, own)))
}

/// What `row` makes of every constraint.
pub(super) fn constraints<'a, T>(
    index: &'a Index,
    row: impl Fn(&'a Arc<Entity>, &'a Constraint) -> T + Copy,
) -> impl Iterator<Item = T> {
    let relations = index.relations.iter();
    relations.flat_map(move |entity| entity.constraints.iter().map(move |own| row(entity, own)))
}

/// Of `pg_index`.
pub(super) fn index_row(entity: &Entity, own: &KeyIndex) -> Row {
    let count = i32::try_from(own.columns.len()).unwrap_or(i32::MAX);
    let columns = || entity.numbered(&own.columns);
    let collations: Vec<Cell> =
        columns().map(|column| type_cell(column.type_oid, "typcollation")).collect();
    let classes: Vec<u32> = columns().map(|column| btree_class(column.type_oid)).collect();
    row![
        own.oid,
        entity.ids.relation,
        count,
        count,
        own.unique,
        !own.nulls_distinct,
        own.primary,
        false,
        true,
        false,
        true,
        false,
        true,
        true,
        false,
        own.columns.clone(),
        Cell::List(collations),
        classes,
        own.options.clone(),
        Cell::from(own.shown_expressions()),
        own.predicate.as_ref().map(|it| format!("({it})")),
    ]
}

/// The default btree operator class of a type; text's for the types that borrow it.
fn btree_class(kind: u32) -> u32 {
    let classes = data::table("pg_opclass");
    let (method, kind_at, default) =
        (classes.index("opcmethod"), classes.index("opcintype"), classes.index("opcdefault"));
    let kind = if kind == types::VARCHAR { types::TEXT } else { kind };
    let found = classes.rows().iter().find(|row| {
        row[method].oid() == BTREE_AM_OID && row[kind_at].oid() == kind && row[default].truth()
    });
    found.map_or(0, |row| row[0].oid())
}

/// Of `pg_indexes`.
pub(super) fn listed_row(entity: &Entity, own: &KeyIndex) -> Row {
    let definition = index_definition(entity, own, &qualified_name(entity));
    row![&entity.schema, &entity.name, &own.name, Cell::Null, definition]
}

/// Of `pg_constraint`.
pub(super) fn constraint_row(index: &Index, entity: &Entity, own: &Constraint) -> Row {
    let action = |action: Option<Action>| match action {
        None => ' ',
        Some(Action::NoAction) => 'a',
        Some(Action::Restrict) => 'r',
        Some(Action::Cascade) => 'c',
        Some(Action::SetNull) => 'n',
        Some(Action::SetDefault) => 'd',
    };
    let to = own.reference.as_ref();
    let held_by = match to {
        // That of the key it names.
        Some(to) => index.relation(to.table).map_or(0, |entity| {
            let mut wanted = to.columns.clone();
            wanted.sort_unstable();
            let found = entity.indexes.iter().find(|index| {
                let mut own = index.columns.clone();
                own.sort_unstable();
                index.unique && own == wanted
            });
            found.map_or(0, |index| index.oid)
        }),
        None => own.index,
    };
    let columns = match own.columns.is_empty() {
        true => checked_columns(entity, own),
        false => own.columns.clone(),
    };
    let equal = |columns: &[i16]| {
        let operators: Vec<u32> =
            entity.numbered(columns).map(|column| equality(column.type_oid)).collect();
        Cell::from(operators)
    };
    let operators = || to.map_or(Cell::Null, |_| equal(&own.columns));
    row![
        own.oid,
        &own.name,
        entity.schema_oid,
        own.kind,
        false,
        false,
        true,
        entity.ids.relation,
        0,
        held_by,
        0,
        to.map_or(0, |to| to.table),
        action(to.map(|to| to.on_update)),
        action(to.map(|to| to.on_delete)),
        if to.is_some() { 's' } else { ' ' },
        true,
        0,
        own.kind != 'c',
        columns,
        to.map_or(Cell::Null, |to| Cell::from(to.columns.clone())),
        operators(),
        operators(),
        operators(),
        Cell::Null,
        Cell::Null,
        own.check.as_ref().map(|check| format!("({check})")),
    ]
}

/// The operator that says that values of a type are equal.
fn equality(kind: u32) -> u32 {
    let operators = data::table("pg_operator");
    let (name, left, right) =
        (operators.index("oprname"), operators.index("oprleft"), operators.index("oprright"));
    let kind = if kind == types::VARCHAR { types::TEXT } else { kind };
    let found = operators
        .rows()
        .iter()
        .find(|row| row[name].text() == "=" && row[left].oid() == kind && row[right].oid() == kind);
    found.map_or(0, |row| row[0].oid())
}

/// The columns whose names stand in a check.
fn checked_columns(entity: &Entity, own: &Constraint) -> Vec<i16> {
    let Some(check) = &own.check else { return Vec::new() };
    let letters = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    let words: Vec<&str> = check.split(|letter| !letters(letter)).collect();
    let named = |column: &&Column| {
        words.iter().any(|word| *word == column.name || word.to_lowercase() == column.name)
    };
    entity.columns.iter().filter(named).map(|column| column.number).collect()
}

/// Of `pg_attrdef`.
pub(super) fn default_rows(facts: &Facts, index: &Index) -> Vec<Row> {
    let mut rows = Vec::new();
    for entity in &index.relations {
        for column in &entity.columns {
            let Some(default) = shown_default(facts, column) else { continue };
            let number = column.number.to_string();
            let oid = synthetic("default", &[&entity.ids.relation.to_string(), &number]);
            rows.push(row![oid, entity.ids.relation, i32::from(column.number), default]);
        }
    }
    rows
}

/// A default as PostgreSQL writes it; an identity has none.
pub(crate) fn shown_default(facts: &Facts, column: &Column) -> Option<String> {
    if column.identity.is_some() {
        return None;
    }
    match column.default.as_ref()? {
        table::Default::Next(oid) => {
            let index = facts.index();
            let sequence = index.relation(*oid)?;
            let visible = index.visible(facts, &sequence.name);
            let found = visible.is_some_and(|visible| visible.ids == sequence.ids);
            let name = match found {
                true => quote_identifier(&sequence.name),
                false => qualified_name(sequence),
            };
            Some(format!("nextval('{}'::regclass)", name.replace('\'', "''")))
        }
        table::Default::Expression(text) => Some(text.clone()),
        table::Default::Generated(text) => Some(format!("({text})")),
        table::Default::Stamped(_) => None,
    }
}

// ---- definitions

impl KeyIndex {
    /// Its expressions as `pg_index.indexprs` has them.
    fn shown_expressions(&self) -> Option<String> {
        let all: Vec<&str> = self.expressions.iter().flatten().map(String::as_str).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// Its `at`th part as PostgreSQL writes it.
    pub(crate) fn part(&self, entity: &Entity, at: usize) -> Option<String> {
        match self.expressions.get(at)? {
            // A call needs no brackets.
            Some(text) if is_call(text) => Some(text.clone()),
            Some(text) => Some(format!("({text})")),
            None => {
                let column = entity.column(i64::from(*self.columns.get(at)?))?;
                Some(quote_identifier(&column.name))
            }
        }
    }
}

/// Whether a text is one call of a function.
fn is_call(text: &str) -> bool {
    let Some((name, rest)) = text.split_once('(') else { return false };
    let plain = !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    let mut depth = 1_i32;
    let mut letters = rest.chars();
    let closed = letters.by_ref().any(|letter| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        depth == 0
    });
    plain && closed && letters.next().is_none()
}

/// `CREATE INDEX … ON table …` as `pg_get_indexdef` words it.
pub(crate) fn index_definition(entity: &Entity, own: &KeyIndex, table: &str) -> String {
    let parts = (0..own.columns.len()).filter_map(|at| own.part(entity, at));
    let columns = parts.zip(&own.options).map(|(part, option)| {
        let order = match option {
            0 => "",
            1 => " DESC NULLS LAST",
            2 => " NULLS FIRST",
            _ => " DESC",
        };
        format!("{part}{order}")
    });
    let columns = columns.collect::<Vec<_>>().join(", ");
    let unique = if own.unique { "UNIQUE " } else { "" };
    let nulls = if own.nulls_distinct { "" } else { " NULLS NOT DISTINCT" };
    let name = quote_identifier(&own.name);
    let predicate = own.predicate.as_ref().map_or_else(String::new, |it| format!(" WHERE ({it})"));
    format!("CREATE {unique}INDEX {name} ON {table} USING btree ({columns}){nulls}{predicate}")
}

/// A constraint as `pg_get_constraintdef` words it; `table` names the relation that a foreign key names.
pub(crate) fn constraint_definition(
    facts: &Facts,
    entity: &Entity,
    own: &Constraint,
    table: impl Fn(u32) -> String,
) -> String {
    let index = facts.index();
    let names = |entity: &Entity, columns: &[i16]| {
        let names = entity.numbered(columns).map(|column| quote_identifier(&column.name));
        names.collect::<Vec<_>>().join(", ")
    };
    if let Some(check) = &own.check {
        return format!("CHECK (({check}))");
    }
    let columns = names(entity, &own.columns);
    if let Some(to) = &own.reference {
        let referenced =
            index.relation(to.table).map_or_else(String::new, |of| names(of, &to.columns));
        let name = table(to.table);
        let mut text = format!("FOREIGN KEY ({columns}) REFERENCES {name}({referenced})");
        for (word, action) in [("UPDATE", to.on_update), ("DELETE", to.on_delete)] {
            let action = match action {
                Action::NoAction => continue,
                Action::Restrict => "RESTRICT",
                Action::Cascade => "CASCADE",
                Action::SetNull => "SET NULL",
                Action::SetDefault => "SET DEFAULT",
            };
            text = format!("{text} ON {word} {action}");
        }
        return text;
    }
    let distinct = entity
        .indexes
        .iter()
        .find(|index| index.oid == own.index)
        .is_none_or(|index| index.nulls_distinct);
    match own.kind {
        'p' => format!("PRIMARY KEY ({columns})"),
        _ if distinct => format!("UNIQUE ({columns})"),
        _ => format!("UNIQUE NULLS NOT DISTINCT ({columns})"),
    }
}
