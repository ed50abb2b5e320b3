use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal32Array,
    Decimal64Array, Decimal128Array, Decimal256Array, DictionaryArray, DurationSecondArray,
    FixedSizeBinaryArray, FixedSizeListArray, Float16Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, IntervalMonthDayNanoArray, LargeStringArray, ListArray,
    ListViewArray, MapArray, NullArray, RunArray, StringArray, StringViewArray, StructArray,
    Time32SecondArray, TimestampMicrosecondArray, TimestampNanosecondArray, TimestampSecondArray,
    UInt32Array, UInt64Array, UnionArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Fields, Int8Type, Int32Type, IntervalMonthDayNano, Schema, i256,
};
use arrow::record_batch::RecordBatch;
use bytes::BytesMut;

use super::{
    CopyEncoder, CopyFormat, DateFormat, DateOrder, DateStyle, IntervalStyle, OutputSettings,
    RowEncoder,
};
use crate::pg::decode;
use crate::pg::encodings::Encoding;
use crate::pg::types::{self, PgType};
use crate::pg::zone::Zone;

fn settings() -> OutputSettings {
    OutputSettings {
        time_zone: Zone::UTC,
        now_us: 0,
        date_style: DateStyle { format: DateFormat::Iso, order: DateOrder::Mdy },
        interval_style: IntervalStyle::Postgres,
        bytea_hex: true,
        extra_float_digits: 1,
        encoding: Encoding::Utf8,
    }
}

fn batch(columns: &[ArrayRef]) -> RecordBatch {
    let names = (0..).map(|index| format!("c{index}"));
    let fields = names
        .zip(columns)
        .map(|(name, column)| Field::new(name, column.data_type().clone(), true))
        .collect::<Vec<_>>();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.to_vec()).expect("of one length")
}

/// The value in the first row as a client reads it; an error as its code and message.
fn field(array: &ArrayRef, target: PgType, binary: bool, settings: &OutputSettings) -> Written {
    let batch = batch(std::slice::from_ref(array));
    let mut out = BytesMut::new();
    let encoded = RowEncoder::new(&[target], &batch.schema(), &[binary], settings)
        .and_then(|mut encoder| encoder.encode(&batch, 0..1, &mut out));
    if let Err(error) = encoded {
        assert!(out.is_empty(), "half a frame was left");
        return Err(format!("{} {error}", error.state()));
    }
    let length = i32::try_from(out.len() - 1).expect("short");
    assert_eq!(out[0], b'D');
    assert_eq!(out[1..5], length.to_be_bytes());
    assert_eq!(out[5..7], [0, 1]);
    match i32::from_be_bytes([out[7], out[8], out[9], out[10]]) {
        -1 => Ok(None),
        length => {
            assert_eq!(usize::try_from(length), Ok(out.len() - 11));
            Ok(Some(out[11..].to_vec()))
        }
    }
}

type Written = Result<Option<Vec<u8>>, String>;

fn text_as(array: &ArrayRef, target: PgType) -> String {
    match field(array, target, false, &settings()) {
        Ok(Some(bytes)) => String::from_utf8(bytes).expect("text is UTF-8"),
        Ok(None) => "<null>".into(),
        Err(error) => error,
    }
}

fn hex_as(array: &ArrayRef, target: PgType) -> String {
    match field(array, target, true, &settings()) {
        Ok(Some(bytes)) => hex(&bytes),
        Ok(None) => "<null>".into(),
        Err(error) => error,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.chars().map(|digit| digit.to_digit(16).expect("hexadecimal"));
    let digits: Vec<u32> = digits.collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("a byte")).collect()
}

/// Both forms of the first row, as the type the array announces.
fn check(array: impl Array + 'static, text: &str, binary: &str) {
    let array: ArrayRef = Arc::new(array);
    let target = types::of_data_type(array.data_type());
    check_as(&array, target, text, binary);
}

fn check_as(array: &ArrayRef, target: PgType, text: &str, binary: &str) {
    assert_eq!(text_as(array, target), text, "text of {}", array.data_type());
    assert_eq!(hex_as(array, target), binary, "binary of {}", array.data_type());
}

fn check_oid(array: impl Array + 'static, oid: u32, text: &str, binary: &str) {
    check_as(&(Arc::new(array) as ArrayRef), PgType::new(oid), text, binary);
}

