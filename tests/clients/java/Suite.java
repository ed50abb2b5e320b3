import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What all suites share: the two servers, how they are asked and how their answers are compared, and the counts. */
abstract class Suite {
    /** Cases known to differ, as {@code suite | case | reason}; the list may only shrink. */
    private static final Set<String> KNOWN = known();

    private static Set<String> known() {
        try (Stream<String> lines = Files.lines(Path.of("tests/data/known.txt"))) {
            return lines.map(line -> line.substring(0, Math.max(0, line.lastIndexOf(" | ")))).collect(Collectors.toSet());
        } catch (IOException missing) {
            throw new UncheckedIOException(missing);
        }
    }

    /** Runs for minutes on either server unless it is stopped. */
    static final String SLOW = "SELECT count(*) FROM lineitem a, lineitem b, lineitem c "
        + "WHERE a.l_comment < b.l_comment AND b.l_comment < c.l_comment";
    static final String LINES = "SELECT * FROM lineitem ORDER BY l_orderkey, l_linenumber";
    static final String KINDS = "SELECT * FROM kinds.kinds ORDER BY id";

    /** Only cases whose names match run, or all. */
    static String only = ".*";
    static String server;
    static String oracle;
    static int passed;
    static int failed;

    interface Case {
        void run() throws Exception;
    }

    /** Column names with their types, then rows. */
    record Answer(List<String> columns, List<List<Object>> rows) {}

    // ---- asking and comparing

    static Connection open(String url, String options) throws SQLException {
        String separator = url.contains("?") ? "&" : "?";
        return DriverManager.getConnection(url + separator + options);
    }

    static Answer ask(String url, String options, String sql) throws SQLException {
        try (Connection connection = open(url, options)) {
            return ask(connection, sql);
        }
    }

    static Answer ask(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql); ResultSet rows = statement.executeQuery()) {
            return read(rows);
        }
    }

    static Answer read(ResultSet rows) throws SQLException {
        ResultSetMetaData columns = rows.getMetaData();
        List<String> names = new ArrayList<>();
        for (int place = 1; place <= columns.getColumnCount(); place++) {
            names.add(columns.getColumnName(place) + " " + columns.getColumnTypeName(place)
                + "(" + columns.getPrecision(place) + "," + columns.getScale(place) + ")");
        }
        List<List<Object>> values = new ArrayList<>();
        while (rows.next()) {
            List<Object> row = new ArrayList<>();
            for (int place = 1; place <= names.size(); place++) {
                row.add(value(rows, place));
            }
            values.add(row);
        }
        return new Answer(names, values);
    }

    static Object value(ResultSet rows, int place) throws SQLException {
        Object value = rows.getObject(place);
        if (value instanceof Array array) {
            return Arrays.deepToString((Object[]) array.getArray());
        }
        if (value instanceof byte[] bytes) {
            return Arrays.toString(bytes);
        }
        return value;
    }

    static void same(Answer got, Answer want) {
        require(got.columns().equals(want.columns()), got.columns() + ", PostgreSQL has " + want.columns());
        require(got.rows().size() == want.rows().size(), got.rows().size() + " rows, PostgreSQL has " + want.rows().size());
        for (int place = 0; place < got.rows().size(); place++) {
            List<Object> left = got.rows().get(place);
            List<Object> right = want.rows().get(place);
            for (int field = 0; field < left.size(); field++) {
                require(sameValue(left.get(field), right.get(field)), "row " + place + ": " + left + ", PostgreSQL has " + right);
            }
        }
    }

    static boolean sameValue(Object left, Object right) {
        if (left instanceof Number a && right instanceof Number b) {
            double x = a.doubleValue();
            double y = b.doubleValue();
            return left.getClass() == right.getClass()
                && (Double.compare(x, y) == 0 || Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y)));
        }
        return left == null ? right == null : left.equals(right);
    }

    static Set<String> column(ResultSet rows, String name) throws SQLException {
        try (rows) {
            Set<String> values = new TreeSet<>();
            while (rows.next()) {
                values.add(rows.getString(name));
            }
            return values;
        }
    }

    static String stateOf(Case statement) throws Exception {
        try {
            statement.run();
            return "no error";
        } catch (SQLException error) {
            return error.getSQLState();
        }
    }

    static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    static void check(String name, Case body) {
        if (!name.matches(only)) {
            return;
        }
        boolean known = KNOWN.contains("java | " + name);
        try {
            body.run();
            if (known) {
                failed++;
                System.out.println("FAILED " + name + ": passes now, remove it from tests/data/known.txt");
            } else {
                passed++;
            }
        } catch (Exception | AssertionError failure) {
            if (known) {
                System.out.println("known difference: " + name);
            } else {
                failed++;
                System.out.println("FAILED " + name + ": " + failure);
            }
        }
    }
}
