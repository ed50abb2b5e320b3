import java.io.ByteArrayOutputStream;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PGInterval;
import org.postgresql.util.PGobject;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What programs do with statements of pgjdbc: each case runs on both servers and tells what it saw, which must be the same. */
final class Statements extends Suite {
    /** Ways to say the same to the server: protocols, forms of values, plans kept or not. */
    private static final List<String> MODES = List.of(
        "", "preferQueryMode=simple", "preferQueryMode=extended", "preferQueryMode=extendedForPrepared",
        "preferQueryMode=extendedCacheEverything", "prepareThreshold=1", "prepareThreshold=-1", "prepareThreshold=5",
        "prepareThreshold=0", "binaryTransfer=false", "prepareThreshold=-1&binaryTransfer=false", "stringtype=unspecified",
        "prepareThreshold=-1&stringtype=unspecified", "autosave=always", "autosave=conservative", "defaultRowFetchSize=3",
        "databaseMetadataCacheFields=0", "preparedStatementCacheQueries=0", "reWriteBatchedInserts=true", "assumeMinServerVersion=15",
        "ApplicationName=suite", "options=-c%20search_path=kinds", "currentSchema=kinds,tpch", "readOnly=true", "replication=false",
        "binaryTransferEnable=FLOAT4,NUMERIC,DATE", "binaryTransferDisable=INT8,TIMESTAMPTZ", "adaptiveFetch=true&defaultRowFetchSize=2",
        "loggerLevel=OFF", "cleanupSavepoints=true&autosave=always", "quoteReturningIdentifiers=false", "hideUnprivilegedObjects=true",
        "escapeSyntaxCallMode=call", "allowEncodingChanges=true", "unknownLength=10", "sslmode=disable", "gssEncMode=disable");

    /** What a case does on one server, telling what it sees. */
    interface Story {
        void tell(Connection connection, List<Object> seen) throws Exception;
    }

    private Statements() {}

    static void run() throws Exception {
        for (String mode : MODES) {
            told("values, " + mode, mode, Statements::values);
            told("parameters of every type, " + mode, mode, Statements::parameters);
            told("batch, " + mode, mode, Statements::batch);
            told("errors, " + mode, mode, Statements::errors);
            told("cursors, " + mode, mode, Statements::cursors);
        }
        for (String table : List.of("kinds.kinds", "tpch.lineitem", "tpch.orders", "tpch.partsupp", "pg_catalog.pg_class", "information_schema.columns")) {
            told("result set metadata of " + table, "", (connection, seen) -> columns(connection, "SELECT * FROM " + table, seen));
        }
        told("result set metadata of expressions", "", (connection, seen) -> columns(connection,
            "SELECT id + 1, label AS text, n.*, count(*) OVER () AS c, ARRAY[1], ROW(1, 2), NULL, 'x', now() FROM kinds.kinds, nation n", seen));
        told("text for a number", "", Statements::textForNumber);
        told("text for a number, left open", "stringtype=unspecified", Statements::textForNumber);
        told("parameter metadata", "", Statements::parameterMetadata);
        told("copy", "", Statements::copy);
        told("savepoints in full", "", Statements::savepoints);
        told("modes of transactions", "", Statements::transactions);
        told("warnings", "", Statements::warnings);
        told("names that are too long", "", (connection, seen) -> seen.add(
            rows(connection.createStatement().executeQuery("SELECT 1 AS \"" + "x".repeat(70) + "\""))));
        told("holdability and scrolling", "", Statements::scrolling);
        told("named cursors", "", Statements::namedCursors);
        told("timeouts", "", Statements::timeouts);
        told("settings of the connection", "", Statements::connection);
        told("generated keys and updates", "", Statements::updates);
        told("escapes of JDBC", "", Statements::escapes);
    }

    private static void told(String name, String options, Story story) {
        check(name, () -> {
            List<List<Object>> sides = new ArrayList<>();
            for (String url : List.of(server, oracle)) {
                List<Object> seen = new ArrayList<>();
                try (Connection connection = open(url, options)) {
                    story.tell(connection, seen);
                }
                sides.add(seen);
            }
            List<Object> got = sides.get(0);
            List<Object> want = sides.get(1);
            for (int place = 0; place < Math.min(got.size(), want.size()); place++) {
                String one = String.valueOf(got.get(place));
                String other = String.valueOf(want.get(place));
                require(one.equals(other), "step " + place + ": " + apart(one, other) + ", PostgreSQL has " + apart(other, one));
            }
            require(got.size() == want.size(), got.size() + " steps, PostgreSQL has " + want.size());
        });
    }