// ---- against PostgreSQL

/// COPY's escapes in the file of vectors.
fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(character) = chars.next() {
        plain.push(match (character, character == '\\') {
            (_, true) => match chars.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                other => other.expect("nothing ends in a backslash"),
            },
            (character, false) => character,
        });
    }
    plain
}

fn settings_of(line: &[&str]) -> OutputSettings {
    let (format, order) = line[2].split_once(", ").expect("a DateStyle has two words");
    OutputSettings {
        time_zone: Zone::of_session(line[1]).expect("a zone"),
        now_us: 0,
        date_style: DateStyle {
            format: match format {
                "ISO" => DateFormat::Iso,
                "SQL" => DateFormat::Sql,
                "German" => DateFormat::German,
                _ => DateFormat::Postgres,
            },
            order: match order {
                "MDY" => DateOrder::Mdy,
                "DMY" => DateOrder::Dmy,
                _ => DateOrder::Ymd,
            },
        },
        interval_style: match line[3].split(' ').next() {
            Some("postgres_verbose") => IntervalStyle::PostgresVerbose,
            Some("sql_standard") => IntervalStyle::SqlStandard,
            Some("iso_8601") => IntervalStyle::Iso8601,
            _ => IntervalStyle::Postgres,
        },
        bytea_hex: line[3].ends_with("hex"),
        extra_float_digits: line[4].parse().expect("a number"),
        encoding: Encoding::Utf8,
    }
}

/// Each vector is read as text and as binary, and written in both forms.
#[test]
fn reads_and_writes_what_postgresql_does() {
    let (mut oid, mut settings) = (0, settings());
    let mut vectors = 0;
    for line in include_str!("vectors.tsv").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        if fields.len() == 5 {
            oid = fields[0].parse().expect("a number");
            settings = settings_of(&fields);
            continue;
        }
        let (input, text, binary) = (unescape(fields[0]), unescape(fields[1]), fields[2]);
        let raw = unhex(binary);
        for (form, bytes) in [(false, input.as_bytes()), (true, raw.as_slice())] {
            let value = decode::parameter(oid, form, bytes, &settings);
            let value = value.unwrap_or_else(|error| panic!("{oid} {line}: {error}"));
            let array = value.to_array_of_size(1).expect("one row");
            let target = PgType::new(oid);
            let written = field(&array, target, false, &settings);
            assert_eq!(written, Ok(Some(text.clone().into_bytes())), "{oid} {settings:?} {line}");
            let written = field(&array, target, true, &settings);
            assert_eq!(written, Ok(Some(raw.clone())), "{oid} {settings:?} {line}");
        }
        vectors += 1;
    }
    assert!(vectors > 1_000);
}

// ---- Arrow types that libraries at hand get wrong

#[test]
fn small_integers_have_the_width_of_their_type() {
    check(Int8Array::from(vec![-5]), "-5", "fffb");
    check(UInt32Array::from(vec![u32::MAX]), "4294967295", "00000000ffffffff");
    check(
        UInt64Array::from(vec![u64::MAX]),
        "18446744073709551615",
        "000500040000000007341a5802e103bb064f",
    );
}

#[test]
fn a_null_of_any_type_is_null() {
    check(NullArray::new(1), "<null>", "<null>");
    check(IntervalMonthDayNanoArray::from(vec![None]), "<null>", "<null>");
    check(BooleanArray::from(vec![None]), "<null>", "<null>");
    check(Decimal128Array::from(vec![None]), "<null>", "<null>");
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![None::<Vec<Option<i32>>>]);
    check(list, "<null>", "<null>");
    let dictionary: DictionaryArray<Int8Type> = vec![None, Some("a")].into_iter().collect();
    check(dictionary, "<null>", "<null>");
}

#[test]
fn fixed_size_binary_is_bytea_or_uuid() {
    let bytes = || {
        let value = (0..16).collect::<Vec<u8>>();
        FixedSizeBinaryArray::try_from_iter(std::iter::once(value)).expect("16 bytes")
    };
    let hex = "000102030405060708090a0b0c0d0e0f";
    check(bytes(), &format!("\\x{hex}"), hex);
    check_oid(bytes(), types::UUID, "00010203-0405-0607-0809-0a0b0c0d0e0f", hex);
    let short = BinaryArray::from(vec![&b"ab"[..]]);
    let error = "22000 a uuid has 16 bytes, not 2";
    check_oid(short, types::UUID, error, error);
}

