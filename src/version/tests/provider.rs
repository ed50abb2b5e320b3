use std::collections::BTreeMap;
use std::fs;

use arrow::array::{Float64Array, Int32Array, StringArray};
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use parquet::basic::Compression as Codec;

use super::*;
use crate::catalog::manifest::{File, Manifest, Mode};
use crate::version::inspect::inspect;
use crate::version::inspect::tests::{
    Files, avro, batch, ids, ipc_file, ipc_stream, names, packed, parquet,
};
use crate::version::objects::Expected;
use crate::version::shape::{merge_schemas, shape};

struct World {
    files: Files,
    objects: Arc<Objects>,
    scans: Arc<Scans>,
    session: SessionContext,
    version: Option<Arc<Version>>,
}

fn world() -> World {
    let objects = Objects::new(Tasks::new());
    let runtime = RuntimeEnvBuilder::new()
        .with_object_store_registry(objects.registry())
        .build_arc()
        .expect("a runtime");
    let config = SessionConfig::new().with_target_partitions(2);
    World {
        files: Files::new(),
        scans: Scans::new(Arc::clone(&objects), Tasks::new()),
        objects,
        session: SessionContext::new_with_config_rt(config, runtime),
        version: None,
    }
}

impl World {
    fn with(self, name: &str, content: impl AsRef<[u8]>) -> World {
        self.files.write(name, content);
        self
    }

    /// Does what loading does, and names the tables in the session.
    fn load(mut self) -> Result<World> {
        let root = self.files.root.path().to_path_buf();
        let mut paths = Vec::new();
        let mut open = vec![root.clone()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory).expect("listed") {
                let path = entry.expect("an entry").path();
                let list = if path.is_dir() { &mut open } else { &mut paths };
                list.push(path);
            }
        }
        let listed = paths.iter().map(|path| {
            let found = fs::metadata(path).expect("a file");
            let modified = DateTime::<Utc>::from(found.modified().expect("a time"));
            File {
                path: path.strip_prefix(&root).expect("below").display().to_string(),
                bytes: found.len(),
                modified_us: modified.timestamp_micros(),
                etag: None,
                sha256: None,
                rows: None,
                partition_values: Vec::new(),
            }
        });
        let mut tables = BTreeMap::new();
        let mut mounted = BTreeMap::new();
        for mut table in shape("d", listed.collect())?.tables {
            let mut schemas = Vec::new();
            for file in &mut table.files {
                let facts = inspect(&root.join(&file.path), table.format, &Limits::STANDARD)?;
                file.rows = facts.rows;
                schemas.push((file.path.clone(), facts.schema));
                let modified_us = Some(file.modified_us);
                mounted.insert(file.path.clone(), Expected { bytes: file.bytes, modified_us });
            }
            let file_schema =
                merge_schemas(&table.name, table.format, &table.partition_fields, &schemas)?;
            tables.insert(
                table.name.clone(),
                Arc::new(Table {
                    name: table.name,
                    format: table.format,
                    file_schema,
                    partition_fields: table.partition_fields,
                    files: table.files,
                    key: Vec::new(),
                    comment: None,
                    column_comments: BTreeMap::new(),
                }),
            );
        }
        self.objects.mount("d", "v", root, mounted);
        let manifest =
            Manifest { database: "d".into(), version: "v".into(), mode: Mode::Direct, tables };
        let version =
            Arc::new(Version { name: "v".into(), loaded_at_us: 0, manifest: Arc::new(manifest) });
        for (name, table) in &version.manifest.tables {
            let provider = provider("d", &version, table, &self.scans);
            self.session.register_table(name.as_str(), provider).expect("registered");
        }
        self.version = Some(version);
        Ok(self)
    }

    /// Names the table `t` with the places of its rows `placed`; `false` where they have none.
    fn place(&self) -> bool {
        let version = self.version.as_ref().expect("loaded");
        let table = version.manifest.tables.get("t").expect("a table");
        let table = provider("d", version, table, &self.scans);
        let placed = placed::with_places(table.as_ref());
        placed.is_some_and(|placed| self.session.register_table("placed", placed).is_ok())
    }

    async fn batches(&self, sql: &str) -> PlanResult<Vec<RecordBatch>> {
        let frame = self.session.sql(sql).await?;
        let promised = frame.schema().inner().fields().clone();
        let batches = frame.collect().await?;
        for batch in &batches {
            let kinds = |fields: &arrow::datatypes::Fields| -> Vec<DataType> {
                fields.iter().map(|field| field.data_type().clone()).collect()
            };
            assert_eq!(kinds(batch.schema().fields()), kinds(&promised), "{sql}");
        }
        Ok(batches)
    }

    /// Rows as `a,b;c,d`.
    async fn rows(&self, sql: &str) -> String {
        let batches = match self.batches(sql).await {
            Ok(batches) => batches,
            Err(error) => {
                return match cause(&error) {
                    Some(own) => format!("{} {own} {:?}", own.state(), own.notes().detail),
                    None => error.to_string(),
                };
            }
        };
        let table = pretty_format_batches(&batches).expect("printed").to_string();
        let lines = table.lines().filter(|line| line.starts_with('|')).skip(1).map(|line| {
            let cells = line.trim_matches('|').split('|').map(str::trim);
            cells.collect::<Vec<_>>().join(",")
        });
        lines.collect::<Vec<_>>().join(";")
    }

    #[track_caller]
    fn plan_has(plan: &str, part: &str) {
        assert!(plan.contains(part), "no {part} in {plan}");
    }

    async fn check(&self, sql: &str, expected: &str) {
        assert_eq!(self.rows(sql).await, expected, "{sql}");
    }
}

