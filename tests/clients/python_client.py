"""psycopg 3 and SQLAlchemy at the server that libpq's variables name; prints what they see."""

import datetime
import decimal
import os

import psycopg
import sqlalchemy as sa
from psycopg.rows import dict_row
from sqlalchemy import orm


def show(name, value):
    print(name, repr(value))


def failure(work):
    try:
        work()
    except psycopg.Error as error:
        diag = error.diag
        fields = (diag.severity, diag.sqlstate, diag.message_primary, diag.message_detail)
        more = (diag.message_hint, diag.statement_position, diag.constraint_name)
        return type(error).__name__, fields, more
    return "no failure"


def psycopg_3():
    with psycopg.connect(autocommit=True, row_factory=dict_row) as connection:
        notices = []
        connection.add_notice_handler(lambda diag: notices.append(diag.message_primary))
        for binary in (False, True):
            cursor = connection.cursor(binary=binary)
            cursor.execute(
                "select %s::int as a, %s::text as b, %s::jsonb as c, %s::numeric as d, "
                "%s::timestamptz as e, %s::int[] as f, %s::bytea as g, null as h",
                (
                    42,
                    "ä'\\",
                    psycopg.types.json.Jsonb({"x": [1, None]}),
                    decimal.Decimal("1.50"),
                    datetime.datetime(2026, 11, 21, 10, tzinfo=datetime.timezone.utc),
                    [1, 2, 3],
                    b"\x00\xff",
                ),
            )
            show("types", cursor.fetchall())
            show("columns", [(c.name, c.type_code) for c in cursor.description])
        connection.execute("do $$ begin raise notice 'look'; end $$")
        show("notices", notices)
        for text in ("select nope", "selekt 1", "select 1/0", "select 'x'::int"):
            show(text, failure(lambda: connection.execute(text)))

        connection.execute("create table if not exists shelf (id int primary key, title text)")
        connection.execute("truncate shelf")
        with connection.cursor().copy("copy shelf from stdin") as copy:
            for number in range(500):
                copy.write_row((number, f"title {number}"))
        with connection.cursor().copy("copy shelf to stdout (format binary)") as copy:
            copy.set_types(["int4", "text"])
            show("copied", sum(1 for _ in copy.rows()))
        show("unique", failure(lambda: connection.execute("insert into shelf values (1, 'x')")))

        with connection.pipeline():
            results = [connection.execute("select %s::int as n", (n,)) for n in range(30)]
        show("pipeline", [result.fetchone() for result in results])

        def broken_pipeline():
            with connection.pipeline() as pipeline:
                connection.execute("insert into shelf values (1000, 'undone')")
                connection.execute("select 1/0")
                connection.execute("select 2")
                pipeline.sync()

        show("broken pipeline", failure(broken_pipeline))
        show("undone", connection.execute("select 1 from shelf where id = 1000").fetchall())

        def insert_many(last):
            """Far more than one request takes."""
            numbers = [*range(2000, 32_000), last]
            with connection.cursor() as cursor:
                rows = ((number, f"title {number}") for number in numbers)
                cursor.executemany("insert into shelf values (%s, %s)", rows)
                show("executemany", cursor.rowcount)

        show("broken executemany", failure(lambda: insert_many(2000)))
        show("nothing of it", connection.execute("select count(*) from shelf").fetchone())
        insert_many(32_000)
        connection.execute("delete from shelf where id >= 2000")
        for _ in range(10):
            connection.execute("select title from shelf where id = %s", (7,), prepare=True)
        with connection.transaction():
            with connection.cursor(name="served") as cursor:
                cursor.execute("select id from shelf order by id")
                show("server cursor", [len(cursor.fetchmany(200)) for _ in range(4)])
            try:
                with connection.transaction():
                    connection.execute("delete from shelf")
                    raise psycopg.Rollback()
            except psycopg.Rollback:
                pass
            show("kept", connection.execute("select count(*) from shelf").fetchone())
        connection.execute("listen news")
        connection.execute("notify news, 'heard'")
        notify = next(connection.notifies(timeout=10))
        show("notification", (notify.channel, notify.payload, notify.pid == connection.info.backend_pid))
        connection.execute("drop table shelf")


def sqlalchemy_2():
    engine = sa.create_engine("postgresql+psycopg://")

    class Base(orm.DeclarativeBase):
        pass

    class Author(Base):
        __tablename__ = "author"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        name: orm.Mapped[str] = orm.mapped_column(sa.String(40), unique=True)
        books: orm.Mapped[list["Book"]] = orm.relationship(back_populates="author")

    class Book(Base):
        __tablename__ = "book"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        title: orm.Mapped[str]
        price: orm.Mapped[decimal.Decimal] = orm.mapped_column(sa.Numeric(8, 2))
        tags: orm.Mapped[list[str]] = orm.mapped_column(sa.ARRAY(sa.Text))
        author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("author.id"))
        author: orm.Mapped[Author] = orm.relationship(back_populates="books")

    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        for name in ("Ada", "Grace"):
            author = Author(name=name)
            for number in range(3):
                price = decimal.Decimal(number) + decimal.Decimal("0.25")
                book = Book(title=f"{name} {number}", price=price, tags=["a", str(number)])
                author.books.append(book)
            session.add(author)
        session.commit()
        query = sa.select(Author).options(orm.selectinload(Author.books)).order_by(Author.id)
        for author in session.scalars(query):
            show(author.name, [(b.title, b.price, b.tags) for b in author.books])
        totals = sa.select(Author.name, sa.func.sum(Book.price)).join(Book).group_by(Author.name)
        show("totals", session.execute(totals.order_by(Author.name)).all())
        try:
            session.add(Author(name="Ada"))
            session.flush()
        except sa.exc.IntegrityError as error:
            show("integrity", str(error.orig))
            session.rollback()
    # What a tool that draws a schema asks of the catalog.
    inspector = sa.inspect(engine)
    for table in sorted(inspector.get_table_names()):
        show(table, [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)])
        show("key", inspector.get_pk_constraint(table))
        show("foreign", inspector.get_foreign_keys(table))
        show("unique", inspector.get_unique_constraints(table))
        show("indexes", inspector.get_indexes(table))
    reflected = sa.MetaData()
    reflected.reflect(engine)
    show("reflected", sorted(reflected.tables))
    show("schemas", inspector.get_schema_names())
    Base.metadata.drop_all(engine)


assert "PGHOST" in os.environ
psycopg_3()
sqlalchemy_2()