#[test]
fn decimals_of_all_widths() {
    let d128 = |value, scale| {
        Decimal128Array::from(vec![value]).with_precision_and_scale(38, scale).expect("fits")
    };
    check(
        d128(99_999_999_999_999_999_999_999_999_999_999_999_999, 10),
        "9999999999999999999999999999.9999999999",
        "000a00060000000a270f270f270f270f270f270f270f270f270f26ac",
    );
    check(d128(-7, 2), "-0.07", "0001ffff4000000202bc");
    check(d128(0, 2), "0.00", "0000000000000002");
    check(d128(5, -3), "5000", "00010000000000001388");
    check(d128(0, -3), "0", "0000000000000000");
    check(d128(1_230_000, 4), "123.0000", "0001000000000004007b");
    let d32 = Decimal32Array::from(vec![12_345]).with_precision_and_scale(9, 2).expect("fits");
    check(d32, "123.45", "0002000000000002007b1194");
    let d64 = Decimal64Array::from(vec![-12_345]).with_precision_and_scale(18, 0).expect("fits");
    check(d64, "-12345", "000200014000000000010929");
    let huge = i256::from_string(&"9".repeat(76)).expect("fits");
    let d256 = Decimal256Array::from(vec![huge]).with_precision_and_scale(76, 4).expect("fits");
    let digits = format!("{}.{}", "9".repeat(72), "9".repeat(4));
    check(d256, &digits, &format!("0013001100000004{}", "270f".repeat(19)));
    let zeros = i256::from_i128(10).wrapping_pow(60);
    let d256 = Decimal256Array::from(vec![zeros]).with_precision_and_scale(76, 0).expect("fits");
    check(d256, &format!("1{}", "0".repeat(60)), "0001000f000000000001");
}

#[test]
fn half_floats_are_real() {
    let half = cast(&Float32Array::from(vec![1.5]), &DataType::Float16).expect("fits");
    let half = half.as_any().downcast_ref::<Float16Array>().expect("just made").clone();
    check(half, "1.5", "3fc00000");
}

#[test]
fn encodings_write_the_values_inside() {
    let dictionary: DictionaryArray<Int8Type> = vec!["b", "a"].into_iter().collect();
    check(dictionary, "b", "62");
    let ends = Int32Array::from(vec![2, 5]);
    let runs = RunArray::try_new(&ends, &Int64Array::from(vec![7, 8])).expect("two runs");
    check(runs.clone(), "7", "0000000000000007");
    check(runs.slice(3, 2), "8", "0000000000000008");
    check(LargeStringArray::from(vec!["x"]), "x", "78");
    check(
        StringViewArray::from(vec!["a text that is not inline"]),
        "a text that is not inline",
        &hex(b"a text that is not inline"),
    );
}

fn ints(values: Vec<Option<Vec<Option<i32>>>>) -> ListArray {
    ListArray::from_iter_primitive::<Int32Type, _, _>(values)
}

fn nested(inner: ListArray, lengths: &[usize]) -> ListArray {
    let field = Field::new_list_field(inner.data_type().clone(), true);
    let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
    ListArray::new(Arc::new(field), offsets, Arc::new(inner), None)
}

#[test]
fn lists_of_every_kind_are_arrays() {
    let list = || ints(vec![Some(vec![Some(1), None])]);
    let binary = "00000001000000010000001700000002000000010000000400000001ffffffff";
    check(list(), "{1,NULL}", binary);
    check(ListViewArray::from(list()), "{1,NULL}", binary);
    let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
        vec![Some(vec![Some(9), Some(9)]), Some(vec![Some(1), None])],
        2,
    );
    check(fixed.slice(1, 1), "{1,NULL}", binary);
    check(ints(vec![Some(vec![])]), "{}", "000000000000000000000017");
    let square = nested(ints(vec![Some(vec![Some(1)]), Some(vec![Some(2)])]), &[2]);
    check(
        square,
        "{{1},{2}}",
        "0000000200000000000000170000000200000001000000010000000100000004000000010000000400000002",
    );
    let empty = nested(ints(vec![Some(vec![]), Some(vec![])]), &[2]);
    check(empty, "{}", "000000000000000000000017");
    let ragged = nested(ints(vec![Some(vec![Some(1)]), Some(vec![])]), &[2]);
    check(
        ragged,
        "{{1},{}}",
        "22000 multidimensional arrays must have sub-arrays with matching dimensions",
    );
}

