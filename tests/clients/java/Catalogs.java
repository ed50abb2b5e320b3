import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Every method of {@link DatabaseMetaData}, found by reflection so that none is forgotten, with the arguments tools give
 * and some they should not. What they return, or refuse, is what PostgreSQL's do for equal schemas.
 */
final class Catalogs extends Suite {
    /** Methods whose answers are not the server's. */
    private static final Map<String, String> APART = Map.of(
        "getConnection", "the connection itself",
        "getURL", "has the port");

    /** Where two servers with equal tables differ by nature; rows of these schemas are left out on both sides. */
    private static final Map<String, String> OWN_SCHEMAS = Map.of(
        "forebay", "the server's own views and functions, which PostgreSQL has not",
        "pg_toast", "where PostgreSQL stores long values; columnar files have none");

    /** Columns that tell how PostgreSQL stores what it stores. */
    private static final Map<String, Set<String>> OWN_COLUMNS = Map.of("getIndexInfo", Set.of("PAGES", "CARDINALITY"));

    /** Values that end in the name of the package PostgreSQL comes from. */
    private static final Set<String> FIRST_WORD = Set.of("getDatabaseProductVersion");

    /** Results whose rows pgjdbc asks for in no order. */
    private static final Set<String> UNORDERED = Set.of("getTypeInfo");

    private static final List<Object> CATALOGS = Arrays.asList(null, "tpch", "", "nope");
    private static final List<Object> SCHEMAS = Arrays.asList(
        "tpch", null, "%", "", "kinds", "tp%", "k_nds", "tp\\ch", "information\\_schema", "information_schema", "pg_catalog", "TPCH", "nope");
    private static final List<Object> TABLES = Arrays.asList(
        "lineitem", null, "%", "", "line%", "p_rt", "partsupp", "part_upp", "kinds", "pg\\_class", "pg_index", "tables", "LINEITEM", "nope", "it's", "a\"b");
    private static final List<Object> COLUMNS = Arrays.asList("l_orderkey", null, "%", "", "l\\_%", "l_part%", "_d", "nope");
    private static final List<Object> FUNCTIONS = Arrays.asList(
        "abs", null, "", "array\\_%", "date_trunc", "generate_series", "nope", "pg_get_keywords", "sum", "%\\_recv");
    private static final List<Object> PARAMETERS = Arrays.asList(null, "%", "", "o%", "nope");
    private static final List<Object> KINDS_OF_TABLES = Arrays.asList(
        null, new String[] {}, new String[] {"TABLE"}, new String[] {"TABLE", "VIEW"}, new String[] {"SYSTEM TABLE"},
        new String[] {"SYSTEM VIEW"}, new String[] {"INDEX"}, new String[] {"SYSTEM INDEX"}, new String[] {"TYPE"}, new String[] {"nope"},
        new String[] {"MATERIALIZED VIEW", "FOREIGN TABLE", "PARTITIONED TABLE", "PARTITIONED INDEX", "SEQUENCE"});
    private static final List<Object> TYPES = Arrays.asList(null, "%", "region", "int4", "_text", "_egion", "nope");
    private static final List<Object> KINDS_OF_TYPES = Arrays.asList(
        null, new int[] {}, new int[] {Types.STRUCT}, new int[] {Types.DISTINCT}, new int[] {Types.STRUCT, Types.DISTINCT, Types.JAVA_OBJECT});
    private static final List<Object> BOTH = List.of(true, false);

