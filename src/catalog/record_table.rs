//! How tables that users write, and their rows, are written; the rules are those of [`super::record`].

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::datatypes::{Field, Schema};

use super::generation::RelationIds;
use super::log;
use super::record::unknown;
use super::table::{
    Action, Attribute, Constraint, Default, ForeignKey, Identity, Index, IndexKey, Rule, Stamp,
    Table,
};
use crate::error::Result;
use crate::rows::{self, Rows};

/// A table as it is from now on; `old_schema` and `old_name` where it had others.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PutTable {
    #[prost(string, optional, tag = "1")]
    pub(super) old_schema: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) old_name: Option<String>,
    #[prost(message, optional, tag = "3")]
    pub(super) table: Option<WrittenTable>,
    /// All its rows from now on, if they are others: see [`rows::encode`].
    #[prost(bytes = "vec", optional, tag = "4")]
    pub(super) rows: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DropTable {
    #[prost(string, tag = "1")]
    pub(super) schema: String,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(uint32, tag = "3")]
    pub(super) oid: u32,
}

/// Rows that go and rows that come.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct WriteRows {
    #[prost(uint32, tag = "1")]
    pub(super) table: u32,
    #[prost(bool, tag = "2")]
    pub(super) all: bool,
    #[prost(sint64, repeated, tag = "3")]
    pub(super) deleted: Vec<i64>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub(super) inserted: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct WrittenTable {
    #[prost(string, tag = "1")]
    pub(super) schema: String,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(uint32, tag = "3")]
    pub(super) relation: u32,
    #[prost(uint32, tag = "4")]
    pub(super) row_type: u32,
    #[prost(uint32, tag = "5")]
    pub(super) array_type: u32,
    #[prost(string, tag = "6")]
    pub(super) owner: String,
    /// An Arrow IPC schema (`Schema.fbs`).
    #[prost(bytes = "vec", tag = "7")]
    pub(super) columns: Vec<u8>,
    #[prost(message, repeated, tag = "8")]
    pub(super) attributes: Vec<AttributeRecord>,
    #[prost(int32, tag = "9")]
    pub(super) last_number: i32,
    #[prost(message, repeated, tag = "10")]
    pub(super) constraints: Vec<ConstraintRecord>,
    #[prost(message, repeated, tag = "11")]
    pub(super) indexes: Vec<IndexRecord>,
    #[prost(string, optional, tag = "12")]
    pub(super) comment: Option<String>,
    #[prost(bool, tag = "13")]
    pub(super) is_log: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AttributeRecord {
    #[prost(int32, tag = "1")]
    pub(super) number: i32,
    #[prost(uint32, optional, tag = "2")]
    pub(super) next: Option<u32>,
    #[prost(string, optional, tag = "3")]
    pub(super) expression: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(super) generated: Option<String>,
    /// 0 none, 1 always, 2 by default.
    #[prost(uint32, tag = "5")]
    pub(super) identity: u32,
    #[prost(string, optional, tag = "6")]
    pub(super) comment: Option<String>,
    /// 0 none, 1 `_seq`, 2 `_time`.
    #[prost(uint32, tag = "7")]
    pub(super) stamp: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ConstraintRecord {
    #[prost(uint32, tag = "1")]
    pub(super) oid: u32,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(uint32, optional, tag = "3")]
    pub(super) primary_key: Option<u32>,
    #[prost(uint32, optional, tag = "4")]
    pub(super) unique: Option<u32>,
    #[prost(string, optional, tag = "5")]
    pub(super) check: Option<String>,
    #[prost(message, optional, tag = "6")]
    pub(super) foreign_key: Option<ForeignKeyRecord>,
    #[prost(string, optional, tag = "7")]
    pub(super) comment: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ForeignKeyRecord {
    #[prost(int32, repeated, tag = "1")]
    pub(super) columns: Vec<i32>,
    #[prost(uint32, tag = "2")]
    pub(super) table: u32,
    #[prost(int32, repeated, tag = "3")]
    pub(super) referenced: Vec<i32>,
    /// 0 no action, 1 restrict, 2 cascade, 3 set null, 4 set default.
    #[prost(uint32, tag = "4")]
    pub(super) on_delete: u32,
    #[prost(uint32, tag = "5")]
    pub(super) on_update: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct IndexRecord {
    #[prost(uint32, tag = "1")]
    pub(super) oid: u32,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) keys: Vec<IndexKeyRecord>,
    #[prost(bool, tag = "4")]
    pub(super) unique: bool,
    #[prost(bool, tag = "5")]
    pub(super) nulls_not_distinct: bool,
    #[prost(string, tag = "6")]
    pub(super) method: String,
    #[prost(string, optional, tag = "7")]
    pub(super) comment: Option<String>,
    #[prost(string, optional, tag = "8")]
    pub(super) predicate: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct IndexKeyRecord {
    #[prost(int32, tag = "1")]
    pub(super) column: i32,
    #[prost(bool, tag = "2")]
    pub(super) descending: bool,
    #[prost(bool, tag = "3")]
    pub(super) nulls_first: bool,
    #[prost(string, optional, tag = "4")]
    pub(super) expression: Option<String>,
}

/// The rows of a table in a checkpoint.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RowsRecord {
    #[prost(uint32, tag = "1")]
    pub(super) table: u32,
    #[prost(sint64, tag = "2")]
    pub(super) next: i64,
    #[prost(uint64, tag = "3")]
    pub(super) revision: u64,
    #[prost(message, repeated, tag = "4")]
    pub(super) parts: Vec<RowsPart>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RowsPart {
    #[prost(sint64, repeated, tag = "1")]
    pub(super) numbers: Vec<i64>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) batch: Vec<u8>,
}

impl WrittenTable {
    pub(super) fn of(schema: &str, table: &Table) -> WrittenTable {
        WrittenTable {
            schema: schema.to_owned(),
            name: table.name.clone(),
            relation: table.ids.relation,
            row_type: table.ids.row_type,
            array_type: table.ids.array_type,
            owner: table.owner.clone(),
            columns: rows::schema_bytes(&table.columns),
            attributes: table.attributes.iter().map(AttributeRecord::of).collect(),
            last_number: table.last_number.into(),
            constraints: table.constraints.iter().map(ConstraintRecord::of).collect(),
            indexes: table.indexes.iter().map(IndexRecord::of).collect(),
            comment: table.comment.clone(),
            is_log: table.is_log,
        }
    }

    /// Its schema and what it is.
    /// Errors: F0000 for what only a newer release knows; XX001.
    pub(super) fn read(self) -> Result<(String, Table)> {
        let attributes = self.attributes.into_iter().map(AttributeRecord::read);
        let constraints = self.constraints.into_iter().map(ConstraintRecord::read);
        let indexes = self.indexes.into_iter().map(IndexRecord::read);
        let table = Table {
            name: self.name,
            ids: RelationIds {
                relation: self.relation,
                row_type: self.row_type,
                array_type: self.array_type,
            },
            owner: self.owner,
            columns: rows::schema_of(&self.columns)?,
            attributes: attributes.collect::<Result<_>>()?,
            last_number: number(self.last_number)?,
            constraints: constraints.collect::<Result<_>>()?,
            indexes: indexes.collect::<Result<_>>()?,
            comment: self.comment,
            is_log: self.is_log,
        };
        Ok((self.schema, table))
    }
}

impl AttributeRecord {
    fn of(attribute: &Attribute) -> AttributeRecord {
        let (mut next, mut expression, mut generated, mut stamp) = (None, None, None, 0);
        match attribute.default.clone() {
            None => {}
            Some(Default::Next(oid)) => next = Some(oid),
            Some(Default::Expression(text)) => expression = Some(text),
            Some(Default::Generated(text)) => generated = Some(text),
            Some(Default::Stamped(Stamp::Seq)) => stamp = 1,
            Some(Default::Stamped(Stamp::Time)) => stamp = 2,
        }
        AttributeRecord {
            number: attribute.number.into(),
            next,
            expression,
            generated,
            identity: match attribute.identity {
                None => 0,
                Some(Identity::Always) => 1,
                Some(Identity::ByDefault) => 2,
            },
            comment: attribute.comment.clone(),
            stamp,
        }
    }

    fn read(self) -> Result<Attribute> {
        let stamped = match self.stamp {
            0 => None,
            1 => Some(Default::Stamped(Stamp::Seq)),
            2 => Some(Default::Stamped(Stamp::Time)),
            other => return Err(unknown(&format!("stamp {other} of a column"))),
        };
        let default = match (self.next, self.expression, self.generated) {
            (Some(oid), ..) => Some(Default::Next(oid)),
            (None, Some(text), _) => Some(Default::Expression(text)),
            (None, None, Some(text)) => Some(Default::Generated(text)),
            (None, None, None) => stamped,
        };
        let identity = match self.identity {
            0 => None,
            1 => Some(Identity::Always),
            2 => Some(Identity::ByDefault),
            other => return Err(unknown(&format!("identity {other} of a column"))),
        };
        Ok(Attribute { number: number(self.number)?, default, identity, comment: self.comment })
    }
}

impl ConstraintRecord {
    fn of(constraint: &Constraint) -> ConstraintRecord {
        let (mut primary_key, mut unique, mut check, mut foreign_key) = (None, None, None, None);
        match &constraint.rule {
            Rule::PrimaryKey(index) => primary_key = Some(*index),
            Rule::Unique(index) => unique = Some(*index),
            Rule::Check(text) => check = Some(text.clone()),
            Rule::ForeignKey(key) => foreign_key = Some(ForeignKeyRecord::of(key)),
        }
        ConstraintRecord {
            oid: constraint.oid,
            name: constraint.name.clone(),
            primary_key,
            unique,
            check,
            foreign_key,
            comment: constraint.comment.clone(),
        }
    }

    fn read(self) -> Result<Constraint> {
        let rule = match (self.primary_key, self.unique, self.check, self.foreign_key) {
            (Some(index), ..) => Rule::PrimaryKey(index),
            (None, Some(index), ..) => Rule::Unique(index),
            (None, None, Some(text), _) => Rule::Check(text),
            (None, None, None, Some(key)) => Rule::ForeignKey(key.read()?),
            (None, None, None, None) => return Err(unknown("kind of constraint")),
        };
        Ok(Constraint { oid: self.oid, name: self.name, rule, comment: self.comment })
    }
}

impl ForeignKeyRecord {
    fn of(key: &ForeignKey) -> ForeignKeyRecord {
        ForeignKeyRecord {
            columns: key.columns.iter().map(|number| i32::from(*number)).collect(),
            table: key.table,
            referenced: key.referenced.iter().map(|number| i32::from(*number)).collect(),
            on_delete: action_number(key.on_delete),
            on_update: action_number(key.on_update),
        }
    }

    fn read(self) -> Result<ForeignKey> {
        Ok(ForeignKey {
            columns: self.columns.into_iter().map(number).collect::<Result<_>>()?,
            table: self.table,
            referenced: self.referenced.into_iter().map(number).collect::<Result<_>>()?,
            on_delete: action(self.on_delete)?,
            on_update: action(self.on_update)?,
        })
    }
}

fn action_number(action: Action) -> u32 {
    match action {
        Action::NoAction => 0,
        Action::Restrict => 1,
        Action::Cascade => 2,
        Action::SetNull => 3,
        Action::SetDefault => 4,
    }
}

fn action(number: u32) -> Result<Action> {
    Ok(match number {
        0 => Action::NoAction,
        1 => Action::Restrict,
        2 => Action::Cascade,
        3 => Action::SetNull,
        4 => Action::SetDefault,
        other => return Err(unknown(&format!("action {other} of a foreign key"))),
    })
}

impl IndexRecord {
    fn of(index: &Index) -> IndexRecord {
        let key = |key: &IndexKey| IndexKeyRecord {
            column: key.column.into(),
            descending: key.descending,
            nulls_first: key.nulls_first,
            expression: key.expression.clone(),
        };
        IndexRecord {
            oid: index.oid,
            name: index.name.clone(),
            keys: index.keys.iter().map(key).collect(),
            unique: index.unique,
            nulls_not_distinct: !index.nulls_distinct,
            method: index.method.clone(),
            comment: index.comment.clone(),
            predicate: index.predicate.clone(),
        }
    }

    fn read(self) -> Result<Index> {
        let key = |key: IndexKeyRecord| {
            let column = number(key.column)?;
            let (descending, nulls_first) = (key.descending, key.nulls_first);
            Ok(IndexKey { column, expression: key.expression, descending, nulls_first })
        };
        Ok(Index {
            oid: self.oid,
            name: self.name,
            keys: self.keys.into_iter().map(key).collect::<Result<_>>()?,
            unique: self.unique,
            nulls_distinct: !self.nulls_not_distinct,
            method: self.method,
            comment: self.comment,
            predicate: self.predicate,
        })
    }
}

impl WriteRows {
    /// What the commit gives the rows of a log is left out: it is told again by the frame.
    /// Errors: those of Arrow.
    pub(super) fn of(table: &Table, change: &rows::Change) -> Result<WriteRows> {
        let written = |rows: &RecordBatch| match table.is_log {
            true => rows::encode(&rows.project(&own_places(table)).map_err(rows::failed)?),
            false => rows::encode(rows),
        };
        Ok(WriteRows {
            table: table.ids.relation,
            all: change.all,
            deleted: change.deleted.clone(),
            inserted: change.inserted.as_ref().map(written).transpose()?,
        })
    }

    /// Errors: XX001.
    pub(super) fn read(self, rows: &Rows) -> Result<rows::Change> {
        let read = |bytes: Vec<u8>| rows::decode(rows.columns(), &bytes);
        Ok(rows::Change {
            all: self.all,
            deleted: self.deleted,
            inserted: self.inserted.map(read).transpose()?,
            first: None,
        })
    }

    /// The same of a log; what the commit gives is still to be put on its rows.
    /// Errors: XX001.
    pub(super) fn read_log(self, log: &Table) -> Result<rows::Change> {
        let places = own_places(log);
        let columns = Arc::new(log.columns.project(&places).map_err(rows::failed)?);
        let read = |bytes: Vec<u8>| {
            let own = rows::decode(&columns, &bytes)?;
            let mut arrays: Vec<ArrayRef> = log
                .columns
                .fields()
                .iter()
                .map(|field| new_null_array(field.data_type(), own.num_rows()))
                .collect();
            for (place, array) in places.iter().zip(own.columns()) {
                if let Some(slot) = arrays.get_mut(*place) {
                    *slot = Arc::clone(array);
                }
            }
            let any: Vec<Field> = log
                .columns
                .fields()
                .iter()
                .map(|field| (**field).clone().with_nullable(true))
                .collect();
            rows::batch_of(&Arc::new(Schema::new(any)), arrays, own.num_rows())
        };
        Ok(rows::Change {
            all: self.all,
            deleted: self.deleted,
            inserted: self.inserted.map(read).transpose()?,
            first: None,
        })
    }
}

/// The places of a log's columns that the commit does not give.
fn own_places(log: &Table) -> Vec<usize> {
    let stamps: Vec<usize> = log::stamps(log).map(|(place, _)| place).collect();
    (0..log.columns.fields().len()).filter(|place| !stamps.contains(place)).collect()
}

impl RowsRecord {
    /// Errors: those of Arrow.
    pub(super) fn of(table: u32, rows: &Rows) -> Result<RowsRecord> {
        let ((next, revision), parts) = rows.parts();
        let part = |(numbers, batch): (&[i64], _)| {
            Ok(RowsPart { numbers: numbers.to_vec(), batch: rows::encode(batch)? })
        };
        let parts = parts.map(part).collect::<Result<_>>()?;
        Ok(RowsRecord { table, next, revision, parts })
    }

    /// Errors: XX001.
    pub(super) fn read(self, table: &Table) -> Result<Arc<Rows>> {
        let part = |part: RowsPart| Ok((part.numbers, rows::decode(&table.columns, &part.batch)?));
        let parts = self.parts.into_iter().map(part).collect::<Result<_>>()?;
        let next = (self.next, self.revision);
        let rows = Rows::of_parts(&table.columns, &table.unique(), next, parts);
        rows.map(Arc::new).map_err(|refused| super::defined_table::unfoldable(table, &refused))
    }
}

fn number(number: i32) -> Result<i16> {
    i16::try_from(number).map_err(|_range| unknown(&format!("column number {number}")))
}