    /** The part of a long text where it begins to differ from another. */
    private static String apart(String one, String other) {
        int place = Math.max(0, Arrays.mismatch(one.toCharArray(), other.toCharArray()));
        return one.substring(Math.max(0, place - 40), Math.min(one.length(), place + 120));
    }

    /** An attempt: what it returns, or every field of the error that does not name a place in the server's program. */
    interface Attempt {
        Object run() throws Exception;
    }

    private static void attempt(List<Object> seen, Attempt attempt) {
        try {
            seen.add(attempt.run());
        } catch (PSQLException error) {
            seen.add(fields(error));
        } catch (SQLException error) {
            seen.add(error.getSQLState() + " " + error.getMessage());
        } catch (Exception error) {
            seen.add(error.toString());
        }
    }

    private static String fields(PSQLException error) {
        ServerErrorMessage message = error.getServerErrorMessage();
        if (message == null) {
            return error.getSQLState() + " " + error.getMessage();
        }
        return String.join("|", Arrays.asList(message.getSeverity(), message.getSQLState(), message.getMessage(), message.getDetail(),
            message.getHint(), "" + message.getPosition(), message.getWhere(), message.getSchema(), message.getTable(),
            message.getColumn(), message.getDatatype(), message.getConstraint(), "" + message.getInternalPosition()));
    }

    private static List<Object> rows(ResultSet rows) throws SQLException {
        try (rows) {
            Answer answer = read(rows);
            return List.of(answer.columns(), answer.rows());
        }
    }

