use proptest::prelude::{any, proptest};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed};

use super::{data_type, null, parameter};
use crate::pg::encode::{DateFormat, DateOrder, DateStyle, IntervalStyle, OutputSettings};
use crate::pg::encodings::Encoding;
use crate::pg::types::{self, by_name};
use crate::pg::zone::Zone;

fn settings() -> OutputSettings {
    OutputSettings {
        time_zone: Zone::of_session("America/New_York").expect("a zone"),
        now_us: 0,
        date_style: DateStyle { format: DateFormat::Iso, order: DateOrder::Mdy },
        interval_style: IntervalStyle::Postgres,
        bytea_hex: true,
        extra_float_digits: 1,
        encoding: Encoding::Utf8,
    }
}

fn read(name: &str, binary: bool, bytes: &[u8]) -> String {
    let oid = by_name(name).expect("a known type");
    match parameter(oid, binary, bytes, &settings()) {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{} {error}", error.state()),
    }
}

fn check(name: &str, text: &str, want: &str) {
    assert_eq!(read(name, false, text.as_bytes()), want, "{name} {text:?}");
}

fn check_binary(name: &str, bytes: &[u8], want: &str) {
    assert_eq!(read(name, true, bytes), want, "{name} {bytes:?}");
}

#[test]
fn integers_say_what_is_wrong_as_postgresql() {
    check("integer", "x", "22P02 invalid input syntax for type integer: \"x\"");
    check("integer", "", "22P02 invalid input syntax for type integer: \"\"");
    check("integer", "1.0", "22P02 invalid input syntax for type integer: \"1.0\"");
    check("integer", "+-1", "22P02 invalid input syntax for type integer: \"+-1\"");
    check("integer", "99999999999", "22003 value \"99999999999\" is out of range for type integer");
    check("smallint", "32768", "22003 value \"32768\" is out of range for type smallint");
    check("bigint", " 42 ", "Int64(42)");
    check("oid", "4294967296", "22003 value \"4294967296\" is out of range for type oid");
    check("boolean", "o", "22P02 invalid input syntax for type boolean: \"o\"");
    check("boolean", "", "22P02 invalid input syntax for type boolean: \"\"");
}

#[test]
fn floats_out_of_range_are_not_infinite() {
    check("float8", "1e400", "22003 \"1e400\" is out of range for type double precision");
    check("float8", "1e-400", "22003 \"1e-400\" is out of range for type double precision");
    check("float8", "0e5", "Float64(0)");
    check("float8", "-Infinity", "Float64(-inf)");
    check("real", "1e39", "22003 \"1e39\" is out of range for type real");
    check("real", "inf", "Float32(inf)");
    check("real", "-inf", "Float32(-inf)");
    check("real", "0.1", "Float32(0.1)");
    check("real", "1,5", "22P02 invalid input syntax for type real: \"1,5\"");
}

