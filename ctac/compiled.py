"""Queries that each request asks, their SQL worked out once and not each time.

Django builds and compiles a query anew whenever it is asked, which takes several times as long as asking PostgreSQL. What every
page asks (which session, who, which draft) is asked through here. Such a query is written as any other:

    draft_of_person = Compiled(lambda person, kind: Draft.objects.filter(person_id=person, kind=kind))
    draft_of_person.first(person=7, kind="order")

Values are passed beside the SQL, as Django does it; they must be what the driver understands (numbers, texts, aware datetimes, a
list for `any_of`), never None or a model. A query that is asked seldom, or whose conditions differ, has no business here. ADR 22.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Expression, Field, Lookup, QuerySet
from django.db.models.query import get_related_populators

numbers = count(1)
NAMED = re.compile(r"%\((\w+)\)s")
M = TypeVar("M", bound=Any)


class Parameter(Expression):
    """Stands in the query for a value that is given when it is asked."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


@Field.register_lookup
class AnyOf(Lookup):
    """slug__any_of=[…], as __in but with one parameter, however many values."""

    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, left_parameters = self.process_lhs(compiler, connection)
        right, right_parameters = compiler.compile(self.rhs)
        return f"{left} = ANY({right})", [*left_parameters, *right_parameters]


class Compiled(Generic[M]):
    """`question` makes the queryset, once, from parameters of its own names; of `names` if it takes them as they come.

    select_related, annotations and slices may be in it. With values_list() the rows come as they are, so of columns only that
    Django does not convert.
    """

    def __init__(self, question: Callable[..., QuerySet[M]], names: Sequence[str] = ()) -> None:
        self.question = question
        self.names = names or tuple(inspect.signature(question).parameters)

    def all(self, **values: Any) -> list[M]:
        statement, reading = self.compiled
        return [reading.make(row) for row in statement.rows(values)]

    def first(self, **values: Any) -> M | None:
        """The first row that PostgreSQL gives; a question that may have several says which by its order."""
        return next(iter(self.all(**values)), None)

    @cached_property
    def compiled(self) -> "tuple[Statement, Reading[M]]":
        queryset = self.question(*map(Parameter, self.names))
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        make = (plain if queryset._fields else maker)(compiler)  # type: ignore[attr-defined]
        keys = [each.name if isinstance(each, Parameter) else Fixed(each) for each in parameters]
        return Statement(queryset.model._meta.db_table, sql, keys), Reading(make, len(compiler.select))