#[test]
fn vectors_have_their_own_form() {
    let list = ints(vec![Some(vec![Some(1), Some(3)])]);
    let binary = "0000000100000000000000150000000200000000000000020001000000020003";
    check_oid(list, types::INT2VECTOR, "1 3", binary);
    check_oid(StringArray::from(vec!["1 3"]), types::INT2VECTOR, "1 3", binary);
}

#[test]
fn structs_maps_and_unions_are_json() {
    let members: Vec<(Arc<Field>, ArrayRef)> = vec![
        (Arc::new(Field::new("a\"", DataType::Int32, true)), Arc::new(Int32Array::from(vec![1]))),
        (
            Arc::new(Field::new(
                "t",
                DataType::Timestamp(arrow::datatypes::TimeUnit::Second, Some("UTC".into())),
                true,
            )),
            Arc::new(TimestampSecondArray::from(vec![0]).with_timezone("UTC")),
        ),
        (
            Arc::new(Field::new("s", DataType::Utf8, true)),
            Arc::new(StringArray::from(vec!["x\n\u{1}\""])),
        ),
        (
            Arc::new(Field::new("f", DataType::Float64, true)),
            Arc::new(Float64Array::from(vec![f64::NAN])),
        ),
        (
            Arc::new(Field::new("b", DataType::Boolean, true)),
            Arc::new(BooleanArray::from(vec![None])),
        ),
        (
            Arc::new(Field::new("l", ints(vec![]).data_type().clone(), true)),
            Arc::new(ints(vec![Some(vec![Some(1), None])])),
        ),
    ];
    let object = StructArray::from(members);
    let text = "{\"a\\\"\":1,\"t\":\"1970-01-01T00:00:00+00:00\",\"s\":\"x\\n\\u0001\\\"\",\"f\":\"NaN\",\"b\":null,\"l\":[1,null]}";
    check(object.clone(), text, &hex(text.as_bytes()));
    check_oid(object, types::JSONB, text, &format!("01{}", hex(text.as_bytes())));
    check_oid(StringArray::from(vec!["{}"]), types::JSONB, "{}", "017b7d");

    let raw = Field::new("j", DataType::Utf8, true)
        .with_metadata([(types::TYPE_KEY.to_owned(), "jsonb".to_owned())].into());
    let raw: (Arc<Field>, ArrayRef) = (Arc::new(raw), Arc::new(StringArray::from(vec!["[1]"])));
    check(StructArray::from(vec![raw]), "{\"j\":[1]}", &hex(b"{\"j\":[1]}"));

    let keys = StringArray::from(vec!["k", "z"]);
    let fields = Fields::from(vec![
        Field::new("keys", DataType::Utf8, false),
        Field::new("values", DataType::Int32, true),
    ]);
    let entries = StructArray::new(
        fields.clone(),
        vec![Arc::new(keys), Arc::new(Int32Array::from(vec![Some(1), None]))],
        None,
    );
    let field = Arc::new(Field::new("entries", DataType::Struct(fields), false));
    let map = MapArray::new(field, OffsetBuffer::from_lengths([2]), entries, None, false);
    let text = "{\"k\":1,\"z\":null}";
    check(map, text, &hex(text.as_bytes()));

    let members =
        [(0, Field::new("i", DataType::Int32, true)), (1, Field::new("s", DataType::Utf8, true))];
    let union = UnionArray::try_new(
        members.into_iter().map(|(id, field)| (id, Arc::new(field))).collect(),
        vec![1].into(),
        Some(vec![0].into()),
        vec![Arc::new(Int32Array::from(vec![5])), Arc::new(StringArray::from(vec!["u"]))],
    );
    check(union.expect("well formed"), "\"u\"", &hex(b"\"u\""));
}