const CSV: &str = "id,name,x\n1,one,1.5\n2,,2\n3,\"th,\nree\",\n";
const JSON: &str =
    "{\"id\":1,\"name\":\"one\",\"x\":1.5}\n{\"id\":2,\"x\":2}\n{\"name\":\"three\",\"id\":3}\n";

fn small() -> RecordBatch {
    batch(vec![
        ("id", ids(1..4)),
        ("name", names(&[Some("one"), None, Some("three")])),
        ("x", Arc::new(Float64Array::from(vec![Some(1.5), Some(2.0), None]))),
    ])
}

#[tokio::test]
async fn every_format_is_read() {
    let world = world()
        .with("csv.csv", CSV)
        .with("json.json", JSON)
        .with("parquet.parquet", parquet(&small(), 2, Codec::SNAPPY))
        .with("stream.arrows", ipc_stream(&small()))
        .with("avro.avro", avro(&small()));
    let world = Tasks::new().blocking(move || {
        world
            .with("csv_gz.csv.gz", packed(FileCompressionType::GZIP, CSV))
            .with("csv_zst.csv.zst", packed(FileCompressionType::ZSTD, CSV))
            .with("json_gz.ndjson.gz", packed(FileCompressionType::GZIP, JSON))
            .with("json_zst.jsonl.zst", packed(FileCompressionType::ZSTD, JSON))
            .load()
    });
    let world = world.await.expect("joined").expect("loaded");
    for table in
        ["csv", "csv_gz", "csv_zst", "json", "json_gz", "json_zst", "parquet", "stream", "avro"]
    {
        let all = format!("SELECT x, id FROM {table} ORDER BY id");
        world.check(&all, "1.5,1;2.0,2;,3").await;
        let filtered = format!("SELECT name FROM {table} WHERE id <> 3 ORDER BY id");
        world.check(&filtered, "one;").await;
        world.check(&format!("SELECT count(*), count(name), max(id) FROM {table}"), "3,2,3").await;
        world.check(&format!("SELECT 1 FROM {table} LIMIT 2"), "1;1").await;
        world.check(&format!("SELECT id FROM {table} WHERE id > 5"), "").await;
    }
}

#[tokio::test]
async fn an_arrow_file_is_read() {
    let world = world().with("t.arrow", ipc_file(&small())).load().expect("loaded");
    world.check("SELECT sum(id), count(x) FROM t", "12,4").await;
    world.check("SELECT count(*) FROM t", "6").await;
}

