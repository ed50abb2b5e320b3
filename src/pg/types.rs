//! Which PostgreSQL type an Arrow field is, and what PostgreSQL calls it.
//!
//! Owns the table of the types we know: number, internal name, SQL name, length, array type. It is PostgreSQL 15's
//! `pg_type` for those rows. Invariant: `len` of an announced type is `typlen` of that row, so a driver that
//! decides by length decides as it would with PostgreSQL.
//!
//! Imports: pg::numeric. Used by: pg, query, wire.

use arrow::datatypes::{DataType, Field};

/// The key in a field's metadata that names a PostgreSQL type Arrow has no type for (`oid`, `name`, `regclass`, …),
/// by its internal name (`pg_type.typname`).
pub const TYPE_KEY: &str = "forebay.type";

/// The key in a field's metadata with the type modifier (`atttypmod`) in decimal digits.
pub const MODIFIER_KEY: &str = "forebay.modifier";

/// The key in the metadata of the first field of composite values: the number of their type when they are rows of a table,
/// 0 for a record.
pub const ROW_TYPE_KEY: &str = "forebay.row_type";

/// The key Arrow keeps the name of an extension type under.
const EXTENSION_KEY: &str = "ARROW:extension:name";

/// A PostgreSQL type as RowDescription tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PgType {
    /// `pg_type.oid`.
    pub oid: u32,
    /// `pg_type.typlen`; -1 is variable, -2 ends with a NUL.
    pub len: i16,
    /// `atttypmod`; -1 is none.
    pub modifier: i32,
}

impl PgType {
    /// The type of that number without a modifier; an unknown number is of variable length.
    pub fn new(oid: u32) -> PgType {
        PgType { oid, len: known(oid).map_or(-1, |known| known.len), modifier: -1 }
    }

    /// The same type with `modifier`.
    pub fn with_modifier(self, modifier: i32) -> PgType {
        PgType { modifier, ..self }
    }
}

macro_rules! known_types {
    ($($constant:ident = $oid:literal, $array_constant:ident = $array:literal,
       $name:literal, $sql_name:literal, $len:literal;)*) => {
        $(
            #[doc = concat!("`pg_type.oid` of `", $name, "`.")]
            pub const $constant: u32 = $oid;
            #[doc = concat!("`pg_type.oid` of the array of `", $name, "`; 0 when there is none.")]
            pub const $array_constant: u32 = $array;
        )*
        /// Element types only: an array type is told by the row of its element.
        const KNOWN: &[Known] = &[
            $(Known { oid: $oid, array: $array, name: $name, array_name: concat!("_", $name),
                sql_name: $sql_name, len: $len },)*
        ];
    };
}

struct Known {
    oid: u32,
    array: u32,
    name: &'static str,
    array_name: &'static str,
    sql_name: &'static str,
    len: i16,
}