#[test]
fn the_announced_type_decides() {
    check_oid(Int64Array::from(vec![4_294_967_295]), types::OID, "4294967295", "ffffffff");
    check_oid(
        Int64Array::from(vec![-1]),
        types::OID,
        "-1",
        "22003 value \"-1\" is out of range for type oid",
    );
    check_oid(Int32Array::from(vec![1_259]), types::REGCLASS, "1259", "000004eb");
    check_oid(StringArray::from(vec!["1259"]), types::REGCLASS, "1259", "000004eb");
    check_oid(
        StringArray::from(vec!["pg_class"]),
        types::REGCLASS,
        "pg_class",
        "0A000 cannot send \"pg_class\" of type regclass in binary form",
    );
    check_oid(StringViewArray::from(vec!["r"]), types::CHAR, "r", "72");
    check_oid(Int8Array::from(vec![114]), types::CHAR, "r", "72");
    check_oid(Int8Array::from(vec![-1]), types::CHAR, "\\377", "ff");
    check_oid(
        StringArray::from(vec!["{a,NULL}"]),
        types::TEXT_ARRAY,
        "{a,NULL}",
        "00000001000000010000001900000002000000010000000161ffffffff",
    );
    let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    check_oid(StringArray::from(vec![uuid]), types::UUID, uuid, "a0eebc999c0b4ef8bb6d6bb9bd380a11");
    check_oid(
        Int64Array::from(vec![70_000]),
        types::INT2,
        "70000",
        "22003 value \"70000\" is out of range for type smallint",
    );
    check_oid(Int32Array::from(vec![5]), types::NUMERIC, "5", "00010000000000000005");
    check_oid(Int32Array::from(vec![5]), types::FLOAT8, "5", "4014000000000000");
    check_oid(
        Date32Array::from(vec![1]),
        types::TIMESTAMP,
        "1970-01-02 00:00:00",
        "fffca312e29f8000",
    );
    check_oid(
        Float32Array::from(vec![0.1]),
        types::FLOAT8,
        "0.10000000149011612",
        "3fb99999a0000000",
    );
    check_oid(Decimal128Array::from(vec![1]), types::FLOAT8, "1e-10", "3ddb7cdfd9d7bdbb");
    check_oid(BinaryArray::from(vec![&b"text"[..]]), types::TEXT, "text", "74657874");
    let wrong = "22021 invalid byte sequence for encoding \"UTF8\": 0xff";
    check_oid(BinaryArray::from(vec![&b"\xff"[..]]), types::TEXT, wrong, wrong);
    check_oid(Int16Array::from(vec![7]), types::TEXT, "7", "37");
    let padded = PgType::new(types::BPCHAR).with_modifier(9);
    check_as(
        &(Arc::new(StringArray::from(vec!["ä"])) as ArrayRef),
        padded,
        "ä    ",
        "c3a420202020",
    );
    check_oid(
        StringArray::from(vec!["=r/x"]),
        types::ACLITEM,
        "=r/x",
        "42883 no binary output function available for type aclitem",
    );
    check_oid(
        StringArray::from(vec!["::1"]),
        types::INET,
        "::1",
        "0380001000000000000000000000000000000001",
    );
    let wrong = "42804 cannot send data of type Boolean as uuid";
    check_oid(BooleanArray::from(vec![true]), types::UUID, "t", wrong);
}

#[test]
fn the_least_and_the_greatest_are_infinite() {
    check(Date32Array::from(vec![i32::MAX]), "infinity", "7fffffff");
    check(Date32Array::from(vec![i32::MIN]), "-infinity", "80000000");
    let greatest = TimestampMicrosecondArray::from(vec![i64::MAX]);
    check(greatest.clone(), "infinity", "7fffffffffffffff");
    check(greatest.with_timezone("UTC"), "infinity", "7fffffffffffffff");
    let least = TimestampMicrosecondArray::from(vec![i64::MIN]);
    check(least, "-infinity", "8000000000000000");
}