    /** Every getter that a column's value can be asked with, and what it refuses. */
    private static void values(Connection connection, List<Object> seen) throws Exception {
        String sql = "SELECT k.*, '6f3d0a52-2b1c-4ad3-9be0-0a1b2c3d4e5f'::uuid AS id_of, '{\"a\": [1, null]}'::jsonb AS document, "
            + "interval '1 year 2 mons -3 days 04:05:06.789' AS span, 'x'::\"char\" AS letter, "
            + "'name'::name AS named, B'101' AS bits, '10.0.0.1/8'::inet AS address, '[1,5)'::int4range AS span_of, "
            + "ARRAY[[1,2],[3,4]] AS grid, ARRAY['a', NULL, 'b,\"c'] AS texts, "
            + "ARRAY[date '2026-03-01'] AS days, NULL::int4[] AS none, 1::oid AS object "
            + "FROM kinds.kinds k ORDER BY id LIMIT 4";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            // More than one time: from the fifth on values come in binary.
            for (int turn = 0; turn < 6; turn++) {
                try (ResultSet rows = statement.executeQuery()) {
                    int width = rows.getMetaData().getColumnCount();
                    while (rows.next()) {
                        for (int place = 1; place <= width; place++) {
                            if (turn == 0 || turn == 5) {
                                getters(rows, place, seen);
                            }
                        }
                    }
                }
            }
        }
    }

    private static void getters(ResultSet rows, int place, List<Object> seen) {
        List<Object> one = new ArrayList<>();
        attempt(one, () -> rows.getString(place));
        attempt(one, () -> rows.getObject(place) instanceof java.sql.Array array ? array.toString() : value(rows, place));
        attempt(one, () -> rows.getInt(place));
        attempt(one, () -> rows.getLong(place));
        attempt(one, () -> rows.getBigDecimal(place));
        attempt(one, () -> rows.getDouble(place));
        attempt(one, () -> rows.getFloat(place));
        attempt(one, () -> rows.getBoolean(place));
        attempt(one, () -> Arrays.toString(rows.getBytes(place)));
        attempt(one, () -> rows.getDate(place));
        attempt(one, () -> rows.getTime(place));
        attempt(one, () -> rows.getTimestamp(place));
        attempt(one, () -> rows.wasNull());
        attempt(one, () -> {
            java.sql.Array array = rows.getArray(place);
            return array == null ? null
                : array.getBaseTypeName() + array.getBaseType() + Arrays.deepToString((Object[]) array.getArray()) + rows(array.getResultSet());
        });
        for (Class<?> kind : List.of(LocalDate.class, LocalTime.class, LocalDateTime.class, OffsetDateTime.class, UUID.class, PGInterval.class,
                PGobject.class, BigDecimal.class, Long.class, String.class)) {
            attempt(one, () -> rows.getObject(place, kind));
        }
        // Java's name for an array of bytes tells where it is.
        seen.add(place + " " + one.toString().replaceAll("\\[B@[0-9a-f]+", "[B@"));
    }

    private static void parameters(Connection connection, List<Object> seen) throws Exception {
        String sql = "SELECT ?::int2 AS a, ?::int4 AS b, ?::int8 AS c, ?::float4 AS d, ?::float8 AS e, ?::numeric AS f, ?::text AS g, ?::varchar(3) AS h, "
            + "?::bool AS i, ?::bytea AS j, ?::date AS k, ?::time AS l, ?::timestamp AS m, ?::timestamptz AS n, ?::uuid AS o, ?::interval AS p, "
            + "?::int4[] AS q, ?::text[] AS r, ?::jsonb AS s, ?::numeric(10,3) AS t";
        PGobject document = new PGobject();
        document.setType("jsonb");
        document.setValue("{\"a\": 1.50}");
        List<Object> values = Arrays.asList((short) 7, -7, 7_000_000_000L, 1.5f, 0.1, new BigDecimal("12345.6700"), "it's ? \\", "abc", true,
            new byte[] {0, -1, 7}, LocalDate.of(2026, 3, 1), LocalTime.of(12, 30, 15, 250_000_000), LocalDateTime.of(2026, 3, 1, 12, 30),
            OffsetDateTime.of(2026, 3, 1, 12, 30, 15, 1_000, ZoneOffset.ofHours(2)), UUID.fromString("6f3d0a52-2b1c-4ad3-9be0-0a1b2c3d4e5f"),
            new PGInterval("1 year 3 days 04:05:06.5"), new Integer[] {1, null, 3}, new String[] {"a", null, "b,\"c\\"}, document, new BigDecimal("1.5"));
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int turn = 0; turn < 6; turn++) {
                for (int place = 0; place < values.size(); place++) {
                    Object value = turn == 3 ? null : values.get(place);
                    if (value instanceof Integer[] numbers) {
                        statement.setArray(place + 1, connection.createArrayOf("int4", numbers));
                    } else if (value instanceof String[] texts) {
                        statement.setArray(place + 1, connection.createArrayOf("text", texts));
                    } else if (value == null) {
                        statement.setNull(place + 1, Types.NULL);
                    } else {
                        statement.setObject(place + 1, value);
                    }
                }
                attempt(seen, () -> rows(statement.executeQuery()));
            }
        }
        // Parameters whose types the statement leaves open.
        String open = "SELECT n_name FROM tpch.nation WHERE n_nationkey = ? AND n_name LIKE ? ORDER BY n_name LIMIT ? OFFSET ?";
        try (PreparedStatement statement = connection.prepareStatement(open)) {
            for (int turn = 0; turn < 6; turn++) {
                statement.setLong(1, turn);
                statement.setString(2, "%");
                statement.setInt(3, 5);
                statement.setInt(4, 0);
                attempt(seen, () -> rows(statement.executeQuery()));
            }
        }
        try (PreparedStatement statement = connection.prepareStatement("SELECT count(*) FROM tpch.orders WHERE o_orderdate BETWEEN ? AND ? AND o_totalprice < ?")) {
            statement.setDate(1, java.sql.Date.valueOf("1995-01-01"));
            statement.setDate(2, java.sql.Date.valueOf("1995-12-31"));
            statement.setBigDecimal(3, new BigDecimal("100000.5"));
            attempt(seen, () -> rows(statement.executeQuery()));
        }
        try (PreparedStatement statement = connection.prepareStatement("SELECT r_name FROM tpch.region WHERE r_regionkey = ANY (?) OR r_name = ANY (?) ORDER BY 1")) {
            statement.setArray(1, connection.createArrayOf("int8", new Long[] {1L, 3L}));
            statement.setArray(2, connection.createArrayOf("text", new String[] {"ASIA"}));
            attempt(seen, () -> rows(statement.executeQuery()));
        }
    }

    /** Text where another type is wanted: refused, or read when stringtype leaves it open. */
    private static void textForNumber(Connection connection, List<Object> seen) throws Exception {
        try (PreparedStatement statement = connection.prepareStatement("SELECT n_name FROM tpch.nation WHERE n_nationkey = ?")) {
            statement.setString(1, "7");
            attempt(seen, () -> rows(statement.executeQuery()));
        }
    }

    private static void batch(Connection connection, List<Object> seen) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.addBatch("SET application_name = 'one'");
            statement.addBatch("SET application_name = 'two'; SET application_name = 'three'");
            attempt(seen, () -> Arrays.toString(statement.executeBatch()));
            attempt(seen, () -> rows(statement.executeQuery("SHOW application_name")));
            for (String sql : List.of("SET application_name = 'four'", "SELECT 1/0", "SET application_name = 'five'")) {
                statement.addBatch(sql);
            }
            attempt(seen, () -> batch(statement));
            attempt(seen, () -> rows(statement.executeQuery("SHOW application_name")));
            statement.addBatch("SELECT 1");
            statement.addBatch("SELECT nope");
            attempt(seen, () -> batch(statement));
            attempt(seen, () -> batch(statement));
        }
        try (PreparedStatement statement = connection.prepareStatement("SELECT set_config('application_name', ?, false)")) {
            for (String name : List.of("a", "b", "c")) {
                statement.setString(1, name);
                statement.addBatch();
            }
            attempt(seen, () -> batch(statement));
        }
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.addBatch("SET LOCAL work_mem = '5MB'");
            statement.addBatch("SAVEPOINT s");
            statement.addBatch("ROLLBACK TO SAVEPOINT s");
            attempt(seen, () -> batch(statement));
            attempt(seen, () -> rows(statement.executeQuery("SHOW work_mem")));
        }
        connection.rollback();
        connection.setAutoCommit(true);
    }

    /** The counts of a batch, or its failure with the counts before it. */
    private static Object batch(Statement statement) throws SQLException {
        try {
            return Arrays.toString(statement.executeBatch());
        } catch (BatchUpdateException failure) {
            return Arrays.toString(failure.getUpdateCounts()) + failure.getSQLState() + failure.getMessage()
                + (failure.getNextException() instanceof PSQLException next ? fields(next) : failure.getNextException());
        } finally {
            statement.clearBatch();
        }
    }

    private static void errors(Connection connection, List<Object> seen) throws Exception {
        for (String sql : List.of("SELEC 1", "SELECT nope FROM tpch.lineitem", "SELECT * FROM nope", "SELECT * FROM nope.nope", "SELECT 1/0",
                "SELECT 'x'::int4", "SELECT date '2026-02-30'", "SELECT n_name, count(*) FROM tpch.nation", "SELECT (SELECT n_name FROM tpch.nation)",
                "SELECT 9223372036854775807 + 1", "SET nope = 1", "FETCH nope", "", ";", "SELECT nope(1)", "SELECT 1 +", "SELECT 'a' + 1")) {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                attempt(seen, () -> statement.execute() ? rows(statement.getResultSet()) : statement.getUpdateCount());
            }
            try (Statement statement = connection.createStatement()) {
                attempt(seen, () -> statement.execute(sql) ? rows(statement.getResultSet()) : statement.getUpdateCount());
            }
        }
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            for (String sql : List.of("SELECT 1", "SELECT nope", "SELECT 2")) {
                attempt(seen, () -> rows(statement.executeQuery(sql)));
            }
        }
        connection.rollback();
        connection.setAutoCommit(true);
    }

    private static void cursors(Connection connection, List<Object> seen) throws Exception {
        connection.setAutoCommit(false);
        for (int size : List.of(0, 1, 2, 7, 25, 26)) {
            for (int most : List.of(0, 5)) {
                try (PreparedStatement statement = connection.prepareStatement("SELECT n_nationkey, n_name FROM tpch.nation ORDER BY 1")) {
                    statement.setFetchSize(size);
                    statement.setMaxRows(most);
                    attempt(seen, () -> rows(statement.executeQuery()));
                }
            }
        }
        // Two portals that are read in turns, while the size changes.
        try (Statement one = connection.createStatement(); Statement two = connection.createStatement()) {
            one.setFetchSize(2);
            two.setFetchSize(3);
            try (ResultSet left = one.executeQuery("SELECT n_name FROM tpch.nation ORDER BY 1");
                    ResultSet right = two.executeQuery("SELECT r_name FROM tpch.region ORDER BY 1")) {
                while (left.next()) {
                    seen.add(left.getString(1) + left.getRow() + left.isLast() + left.isAfterLast());
                    if (right.next()) {
                        seen.add(right.getString(1) + right.isFirst());
                    }
                    left.setFetchSize(4);
                }
            }
        }
        connection.commit();
        connection.setAutoCommit(true);
    }

    /** All that result set metadata says of each column, by reflection. */
    private static void columns(Connection connection, String sql, List<Object> seen) throws Exception {
        Method[] methods = ResultSetMetaData.class.getMethods();
        Arrays.sort(methods, Comparator.comparing(Method::getName));
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            ResultSetMetaData columns = statement.getMetaData();
            seen.add(columns.getColumnCount());
            for (int place = 1; place <= columns.getColumnCount(); place++) {
                List<Object> column = new ArrayList<>();
                for (Method method : methods) {
                    if (Arrays.equals(method.getParameterTypes(), new Class<?>[] {int.class})) {
                        int number = place;
                        attempt(column, () -> method.getName() + "=" + method.invoke(columns, number));
                    }
                }
                seen.add(column);
            }
        }
    }

    private static void parameterMetadata(Connection connection, List<Object> seen) throws Exception {
        Method[] methods = ParameterMetaData.class.getMethods();
        Arrays.sort(methods, Comparator.comparing(Method::getName));
        for (String sql : List.of("SELECT 1 FROM orders WHERE o_orderkey = ? AND o_totalprice < ? AND o_orderdate = ? AND o_comment LIKE ?",
                "SELECT ?::int4, ?::numeric(10,2), ?::timestamptz, ?::uuid, ?::text[], ?::bytea, ?::bool, ?::interval",
                "SELECT * FROM nation WHERE n_nationkey IN (?, ?) AND n_regionkey = ANY (?) LIMIT ? OFFSET ?",
                "SELECT substr(?, ?), length(?), ? || 'x', coalesce(?, 1), CASE WHEN ? THEN 1 ELSE ? END, ?",
                "SELECT lag(n_nationkey, ?, ?) OVER (ORDER BY n_name), left(n_name, ?), n_name || ?, round(?, 2), greatest(?, 1.5) FROM nation WHERE ?",
                "SELECT 1 FROM kinds.kinds WHERE ? = ANY (words) AND numbers @> ? AND moment BETWEEN ? AND ? AND label = ANY (?) AND flag = ?",
                "SELECT date_trunc(?, o_orderdate) + ?::interval FROM orders", "SELECT 1")) {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                attempt(seen, () -> {
                    ParameterMetaData parameters = statement.getParameterMetaData();
                    List<Object> all = new ArrayList<>();
                    for (int place = 1; place <= parameters.getParameterCount(); place++) {
                        for (Method method : methods) {
                            if (Arrays.equals(method.getParameterTypes(), new Class<?>[] {int.class})) {
                                int number = place;
                                attempt(all, () -> method.getName() + "=" + method.invoke(parameters, number));
                            }
                        }
                    }
                    return all;
                });
            }
        }
    }

    private static void copy(Connection connection, List<Object> seen) throws Exception {
        CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
        for (String options : List.of("", "(FORMAT text)", "(FORMAT csv)", "(FORMAT csv, HEADER)", "(FORMAT binary)", "(FORMAT csv, DELIMITER ';', NULL 'n', FORCE_QUOTE *)",
                "WITH CSV HEADER", "(DELIMITER '|', NULL '')", "(FORMAT nope)")) {
            for (String source : List.of("kinds.kinds", "(SELECT * FROM tpch.nation ORDER BY 1)", "tpch.region (r_name, r_regionkey)", "nope")) {
                if (options.contains("nope") && source.equals("nope")) {
                    // Which of the two is told first is nobody's business.
                    continue;
                }
                var bytes = new ByteArrayOutputStream();
                attempt(seen, () -> copy.copyOut("COPY " + source + " TO STDOUT " + options, bytes));
                seen.add(Arrays.toString(bytes.toByteArray()));
            }
        }
        var operation = copy.copyOut("COPY (SELECT n_name FROM tpch.nation ORDER BY 1) TO STDOUT");
        seen.add(operation.getFieldCount() + " " + operation.getFormat() + " " + new String(operation.readFromCopy()));
        operation.cancelCopy();
        attempt(seen, () -> rows(connection.createStatement().executeQuery("SELECT 1")));
        var text = new StringWriter();
        attempt(seen, () -> copy.copyOut("SELECT 1", text));
        attempt(seen, () -> rows(connection.createStatement().executeQuery("SELECT 2")));
    }

    private static void savepoints(Connection connection, List<Object> seen) throws Exception {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            var outer = connection.setSavepoint("outer \"one\"");
            statement.execute("SET LOCAL work_mem = '5MB'");
            var inner = connection.setSavepoint();
            seen.add(outer.getSavepointName() + inner.getSavepointId());
            statement.execute("SET LOCAL work_mem = '6MB'");
            attempt(seen, () -> rows(statement.executeQuery("SELECT 1/0")));
            attempt(seen, () -> rows(statement.executeQuery("SELECT 1")));
            connection.rollback(inner);
            attempt(seen, () -> rows(statement.executeQuery("SHOW work_mem")));
            connection.releaseSavepoint(inner);
            connection.rollback(outer);
            attempt(seen, () -> rows(statement.executeQuery("SHOW work_mem")));
            attempt(seen, () -> {
                connection.rollback(inner);
                return "rolled back";
            });
            connection.rollback();
            attempt(seen, () -> {
                connection.releaseSavepoint(outer);
                return "released";
            });
        }
    }

    private static void transactions(Connection connection, List<Object> seen) throws Exception {
        for (int level : List.of(Connection.TRANSACTION_READ_UNCOMMITTED, Connection.TRANSACTION_READ_COMMITTED,
                Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_SERIALIZABLE, Connection.TRANSACTION_NONE)) {
            for (boolean readOnly : List.of(true, false)) {
                attempt(seen, () -> {
                    connection.setTransactionIsolation(level);
                    connection.setReadOnly(readOnly);
                    connection.setAutoCommit(false);
                    try (Statement statement = connection.createStatement()) {
                        List<Object> all = new ArrayList<>();
                        for (String name : List.of("transaction_isolation", "transaction_read_only", "default_transaction_isolation", "default_transaction_read_only")) {
                            all.add(rows(statement.executeQuery("SHOW " + name)));
                        }
                        all.add(connection.getTransactionIsolation());
                        all.add(connection.isReadOnly());
                        return all;
                    } finally {
                        connection.commit();
                        connection.setAutoCommit(true);
                    }
                });
            }
        }
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT 1");
            attempt(seen, () -> {
                connection.setReadOnly(true);
                return "read only";
            });
            attempt(seen, () -> {
                connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
                return "serializable";
            });
            for (String sql : List.of("BEGIN", "COMMIT", "COMMIT", "ROLLBACK", "START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE",
                    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN", "END")) {
                attempt(seen, () -> statement.execute(sql) + " " + texts(statement.getWarnings()));
                statement.clearWarnings();
            }
        }
        connection.rollback();
    }

    private static List<String> texts(SQLWarning warning) {
        List<String> texts = new ArrayList<>();
        for (SQLWarning one = warning; one != null; one = one.getNextWarning()) {
            texts.add(one.getSQLState() + " " + one.getMessage());
        }
        return texts;
    }

    private static void warnings(Connection connection, List<Object> seen) throws Exception {
        try (Statement statement = connection.createStatement()) {
            for (String sql : List.of("SELECT 1", "COMMIT", "ROLLBACK; COMMIT", "SET LOCAL work_mem = '5MB'", "SET SESSION AUTHORIZATION DEFAULT",
                    "BEGIN; BEGIN; COMMIT", "LISTEN a", "UNLISTEN *")) {
                attempt(seen, () -> statement.execute(sql) + " " + texts(statement.getWarnings()));
                statement.clearWarnings();
                seen.add(texts(statement.getWarnings()));
            }
            seen.add(texts(connection.getWarnings()));
        }
    }

    private static void scrolling(Connection connection, List<Object> seen) throws Exception {
        for (int kind : List.of(ResultSet.TYPE_FORWARD_ONLY, ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.TYPE_SCROLL_SENSITIVE)) {
            for (int concurrency : List.of(ResultSet.CONCUR_READ_ONLY, ResultSet.CONCUR_UPDATABLE)) {
                for (int holding : List.of(ResultSet.HOLD_CURSORS_OVER_COMMIT, ResultSet.CLOSE_CURSORS_AT_COMMIT)) {
                    attempt(seen, () -> {
                        connection.setAutoCommit(false);
                        connection.setHoldability(holding);
                        List<Object> all = new ArrayList<>();
                        try (Statement statement = connection.createStatement(kind, concurrency, holding)) {
                            statement.setFetchSize(2);
                            ResultSet rows = statement.executeQuery("SELECT r_regionkey, r_name FROM tpch.region ORDER BY 1");
                            all.add(rows.getType() + " " + rows.getConcurrency() + " " + rows.getHoldability());
                            attempt(all, () -> rows.next() + rows.getString(2));
                            for (Attempt step : List.<Attempt>of(rows::last, rows::previous, rows::first, () -> rows.absolute(3), () -> rows.relative(-1),
                                    () -> rows.absolute(-1), () -> rows.absolute(99), rows::isAfterLast)) {
                                attempt(all, step);
                                attempt(all, () -> rows.getString(2) + rows.getRow());
                            }
                            connection.commit();
                            attempt(all, () -> rows.isClosed());
                            attempt(all, () -> rows.next());
                        } finally {
                            connection.rollback();
                            connection.setAutoCommit(true);
                        }
                        return all;
                    });
                }
            }
        }
    }

    private static void namedCursors(Connection connection, List<Object> seen) throws Exception {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            for (String sql : List.of("DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT n_nationkey, n_name FROM tpch.nation ORDER BY 1", "FETCH 2 FROM c",
                    "FETCH BACKWARD 1 FROM c", "FETCH ABSOLUTE -2 FROM c", "FETCH RELATIVE 0 FROM c", "MOVE FORWARD ALL IN c", "FETCH PRIOR FROM c", "CLOSE c",
                    "DECLARE d NO SCROLL CURSOR FOR VALUES (1), (2)", "FETCH ALL d", "FETCH PRIOR d")) {
                attempt(seen, () -> statement.execute(sql) ? rows(statement.getResultSet()) : statement.getUpdateCount());
            }
        }
        connection.rollback();
    }

    private static void timeouts(Connection connection, List<Object> seen) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            attempt(seen, () -> rows(statement.executeQuery(SLOW)));
            statement.setQueryTimeout(0);
            attempt(seen, () -> rows(statement.executeQuery("SELECT 1")));
            statement.execute("SET statement_timeout = 300");
            attempt(seen, () -> rows(statement.executeQuery(SLOW)));
            attempt(seen, () -> rows(statement.executeQuery("SELECT pg_sleep(20)")));
            statement.execute("RESET statement_timeout");
            statement.cancel();
            attempt(seen, () -> rows(statement.executeQuery("SELECT 3")));
        }
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(1);
            ResultSet rows = statement.executeQuery("SELECT n_nationkey FROM tpch.nation ORDER BY 1");
            rows.next();
            statement.cancel();
            attempt(seen, () -> rows.next() ? rows.getInt(1) : "none");
        }
        connection.rollback();
        connection.setNetworkTimeout(Runnable::run, 20_000);
        seen.add(connection.getNetworkTimeout());
        seen.add(connection.isValid(5));
    }

    private static void connection(Connection connection, List<Object> seen) throws Exception {
        seen.add(connection.getCatalog() + connection.getSchema() + connection.getHoldability() + connection.getAutoCommit());
        attempt(seen, () -> connection.nativeSQL("SELECT {fn now()}, {d '2026-03-01'}"));
        attempt(seen, () -> {
            connection.setCatalog("nope");
            return connection.getCatalog();
        });
        for (String name : List.of("kinds", "nope", "it's", "TPCH", "pg_catalog")) {
            attempt(seen, () -> {
                connection.setSchema(name);
                return connection.getSchema();
            });
        }
        attempt(seen, () -> {
            connection.setClientInfo("ApplicationName", "it's \\ me");
            return connection.getClientInfo("ApplicationName") + rows(connection.createStatement().executeQuery("SHOW application_name"));
        });
        PGConnection own = connection.unwrap(PGConnection.class);
        attempt(seen, () -> own.escapeIdentifier("a\"b") + own.escapeLiteral("it's \\"));
        attempt(seen, () -> own.getParameterStatus("server_encoding") + own.getParameterStatus("DateStyle") + own.getParameterStatus("TimeZone")
            + own.getParameterStatus("integer_datetimes") + own.getParameterStatus("is_superuser") + own.getParameterStatus("standard_conforming_strings")
            + own.getParameterStatus("session_authorization") + own.getParameterStatus("IntervalStyle")
            + own.getParameterStatuses().keySet().stream().filter(name -> !name.startsWith("forebay.")).toList());
        attempt(seen, () -> Arrays.toString(own.getNotifications()));
        attempt(seen, () -> connection.createStatement().execute("SET DateStyle = 'SQL, DMY'"));
        attempt(seen, () -> rows(connection.createStatement().executeQuery("SELECT date '2026-03-01'")));
        attempt(seen, () -> connection.createStatement().execute("SET client_encoding = 'LATIN1'"));
    }

    private static void updates(Connection connection, List<Object> seen) throws Exception {
        try (Statement statement = connection.createStatement()) {
            attempt(seen, () -> statement.executeUpdate("SET work_mem = '5MB'"));
            attempt(seen, () -> statement.executeUpdate("SELECT 1"));
            attempt(seen, () -> statement.executeLargeUpdate("RESET work_mem"));
            attempt(seen, () -> statement.execute("SELECT 1; SET work_mem = '5MB'; SELECT 2, 3"));
            List<Object> results = new ArrayList<>();
            for (int turn = 0; turn < 5; turn++) {
                attempt(results, () -> statement.getResultSet() == null ? statement.getUpdateCount() : rows(statement.getResultSet()));
                attempt(results, statement::getMoreResults);
            }
            seen.add(results);
            attempt(seen, () -> rows(statement.getGeneratedKeys()));
        }
    }

    private static void escapes(Connection connection, List<Object> seen) throws Exception {
        try (Statement statement = connection.createStatement()) {
            for (String sql : List.of("SELECT {d '2026-03-01'}, {t '12:30:00'}, {ts '2026-03-01 12:30:15'}", "SELECT {fn concat('a', 'b')}, {fn ucase('a')}, {fn length('abc')}",
                    "SELECT {fn timestampdiff(SQL_TSI_DAY, {ts '2026-03-01 00:00:00'}, {ts '2026-03-04 00:00:00'})}", "SELECT {fn timestampadd(SQL_TSI_MONTH, 1, {ts '2026-01-31 00:00:00'})}",
                    "SELECT {fn mod(7, 3)}, {fn ceiling(1.2)}, {fn log(2.718281828)}, {fn truncate(1.55, 1)}, {fn power(2, 3)}, {fn pi()}",
                    "SELECT {fn dayofweek({d '2026-03-01'})}, {fn monthname({d '2026-03-01'})}, {fn quarter({d '2026-03-01'})}, {fn week({d '2026-03-01'})}",
                    "SELECT {fn left('abc', 2)}, {fn right('abc', 2)}, {fn substring('abcdef', 2, 3)}, {fn locate('c', 'abc')}, {fn insert('abc', 2, 1, 'x')}, {fn space(3)}, {fn repeat('a', 3)}",
                    "SELECT {fn ifnull(NULL, 1)}, {fn database()}, {fn user()}", "SELECT n_name FROM tpch.nation WHERE n_name LIKE 'A\\_%' {escape '\\'}",
                    "SELECT * FROM {oj tpch.region LEFT OUTER JOIN tpch.nation ON r_regionkey = n_regionkey} ORDER BY n_nationkey LIMIT 3")) {
                attempt(seen, () -> rows(statement.executeQuery(sql)));
            }
            try (var call = connection.prepareCall("{? = call abs(?)}")) {
                call.registerOutParameter(1, Types.INTEGER);
                call.setInt(2, -7);
                attempt(seen, () -> call.execute() + " " + call.getInt(1));
            }
        }
    }
}
