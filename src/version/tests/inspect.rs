use std::fs;
use std::path::PathBuf;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use datafusion::arrow_avro::writer::AvroWriter;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as Codec, ZstdLevel};
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

use super::*;

/// A directory of files under test.
pub(in crate::version) struct Files {
    pub(in crate::version) root: TempDir,
}

impl Files {
    pub(in crate::version) fn new() -> Files {
        Files { root: TempDir::new().expect("a temporary directory") }
    }

    pub(in crate::version) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(in crate::version) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it has a parent")).expect("directories");
        fs::write(&path, content).expect("a file");
        path
    }

    pub(in crate::version) fn facts(&self, name: &str) -> Result<FileFacts> {
        let (_, format) = format_of(name).expect("a known extension");
        inspect(&self.path(name), format, &Limits::STANDARD)
    }
}

pub(in crate::version) fn ids(values: std::ops::Range<i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

pub(in crate::version) fn names(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

pub(in crate::version) fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let columns = columns.into_iter().map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(columns).expect("a batch")
}

pub(in crate::version) fn parquet(batch: &RecordBatch, group_rows: usize, codec: Codec) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group_rows))
        .set_compression(codec)
        .build();
    let mut writer =
        ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).expect("a writer");
    writer.write(batch).expect("written");
    writer.into_inner().expect("finished")
}

pub(in crate::version) fn ipc_file(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &batch.schema()).expect("a writer");
    writer.write(batch).expect("written");
    writer.write(batch).expect("written");
    writer.into_inner().expect("finished")
}

pub(in crate::version) fn ipc_stream(batch: &RecordBatch) -> Vec<u8> {
    let options = IpcWriteOptions::default()
        .try_with_compression(Some(arrow::ipc::CompressionType::ZSTD))
        .expect("zstd");
    let mut writer =
        StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options).expect("a writer");
    writer.write(batch).expect("written");
    writer.finish().expect("finished");
    writer.into_inner().expect("finished")
}

pub(in crate::version) fn avro(batch: &RecordBatch) -> Vec<u8> {
    let mut writer =
        AvroWriter::new(Vec::new(), batch.schema().as_ref().clone()).expect("a writer");
    writer.write(batch).expect("written");
    writer.finish().expect("finished");
    writer.into_inner()
}

pub(in crate::version) fn packed(kind: FileCompressionType, content: &str) -> Vec<u8> {
    let bytes = bytes::Bytes::copy_from_slice(content.as_bytes());
    let stream = futures::StreamExt::boxed(futures::stream::iter([Ok(bytes)]));
    let packed = kind.convert_to_compress_stream(stream).expect("a stream");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let chunks: Vec<bytes::Bytes> = runtime.block_on(packed.try_collect()).expect("packed");
    chunks.concat()
}

fn sample() -> RecordBatch {
    batch(vec![
        ("id", ids(0..5_000)),
        (
            "name",
            Arc::new(StringArray::from_iter_values((0..5_000).map(|n| format!("n{}", n % 97)))),
        ),
        ("ok", Arc::new(BooleanArray::from_iter((0..5_000).map(|n| Some(n % 3 == 0))))),
        ("x", Arc::new(Float64Array::from_iter_values((0..5_000).map(|n| f64::from(n) / 7.0)))),
    ])
}

fn spelled(facts: &FileFacts) -> String {
    let fields = facts.schema.fields().iter();
    let fields: Vec<String> =
        fields.map(|field| format!("{} {}", field.name(), field.data_type())).collect();
    match facts.rows {
        Some(rows) => format!("{}; {rows}", fields.join(", ")),
        None => fields.join(", "),
    }
}

#[track_caller]
fn check(name: &str, content: impl AsRef<[u8]>, expected: &str) {
    let files = Files::new();
    files.write(name, content);
    let found = match files.facts(name) {
        Ok(facts) => spelled(&facts),
        Err(error) => {
            assert!(error.to_string().contains(name), "{error} does not name {name}");
            let detail = error.notes().detail.unwrap_or_default();
            format!(
                "{} {} {detail}",
                error.state(),
                error.to_string().replace(&files.root.path().display().to_string(), "",)
            )
        }
    };
    assert!(found.starts_with(expected), "{name}: {found}");
}