#[test]
fn numerics_keep_every_digit_they_can() {
    check("numeric", "1.50", "Decimal128(1.50,3,2)");
    check("numeric", "1e3", "Decimal128(1000,4,0)");
    check("numeric", "-0.001", "Decimal128(-0.001,3,3)");
    check("numeric", "abc", "22P02 invalid input syntax for type numeric: \"abc\"");
    check("numeric", "1e", "22P02 invalid input syntax for type numeric: \"1e\"");
    check("numeric", ".", "22P02 invalid input syntax for type numeric: \".\"");
    check("numeric", "1e77", "22003 value overflows numeric format");
    check("numeric", "1e999999999999", "22003 value overflows numeric format");
    check("numeric", "0e999999999999", "Decimal128(0,1,0)");
    check("numeric", "1e-999999999999", &format!("Decimal256(0.{},76,76)", "0".repeat(76)));
    check("numeric", "NaN", "22003 numeric value \"NaN\" is not supported");
    let digits = "9".repeat(76);
    check("numeric", &digits, &format!("Decimal256({digits},76,0)"));
    // More digits after the point than fit are rounded.
    check(
        "numeric",
        &format!("0.{}5", "0".repeat(75)),
        &format!("Decimal256(0.{}5,76,76)", "0".repeat(75)),
    );
    check(
        "numeric",
        &format!("0.{}5", "0".repeat(76)),
        &format!("Decimal256(0.{}1,76,76)", "0".repeat(75)),
    );
    check("numeric", &format!("{digits}.5"), "22003 value overflows numeric format");
    check_binary("numeric", &[0, 1, 0, 0, 0, 0, 0, 2, 0, 5], "Decimal128(5.00,3,2)");
    check_binary(
        "numeric",
        &[0, 0, 0, 0, 0xc0, 0, 0, 0],
        "22003 numeric value \"NaN\" is not supported",
    );
    check_binary("numeric", &[0, 1, 0, 0, 0, 0, 0, 2], "22P03 insufficient data left in message");
    let wrong = |what: &str| format!("22P03 invalid {what} in external \"numeric\" value");
    check_binary("numeric", &[0, 1, 0, 0, 0, 0, 0, 2, 0x27, 0x10], &wrong("digit"));
    check_binary("numeric", &[0, 0, 0, 0, 1, 0, 0, 0], &wrong("sign"));
    check_binary("numeric", &[0, 0, 0, 0, 0, 0, 0xff, 0], &wrong("scale"));
    check_binary("numeric", &[0, 0, 0, 0, 0, 0, 0, 0, 1], &wrong("length"));
    check_binary(
        "numeric",
        &[0, 1, 0x7f, 0xff, 0, 0, 0, 0, 0, 1],
        "22003 value overflows numeric format",
    );
}

#[test]
fn text_is_utf_8_without_nul() {
    let wrong = |bytes: &str| format!("22021 invalid byte sequence for encoding \"UTF8\": {bytes}");
    assert_eq!(read("text", false, b"a\xffb"), wrong("0xff"));
    assert_eq!(read("text", false, b"\xc3("), wrong("0xc3 0x28"));
    assert_eq!(read("text", true, b"a\0"), wrong("0x00"));
    assert_eq!(read("integer", false, b"1\0"), wrong("0x00"));
    // Text in braces is text, not a list.
    check("unknown", "{a,b}", "Utf8(\"{a,b}\")");
    check("text", "{a,b}", "Utf8(\"{a,b}\")");
}

#[test]
fn other_types_say_what_is_wrong_as_postgresql() {
    check("bytea", "\\xabc", "22023 invalid hexadecimal data: odd number of digits");
    check("bytea", "\\xag", "22023 invalid hexadecimal digit: \"g\"");
    check("bytea", "a\\9", "22P02 invalid input syntax for type bytea");
    check("uuid", "a0", "22P02 invalid input syntax for type uuid: \"a0\"");
    check("uuid", "", "22P02 invalid input syntax for type uuid: \"\"");
    check("json", "{", "22P02 invalid input syntax for type json");
    check("jsonb", &"[".repeat(100_000), "22P02 invalid input syntax for type json");
    check_binary("jsonb", &[2, b'1'], "22P03 unsupported jsonb version number 2");
    check_binary("jsonb", &[], "22P03 insufficient data left in message");
    check_binary("integer", &[0; 3], "22P03 insufficient data left in message");
    check_binary("integer", &[0; 5], "22P03 incorrect binary data format in bind parameter");
    let family = "22P03 invalid address family in external \"inet\" value";
    check_binary("inet", &[0; 4], family);
    check_binary("aclitem", &[0; 4], "42883 no binary input function available for type aclitem");
    check("regclass", "pg_class", "Utf8(\"pg_class\")");
    check("regclass", "1259", "UInt32(1259)");
}