known_types! {
    BOOL = 16, BOOL_ARRAY = 1000, "bool", "boolean", 1;
    BYTEA = 17, BYTEA_ARRAY = 1001, "bytea", "bytea", -1;
    CHAR = 18, CHAR_ARRAY = 1002, "char", "\"char\"", 1;
    NAME = 19, NAME_ARRAY = 1003, "name", "name", 64;
    INT8 = 20, INT8_ARRAY = 1016, "int8", "bigint", 8;
    INT2 = 21, INT2_ARRAY = 1005, "int2", "smallint", 2;
    INT2VECTOR = 22, INT2VECTOR_ARRAY = 1006, "int2vector", "int2vector", -1;
    INT4 = 23, INT4_ARRAY = 1007, "int4", "integer", 4;
    REGPROC = 24, REGPROC_ARRAY = 1008, "regproc", "regproc", 4;
    TEXT = 25, TEXT_ARRAY = 1009, "text", "text", -1;
    OID = 26, OID_ARRAY = 1028, "oid", "oid", 4;
    TID = 27, TID_ARRAY = 1010, "tid", "tid", 6;
    XID = 28, XID_ARRAY = 1011, "xid", "xid", 4;
    CID = 29, CID_ARRAY = 1012, "cid", "cid", 4;
    OIDVECTOR = 30, OIDVECTOR_ARRAY = 1013, "oidvector", "oidvector", -1;
    JSON = 114, JSON_ARRAY = 199, "json", "json", -1;
    XML = 142, XML_ARRAY = 143, "xml", "xml", -1;
    PG_NODE_TREE = 194, PG_NODE_TREE_ARRAY = 0, "pg_node_tree", "pg_node_tree", -1;
    POINT = 600, POINT_ARRAY = 1017, "point", "point", 16;
    LSEG = 601, LSEG_ARRAY = 1018, "lseg", "lseg", 32;
    PATH = 602, PATH_ARRAY = 1019, "path", "path", -1;
    BOX = 603, BOX_ARRAY = 1020, "box", "box", 32;
    POLYGON = 604, POLYGON_ARRAY = 1027, "polygon", "polygon", -1;
    LINE = 628, LINE_ARRAY = 629, "line", "line", 24;
    CIDR = 650, CIDR_ARRAY = 651, "cidr", "cidr", -1;
    FLOAT4 = 700, FLOAT4_ARRAY = 1021, "float4", "real", 4;
    FLOAT8 = 701, FLOAT8_ARRAY = 1022, "float8", "double precision", 8;
    UNKNOWN = 705, UNKNOWN_ARRAY = 0, "unknown", "unknown", -2;
    CIRCLE = 718, CIRCLE_ARRAY = 719, "circle", "circle", 24;
    MACADDR8 = 774, MACADDR8_ARRAY = 775, "macaddr8", "macaddr8", 8;
    MONEY = 790, MONEY_ARRAY = 791, "money", "money", 8;
    MACADDR = 829, MACADDR_ARRAY = 1040, "macaddr", "macaddr", 6;
    INET = 869, INET_ARRAY = 1041, "inet", "inet", -1;
    ACLITEM = 1033, ACLITEM_ARRAY = 1034, "aclitem", "aclitem", 12;
    BPCHAR = 1042, BPCHAR_ARRAY = 1014, "bpchar", "character", -1;
    VARCHAR = 1043, VARCHAR_ARRAY = 1015, "varchar", "character varying", -1;
    DATE = 1082, DATE_ARRAY = 1182, "date", "date", 4;
    TIME = 1083, TIME_ARRAY = 1183, "time", "time without time zone", 8;
    TIMESTAMP = 1114, TIMESTAMP_ARRAY = 1115, "timestamp", "timestamp without time zone", 8;
    TIMESTAMPTZ = 1184, TIMESTAMPTZ_ARRAY = 1185, "timestamptz", "timestamp with time zone", 8;
    INTERVAL = 1186, INTERVAL_ARRAY = 1187, "interval", "interval", 16;
    TIMETZ = 1266, TIMETZ_ARRAY = 1270, "timetz", "time with time zone", 12;
    BIT = 1560, BIT_ARRAY = 1561, "bit", "bit", -1;
    VARBIT = 1562, VARBIT_ARRAY = 1563, "varbit", "bit varying", -1;
    NUMERIC = 1700, NUMERIC_ARRAY = 1231, "numeric", "numeric", -1;
    REFCURSOR = 1790, REFCURSOR_ARRAY = 2201, "refcursor", "refcursor", -1;
    REGPROCEDURE = 2202, REGPROCEDURE_ARRAY = 2207, "regprocedure", "regprocedure", 4;
    REGOPER = 2203, REGOPER_ARRAY = 2208, "regoper", "regoper", 4;
    REGOPERATOR = 2204, REGOPERATOR_ARRAY = 2209, "regoperator", "regoperator", 4;
    REGCLASS = 2205, REGCLASS_ARRAY = 2210, "regclass", "regclass", 4;
    REGTYPE = 2206, REGTYPE_ARRAY = 2211, "regtype", "regtype", 4;
    RECORD = 2249, RECORD_ARRAY = 2287, "record", "record", -1;
    CSTRING = 2275, CSTRING_ARRAY = 1263, "cstring", "cstring", -2;
    ANY = 2276, ANY_ARRAY = 0, "any", "\"any\"", 4;
    ANYARRAY = 2277, ANYARRAY_ARRAY = 0, "anyarray", "anyarray", -1;
    VOID = 2278, VOID_ARRAY = 0, "void", "void", 4;
    TRIGGER = 2279, TRIGGER_ARRAY = 0, "trigger", "trigger", 4;
    INTERNAL = 2281, INTERNAL_ARRAY = 0, "internal", "internal", 8;
    ANYELEMENT = 2283, ANYELEMENT_ARRAY = 0, "anyelement", "anyelement", 4;
    UUID = 2950, UUID_ARRAY = 2951, "uuid", "uuid", 16;
    TXID_SNAPSHOT = 2970, TXID_SNAPSHOT_ARRAY = 2949, "txid_snapshot", "txid_snapshot", -1;
    PG_LSN = 3220, PG_LSN_ARRAY = 3221, "pg_lsn", "pg_lsn", 8;
    TSVECTOR = 3614, TSVECTOR_ARRAY = 3643, "tsvector", "tsvector", -1;
    TSQUERY = 3615, TSQUERY_ARRAY = 3645, "tsquery", "tsquery", -1;
    REGCONFIG = 3734, REGCONFIG_ARRAY = 3735, "regconfig", "regconfig", 4;
    REGDICTIONARY = 3769, REGDICTIONARY_ARRAY = 3770, "regdictionary", "regdictionary", 4;
    JSONB = 3802, JSONB_ARRAY = 3807, "jsonb", "jsonb", -1;
    INT4RANGE = 3904, INT4RANGE_ARRAY = 3905, "int4range", "int4range", -1;
    NUMRANGE = 3906, NUMRANGE_ARRAY = 3907, "numrange", "numrange", -1;
    TSRANGE = 3908, TSRANGE_ARRAY = 3909, "tsrange", "tsrange", -1;
    TSTZRANGE = 3910, TSTZRANGE_ARRAY = 3911, "tstzrange", "tstzrange", -1;
    DATERANGE = 3912, DATERANGE_ARRAY = 3913, "daterange", "daterange", -1;
    INT8RANGE = 3926, INT8RANGE_ARRAY = 3927, "int8range", "int8range", -1;
    REGNAMESPACE = 4089, REGNAMESPACE_ARRAY = 4090, "regnamespace", "regnamespace", 4;
    REGROLE = 4096, REGROLE_ARRAY = 4097, "regrole", "regrole", 4;
    REGCOLLATION = 4191, REGCOLLATION_ARRAY = 4192, "regcollation", "regcollation", 4;
    INT4MULTIRANGE = 4451, INT4MULTIRANGE_ARRAY = 6150, "int4multirange", "int4multirange", -1;
    NUMMULTIRANGE = 4532, NUMMULTIRANGE_ARRAY = 6151, "nummultirange", "nummultirange", -1;
    TSMULTIRANGE = 4533, TSMULTIRANGE_ARRAY = 6152, "tsmultirange", "tsmultirange", -1;
    TSTZMULTIRANGE = 4534, TSTZMULTIRANGE_ARRAY = 6153, "tstzmultirange", "tstzmultirange", -1;
    DATEMULTIRANGE = 4535, DATEMULTIRANGE_ARRAY = 6155, "datemultirange", "datemultirange", -1;
    INT8MULTIRANGE = 4536, INT8MULTIRANGE_ARRAY = 6157, "int8multirange", "int8multirange", -1;
    PG_SNAPSHOT = 5038, PG_SNAPSHOT_ARRAY = 5039, "pg_snapshot", "pg_snapshot", -1;
    XID8 = 5069, XID8_ARRAY = 271, "xid8", "xid8", 8;
}