#[tokio::test]
async fn columns_are_found_by_name() {
    let world = world()
        .with("c/1.csv", "a,b\n1,x\n")
        .with("c/2.csv", "b,c,a\ny,true,2.5\n")
        .with("j/1.json", "{\"a\":1}\n")
        .with("j/2.json", "{\"b\":\"y\",\"a\":2.5}\n{\"b\":7,\"a\":3}\n")
        .with("r/1.arrow", ipc_stream(&batch(vec![("a", ids(1..2)), ("b", names(&[Some("x")]))])))
        .with(
            "r/2.arrow",
            ipc_stream(&batch(vec![
                ("b", names(&[Some("y")])),
                ("a", Arc::new(Int32Array::from(vec![2]))),
            ])),
        )
        .with("v/1.avro", avro(&batch(vec![("a", ids(1..2)), ("b", names(&[Some("x")]))])))
        .with("v/2.avro", avro(&batch(vec![("b", names(&[Some("y")])), ("c", ids(5..6))])))
        .with(
            "p/1.parquet",
            parquet(&batch(vec![("a", ids(1..2)), ("b", names(&[Some("x")]))]), 9, Codec::SNAPPY),
        )
        .with(
            "p/2.parquet",
            parquet(
                &batch(vec![
                    ("b", names(&[Some("y")])),
                    ("c", names(&[Some("z")])),
                    ("a", Arc::new(Int32Array::from(vec![2]))),
                ]),
                9,
                Codec::SNAPPY,
            ),
        )
        .load()
        .expect("loaded");
    world.check("SELECT * FROM c ORDER BY a", "1.0,x,;2.5,y,true").await;
    world.check("SELECT c, b FROM c WHERE a > 2", "true,y").await;
    world.check("SELECT * FROM j ORDER BY a", "1.0,;2.5,y;3.0,7").await;
    world.check("SELECT * FROM r ORDER BY a", "1,x;2,y").await;
    world.check("SELECT * FROM v ORDER BY b", "1,x,;,y,5").await;
    world.check("SELECT * FROM p ORDER BY a", "1,x,;2,y,z").await;
    world.check("SELECT a, c FROM p WHERE c IS NULL", "1,").await;
    world.check("SELECT b FROM p WHERE a = 2", "y").await;
    world.check("SELECT min(a), max(a), count(c), count(*) FROM p", "1,2,1,2").await;
}

#[tokio::test]
async fn directories_are_columns() {
    let rows = |from: i64| parquet(&batch(vec![("id", ids(from..from + 2))]), 9, Codec::SNAPPY);
    let null = "__HIVE_DEFAULT_PARTITION__";
    let world = world()
        .with("t/y=2024/k=a%20b/1.parquet", rows(0))
        .with("t/y=2025/k=c/1.parquet", rows(10))
        .with(&format!("t/y={null}/k={null}/1.parquet"), rows(20))
        .with("c/d=2024-02-29/1.csv", "id\n1\n")
        .with("c/d=2025-01-01/1.csv", "id\n2\n")
        .load()
        .expect("loaded");
    world
        .check(
            "SELECT id, y, k FROM t ORDER BY id",
            "0,2024,a b;1,2024,a b;10,2025,c;11,2025,c;20,,;21,,",
        )
        .await;
    world.check("SELECT id FROM t WHERE y = 2025 AND id > 10", "11").await;
    world.check("SELECT count(*), count(y), count(k), min(y), max(k) FROM t", "6,4,4,2024,c").await;
    world.check("SELECT count(*) FROM t WHERE y IS NULL", "2").await;
    world.check("SELECT count(*) FROM t WHERE k LIKE 'a%'", "2").await;
    world.check("SELECT y FROM t WHERE y > 2024 LIMIT 1", "2025").await;
    world.check("SELECT id FROM t WHERE y = 1999", "").await;
    world.check("SELECT count(*), max(id) FROM t WHERE y = 1999", "0,").await;
    world.check("SELECT count(*) FROM t a JOIN t b ON a.y = b.y", "8").await;
    world.check("SELECT id, d FROM c WHERE d < '2024-12-31'", "1,2024-02-29").await;
    world.check("SELECT d FROM c GROUP BY d ORDER BY d", "2024-02-29;2025-01-01").await;
    let plan = world.rows("EXPLAIN SELECT id FROM t WHERE y = 2025").await;
    World::plan_has(&plan, "y=2025");
    assert!(!plan.contains("y=2024") && !plan.contains("FilterExec"), "{plan}");
}

