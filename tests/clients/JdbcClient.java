import java.math.BigDecimal;
import java.sql.*;
import java.util.*;

/** pgjdbc at the server of the URL given; prints what it sees, and what tools ask it about. */
public class JdbcClient {
    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("PGUSER"));
        properties.setProperty("password", System.getenv("PGPASSWORD"));
        for (String mode : List.of("extended", "simple", "extendedForPrepared")) {
            properties.setProperty("preferQueryMode", mode);
            properties.setProperty("prepareThreshold", "2");
            try (Connection connection = DriverManager.getConnection(args[0], properties)) {
                System.out.println("== " + mode);
                statements(connection);
                failures(connection);
                transactions(connection);
                batches(connection);
                catalog(connection);
                try (Statement statement = connection.createStatement()) {
                    statement.execute("drop table kept");
                }
            }
        }
    }

    static void statements(Connection connection) throws SQLException {
        String text = "select ?::int as number, ?::text as text, ?::numeric as exact,"
            + " ?::timestamptz as at, ?::int[] as list, ?::bytea as bytes, null as nothing";
        try (PreparedStatement statement = connection.prepareStatement(text)) {
            for (int times = 0; times < 6; times++) {
                statement.setInt(1, times);
                statement.setString(2, "ä'\\");
                statement.setBigDecimal(3, new BigDecimal("1.50"));
                statement.setTimestamp(4, Timestamp.valueOf("2026-11-21 10:00:00"));
                statement.setArray(5, connection.createArrayOf("int4", new Object[] {1, 2, null}));
                statement.setBytes(6, new byte[] {0, -1});
                try (ResultSet rows = statement.executeQuery()) {
                    print(rows);
                }
            }
        }
        try (Statement statement = connection.createStatement()) {
            boolean more = statement.execute("select 1; update pg_temp.none set x = 1 where false");
            System.out.println(more);
        } catch (SQLException error) {
            print(error);
        }
    }

    static void failures(Connection connection) throws SQLException {
        for (String text : List.of("select nope", "selekt", "select 1/0", "select 'x'::int")) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(text);
            } catch (SQLException error) {
                print(error);
            }
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute("do $$ begin raise notice 'look'; end $$");
            SQLWarning warning = statement.getWarnings();
            System.out.println(warning == null ? "no warning" : warning.getMessage());
            statement.setQueryTimeout(1);
            statement.execute("select pg_sleep(100)");
        } catch (SQLException error) {
            print(error);
        }
    }

    static void transactions(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table kept (n int)");
            Savepoint savepoint = connection.setSavepoint();
            try {
                statement.execute("select 1/0");
            } catch (SQLException error) {
                connection.rollback(savepoint);
            }
            statement.execute("insert into kept select generate_series(1, 1000)");
            statement.setFetchSize(300);
            int seen = 0;
            try (ResultSet rows = statement.executeQuery("select n from kept order by n")) {
                while (rows.next()) seen += rows.getInt(1);
            }
            System.out.println(seen);
        }
        connection.commit();
        connection.setAutoCommit(true);
    }

    static void batches(Connection connection) throws SQLException {
        String text = "insert into kept values (?)";
        try (PreparedStatement statement = connection.prepareStatement(text)) {
            for (int times = 0; times < 200; times++) {
                statement.setInt(1, times);
                statement.addBatch();
            }
            System.out.println(Arrays.stream(statement.executeBatch()).sum());
        }
    }

    /** What a tool for reports and charts asks when it connects. */
    static void catalog(Connection connection) throws SQLException {
        DatabaseMetaData about = connection.getMetaData();
        System.out.println(about.getDatabaseProductName() + " " + about.getDatabaseProductVersion());
        for (String table : List.of("lending", "reader")) {
            try (ResultSet rows = about.getColumns(null, "public", table, "%")) {
                print(rows);
            }
            try (ResultSet rows = about.getPrimaryKeys(null, "public", table)) {
                print(rows);
            }
            try (ResultSet rows = about.getImportedKeys(null, "public", table)) {
                print(rows);
            }
            try (ResultSet rows = about.getIndexInfo(null, "public", table, false, true)) {
                print(rows);
            }
        }
        try (ResultSet rows = about.getTables(null, null, "%", new String[] {"TABLE", "VIEW"})) {
            print(rows);
        }
        try (ResultSet rows = about.getSchemas()) {
            print(rows);
        }
        try (ResultSet rows = about.getTypeInfo()) {
            print(rows);
        }
        try (ResultSet rows = about.getFunctions(null, "public", "%")) {
            print(rows);
        }
    }

    static void print(SQLException error) {
        String message = error.getMessage().replaceAll("(?s)\\s+", " ");
        System.out.println(error.getSQLState() + " " + message);
    }

    static void print(ResultSet rows) throws SQLException {
        ResultSetMetaData columns = rows.getMetaData();
        while (rows.next()) {
            StringJoiner line = new StringJoiner("|");
            for (int column = 1; column <= columns.getColumnCount(); column++) {
                Object value = rows.getObject(column);
                String shown = value instanceof byte[] bytes ? Arrays.toString(bytes) : "" + value;
                line.add(columns.getColumnName(column) + "=" + shown);
            }
            System.out.println(line);
        }
    }
}