#[test]
fn extensions_tell_formats() {
    let known = |name| format_of(name).map(|(stem, format)| format!("{stem} {format:?}"));
    assert_eq!(known("a.parquet").as_deref(), Some("a Parquet"));
    assert_eq!(known("a.b.csv.gz").as_deref(), Some("a.b Csv(Gzip)"));
    assert_eq!(known("A.NDJSON.ZST").as_deref(), Some("A Json(Zstd)"));
    assert_eq!(known("a.feather").as_deref(), Some("a Arrow"));
    assert_eq!(known("a.avro").as_deref(), Some("a Avro"));
    assert_eq!(known(".csv"), None);
    assert_eq!(known("a.txt"), None);
    assert_eq!(known("a.gz"), None);
    assert_eq!(known("\u{e9}.csv").as_deref(), Some("\u{e9} Csv(Plain)"));
}

#[test]
fn every_format_tells_its_columns() {
    let columns = "id Int64, name Utf8View, ok Boolean, x Float64; 5000";
    for codec in [Codec::UNCOMPRESSED, Codec::SNAPPY, Codec::ZSTD(ZstdLevel::default())] {
        check("a.parquet", parquet(&sample(), 1_000, codec), columns);
    }
    check("a.arrow", ipc_file(&sample()), "id Int64, name Utf8, ok Boolean, x Float64; 10000");
    check("a.arrows", ipc_stream(&sample()), "id Int64, name Utf8, ok Boolean, x Float64; 5000");
    check("a.avro", avro(&sample()), "id Int64, name Utf8, ok Boolean, x Float64; 5000");
    let text = "id,day,at,share,ok,note,none\n1,2024-01-31,2024-01-31 10:00:00,1.5,true,hi,\n2,2024-02-01,2024-01-31T10:00:00.25,2,false,\"a\nb\",\n";
    let columns =
        "id Int64, day Date32, at Timestamp(µs), share Float64, ok Boolean, note Utf8, none Null";
    check("a.csv", text, columns);
    check("a.csv.gz", packed(FileCompressionType::GZIP, text), columns);
    check("a.csv.zst", packed(FileCompressionType::ZSTD, text), columns);
    let text = "{\"a\":1,\"b\":\"x\",\"c\":[1,2]}\n{\"a\":2.5,\"d\":{\"e\":true}}\n";
    let columns = "a Float64, b Utf8, c List(Int64), d Struct(\"e\": Boolean)";
    check("a.json", text, columns);
    check("a.jsonl.gz", packed(FileCompressionType::GZIP, text), columns);
    check("a.ndjson.zst", packed(FileCompressionType::ZSTD, text), columns);
}

#[test]
fn bad_text_is_refused() {
    check("a.csv", "", "; 0");
    check("a.json", "", "; 0");
    check("a.csv.gz", "", "XX001");
    check("a.csv", "a,a\n1,2\n", "0A000 file \"/a.csv\" has two columns named \"a\"");
    check("a.csv", "a,\n1,2\n", "0A000 file \"/a.csv\" has a column without a name");
    check("a.csv", "a,b\n1\n", "XX001 file \"/a.csv\" is not valid CSV");
    check("a.csv", "a,b\n1,2,3\n", "XX001");
    check("a.csv", b"a,b\n\xff\xfe,2\n", "XX001");
    check("a.csv.gz", "a,b\n1,2\n", "XX001");
    check("a.json", "{\"a\":1}\n[1]\n", "XX001 file \"/a.json\" is not valid NDJSON");
    check("a.json", "{\"a\":", "XX001");
    check("a.json", "{}\n", "0A000 file \"/a.json\" has no columns");
    let endless = "x".repeat(17 << 20);
    check("a.csv", &endless, "XX001");
    check("a.csv.zst", packed(FileCompressionType::ZSTD, &endless), "XX001");
    check("a.json.gz", packed(FileCompressionType::GZIP, &endless), "XX001");
    let columns: Vec<String> = (0..5_000).map(|at| format!("c{at}")).collect();
    check("a.csv", columns.join(","), "0A000 file \"/a.csv\" has 5000 columns, more than 4096");
}

#[test]
fn what_is_no_file_is_refused() {
    let files = Files::new();
    fs::create_dir(files.path("a.parquet")).expect("a directory");
    assert_eq!(files.facts("a.parquet").expect_err("a directory").state(), "XX001");
    assert_eq!(files.facts("b.parquet").expect_err("missing").state(), "58030");
}