class Together:
    """Several questions in one statement, each for its first row: what a page asks before it knows any answer."""

    def __init__(self, *questions: Compiled[Any]) -> None:
        self.questions = questions

    def first(self, *values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The first row of each, or None; values in the order of the questions."""
        statement, readings = self.compiled
        [row] = statement.rows({(number, name): value for number, each in enumerate(values) for name, value in each.items()})
        return tuple(reading.make(row[place : place + reading.width]) if row[place - 1] else None for place, reading in readings)

    @cached_property
    def compiled(self) -> "tuple[Statement, list[tuple[int, Reading[Any]]]]":
        """The statement, and where the columns of each question begin; the one before them says whether it found anything."""
        sql, keys, readings, place = ["SELECT * FROM (SELECT) AS nothing"], [], [], 1
        for number, question in enumerate(self.questions):
            statement, reading = question.compiled
            each = f"asked_{number}"
            first = f"SELECT TRUE, {each}.* FROM ({statement.sql}) AS {each} LIMIT 1"  # noqa: S608 - no value is in it
            sql.append(f"LEFT JOIN ({first}) AS found_{number} ON TRUE")
            keys += [key if isinstance(key, Fixed) else (number, key) for key in statement.parameters]
            readings.append((place, reading))
            place += 1 + reading.width
        return Statement("together", " ".join(sql), keys), readings


class Insert(Generic[M]):
    """Writes a new row of a model as its save() would, without signals; `unless` is what an ON CONFLICT says, if anything.

    `only_if`: a condition in SQL, which names values of the row by their column, as in %(person_id)s.
    """

    def __init__(self, model: type[M], unless: str = "", *, only_if: str = "") -> None:
        self.model, self.unless, self.only_if = model, unless, only_if

    def __call__(self, row: M) -> bool:
        """False if `unless` or `only_if` kept it from being written."""
        database = connections[DEFAULT_DB_ALIAS]
        values = {field.attname: field.get_db_prep_save(field.pre_save(row, True), database) for field in self.fields}
        written = self.statement.rows(values)
        if written:
            row.pk, row._state.adding, row._state.db = written[0][0], False, DEFAULT_DB_ALIAS  # noqa: SLF001 - as save() does
        return bool(written)

    @cached_property
    def fields(self) -> list[Any]:
        return [field for field in self.model._meta.concrete_fields if not field.primary_key]

    @cached_property
    def statement(self) -> "Statement":
        columns = ", ".join(f'"{field.column}"' for field in self.fields)
        meta, values = self.model._meta, ", ".join(["%s"] * len(self.fields))
        source = f"SELECT {values} WHERE {NAMED.sub('%s', self.only_if)}" if self.only_if else f"VALUES ({values})"
        sql = f'INSERT INTO "{meta.db_table}" ({columns}) {source} {self.unless} RETURNING "{meta.pk.column}"'
        return Statement(f"insert_{meta.db_table}", sql, [*(f.attname for f in self.fields), *NAMED.findall(self.only_if)])


@dataclass(frozen=True)
class Fixed:
    """A value that belongs to the question itself."""

    value: Any


@dataclass(frozen=True)
class Reading(Generic[M]):
    """What becomes of a row, and how many columns it has."""

    make: Callable[[Any], M]
    width: int


class Statement:
    """Constant SQL, prepared under a name that begins with what it is `about`.

    `parameters`, in the order of its %s: the key of a value that is given with each asking, or a Fixed one.
    """

    def __init__(self, about: str, sql: str, parameters: Sequence[Any]) -> None:
        self.name = f"{about}_{next(numbers)}"
        self.sql, self.parameters = sql, parameters

    @classmethod
    def written(cls, about: str, sql: str) -> "Statement":
        """From SQL that names its values, as in %(now)s, and has no other per cent sign."""
        return cls(about, NAMED.sub("%s", sql), NAMED.findall(sql))

    def rows(self, values: Mapping[Any, Any]) -> list[Any]:
        database = connections[DEFAULT_DB_ALIAS]  # each look through django.db.connection again is dear
        with database.cursor() as cursor:
            cursor.execute(self.sql, [each.value if isinstance(each, Fixed) else values[each] for each in self.parameters])
            return cursor.fetchall()


def have_ready(owner: M, name: str, rows: Sequence[Any]) -> M:
    """Its related rows, as prefetch_related leaves them: owner.lines.all() asks the database nothing more."""
    related = getattr(owner, name).all()
    related._result_cache = list(rows)  # noqa: SLF001 - as prefetch_related does
    owner.__dict__.setdefault("_prefetched_objects_cache", {})[name] = related
    back = owner._meta.get_field(name).field.name
    for row in rows:
        setattr(row, back, owner)
    return owner


def plain(compiler: Any) -> Callable[[Any], Any]:
    """Rows of values_list()."""
    assert not compiler.get_converters([column for column, *_ in compiler.select])  # noqa: S101 - for whoever writes the query
    return tuple


def maker(compiler: Any) -> Callable[[Any], Any]:
    """Makes a row the object that Django's own ModelIterable would make of it."""
    places = compiler.klass_info["select_fields"]
    own = slice(places[0], places[-1] + 1)
    columns = [column for column, *_ in compiler.select]
    names = [column.target.attname for column in columns[own]]
    converters = [(place, *each) for place, each in compiler.get_converters(columns).items()]
    populators = get_related_populators(compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]
    annotations = list((compiler.annotation_col_map or {}).items())
    model = compiler.klass_info["model"]

    def make(row: Any) -> Any:
        if converters:
            row = list(row)
            for place, functions, expression in converters:
                for function in functions:
                    row[place] = function(row[place], expression, connection)
        made = model.from_db(DEFAULT_DB_ALIAS, names, row[own])
        for populator in populators:
            populator.populate(row, made)
        for name, place in annotations:
            setattr(made, name, row[place])
        return made

    return make