#[test]
fn dates_and_times_say_what_is_wrong_as_postgresql() {
    check("date", "x", "22007 invalid input syntax for type date: \"x\"");
    check("date", "", "22007 invalid input syntax for type date: \"\"");
    check("date", "2024-02-30", "22008 date/time field value out of range: \"2024-02-30\"");
    check("date", "2024-13-01", "22008 date/time field value out of range: \"2024-13-01\"");
    check("date", "0000-01-01", "22008 date/time field value out of range: \"0000-01-01\"");
    check("date", "5874898-01-01", "22008 date out of range: \"5874898-01-01\"");
    check("timestamp", "294277-01-01", "22008 timestamp out of range: \"294277-01-01\"");
    check(
        "timestamp",
        "2024-01-01 25:00",
        "22008 date/time field value out of range: \"2024-01-01 25:00\"",
    );
    check(
        "timestamp",
        "2024-01-01 10:60",
        "22008 date/time field value out of range: \"2024-01-01 10:60\"",
    );
    check(
        "timestamptz",
        "2024-01-01 Mars/Olympus",
        "22023 time zone \"mars/olympus\" not recognized",
    );
    check(
        "timestamptz",
        "2024-01-01 10:00+16",
        "22008 time zone displacement out of range: \"+16\"",
    );
    check(
        "timestamptz",
        "2024-01-01 10:00",
        "TimestampMicrosecond(1704121200000000, Some(\"UTC\"))",
    );
    check(
        "interval",
        "1 day 1 day",
        "22007 invalid input syntax for type interval: \"1 day 1 day\"",
    );
    check("interval", "200000000 years", "22008 interval out of range");
    check("interval", "x", "22007 invalid input syntax for type interval: \"x\"");
    check(
        "interval",
        "1 fortnight",
        "22007 invalid input syntax for type interval: \"1 fortnight\"",
    );
    check(
        "interval",
        "9999999999 years",
        "22015 interval field value out of range: \"9999999999 years\"",
    );
    check_binary("interval", &[0x7f; 16], "22008 interval out of range");
    check_binary("date", &[0x80, 0, 0, 1], "22008 date out of range");
    check_binary("timestamptz", &(i64::MAX - 1).to_be_bytes(), "22008 timestamp out of range");
    check_binary("time", &[0x7f; 8], "22008 time out of range");
}

#[test]
fn words_of_dates_and_times() {
    let infinite = |value: i64| format!("TimestampMicrosecond({value}, None)");
    check("timestamp", "infinity", &infinite(i64::MAX));
    check("timestamp", " -Infinity ", &infinite(i64::MIN));
    check_binary("timestamp", &i64::MIN.to_be_bytes(), &infinite(i64::MIN));
    check(
        "timestamp",
        "1970-01-01 infinity",
        "22007 invalid input syntax for type timestamp: \"1970-01-01 infinity\"",
    );
    // The settings' moment is the first of 1970, in New York the evening before.
    check("timestamp", "now", "TimestampMicrosecond(-18000000000, None)");
    check("timestamptz", "now", "TimestampMicrosecond(0, Some(\"UTC\"))");
    check("timestamp", "tomorrow 00:01", "TimestampMicrosecond(60000000, None)");
    check("timestamp", "J2440588.5", "TimestampMicrosecond(43200000000, None)");
    check("timestamp", "now 12:00", "22007 invalid input syntax for type timestamp: \"now 12:00\"");
    check("time", "allballs", "Time64Microsecond(\"0\")");
    check("time", "now", "Time64Microsecond(\"68400000000\")");
    check("time", "today", "22007 invalid input syntax for type time: \"today\"");
    check("time", "2026-03-01 T04:05", "Time64Microsecond(\"14700000000\")");
    check(
        "time",
        "04:05 America/New_York",
        "22007 invalid input syntax for type time: \"04:05 America/New_York\"",
    );
}