#[tokio::test]
async fn rows_have_places() {
    let rows = |from: i64| parquet(&batch(vec![("id", ids(from..from + 25))]), 10, Codec::SNAPPY);
    let world = world()
        .with("t/y=2024/1.parquet", rows(0))
        .with("t/y=2024/2.parquet", rows(25))
        .with("t/y=2025/1.parquet", rows(50))
        .load()
        .expect("loaded");
    assert!(world.place());
    let place = "forebay_before + forebay_within";
    world.check(&format!("SELECT count(*) FROM placed WHERE {place} = id"), "75").await;
    world.check(&format!("SELECT {place}, y FROM placed WHERE id = 62"), "62,2025").await;
    world.check(&format!("SELECT {place} FROM placed WHERE y = 2025 AND id < 51"), "50").await;
    world.check(&format!("SELECT id FROM placed WHERE {place} = 30"), "30").await;
    world.check("SELECT count(*), max(id) FROM placed", "75,74").await;
    let text = self::world().with("t.csv", "id\n1\n").load().expect("loaded");
    assert!(!text.place(), "only Parquet counts its rows");
}

#[tokio::test]
async fn footers_answer_and_prune() {
    let rows = |from: i64| {
        let texts = StringArray::from_iter_values((from..from + 1_000).map(|n| format!("t{n:09}")));
        parquet(
            &batch(vec![("id", ids(from..from + 1_000)), ("t", Arc::new(texts))]),
            100,
            Codec::SNAPPY,
        )
    };
    let world = world()
        .with("t/1.parquet", rows(0))
        .with("t/2.parquet", rows(1_000))
        .with("t/3.parquet", rows(2_000))
        .load()
        .expect("loaded");
    world.check("SELECT id, t FROM t WHERE id = 1500", "1500,t000001500").await;
    world.check("SELECT id FROM t WHERE t = 't000002999'", "2999").await;
    let plan = world.rows("EXPLAIN SELECT t FROM t WHERE id = 1500").await;
    World::plan_has(&plan, "2.parquet");
    assert!(!plan.contains("1.parquet") && !plan.contains("3.parquet"), "{plan}");
    let plan = world.rows("EXPLAIN SELECT count(*), min(id), max(id) FROM t").await;
    World::plan_has(&plan, "PlaceholderRowExec");
    world.check("SELECT count(*), min(id), max(id) FROM t", "3000,0,2999").await;
    let plan = world.rows("EXPLAIN SELECT id FROM t LIMIT 10").await;
    assert!(!plan.contains("2.parquet"), "{plan}");
    world.check("SELECT count(*) FROM (SELECT id FROM t LIMIT 1500)", "1500").await;
    world.check("SELECT id FROM t ORDER BY id DESC LIMIT 2", "2999;2998").await;
}

/// Writers leave NaN out of the statistics; PostgreSQL puts it last.
#[tokio::test]
async fn nan_is_not_forgotten() {
    let values = Arc::new(Float64Array::from(vec![1.0, f64::NAN, 3.0]));
    let world =
        world().with("t.parquet", parquet(&batch(vec![("x", values)]), 9, Codec::SNAPPY)).load();
    world.expect("loaded").check("SELECT max(x) FROM t", "NaN").await;
}

#[tokio::test]
async fn a_value_that_does_not_parse_names_its_file() {
    let mut text = String::from("a,b\n");
    for row in 0..30_000 {
        text.push_str(&format!("{row},x\n"));
    }
    text.push_str("oops,x\n");
    let world =
        world().with("t/1.csv", "a,b\n1,x\n").with("t/2.csv", &text).load().expect("loaded");
    let found = world.rows("SELECT sum(a) FROM t").await;
    assert!(found.starts_with("XX001 file \"d/v/t/2.csv\" is not valid CSV"), "{found}");
    assert!(found.contains("oops"), "{found}");
    world.check("SELECT count(*) FROM t WHERE b = 'x'", "30002").await;
}

