//! How schemas and sequences are written; the rules are those of [`super::record`].

use super::generation::RelationIds;
use super::record::unknown;
use super::written::{Position, Schema, Sequence, SequenceType};
use crate::error::Result;

/// A schema as it is from now on; `old_name` when it had another.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PutSchema {
    #[prost(string, optional, tag = "1")]
    pub(super) old_name: Option<String>,
    #[prost(message, optional, tag = "2")]
    pub(super) schema: Option<SchemaRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SchemaRecord {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(uint32, tag = "2")]
    pub(super) oid: u32,
    #[prost(string, tag = "3")]
    pub(super) owner: String,
    #[prost(string, optional, tag = "4")]
    pub(super) comment: Option<String>,
}

/// A sequence as it is from now on; `old_schema` and `old_name` where it had others.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PutSequence {
    #[prost(string, optional, tag = "1")]
    pub(super) old_schema: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) old_name: Option<String>,
    #[prost(message, optional, tag = "3")]
    pub(super) sequence: Option<SequenceRecord>,
    /// Where it is, if that changes.
    #[prost(message, optional, tag = "4")]
    pub(super) position: Option<PositionRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SequenceRecord {
    #[prost(string, tag = "1")]
    pub(super) schema: String,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(uint32, tag = "3")]
    pub(super) relation: u32,
    #[prost(string, tag = "5")]
    pub(super) owner: String,
    /// 1 smallint, 2 integer, 3 bigint.
    #[prost(uint32, tag = "6")]
    pub(super) data_type: u32,
    #[prost(sint64, tag = "7")]
    pub(super) start: i64,
    #[prost(sint64, tag = "8")]
    pub(super) increment: i64,
    #[prost(sint64, tag = "9")]
    pub(super) min: i64,
    #[prost(sint64, tag = "10")]
    pub(super) max: i64,
    #[prost(sint64, tag = "11")]
    pub(super) cache: i64,
    #[prost(bool, tag = "12")]
    pub(super) cycle: bool,
    #[prost(uint32, tag = "13")]
    pub(super) generation: u32,
    #[prost(string, optional, tag = "14")]
    pub(super) comment: Option<String>,
    /// The table and the number of its column that it goes with.
    #[prost(uint32, optional, tag = "15")]
    pub(super) owner_table: Option<u32>,
    #[prost(int32, tag = "16")]
    pub(super) owner_column: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DropSequence {
    #[prost(string, tag = "1")]
    pub(super) schema: String,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(uint32, tag = "3")]
    pub(super) oid: u32,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct PositionRecord {
    #[prost(uint32, tag = "1")]
    pub(super) oid: u32,
    #[prost(sint64, tag = "2")]
    pub(super) last: i64,
    #[prost(bool, tag = "3")]
    pub(super) is_called: bool,
    #[prost(uint64, tag = "4")]
    pub(super) turn: u64,
}

impl From<&Schema> for SchemaRecord {
    fn from(schema: &Schema) -> SchemaRecord {
        let Schema { name, oid, owner, comment, sequences: _, tables: _, views: _ } =
            schema.clone();
        SchemaRecord { name, oid, owner, comment }
    }
}

impl SequenceRecord {
    pub(super) fn of(schema: &str, sequence: &Sequence) -> SequenceRecord {
        SequenceRecord {
            schema: schema.to_owned(),
            name: sequence.name.clone(),
            relation: sequence.ids.relation,
            owner: sequence.owner.clone(),
            data_type: match sequence.data_type {
                SequenceType::SmallInt => 1,
                SequenceType::Integer => 2,
                SequenceType::BigInt => 3,
            },
            start: sequence.start,
            increment: sequence.increment,
            min: sequence.min,
            max: sequence.max,
            cache: sequence.cache,
            cycle: sequence.cycle,
            generation: sequence.generation,
            comment: sequence.comment.clone(),
            owner_table: sequence.owned_by.map(|(table, _)| table),
            owner_column: sequence.owned_by.map_or(0, |(_, column)| column.into()),
        }
    }

    /// Its schema and what it is.
    /// Errors: F0000 for a type of another release.
    pub(super) fn read(self) -> Result<(String, Sequence)> {
        let data_type = match self.data_type {
            1 => SequenceType::SmallInt,
            2 => SequenceType::Integer,
            3 => SequenceType::BigInt,
            other => return Err(unknown(&format!("type {other} of a sequence"))),
        };
        let sequence = Sequence {
            name: self.name,
            ids: RelationIds { relation: self.relation, row_type: 0, array_type: 0 },
            owner: self.owner,
            data_type,
            start: self.start,
            increment: self.increment,
            min: self.min,
            max: self.max,
            cache: self.cache,
            cycle: self.cycle,
            generation: self.generation,
            comment: self.comment,
            owned_by: match self.owner_table {
                Some(table) => Some((
                    table,
                    i16::try_from(self.owner_column)
                        .map_err(|_range| unknown("column number of a sequence"))?,
                )),
                None => None,
            },
        };
        Ok((self.schema, sequence))
    }
}

impl PositionRecord {
    pub(super) fn of(oid: u32, position: Position) -> PositionRecord {
        let Position { last, is_called, turn } = position;
        PositionRecord { oid, last, is_called, turn }
    }

    pub(super) fn read(self) -> Position {
        Position { last: self.last, is_called: self.is_called, turn: self.turn }
    }
}