    /** The arguments of the methods that take more than numbers: the first of each list, and each of the others in its place. */
    private static final Map<String, List<List<Object>>> ARGUMENTS = Map.ofEntries(
        Map.entry("getAttributes", List.of(CATALOGS, SCHEMAS, TYPES, PARAMETERS)),
        Map.entry("getProcedures", List.of(CATALOGS, SCHEMAS, FUNCTIONS)),
        Map.entry("getProcedureColumns", List.of(CATALOGS, first("pg_catalog", SCHEMAS), FUNCTIONS, PARAMETERS)),
        Map.entry("getFunctions", List.of(CATALOGS, first("pg_catalog", SCHEMAS), FUNCTIONS)),
        Map.entry("getFunctionColumns", List.of(CATALOGS, first("pg_catalog", SCHEMAS), FUNCTIONS, PARAMETERS)),
        Map.entry("getTables", List.of(CATALOGS, SCHEMAS, TABLES, KINDS_OF_TABLES)),
        Map.entry("getSchemas", List.of(CATALOGS, SCHEMAS)),
        Map.entry("getColumns", List.of(CATALOGS, SCHEMAS, TABLES, COLUMNS)),
        Map.entry("getPseudoColumns", List.of(CATALOGS, SCHEMAS, TABLES, COLUMNS)),
        Map.entry("getColumnPrivileges", List.of(CATALOGS, SCHEMAS, TABLES, COLUMNS)),
        Map.entry("getTablePrivileges", List.of(CATALOGS, SCHEMAS, TABLES)),
        Map.entry("getBestRowIdentifier", List.of(CATALOGS, SCHEMAS, TABLES,
            List.of(DatabaseMetaData.bestRowSession, DatabaseMetaData.bestRowTransaction, DatabaseMetaData.bestRowTemporary), BOTH)),
        Map.entry("getVersionColumns", List.of(CATALOGS, SCHEMAS, TABLES)),
        Map.entry("getPrimaryKeys", List.of(CATALOGS, SCHEMAS, TABLES)),
        Map.entry("getImportedKeys", List.of(CATALOGS, SCHEMAS, TABLES)),
        Map.entry("getExportedKeys", List.of(CATALOGS, SCHEMAS, TABLES)),
        Map.entry("getCrossReference", List.of(CATALOGS, SCHEMAS, TABLES, CATALOGS, SCHEMAS, first("orders", TABLES))),
        Map.entry("getIndexInfo", List.of(CATALOGS, SCHEMAS, TABLES, BOTH, BOTH)),
        Map.entry("getUDTs", List.of(CATALOGS, SCHEMAS, TYPES, KINDS_OF_TYPES)),
        Map.entry("getSuperTypes", List.of(CATALOGS, SCHEMAS, TYPES)),
        Map.entry("getSuperTables", List.of(CATALOGS, SCHEMAS, TABLES)));

    /** Arguments of numbers, such as kinds of result sets, levels of isolation and types. */
    private static final List<Object> NUMBERS = numbers();

    private Catalogs() {}

    static void run() throws Exception {
        Method[] methods = DatabaseMetaData.class.getMethods();
        Arrays.sort(methods, Comparator.comparing(Method::getName).thenComparing(Method::getParameterCount));
        try (Connection left = open(server, ""); Connection right = open(oracle, "")) {
            DatabaseMetaData got = left.getMetaData();
            DatabaseMetaData want = right.getMetaData();
            for (Method method : methods) {
                if (method.getDeclaringClass() != DatabaseMetaData.class) {
                    continue;
                }
                if (APART.containsKey(method.getName())) {
                    check("metadata " + method.getName(), () -> require(method.invoke(got) != null, "an answer"));
                    continue;
                }
                if (method.getParameterCount() > 0 && !ARGUMENTS.containsKey(method.getName())) {
                    check("metadata " + method.getName(), () -> {
                        for (Object[] arguments : arguments(method)) {
                            same(answer(got, method, arguments), answer(want, method, arguments));
                        }
                    });
                    continue;
                }
                for (Object[] arguments : arguments(method)) {
                    String call = method.getName() + Arrays.deepToString(arguments).replaceFirst("^\\[", "(").replaceFirst("\\]$", ")");
                    check("metadata " + call, () -> same(answer(got, method, arguments), answer(want, method, arguments)));
                }
            }
        }
    }