/// SQL names beside the ones `format_type` prints (PostgreSQL manual, table 8.1, and the grammar's spellings).
const ALIASES: &[(&str, u32)] = &[
    ("int", INT4),
    ("char", BPCHAR),
    ("nchar", BPCHAR),
    ("national char", BPCHAR),
    ("national character", BPCHAR),
    ("char varying", VARCHAR),
    ("nchar varying", VARCHAR),
    ("national char varying", VARCHAR),
    ("national character varying", VARCHAR),
    ("dec", NUMERIC),
    ("decimal", NUMERIC),
    ("float", FLOAT8),
    ("any", ANY),
];

fn known(oid: u32) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.oid == oid)
}

fn known_array(oid: u32) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.array == oid && oid != 0)
}

/// The internal name (`pg_type.typname`) of a type we know.
pub fn name_of(oid: u32) -> Option<&'static str> {
    known(oid)
        .map(|known| known.name)
        .or_else(|| known_array(oid).map(|element| element.array_name))
}

/// The name error messages use: `integer`, `timestamp with time zone`, `text[]`; `???` for an unknown type.
pub fn sql_name(oid: u32) -> String {
    match (known(oid), known_array(oid)) {
        (Some(known), _) => known.sql_name.to_owned(),
        (None, Some(element)) => format!("{}[]", element.sql_name),
        (None, None) => "???".to_owned(),
    }
}