#[tokio::test]
async fn long_json_is_read_in_parts() {
    let mut text = String::new();
    for row in 0..400_000 {
        text.push_str(&format!("{{\"a\":{row},\"b\":\"some text to make it long\"}}\n"));
    }
    let world = world().with("t.json", &text).load().expect("loaded");
    let plan = world.rows("EXPLAIN SELECT sum(a) FROM t").await;
    World::plan_has(&plan, "2 groups");
    world
        .check("SELECT count(a), sum(a), count(DISTINCT a) FROM t", "400000,79999800000,400000")
        .await;
}

#[tokio::test]
async fn a_changed_file_gives_no_rows() {
    let world = world()
        .with("t.parquet", parquet(&small(), 2, Codec::SNAPPY))
        .with("c.csv", CSV)
        .load()
        .expect("loaded");
    world.check("SELECT sum(id) FROM t", "6").await;
    world.files.write("t.parquet", "another");
    world.files.write("c.csv", "id,name,x\n9,nine,9\n");
    for sql in ["SELECT sum(id) FROM t", "SELECT sum(id) FROM c"] {
        let found = world.rows(sql).await;
        assert!(found.contains("changed after version \"v\" was loaded"), "{found}");
        assert!(found.starts_with("58P01"), "{found}");
    }
}

#[tokio::test]
async fn a_plan_and_its_stream_hold_the_version() {
    let world = world()
        .with("t.parquet", parquet(&small(), 2, Codec::SNAPPY))
        .with("c.csv", CSV)
        .load()
        .expect("loaded");
    for table in ["t", "c"] {
        let version = world.version.as_ref().map(Arc::downgrade).expect("a version");
        let frame = world.session.sql(&format!("SELECT id FROM {table}")).await.expect("planned");
        let plan = frame.create_physical_plan().await.expect("planned");
        let held = version.strong_count();
        let mut stream = datafusion::physical_plan::execute_stream(plan, world.session.task_ctx())
            .expect("runs");
        // The plan is gone; only the stream is left.
        let with_stream = version.strong_count();
        assert!(with_stream <= held);
        let free = 1 + world.session.catalog("datafusion").map_or(0, |_| 2);
        assert!(with_stream > free, "{with_stream} pins, {free} without the stream");
        while stream.next().await.is_some() {}
        drop(stream);
        assert_eq!(version.strong_count(), free);
    }
}

#[tokio::test]
async fn warming_reads_footers_once() {
    let world =
        world().with("t.parquet", parquet(&small(), 2, Codec::SNAPPY)).load().expect("loaded");
    let version = world.version.as_ref().expect("a version");
    let table = version.manifest.tables.get("t").expect("a table");
    let cache = world.session.runtime_env().cache_manager.get_file_metadata_cache();
    world.scans.warm("d", version, table, cache).await.expect("warm");
    let provider = provider("d", version, table, &world.scans);
    let rows = provider.statistics().map(|statistics| statistics.num_rows);
    assert_eq!(rows, Some(Precision::Exact(3)));
    assert_eq!(provider.schema().field(1).data_type(), &DataType::Utf8View);
}

#[tokio::test]
async fn nested_and_dictionary_columns_are_read() {
    use arrow::array::{DictionaryArray, ListArray, StructArray};
    use arrow::datatypes::{Field, Int8Type, Int64Type};
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1), None]), None]);
    let inner = Arc::new(Field::new("e", DataType::Int64, true));
    let structs = StructArray::from(vec![(inner, ids(5..7))]);
    let categories: DictionaryArray<Int8Type> = ["x", "y"].into_iter().collect();
    let rich =
        batch(vec![("l", Arc::new(lists)), ("s", Arc::new(structs)), ("k", Arc::new(categories))]);
    let plain = batch(vec![("k", names(&[Some("z"), None]))]);
    let world = world()
        .with("p/1.parquet", parquet(&rich, 9, Codec::SNAPPY))
        .with("p/2.parquet", parquet(&plain, 9, Codec::SNAPPY))
        .with("a/1.arrow", ipc_stream(&rich))
        .with("a/2.arrow", ipc_stream(&plain))
        .with("j.json", "{\"l\":[1,null],\"s\":{\"e\":5}}\n{\"s\":{\"e\":6,\"f\":\"x\"}}\n")
        .load()
        .expect("loaded");
    for table in ["p", "a"] {
        world.check(&format!("SELECT k FROM {table} ORDER BY k"), "x;y;z;").await;
        world.check(&format!("SELECT s['e'] FROM {table} WHERE k = 'y'"), "6").await;
        world.check(&format!("SELECT l FROM {table} WHERE k = 'x'"), "[1, ]").await;
        world.check(&format!("SELECT count(l), count(s), count(k) FROM {table}"), "1,2,3").await;
    }
    world.check("SELECT l, s['f'] FROM j ORDER BY s['e']", "[1, ],;,x").await;
}

