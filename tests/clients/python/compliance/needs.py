"""What the suite asks of a database before it runs a test, and the tests that need one that can be written."""

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

TABLE = "makes tables while it runs"
ROWS = "writes the rows it reads"
KEYS = "reflects constraints, comments, defaults or views, which tables read from files do not have"
FILES = "a table of that name is no file of a source root"
LOCKS = "locks rows in a cursor"
FETCH = "FETCH FIRST takes a number alone so far, no expression in brackets"
RANGE = "a parameter that bounds a RANGE is taken for a negative one so far"
DIGITS = "the quotient of a numeric without digits has those of a float8 so far"

# Classes, and tests as `Class.test`, all or one of its cases. All others pass.
WRITERS = {
    # test_ddl, test_insert, test_update_delete, test_rowcount, test_sequence, test_table_via_select
    "TableDDLTest": TABLE,
    "FutureTableDDLTest": TABLE,
    "LongNameBlowoutTest": TABLE,
    "LastrowidTest": ROWS,
    "InsertBehaviorTest": ROWS,
    "ReturningTest": ROWS,
    "SimpleUpdateDeleteTest": ROWS,
    "RowCountTest": ROWS,
    "SequenceTest": TABLE,
    "HasSequenceTest": TABLE,
    "TableViaSelectTest": TABLE,
    # test_reflection
    "ComponentReflectionTest": KEYS,
    "ComponentReflectionTestExtra": TABLE,
    "BizarroCharacterTest": TABLE,
    "TempTableElementsTest": TABLE,
    "TableNoColumnsTest": TABLE,
    "ComputedReflectionTest": KEYS,
    "IdentityReflectionTest": KEYS,
    "CompositeKeyReflectionTest": KEYS,
    "RepeatedColumnForeignKeyTest": TABLE,
    "HasIndexTest": KEYS,
    "HasTableTest.test_has_table_cache": TABLE,
    "QuotedNameArgumentTest": FILES,
    # test_dialect
    "ExceptionTest": ROWS,
    "AutocommitIsolationTest": ROWS,
    "EscapingTest": TABLE,
    "WeCanSetDefaultSchemaWEventsTest": TABLE,
    "FutureWeCanSetDefaultSchemaWEventsTest": TABLE,
    "DifficultParametersTest": TABLE,
    "ReturningGuardsTest": ROWS,
    # test_results, test_cte, test_select
    "PercentSchemaNamesTest": ROWS,
    "ServerSideCursorsTest.test_roundtrip_fetchall": TABLE,
    "ServerSideCursorsTest.test_ss_cursor_status[for_update_expr]": LOCKS,
    "ServerSideCursorsTest.test_ss_cursor_status[for_update_string]": LOCKS,
    "ServerSideCursorsTest.test_roundtrip_fetchmany": TABLE,
    "CTETest.test_insert_from_select_round_trip": ROWS,
    "CTETest.test_update_from_round_trip": ROWS,
    "CTETest.test_delete_from_round_trip": ROWS,
    "CTETest.test_delete_scalar_subq_round_trip": ROWS,
    "IdentityAutoincrementTest": ROWS,
    "IdentityColumnTest": ROWS,
    "ComputedColumnTest": KEYS,
    "IsOrIsNotDistinctFromTest": ROWS,
    "WindowFunctionTest.test_window_rows_between_w_caching": TABLE,
    "WindowFunctionTest.test_window_range_dates": TABLE,
    "WindowFunctionTest.test_window_range": RANGE,
    "WindowFunctionTest.test_window_range_numeric": RANGE,
    "FetchLimitOffsetTest.test_bound_fetch_offset": FETCH,
    "FetchLimitOffsetTest.test_expr_fetch_offset": FETCH,
    "FetchLimitOffsetTest.test_fetch_offset_no_order": FETCH,
    "FetchLimitOffsetTest.test_fetch_offset_nobinds": FETCH,
    "FetchLimitOffsetTest.test_fetch_offset_ties": FETCH,
    "FetchLimitOffsetTest.test_fetch_offset_ties_exact_number": FETCH,
    "FetchLimitOffsetTest.test_simple_fetch": FETCH,
    "FetchLimitOffsetTest.test_simple_fetch_offset": FETCH,
    "FetchLimitOffsetTest.test_simple_fetch_ties": FETCH,
    "TrueDivTest.test_truediv_divisor": DIGITS,
    # test_types, test_unicode_ddl: values that are written and read back
    **dict.fromkeys(
        """UnicodeVarcharTest UnicodeTextTest ArrayTest BinaryTest TextTest StringTest IntervalTest PrecisionIntervalTest
        DateTimeTest DateTimeTZTest DateTimeMicrosecondsTest TimestampMicrosecondsTest TimeTest TimeTZTest TimeMicrosecondsTest
        DateTest DateTimeCoercedToDateTimeTest DateTimeHistoricTest DateTimeTZHistoricTest DateHistoricTest IntegerTest
        CastTypeDecoratorTest NumericTest BooleanTest JSONTest JSONLegacyStringCastIndexTest EnumTest UuidTest NativeUUIDTest
        UnicodeSchemaTest""".split(),
        ROWS,
    ),
}

# What PostgreSQL has beyond the suite's defaults, as far as it can be read.
HAS = """
    boolean_col_expressions nullsordering intersect except_ window_functions window_range window_range_numeric
    window_range_non_numeric ctes ctes_with_values tuple_in table_value_constructor implicit_default_schema
    order_by_label_with_expression percent_schema_names supports_distinct_on regexp_match regexp_replace fetch_first fetch_ties
    fetch_no_order_by fetch_offset_with_options fetch_expression supports_bitwise_or supports_bitwise_and supports_bitwise_not
    supports_bitwise_xor supports_bitwise_shift datetime_interval datetime_literals datetime_timezone timestamp_microseconds
    datetime_historic date_historic autocommit isolation_level savepoints infinity_floats aggregate_order_by array_type json_type
    uuid_data_type mod_operator_as_percent_sign unicode_ddl
""".split()


class Requirements(SuiteRequirements):
    """The suite's defaults and [`HAS`]."""

    def get_isolation_levels(self, config):
        levels = ["AUTOCOMMIT", "READ COMMITTED", "READ UNCOMMITTED", "REPEATABLE READ", "SERIALIZABLE"]
        return {"default": "READ COMMITTED", "supported": levels}


for name in HAS:
    setattr(Requirements, name, property(lambda self: exclusions.open()))