#[test]
fn cut_files_are_refused() {
    let written = [
        ("a.parquet", parquet(&sample(), 1_000, Codec::SNAPPY)),
        ("a.arrow", ipc_file(&sample())),
        ("a.arrows", ipc_stream(&sample())),
        ("a.avro", avro(&sample())),
    ];
    for (name, content) in &written {
        for part in 0..40 {
            let cut = content.len() * part / 40;
            check(name, content.get(..cut).expect("shorter"), "XX001");
        }
    }
}

#[test]
fn garbage_in_parquet_is_refused() {
    let content = parquet(&sample(), 1_000, Codec::SNAPPY);
    let mut zeroed = content.clone();
    zeroed.get_mut(4..content.len() / 2).expect("pages").fill(0);
    check("a.parquet", &zeroed, "XX001");
    let mut claims = content.clone();
    let tail = content.len() - 8;
    claims.get_mut(tail..tail + 4).expect("a length").copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
    check("a.parquet", &claims, "XX001");
    check("a.parquet", [b"PAR1".as_slice(), &[0; 64], b"PAR1"].concat(), "XX001");
    check("a.parquet", "not parquet at all, but text", "XX001");
    check("a.parquet", [b"PAR1".as_slice(), &[0; 64], b"PARE"].concat(), "0A000");
    // A page that claims 2 GiB (arrow-rs issue 10734).
    let mut bomb = content;
    let header = thrift::page_header(bomb.get(4..).expect("a page")).expect("a header");
    assert!(header.uncompressed > 0);
    // field 2, i32, zigzag varint of 2^31 - 1: five bytes instead of two, over the start of the header
    bomb.get_mut(4..13)
        .expect("a header")
        .copy_from_slice(&[0x15, 0x00, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x15]);
    let files = Files::new();
    files.write("a.parquet", &bomb);
    files.facts("a.parquet").expect_err("a bomb");
}

/// The reader builds a schema by recursion.
#[test]
fn a_bottomless_schema_is_refused() {
    // version, then a list of 100,000 elements with a name and one child each
    let mut footer = vec![0x15, 0x02, 0x19, 0xfc, 0xa0, 0x8d, 0x06];
    for _ in 0..100_000 {
        footer.extend([0x48, 0x01, b'a', 0x15, 0x02, 0x00]);
    }
    footer.extend([0x16, 0x00, 0x19, 0x0c, 0x00]);
    let length = u32::try_from(footer.len()).expect("short").to_le_bytes();
    let content = [b"PAR1".as_slice(), &footer, &length, b"PAR1"].concat();
    check("a.parquet", content, "0A000 the schema of file \"/a.parquet\" is nested 100000 levels");
}

/// 0.4 of the reliability notes: some flips in a footer make the decoder panic. None may get out.
#[test]
fn flipped_bits_never_panic() {
    let files = Files::new();
    for (name, content) in [
        ("a.parquet", parquet(&sample(), 1_000, Codec::UNCOMPRESSED)),
        ("a.arrow", ipc_file(&sample())),
        ("a.arrows", ipc_stream(&sample())),
        ("a.avro", avro(&sample())),
    ] {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        for round in 0..400_u64 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let length = bytes(content.len());
            // Every second flip hits the last part, where footers are.
            let at =
                if round % 2 == 0 { seed % length } else { length - 1 - seed % 1_500.min(length) };
            let mut flipped = content.clone();
            let place = flipped.get_mut(usize::try_from(at).expect("small")).expect("inside");
            *place ^= 1 << (seed >> 61);
            files.write(name, flipped);
            if let Err(error) = files.facts(name) {
                assert!(matches!(error.state(), "XX001" | "0A000"), "{name} {round}: {error}");
            }
        }
    }
}

#[test]
fn narrow_types_keep_their_types() {
    let narrow = batch(vec![("a", Arc::new(Int32Array::from(vec![Some(1), None])) as ArrayRef)]);
    check("a.parquet", parquet(&narrow, 10, Codec::SNAPPY), "a Int32; 2");
    let nothing = narrow.slice(0, 0);
    check("a.parquet", parquet(&nothing, 10, Codec::SNAPPY), "a Int32; 0");
    check("a.avro", avro(&narrow), "a Int32; 2");
}