/// Spark's old timestamps: a Julian day and nanoseconds, here in year 1, which nanoseconds do not reach.
#[tokio::test]
async fn timestamps_of_96_bits_are_read() {
    use parquet::data_type::{Int96, Int96Type};
    use parquet::file::writer::SerializedFileWriter;
    let schema = parquet::schema::parser::parse_message_type("message m { optional int96 at; }");
    let mut writer =
        SerializedFileWriter::new(Vec::new(), Arc::new(schema.expect("a schema")), Arc::default())
            .expect("a writer");
    let mut group = writer.next_row_group().expect("a row group");
    let mut column = group.next_column().expect("a column").expect("the column");
    // 1970-01-01 is Julian day 2,440,588; 0001-01-01 is 1,721,426.
    let values = [Int96::from(vec![0, 0, 2_440_588]), Int96::from(vec![0, 0, 1_721_426])];
    column.typed::<Int96Type>().write_batch(&values, Some(&[1, 1]), None).expect("written");
    column.close().expect("closed");
    group.close().expect("closed");
    let content = writer.into_inner().expect("finished");
    let world = world().with("t.parquet", content).load().expect("loaded");
    world.check("SELECT at FROM t ORDER BY at", "0001-01-01T00:00:00;1970-01-01T00:00:00").await;
    world.check("SELECT count(*) FROM t WHERE at < '1900-01-01'", "1").await;
}

/// Spark leaves files without a byte for partitions without a row.
#[tokio::test]
async fn empty_text_has_no_rows() {
    let world = world()
        .with("c/1.csv", "")
        .with("c/2.csv", "a,b\r\n1,x\r\n")
        .with("c/3.csv", "\u{feff}b,a\ny,2\n")
        .with("j/1.json", "")
        .with("j/2.json", "{\"a\":1}\n")
        .load()
        .expect("loaded");
    world.check("SELECT a, b FROM c ORDER BY a", "1,x;2,y").await;
    world.check("SELECT a FROM j", "1").await;
    world.check("SELECT count(*) FROM c", "2").await;
}

#[tokio::test]
async fn pushed_filters_meet_missing_and_wider_columns() {
    let world = world()
        .with(
            "t/1.parquet",
            parquet(&batch(vec![("a", ids(0..500)), ("b", ids(0..500))]), 100, Codec::SNAPPY),
        )
        .with(
            "t/2.parquet",
            parquet(
                &batch(vec![("a", Arc::new(Int32Array::from_iter_values(500..1_000)))]),
                100,
                Codec::SNAPPY,
            ),
        )
        .load()
        .expect("loaded");
    world.check("SET datafusion.execution.parquet.pushdown_filters = true", "").await;
    world.check("SELECT count(*), sum(a) FROM t WHERE a >= 250 AND a < 750", "500,249750").await;
    world.check("SELECT count(*) FROM t WHERE b IS NULL", "500").await;
    world.check("SELECT a FROM t WHERE a = 700 AND b IS NULL", "700").await;
    world.check("SELECT count(*) FROM t WHERE b > 10 OR a > 990", "498").await;
}