#[test]
fn arrays_say_what_is_wrong_as_postgresql() {
    let malformed =
        |text: &str| check("text[]", text, &format!("22P02 malformed array literal: \"{text}\""));
    for text in [
        "",
        "a",
        "{",
        "}",
        "{a",
        "{a,}",
        "{,a}",
        "{a}}",
        "{a}x",
        "{\"a",
        "{\"a\"b}",
        "{a{b}}",
        "{{a},{b,c}}",
        "{{a},b}",
        "{a,{b}}",
        "{a\\",
        "[0:1]{a}",
        "[0:1",
    ] {
        malformed(text);
    }
    check("text[]", "{{{{{{{a}}}}}}}", "22P02 malformed array literal: \"{{{{{{{a}}}}}}}\"");
    check("int4[]", "{{},{}}", "22P02 malformed array literal: \"{{},{}}\"");
    check("int4[]", "{1,x}", "22P02 invalid input syntax for type integer: \"x\"");
    check("int4[]", "{1,NULL}", "List([1, ])");
    check("int4[]", "[0:1]={5,6}", "0A000 an array whose lower bound is not 1 is not supported");
    check("int4[]", "{{1,2},{3,4}}", "List([[1, 2], [3, 4]])");
    check("regclass[]", "{1,2}", "List([1, 2])");
    check("regclass[]", "{1,a}", "List([1, a])");
    let header = |dimensions: i32, flags: i32, element: i32, rest: &[i32]| {
        let words = [&[dimensions, flags, element][..], rest].concat();
        words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>()
    };
    check_binary("int4[]", &header(0, 0, 23, &[]), "List([])");
    check_binary("int4[]", &header(1, 0, 23, &[1, 1, 4, 7]), "List([7])");
    check_binary("int4[]", &header(1, 2, 23, &[]), "22P03 invalid array flags");
    check_binary("int4[]", &header(-1, 0, 23, &[]), "22P03 invalid number of dimensions: -1");
    check_binary(
        "int4[]",
        &header(7, 0, 23, &[]),
        "54000 number of array dimensions (7) exceeds the maximum allowed (6)",
    );
    check_binary(
        "int4[]",
        &header(1, 0, 25, &[0, 1]),
        "42804 binary data has array element type 25 (text) instead of expected 23 (integer)",
    );
    // Counts that promise more than there is are found before memory is taken.
    check_binary(
        "int4[]",
        &header(1, 0, 23, &[i32::MAX, 1]),
        "22P03 insufficient data left in message",
    );
    check_binary(
        "int4[]",
        &header(3, 0, 23, &[i32::MAX, 1, i32::MAX, 1, i32::MAX, 1]),
        "22P03 incorrect binary data format in bind parameter",
    );
    check_binary(
        "int4[]",
        &header(1, 0, 23, &[1, 1, 4, 7, 0]),
        "22P03 incorrect binary data format in bind parameter",
    );
}

#[test]
fn a_null_has_the_type_of_the_values() {
    for oid in every_oid() {
        assert!(null(oid).is_null(), "{oid}");
        assert_eq!(null(oid).data_type(), data_type(oid), "{oid}");
    }
}

/// All types we know, and numbers of none.
fn every_oid() -> Vec<u32> {
    (0..6_000).filter(|oid| types::name_of(*oid).is_some()).chain([0, 999_999]).collect()
}

/// Anything, and what is nearly right: pieces of dates, numbers and arrays in any order.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let pieces = "([0-9]{1,20}|[-+:./,{}\"\\\\ T]|[a-z]{1,3}|infinity|nan|bc|epoch|jan|ago|day|year\
        |P|z|\\[|\\]|=|utc|e9{1,9}|\u{e9}|\\\\x|NULL){0,12}";
    let words = proptest::collection::vec(
        proptest::prop_oneof![
            any::<i32>(),
            0..4_i32,
            proptest::sample::select(vec![16, 20, 23, 25, 1700, 0x4000_0000, i32::MAX])
        ],
        0..12,
    );
    proptest::prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..64),
        pieces.prop_map(String::into_bytes),
        words.prop_map(|words| words.iter().flat_map(|word| word.to_be_bytes()).collect()),
    ]
}

proptest! {
    #![proptest_config(Config {
        cases: 400,
        rng_seed: RngSeed::Fixed(15),
        failure_persistence: None,
        ..Config::default()
    })]

    /// Whatever comes in, the answer is a value or an error that says whose fault it is.
    #[test]
    fn no_bytes_panic(bytes in hostile()) {
        let settings = settings();
        for oid in every_oid() {
            for binary in [false, true] {
                if let Err(error) = parameter(oid, binary, &bytes, &settings) {
                    assert_ne!(error.state(), "XX000", "{oid} {binary} {bytes:?}: {error}");
                }
            }
        }
    }
}