#[test]
fn times_beyond_the_calendar_are_refused() {
    let date = "22008 date out of range";
    check(Date32Array::from(vec![i32::MAX - 1]), date, date);
    check(Date32Array::from(vec![i32::MIN + 1]), date, date);
    check(Date64Array::from(vec![i64::MAX]), date, date);
    check(Date64Array::from(vec![-1]), "1969-12-31", "ffffd532");
    let timestamp = "22008 timestamp out of range";
    check(TimestampSecondArray::from(vec![i64::MAX]), timestamp, timestamp);
    check(TimestampMicrosecondArray::from(vec![i64::MIN + 1]), timestamp, timestamp);
    check(
        TimestampMicrosecondArray::from(vec![i64::MIN + 1]).with_timezone("UTC"),
        timestamp,
        timestamp,
    );
    check(
        TimestampNanosecondArray::from(vec![-1]),
        "1969-12-31 23:59:59.999999",
        "fffca2fec4c81fff",
    );
    let time = "22008 time out of range";
    check(Time32SecondArray::from(vec![-1]), time, time);
    check(Time32SecondArray::from(vec![86_400]), "24:00:00", "000000141dd76000");
    let interval = "22008 interval out of range";
    check(DurationSecondArray::from(vec![i64::MAX]), interval, interval);
    check(DurationSecondArray::from(vec![-1]), "-00:00:01", "fffffffffff0bdc00000000000000000");
    let interval = IntervalMonthDayNano { months: 14, days: -3, nanoseconds: 1_500 };
    check(
        IntervalMonthDayNanoArray::from(vec![interval]),
        "1 year 2 mons -3 days +00:00:00.000001",
        "0000000000000001fffffffd0000000e",
    );
}

#[test]
fn a_failing_row_leaves_the_whole_rows_before_it() {
    let batch = batch(&[
        Arc::new(Int32Array::from(vec![1, 2, 3])),
        Arc::new(Date32Array::from(vec![0, i32::MAX - 1, 0])),
    ]);
    let columns = [PgType::new(types::INT4), PgType::new(types::DATE)];
    let mut encoder = RowEncoder::new(&columns, &batch.schema(), &[false, true], &settings())
        .expect("both can be written");
    let mut out = BytesMut::from(&b"before"[..]);
    let error = encoder.encode(&batch, 0..3, &mut out).expect_err("the second date is far away");
    assert_eq!(error.state(), "22008");
    assert_eq!(out.len(), 6 + 1 + 6 + 4 + 1 + 4 + 4);
    // Rows past the end are no rows.
    let before = out.len();
    encoder.encode(&batch, 2..9, &mut out).expect("the third row is well");
    assert_eq!(out.len(), before + 1 + 6 + 4 + 1 + 4 + 4);
}

#[test]
fn a_batch_may_be_encoded_otherwise_than_announced() {
    let announced = Schema::new(vec![Field::new("c", DataType::Utf8, true)]);
    let mut encoder =
        RowEncoder::new(&[PgType::new(types::TEXT)], &announced, &[false], &settings())
            .expect("text can be written");
    let dictionary: DictionaryArray<Int8Type> = vec!["b"].into_iter().collect();
    for array in [Arc::new(StringViewArray::from(vec!["b"])) as ArrayRef, Arc::new(dictionary)] {
        let mut out = BytesMut::new();
        encoder.encode(&batch(&[array]), 0..1, &mut out).expect("the same values");
        assert_eq!(out[11..], *b"b");
    }
    let two = batch(&[Arc::new(NullArray::new(1)), Arc::new(NullArray::new(1))]);
    let error = encoder.encode(&two, 0..1, &mut BytesMut::new()).expect_err("one column only");
    assert_eq!(error.state(), "XX000");
}

#[test]
fn counts_must_agree() {
    let schema = Schema::new(vec![Field::new("c", DataType::Utf8, true)]);
    let text = PgType::new(types::TEXT);
    let new = |columns: &[PgType], formats: &[bool]| {
        RowEncoder::new(columns, &schema, formats, &settings()).map(|_| ()).map_err(|e| e.state())
    };
    assert_eq!(new(&[text], &[]), Err("08P01"));
    assert_eq!(new(&[text, text], &[true, true]), Err("XX000"));
    assert_eq!(new(&[text], &[true]), Ok(()));
}

// ---- COPY