#[tokio::test]
async fn a_big_file_is_read_in_parts() {
    // Noise, so that it does not compress away.
    let noise = (0..2_000_000_i64).map(|n| n.wrapping_mul(0x5851_f42d_4c95_7f2d) >> 7);
    let noise = Arc::new(arrow::array::Int64Array::from_iter_values(noise));
    let content = parquet(
        &batch(vec![("id", ids(0..2_000_000)), ("x", noise)]),
        100_000,
        Codec::UNCOMPRESSED,
    );
    let world = world().with("t.parquet", content).load().expect("loaded");
    let plan = world.rows("EXPLAIN SELECT sum(id) FROM t").await;
    World::plan_has(&plan, "2 groups");
    world.check("SELECT sum(id), count(DISTINCT id) FROM t", "1999999000000,2000000").await;
    world.check("SELECT count(*) FROM t WHERE id BETWEEN 150000 AND 249999", "100000").await;
}

#[tokio::test]
async fn a_large_row_group_is_read_in_parts() {
    let (rows, group_rows) = (1_200_000_i64, 1_000_000);
    let scattered = |id: i64| id.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed());
    let x: arrow::array::Int64Array = (0..rows).map(scattered).collect();
    let all = batch(vec![("id", ids(0..rows)), ("x", Arc::new(x))]);
    let file = bytes::Bytes::from(parquet(&all, group_rows, Codec::UNCOMPRESSED));
    // Both columns of the first group are 16 MB: two parts. The second is small, and so is one column.
    let policy = parquet::file::metadata::PageIndexPolicy::Required;
    let footer = parquet::file::metadata::ParquetMetaDataReader::new()
        .with_page_index_policy(policy)
        .parse_and_finish(&file)
        .expect("a footer");
    let groups = Groups::of(&footer, &all.schema());
    let whole = PartitionedFile::new("t.parquet", 0);
    assert_eq!(groups.split(&whole, None).len(), 3);
    assert_eq!(groups.split(&whole, Some(&vec![0])).len(), 1);
    let world = Tasks::new().blocking(move || world().with("t.parquet", file).load());
    let world = world.await.expect("joined").expect("loaded");
    let both =
        "SELECT count(*), count(DISTINCT id), sum(id), bit_xor(x) FROM t WHERE x IS NOT NULL";
    let xor = (0..rows).map(scattered).fold(0, |all, x| all ^ x);
    let sum = rows * (rows - 1) / 2;
    world.check(both, &format!("{rows},{rows},{sum},{xor}")).await;
    // Where two parts meet, and where two groups do.
    for id in [0, 499_999, 500_000, 999_999, 1_000_000, rows - 1] {
        let found = format!("{id},{}", scattered(id));
        world.check(&format!("SELECT * FROM t WHERE id = {id}"), &found).await;
    }
    world.check("SELECT count(x) FROM (SELECT * FROM t LIMIT 600000)", "600000").await;
    assert!(world.place());
    world.check("SELECT count(x) FROM placed WHERE forebay_within = id", &rows.to_string()).await;
}

#[tokio::test]
async fn not_a_number_is_greater_than_all_and_never_pruned() {
    let values = [1.0, f64::NAN, 3.0, -2.0];
    let x = Float64Array::from(values.to_vec());
    let y = arrow::array::Float32Array::from(vec![f32::NAN, 5.0, 6.0, f32::NAN]);
    let rows = batch(vec![("id", ids(0..4)), ("x", Arc::new(x)), ("y", Arc::new(y))]);
    let world = world().with("t.parquet", parquet(&rows, 2, Codec::SNAPPY)).load();
    let world = world.expect("loaded");
    for (filter, found) in [
        ("x = 'NaN'::double", "1"),
        ("x > 100", "1"),
        ("x >= 3", "1;2"),
        ("x BETWEEN 2 AND 'NaN'::double", "1;2"),
        ("x < 0", "3"),
        ("y > 6", "0;3"),
        ("y = 6", "2"),
    ] {
        world.check(&format!("SELECT id FROM t WHERE {filter} ORDER BY id"), found).await;
    }
    // What the footer says of the smallest still prunes.
    let plan = world.rows("EXPLAIN ANALYZE SELECT id FROM t WHERE x < -1").await;
    World::plan_has(&plan, "row_groups_pruned_statistics=2 total \u{2192} 1 matched");
}
