import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/**
 * pgjdbc against Forebay, its answers compared with PostgreSQL's.
 *
 * Arguments: JDBC URL of the server under test, JDBC URL of PostgreSQL, directory of the TPC-H queries, and a regular
 * expression for the cases to run where not all are wanted. Prints one line per failed case and, last, the line that
 * tests/run counts by.
 */
public final class Clients extends Suite {
    public static void main(String[] arguments) throws Exception {
        server = arguments[0];
        oracle = arguments[1];
        only = arguments.length > 3 ? arguments[3] : only;
        List<Path> queries;
        try (var files = Files.list(Path.of(arguments[2]))) {
            queries = files.filter(file -> file.toString().endsWith(".sql")).sorted().toList();
        }
        for (String mode : List.of("simple", "extended", "extendedCacheEverything")) {
            tpch(mode, queries);
        }
        binaryAfterFive(queries);
        check("kinds in text and binary", () -> {
            for (String options : List.of("binaryTransfer=false", "prepareThreshold=-1", "preferQueryMode=simple")) {
                same(ask(server, options, KINDS), ask(oracle, options, KINDS));
            }
        });
        check("fetch size", Clients::fetchSize);
        check("fetch size of one", Clients::fetchSizeOfOne);
        check("parameters", Clients::parameters);
        check("metadata of schemas and tables", Clients::metadataNames);
        for (String table : List.of("lineitem", "orders", "region")) {
            check("metadata of columns of " + table, () -> metadataColumns(table));
        }
        check("result set metadata", Clients::resultSetMetadata);
        check("parameter metadata", Clients::parameterMetadata);
        check("query timeout", Clients::queryTimeout);
        check("cancel", Clients::cancel);
        check("transactions", Clients::transactions);
        check("savepoints", Clients::savepoints);
        check("copy out", Clients::copyOut);
        check("several statements", Clients::severalStatements);
        check("schema and catalog", Clients::schemaAndCatalog);
        check("is valid", () -> {
            try (Connection connection = open(server, "")) {
                require(connection.isValid(2), "isValid");
            }
        });
        Statements.run();
        Catalogs.run();
        System.out.printf("%d passed, %d failed, 0 skipped%n", passed, failed);
        System.exit(failed == 0 ? 0 : 1);
    }

    private static void tpch(String mode, List<Path> queries) throws Exception {
        String options = "preferQueryMode=" + mode;
        try (Connection left = open(server, options); Connection right = open(oracle, options)) {
            for (Path file : queries) {
                String sql = Files.readString(file).strip().replaceFirst(";$", "");
                check("tpch " + file.getFileName() + " " + mode, () -> same(ask(left, sql), ask(right, sql)));
            }
        }
    }

    private static void binaryAfterFive(List<Path> queries) throws Exception {
        try (Connection left = open(server, "prepareThreshold=5"); Connection right = open(oracle, "prepareThreshold=5")) {
            for (Path file : queries) {
                String sql = Files.readString(file).strip().replaceFirst(";$", "");
                check("tpch " + file.getFileName() + " seven times", () -> {
                    Answer want = ask(right, sql);
                    try (PreparedStatement statement = left.prepareStatement(sql)) {
                        for (int turn = 0; turn < 7; turn++) {
                            try (ResultSet rows = statement.executeQuery()) {
                                same(read(rows), want);
                            }
                        }
                    }
                });
            }
        }
    }

    private static void fetchSize() throws Exception {
        Answer want = ask(oracle, "", LINES);
        for (String options : List.of("", "prepareThreshold=-1")) {
            try (Connection connection = open(server, options)) {
                connection.setAutoCommit(false);
                try (PreparedStatement statement = connection.prepareStatement(LINES)) {
                    statement.setFetchSize(1000);
                    try (ResultSet rows = statement.executeQuery()) {
                        same(read(rows), want);
                    }
                }
                connection.commit();
            }
        }
    }