/// The array type with elements of that type.
pub fn array_of(element: u32) -> Option<u32> {
    known(element).map(|known| known.array).filter(|array| *array != 0)
}

/// The type of the elements of that array type. The two vector types are not arrays here: they have a text form
/// of their own.
pub fn element_of(array: u32) -> Option<u32> {
    known_array(array).map(|element| element.oid)
}

/// PostgreSQL's `format_type(oid, modifier)`: `numeric(10,2)`, `timestamp(3) without time zone`, `integer[]`. As
/// there, `bpchar` without a length is not called `character`, which would mean `character(1)`.
pub fn format_type(oid: u32, modifier: i32) -> String {
    if oid == 0 {
        return "-".to_owned();
    }
    if let Some(element) = element_of(oid) {
        return format!("{}[]", format_type(element, modifier));
    }
    if modifier < 0 {
        return if oid == BPCHAR { "bpchar".to_owned() } else { sql_name(oid) };
    }
    let sql_name = sql_name(oid);
    match oid {
        NUMERIC if modifier >= 4 => {
            let packed = modifier - 4;
            let (precision, scale) = (packed >> 16 & 0xffff, ((packed & 0x7ff) ^ 1024) - 1024);
            format!("{sql_name}({precision},{scale})")
        }
        VARCHAR | BPCHAR if modifier > 4 => format!("{sql_name}({})", modifier - 4),
        BIT | VARBIT => format!("{sql_name}({modifier})"),
        TIME | TIMETZ | TIMESTAMP | TIMESTAMPTZ => match sql_name.split_once(' ') {
            Some((word, zone)) => format!("{word}({modifier}) {zone}"),
            None => sql_name,
        },
        INTERVAL => format!("{sql_name}{}", interval_modifier(modifier)),
        _ => sql_name,
    }
}

/// Fields and precision of an interval's modifier (PostgreSQL's `intervaltypmodout`).
fn interval_modifier(modifier: i32) -> String {
    const YEAR: i32 = 1 << 2;
    const MONTH: i32 = 1 << 1;
    const DAY: i32 = 1 << 3;
    const HOUR: i32 = 1 << 10;
    const MINUTE: i32 = 1 << 11;
    const SECOND: i32 = 1 << 12;
    let (fields, precision) = (modifier >> 16 & 0x7fff, modifier & 0xffff);
    let words = [
        (YEAR, " year"),
        (MONTH, " month"),
        (DAY, " day"),
        (HOUR, " hour"),
        (MINUTE, " minute"),
        (SECOND, " second"),
        (YEAR | MONTH, " year to month"),
        (DAY | HOUR, " day to hour"),
        (DAY | HOUR | MINUTE, " day to minute"),
        (DAY | HOUR | MINUTE | SECOND, " day to second"),
        (HOUR | MINUTE, " hour to minute"),
        (HOUR | MINUTE | SECOND, " hour to second"),
        (MINUTE | SECOND, " minute to second"),
    ];
    let word = words.iter().find(|(mask, _)| *mask == fields).map_or("", |(_, word)| word);
    if precision == 0xffff { word.to_owned() } else { format!("{word}({precision})") }
}

/// The type of that name: internal (`int4`, `_text`) or SQL (`integer`, `text[]`, `numeric(10,2)`, `"char"`), with
/// or without `pg_catalog.`, in any case. `char` is SQL's `character`; the internal type is `"char"`.
pub fn by_name(name: &str) -> Option<u32> {
    let lower = name.trim().to_ascii_lowercase();
    let lower = lower.strip_prefix("pg_catalog.").unwrap_or(&lower);
    if let Some(array) = lower.strip_suffix(']') {
        let (element, _) = array.rsplit_once('[')?;
        let element = by_name(element)?;
        // Any number of brackets is the same type.
        return array_of(element).or_else(|| element_of(element).map(|_| element));
    }
    let bare = without_modifier(lower);
    let alias = ALIASES.iter().find(|(alias, _)| *alias == bare).map(|(_, oid)| *oid);
    alias
        .or_else(|| KNOWN.iter().find(|known| known.sql_name == bare).map(|known| known.oid))
        .or_else(|| match bare.as_str() {
            "timestamp" => Some(TIMESTAMP),
            "time" => Some(TIME),
            _ => by_internal_name(bare.trim_matches('"')),
        })
}