    private static Set<Object[]> arguments(Method method) {
        Class<?>[] types = method.getParameterTypes();
        List<List<Object>> values = ARGUMENTS.get(method.getName());
        if (values == null || values.size() != types.length) {
            require(Arrays.stream(types).allMatch(type -> type == int.class), "no arguments for " + method);
            values = Arrays.stream(types).map(type -> NUMBERS).toList();
        }
        Object[] usual = values.stream().map(list -> list.get(0)).toArray();
        Set<Object[]> lists = new LinkedHashSet<>(List.<Object[]>of(usual));
        for (int place = 0; place < types.length; place++) {
            for (Object value : values.get(place).subList(1, values.get(place).size())) {
                Object[] other = usual.clone();
                other[place] = value;
                lists.add(other);
            }
        }
        // Names that are found elsewhere need the schema left open.
        if (types.length > 2 && types[1] == String.class) {
            for (Object value : values.get(2)) {
                Object[] other = usual.clone();
                other[1] = null;
                other[2] = value;
                lists.add(other);
            }
        }
        return lists;
    }

    /** What a call returns or refuses; a result set is read, a value alone is a row of its own. */
    private static Answer answer(DatabaseMetaData metadata, Method method, Object[] arguments) throws Exception {
        Object value;
        try {
            value = method.invoke(metadata, arguments);
        } catch (InvocationTargetException failure) {
            if (failure.getCause() instanceof SQLException error) {
                value = error.getSQLState() + " " + error.getMessage();
            } else {
                value = failure.getCause().toString();
            }
        }
        if (FIRST_WORD.contains(method.getName())) {
            value = value.toString().split(" ")[0];
        }
        if (!(value instanceof ResultSet rows)) {
            return new Answer(List.of(method.getName()), List.of(Arrays.asList(value)));
        }
        try (rows) {
            Answer answer = read(rows);
            List<List<Object>> kept = new ArrayList<>(answer.rows());
            for (int place = 0; place < answer.columns().size(); place++) {
                int column = place;
                String name = answer.columns().get(place).split(" ")[0].toUpperCase(Locale.ROOT);
                if (name.endsWith("_SCHEM")) {
                    kept.removeIf(row -> OWN_SCHEMAS.containsKey(row.get(column)));
                }
                if (OWN_COLUMNS.getOrDefault(method.getName(), Set.of()).contains(name)) {
                    kept.forEach(row -> row.set(column, null));
                }
                if (method.getName().equals("getTypeInfo") && name.equals("TYPE_NAME")) {
                    for (String own : rowTypes(metadata.getConnection())) {
                        // A type of another schema may have the same name, and then the same row.
                        kept.stream().filter(row -> own.equals(row.get(column))).findFirst().ifPresent(kept::remove);
                    }
                }
            }
            if (UNORDERED.contains(method.getName())) {
                kept.sort(Comparator.comparing(List::toString));
            }
            return new Answer(answer.columns(), kept);
        }
    }

    /** The types of rows in the schemas that are left out; lists of types do not say their schemas. */
    private static Set<String> rowTypes(Connection connection) throws SQLException {
        return column(connection.createStatement().executeQuery(
            "SELECT typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE nspname IN ('forebay', 'pg_toast')"), "typname");
    }

    private static List<Object> first(Object value, List<Object> values) {
        List<Object> list = new ArrayList<>(List.of(value));
        values.stream().filter(other -> !value.equals(other)).forEach(list::add);
        return list;
    }

    private static List<Object> numbers() {
        List<Object> numbers = new ArrayList<>();
        try {
            for (var field : Types.class.getFields()) {
                numbers.add(field.getInt(null));
            }
        } catch (IllegalAccessException impossible) {
            throw new IllegalStateException(impossible);
        }
        for (int number = 0; number <= 8; number++) {
            numbers.add(number);
            numbers.add(ResultSet.TYPE_FORWARD_ONLY + number);
        }
        return numbers.stream().distinct().toList();
    }
}
