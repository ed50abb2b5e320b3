import org.flywaydb.core.Flyway;

/** Flyway as applications call it when they start: a JDBC URL and a folder of files. */
public class Migrate {
    public static void main(String[] arguments) {
        Flyway flyway =
                Flyway.configure()
                        .dataSource(arguments[0], null, null)
                        .locations("filesystem:" + arguments[1])
                        .load();
        flyway.migrate();
        flyway.validate();
    }
}