/// The type of that internal name (`pg_type.typname`).
pub fn by_internal_name(name: &str) -> Option<u32> {
    match name.strip_prefix('_') {
        Some(element) => KNOWN.iter().find(|known| known.name == element && known.array != 0),
        None => return KNOWN.iter().find(|known| known.name == name).map(|known| known.oid),
    }
    .map(|element| element.array)
}

/// `timestamp(3)  with time zone` to `timestamp with time zone`.
fn without_modifier(name: &str) -> String {
    let open = match (name.split_once('('), name.rsplit_once(')')) {
        (Some((head, _)), Some((_, tail))) => format!("{head} {tail}"),
        _ => name.to_owned(),
    };
    open.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// PostgreSQL's modifier of `numeric(precision, scale)`; the scale may be negative.
pub fn numeric_modifier(precision: u8, scale: i8) -> i32 {
    ((i32::from(precision) << 16) | (i32::from(scale) & 0x7ff)) + 4
}

/// The PostgreSQL type of `field`: what its metadata says, else what its Arrow type is nearest to.
pub fn of_field(field: &Field) -> PgType {
    if let DataType::Struct(fields) = field.data_type()
        && fields.first().and_then(|first| row_type(first)).is_some()
    {
        return of_data_type(field.data_type());
    }
    let declared = field.metadata().get(TYPE_KEY).and_then(|name| by_internal_name(name));
    let pg_type = match (declared, field.metadata().get(EXTENSION_KEY).map(String::as_str)) {
        (Some(oid), _) => PgType::new(oid),
        (None, Some("arrow.uuid")) => PgType::new(UUID),
        (None, Some("arrow.json")) => PgType::new(JSON),
        (None, _) => of_data_type(field.data_type()),
    };
    match field.metadata().get(MODIFIER_KEY).and_then(|digits| digits.parse().ok()) {
        Some(modifier) => pg_type.with_modifier(modifier),
        None => pg_type,
    }
}

/// A field of the same type without the modifier that it declares.
pub fn unmodified(field: &Field) -> Field {
    let mut bare = field.clone();
    bare.metadata_mut().remove(MODIFIER_KEY);
    // A type that the data type tells is told by nothing else.
    if of_data_type(field.data_type()).oid == of_field(field).oid {
        bare.metadata_mut().remove(TYPE_KEY);
    }
    bare
}

/// The number a composite value's first field tells; `None` for a struct that is none.
fn row_type(first: &Field) -> Option<u32> {
    first.metadata().get(ROW_TYPE_KEY)?.parse().ok()
}

/// The PostgreSQL type nearest to an Arrow type.
pub fn of_data_type(data_type: &DataType) -> PgType {
    let numeric =
        |precision, scale| PgType::new(NUMERIC).with_modifier(numeric_modifier(precision, scale));
    let oid = match data_type {
        DataType::Boolean => BOOL,
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => INT2,
        DataType::Int32 | DataType::UInt16 => INT4,
        DataType::Int64 | DataType::UInt32 => INT8,
        DataType::UInt64 => return numeric(20, 0),
        varying if super::numeric::varies(varying) => NUMERIC,
        DataType::Float16 | DataType::Float32 => FLOAT4,
        DataType::Float64 => FLOAT8,
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => return numeric(*precision, *scale),
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => TEXT,
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => BYTEA,
        DataType::Date32 | DataType::Date64 => DATE,
        DataType::Time32(_) | DataType::Time64(_) => TIME,
        DataType::Timestamp(_, None) => TIMESTAMP,
        DataType::Timestamp(_, Some(_)) => TIMESTAMPTZ,
        DataType::Interval(_) | DataType::Duration(_) => INTERVAL,
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::ListView(element)
        | DataType::LargeListView(element)
        | DataType::FixedSizeList(element, _) => {
            let element = of_field(element);
            // A list of lists is the same array type with one more dimension.
            let dimensions = element_of(element.oid).map(|_| element.oid);
            let array = dimensions.or_else(|| array_of(element.oid)).unwrap_or(TEXT_ARRAY);
            return PgType::new(array).with_modifier(element.modifier);
        }
        DataType::Struct(fields) => match fields.first().and_then(|first| row_type(first)) {
            Some(0) => RECORD,
            Some(own) => own,
            None => JSON,
        },
        DataType::Map(_, _) | DataType::Union(_, _) => JSON,
        DataType::Dictionary(_, value) => return of_data_type(value),
        DataType::RunEndEncoded(_, values) => return of_field(values),
    };
    PgType::new(oid)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::{DataType, Field, TimeUnit};

    use super::{
        EXTENSION_KEY, MODIFIER_KEY, TYPE_KEY, by_name, format_type, of_data_type, of_field,
        sql_name,
    };

    fn check(oid: u32, modifier: i32, want: &str) {
        assert_eq!(format_type(oid, modifier), want);
    }

    #[test]
    fn formats_types_as_postgresql() {
        check(1700, ((10 << 16) | 2) + 4, "numeric(10,2)");
        check(1700, 133_120, "numeric(2,-4)");
        check(1700, -1, "numeric");
        check(1043, 9, "character varying(5)");
        check(1042, 9, "character(5)");
        check(1042, -1, "bpchar");
        check(1114, 3, "timestamp(3) without time zone");
        check(1184, 0, "timestamp(0) with time zone");
        check(1266, 6, "time(6) with time zone");
        check(1007, -1, "integer[]");
        check(1231, ((10 << 16) | 2) + 4, "numeric(10,2)[]");
        check(1186, (0x7fff << 16) | 3, "interval(3)");
        check(1186, (0x1c08 << 16) | 0xffff, "interval day to second");
        check(18, -1, "\"char\"");
        check(0, -1, "-");
        check(999_999, -1, "???");
    }

    #[test]
    fn finds_types_by_either_name() {
        for (name, want) in [
            ("int4", 23),
            ("INTEGER", 23),
            ("pg_catalog.int8", 20),
            ("_text", 1009),
            ("text[]", 1009),
            ("int[][]", 1007),
            ("int[3]", 1007),
            ("char", 1042),
            ("\"char\"", 18),
            ("character varying(5)", 1043),
            ("timestamp(3)  with time zone", 1184),
            ("timestamp", 1114),
            ("numeric(10, 2)", 1700),
            ("double  precision", 701),
            ("_int4", 1007),
        ] {
            assert_eq!(by_name(name), Some(want), "{name}");
        }
        assert_eq!(by_name("nosuch"), None);
        assert_eq!(by_name("]"), None);
        assert_eq!(by_name(""), None);
    }

    fn nearest(data_type: &DataType, want: &str) {
        let pg_type = of_data_type(data_type);
        assert_eq!(format_type(pg_type.oid, pg_type.modifier), want);
    }

    #[test]
    fn every_arrow_type_has_a_type() {
        let list = |of: DataType| DataType::List(Arc::new(Field::new("item", of, true)));
        nearest(&DataType::Int8, "smallint");
        nearest(&DataType::UInt32, "bigint");
        nearest(&DataType::UInt64, "numeric(20,0)");
        nearest(&DataType::Decimal256(76, 10), "numeric(76,10)");
        nearest(&DataType::Decimal128(2, -4), "numeric(2,-4)");
        nearest(&list(list(DataType::Int32)), "integer[]");
        nearest(&list(DataType::Null), "text[]");
        nearest(&list(DataType::Decimal128(9, 2)), "numeric(9,2)[]");
        nearest(&DataType::Timestamp(TimeUnit::Nanosecond, None), "timestamp without time zone");
        nearest(&DataType::Struct(Vec::<Field>::new().into()), "json");
        let dictionary = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
        nearest(&dictionary, "text");
    }

    #[test]
    fn metadata_decides() {
        let field = |data_type: DataType, pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            of_field(&Field::new("c", data_type, true).with_metadata(pairs.collect()))
        };
        assert_eq!(field(DataType::Int64, &[(TYPE_KEY, "oid")]).len, 4);
        assert_eq!(field(DataType::Utf8, &[(TYPE_KEY, "char")]).oid, 18);
        assert_eq!(field(DataType::Utf8, &[(TYPE_KEY, "_text")]).oid, 1009);
        assert_eq!(field(DataType::Utf8, &[(TYPE_KEY, "nosuch")]).oid, 25);
        let uuid = field(DataType::FixedSizeBinary(16), &[(EXTENSION_KEY, "arrow.uuid")]);
        assert_eq!(uuid.oid, 2950);
        let bpchar = field(DataType::Utf8, &[(TYPE_KEY, "bpchar"), (MODIFIER_KEY, "14")]);
        assert_eq!((bpchar.oid, bpchar.modifier), (1042, 14));
        assert_eq!(sql_name(1009), "text[]");
    }
}