fn copy(columns: &[(&str, ArrayRef)], format: &CopyFormat) -> Vec<u8> {
    let named = columns
        .iter()
        .map(|(name, array)| ((*name).to_owned(), types::of_data_type(array.data_type())))
        .collect::<Vec<_>>();
    let arrays = columns.iter().map(|(_, array)| Arc::clone(array)).collect::<Vec<_>>();
    let batch = batch(&arrays);
    let mut encoder =
        CopyEncoder::new(&named, &batch.schema(), format, &settings()).expect("all can be written");
    let mut out = BytesMut::new();
    encoder.start(&mut out);
    encoder.encode(&batch, 0..batch.num_rows(), &mut out).expect("all can be written");
    encoder.finish(&mut out);
    // The payload of all frames together.
    let (mut payload, mut rest) = (Vec::new(), &out[..]);
    while let [b'd', a, b, c, d, ..] = rest {
        let length = usize::try_from(i32::from_be_bytes([*a, *b, *c, *d])).expect("positive");
        payload.extend_from_slice(&rest[5..=length]);
        rest = &rest[length + 1..];
    }
    assert!(rest.is_empty());
    payload
}

fn check_copy(columns: &[(&str, ArrayRef)], format: &CopyFormat, want: &str) {
    assert_eq!(String::from_utf8(copy(columns, format)).expect("text"), want);
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(values.iter().copied().collect::<StringArray>())
}

fn copy_text(delimiter: u8, null: &str, header: bool) -> CopyFormat {
    CopyFormat::Text { delimiter, null: null.into(), header }
}

fn csv(header: bool, force_quote: Option<Vec<usize>>) -> CopyFormat {
    CopyFormat::Csv {
        delimiter: b',',
        null: String::new(),
        header,
        quote: b'"',
        escape: b'"',
        force_quote,
    }
}

#[test]
fn copy_text_escapes() {
    let odd = texts(&[Some("a\tb\\c\nd\r\u{8}\u{b}\u{c}|"), None, Some("")]);
    let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(-3)]));
    let columns = [("t\tx", odd), ("n", numbers)];
    check_copy(
        &columns,
        &copy_text(b'\t', "\\N", false),
        "a\\tb\\\\c\\nd\\r\\b\\v\\f|\t1\n\\N\t\\N\n\t-3\n",
    );
    check_copy(
        &columns,
        &copy_text(b'|', "", true),
        "t\\tx|n\na\\tb\\\\c\\nd\\r\\b\\v\\f\\||1\n|\n|-3\n",
    );
    // A delimiter that numbers contain.
    check_copy(&columns[1..], &copy_text(b'-', "\\N", false), "1\n\\N\n\\-3\n");
}

#[test]
fn copy_csv_quotes() {
    let odd = texts(&[
        Some("a,b"),
        Some("say \"x\""),
        Some("two\nlines"),
        Some(""),
        None,
        Some("plain\\"),
    ]);
    let numbers: ArrayRef =
        Arc::new(Int32Array::from(vec![Some(1), Some(2), None, Some(4), None, Some(6)]));
    let columns = [("a,b", odd), ("n", numbers)];
    check_copy(
        &columns,
        &csv(true, Some(vec![])),
        "\"a,b\",n\n\"a,b\",1\n\"say \"\"x\"\"\",2\n\"two\nlines\",\n\"\",4\n,\nplain\\,6\n",
    );
    check_copy(&columns[1..], &csv(false, None), "\"1\"\n\"2\"\n\n\"4\"\n\n\"6\"\n");
    check_copy(
        &[("t", texts(&[Some("\\."), Some("x")]))],
        &csv(false, Some(vec![])),
        "\"\\.\"\nx\n",
    );
    let lists: ArrayRef = Arc::new(ints(vec![Some(vec![Some(1), Some(2)])]));
    check_copy(&[("l", lists)], &csv(false, Some(vec![])), "\"{1,2}\"\n");
    let format = CopyFormat::Csv {
        delimiter: b';',
        null: "5".into(),
        header: false,
        quote: b'\'',
        escape: b'\\',
        force_quote: Some(vec![]),
    };
    let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(5), None]));
    check_copy(
        &[("n", numbers), ("t", texts(&[Some("it's;"), Some("a\\b")]))],
        &format,
        "'5';'it\\'s;'\n5;a\\b\n",
    );
}

#[test]
fn copy_binary_has_signature_and_trailer() {
    let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
    let want = concat!(
        "5047434f50590aff0d0a000000000000000000",
        "00010000000400000001",
        "0001ffffffff",
        "ffff"
    );
    assert_eq!(hex(&copy(&[("n", numbers)], &CopyFormat::Binary)), want);
}
