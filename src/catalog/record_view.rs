//! How views are written; the rules are those of [`super::record`].

use super::generation::RelationIds;
use super::record::unknown;
use super::view::{Known, Of, Piece, Reading, View};
use crate::error::Result;
use crate::rows;

/// A view as it is from now on; `old_schema` and `old_name` where it had others.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PutView {
    #[prost(string, optional, tag = "1")]
    pub(super) old_schema: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) old_name: Option<String>,
    #[prost(message, optional, tag = "3")]
    pub(super) view: Option<ViewRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DropView {
    #[prost(string, tag = "1")]
    pub(super) schema: String,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(uint32, tag = "3")]
    pub(super) oid: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ViewRecord {
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
    /// One for each column.
    #[prost(message, repeated, tag = "8")]
    pub(super) column_comments: Vec<Comment>,
    #[prost(message, repeated, tag = "9")]
    pub(super) query: Vec<PieceRecord>,
    #[prost(message, repeated, tag = "10")]
    pub(super) told: Vec<PieceRecord>,
    #[prost(message, repeated, tag = "11")]
    pub(super) reads: Vec<ReadingRecord>,
    #[prost(string, repeated, tag = "12")]
    pub(super) search_path: Vec<String>,
    #[prost(string, repeated, tag = "13")]
    pub(super) options: Vec<String>,
    #[prost(string, optional, tag = "14")]
    pub(super) comment: Option<String>,
    #[prost(bool, tag = "15")]
    pub(super) materialized: bool,
    #[prost(uint32, optional, tag = "16")]
    pub(super) follows: Option<u32>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Comment {
    #[prost(string, optional, tag = "1")]
    pub(super) text: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PieceRecord {
    /// 1 text, 2 relation, 3 qualifier, 4 column, 5 bracket, 6 name.
    #[prost(uint32, tag = "1")]
    pub(super) kind: u32,
    /// Of text and brackets, and the alias that qualifies a column.
    #[prost(string, optional, tag = "2")]
    pub(super) text: Option<String>,
    #[prost(uint32, tag = "3")]
    pub(super) reading: u32,
    #[prost(uint32, tag = "4")]
    pub(super) column: u32,
    #[prost(bool, tag = "5")]
    pub(super) aliased: bool,
    /// A column of the view.
    #[prost(uint32, optional, tag = "6")]
    pub(super) output: Option<u32>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ReadingRecord {
    /// 0 for what names find.
    #[prost(uint32, tag = "1")]
    pub(super) oid: u32,
    #[prost(string, tag = "2")]
    pub(super) schema: String,
    #[prost(string, tag = "3")]
    pub(super) relation: String,
    #[prost(string, tag = "4")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "5")]
    pub(super) columns: Vec<KnownRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct KnownRecord {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(int32, tag = "2")]
    pub(super) number: i32,
    #[prost(uint32, tag = "3")]
    pub(super) type_oid: u32,
    #[prost(sint32, tag = "4")]
    pub(super) modifier: i32,
    #[prost(bool, tag = "5")]
    pub(super) used: bool,
}

impl ViewRecord {
    pub(super) fn of(schema: &str, view: &View) -> ViewRecord {
        let comments = view.column_comments.iter().map(|text| Comment { text: text.clone() });
        ViewRecord {
            schema: schema.to_owned(),
            name: view.name.clone(),
            relation: view.ids.relation,
            row_type: view.ids.row_type,
            array_type: view.ids.array_type,
            owner: view.owner.clone(),
            columns: rows::schema_bytes(&view.columns),
            column_comments: comments.collect(),
            query: view.query.iter().map(PieceRecord::of).collect(),
            told: view.told.iter().map(PieceRecord::of).collect(),
            reads: view.reads.iter().map(ReadingRecord::of).collect(),
            search_path: view.search_path.clone(),
            options: view.options.clone(),
            comment: view.comment.clone(),
            materialized: view.materialized,
            follows: view.follows,
        }
    }

    /// Its schema and what it is.
    /// Errors: F0000 for what only a newer release knows; XX001.
    pub(super) fn read(self) -> Result<(String, View)> {
        let reads = self.reads.into_iter().map(ReadingRecord::read).collect::<Result<Vec<_>>>()?;
        let pieces = |records: Vec<PieceRecord>| {
            records.into_iter().map(|record| record.read(&reads)).collect::<Result<Vec<_>>>()
        };
        let view = View {
            name: self.name,
            ids: RelationIds {
                relation: self.relation,
                row_type: self.row_type,
                array_type: self.array_type,
            },
            owner: self.owner,
            columns: rows::schema_of(&self.columns)?,
            column_comments: self.column_comments.into_iter().map(|it| it.text).collect(),
            query: pieces(self.query)?,
            told: pieces(self.told)?,
            reads,
            search_path: self.search_path,
            options: self.options,
            comment: self.comment,
            materialized: self.materialized,
            follows: self.follows,
        };
        Ok((self.schema, view))
    }
}

impl PieceRecord {
    fn of(piece: &Piece) -> PieceRecord {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let none = PieceRecord::default();
        match piece {
            Piece::Text(text) => PieceRecord { kind: 1, text: Some(text.clone()), ..none },
            Piece::Relation { reading, aliased } => {
                PieceRecord { kind: 2, reading: count(*reading), aliased: *aliased, ..none }
            }
            Piece::Qualifier(reading) => PieceRecord { kind: 3, reading: count(*reading), ..none },
            Piece::Column { reading, column, alias, output } => PieceRecord {
                kind: 4,
                text: alias.clone(),
                reading: count(*reading),
                column: count(*column),
                output: output.map(count),
                ..none
            },
            Piece::Name(output) => PieceRecord { kind: 6, output: Some(count(*output)), ..none },
            Piece::Bracket(text) => PieceRecord { kind: 5, text: Some(text.clone()), ..none },
        }
    }

    fn read(self, reads: &[Reading]) -> Result<Piece> {
        let text = self.text.clone().unwrap_or_default();
        let reading = usize::try_from(self.reading).unwrap_or(usize::MAX);
        let column = usize::try_from(self.column).unwrap_or(usize::MAX);
        let output = self.output.map(|output| usize::try_from(output).unwrap_or(usize::MAX));
        let known = reads.get(reading);
        Ok(match (self.kind, known) {
            (1, _) => Piece::Text(text),
            (2, Some(_)) => Piece::Relation { reading, aliased: self.aliased },
            (3, Some(_)) => Piece::Qualifier(reading),
            (4, Some(known)) if column < known.columns.len() => {
                Piece::Column { reading, column, alias: self.text, output }
            }
            (5, _) => Piece::Bracket(text),
            (6, _) => Piece::Name(output.unwrap_or(usize::MAX)),
            (other, _) => return Err(unknown(&format!("piece {other} of a view"))),
        })
    }
}

impl ReadingRecord {
    fn of(reading: &Reading) -> ReadingRecord {
        let (oid, schema, relation) = match &reading.of {
            Of::Made(oid) => (*oid, String::new(), String::new()),
            Of::Named(schema, relation) => (0, schema.clone(), relation.clone()),
        };
        let column = |column: &Known| KnownRecord {
            name: column.name.clone(),
            number: column.number.into(),
            type_oid: column.type_oid,
            modifier: column.modifier,
            used: column.used,
        };
        let columns = reading.columns.iter().map(column).collect();
        ReadingRecord { oid, schema, relation, name: reading.name.clone(), columns }
    }

    fn read(self) -> Result<Reading> {
        let of = match self.oid {
            0 => Of::Named(self.schema, self.relation),
            oid => Of::Made(oid),
        };
        let column = |column: KnownRecord| {
            let wrong = |_| unknown(&format!("column number {}", column.number));
            let number = i16::try_from(column.number).map_err(wrong)?;
            let KnownRecord { name, type_oid, modifier, used, .. } = column;
            Ok(Known { name, number, type_oid, modifier, used })
        };
        let columns = self.columns.into_iter().map(column).collect::<Result<_>>()?;
        Ok(Reading { of, name: self.name, columns })
    }
}