    private static void fetchSizeOfOne() throws Exception {
        try (Connection connection = open(server, "")) {
            connection.setAutoCommit(false);
            try (Statement outer = connection.createStatement(); Statement inner = connection.createStatement()) {
                outer.setFetchSize(1);
                int count = 0;
                try (ResultSet rows = outer.executeQuery("SELECT n_nationkey FROM nation ORDER BY 1")) {
                    while (rows.next()) {
                        try (ResultSet row = inner.executeQuery("SELECT " + rows.getLong(1) + "::int8 + 1")) {
                            require(row.next() && row.getLong(1) == count + 1, "interleaved portal");
                        }
                        count++;
                    }
                }
                require(count == 25, "25 rows, got " + count);
            }
            connection.rollback();
        }
    }

    private static void parameters() throws Exception {
        String sql = "SELECT ?::int8 AS a, ?::text AS b, ?::numeric AS c, ?::date AS d, ?::bool AS e, ?::float8 AS f,"
            + " ?::bytea AS g, ?::timestamp AS h, ?::int4 AS i";
        List<Answer> answers = new ArrayList<>();
        for (String url : List.of(server, oracle)) {
            try (Connection connection = open(url, "prepareThreshold=2");
                    PreparedStatement statement = connection.prepareStatement(sql)) {
                Answer last = null;
                for (int turn = 0; turn < 4; turn++) {
                    statement.setLong(1, 7_000_000_000L);
                    statement.setString(2, "it's ? \\ \"x\"");
                    statement.setBigDecimal(3, new BigDecimal("12345.6700"));
                    statement.setDate(4, java.sql.Date.valueOf("2026-03-01"));
                    statement.setBoolean(5, true);
                    statement.setDouble(6, 0.1);
                    statement.setBytes(7, new byte[] {0, -1, 7});
                    statement.setTimestamp(8, java.sql.Timestamp.valueOf("2026-03-01 12:30:15.25"));
                    statement.setNull(9, java.sql.Types.INTEGER);
                    try (ResultSet rows = statement.executeQuery()) {
                        last = read(rows);
                    }
                }
                answers.add(last);
            }
        }
        same(answers.get(0), answers.get(1));
    }

    private static void metadataNames() throws Exception {
        try (Connection left = open(server, ""); Connection right = open(oracle, "")) {
            Set<String> schemas = column(left.getMetaData().getSchemas(), "TABLE_SCHEM");
            require(schemas.containsAll(Set.of("tpch", "kinds", "information_schema", "pg_catalog")), schemas.toString());
            String[] kinds = {"TABLE"};
            same(read(left.getMetaData().getTables(null, "tpch", "%", kinds)),
                read(right.getMetaData().getTables(null, "tpch", "%", kinds)));
            require(column(left.getMetaData().getTables(null, "tpch", "line%", null), "TABLE_NAME").contains("lineitem"), "lineitem");
            require(column(left.getMetaData().getCatalogs(), "TABLE_CAT").contains("tpch"), "catalog tpch");
            require(left.getMetaData().getDatabaseMajorVersion() == 15, "major version 15");
            left.getMetaData().getPrimaryKeys(null, "tpch", "lineitem").close();
            left.getMetaData().getIndexInfo(null, "tpch", "lineitem", false, true).close();
            left.getMetaData().getImportedKeys(null, "tpch", "lineitem").close();
            left.getMetaData().getTypeInfo().close();
        }
    }

    private static void metadataColumns(String table) throws Exception {
        try (Connection left = open(server, ""); Connection right = open(oracle, "")) {
            same(read(left.getMetaData().getColumns(null, "tpch", table, "%")),
                read(right.getMetaData().getColumns(null, "tpch", table, "%")));
        }
    }

    private static void resultSetMetadata() throws Exception {
        List<List<String>> seen = new ArrayList<>();
        for (String url : List.of(server, oracle)) {
            try (Connection connection = open(url, "");
                    PreparedStatement statement = connection.prepareStatement("SELECT l_orderkey AS k, l_tax, l_tax * 2 AS t FROM lineitem")) {
                ResultSetMetaData columns = statement.getMetaData();
                List<String> lines = new ArrayList<>();
                for (int place = 1; place <= columns.getColumnCount(); place++) {
                    lines.add(String.join("|", columns.getColumnLabel(place), columns.getColumnTypeName(place),
                        columns.getTableName(place), columns.getColumnClassName(place),
                        "" + columns.getPrecision(place), "" + columns.getScale(place), "" + columns.isNullable(place)));
                }
                seen.add(lines);
            }
        }
        require(seen.get(0).equals(seen.get(1)), seen.get(0) + ", PostgreSQL has " + seen.get(1));
    }

    private static void parameterMetadata() throws Exception {
        List<String> seen = new ArrayList<>();
        for (String url : List.of(server, oracle)) {
            try (Connection connection = open(url, ""); PreparedStatement statement =
                    connection.prepareStatement("SELECT 1 FROM orders WHERE o_orderkey = ? AND o_totalprice < ? AND o_orderdate = ?")) {
                var types = statement.getParameterMetaData();
                seen.add(types.getParameterTypeName(1) + types.getParameterTypeName(2) + types.getParameterTypeName(3));
            }
        }
        require(seen.get(0).equals(seen.get(1)), seen.toString());
    }

    private static void queryTimeout() throws Exception {
        try (Connection connection = open(server, ""); Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            long started = System.nanoTime();
            require("57014".equals(stateOf(() -> statement.executeQuery(SLOW))), "57014");
            require(System.nanoTime() - started < 3_000_000_000L, "stopped in time");
            try (ResultSet rows = statement.executeQuery("SELECT 1")) {
                require(rows.next(), "connection is alive");
            }
        }
    }

    private static void cancel() throws Exception {
        try (Connection connection = open(server, ""); Statement statement = connection.createStatement()) {
            Thread other = new Thread(() -> {
                try {
                    Thread.sleep(500);
                    statement.cancel();
                } catch (InterruptedException | SQLException failure) {
                    throw new IllegalStateException(failure);
                }
            });
            other.start();
            require("57014".equals(stateOf(() -> statement.executeQuery(SLOW))), "57014");
            other.join();
        }
    }

    private static void transactions() throws Exception {
        try (Connection connection = open(server, ""); Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            connection.setReadOnly(true);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            require("42P01".equals(stateOf(() -> statement.executeQuery("SELECT * FROM nope"))), "42P01");
            require("25P02".equals(stateOf(() -> statement.executeQuery("SELECT 1"))), "25P02");
            connection.rollback();
            statement.executeQuery("SELECT 1").close();
            connection.commit();
        }
    }

    private static void savepoints() throws Exception {
        for (String options : List.of("autosave=always", "")) {
            try (Connection connection = open(server, options); Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.executeQuery("SELECT 1").close();
                var savepoint = connection.setSavepoint("s");
                require("42703".equals(stateOf(() -> statement.executeQuery("SELECT nope"))), "42703");
                connection.rollback(savepoint);
                statement.executeQuery("SELECT 1").close();
                connection.commit();
            }
        }
    }

    private static void copyOut() throws Exception {
        List<String> seen = new ArrayList<>();
        for (String url : List.of(server, oracle)) {
            try (Connection connection = open(url, "")) {
                CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
                var text = new java.io.StringWriter();
                long rows = copy.copyOut("COPY (" + LINES + ") TO STDOUT", text);
                seen.add(rows + text.toString());
            }
        }
        require(seen.get(0).equals(seen.get(1)), "the same text");
    }

    private static void severalStatements() throws Exception {
        try (Connection connection = open(server, ""); Statement statement = connection.createStatement()) {
            require(statement.execute("SELECT 1; SELECT 2; SELECT 3"), "a result");
            int results = 1;
            while (statement.getMoreResults()) {
                results++;
            }
            require(results == 3, results + " results");
        }
    }

    private static void schemaAndCatalog() throws Exception {
        try (Connection connection = open(server, ""); Statement statement = connection.createStatement()) {
            require("tpch".equals(connection.getCatalog()), "catalog " + connection.getCatalog());
            require("tpch".equals(connection.getSchema()), "schema " + connection.getSchema());
            connection.setSchema("kinds");
            try (ResultSet rows = statement.executeQuery("SELECT count(*) FROM kinds")) {
                require(rows.next() && rows.getInt(1) == 8, "eight rows");
            }
        }
    }
}
