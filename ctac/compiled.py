"""Queries that each request asks, their SQL worked out once and not each time.

Django builds and compiles a query anew whenever it is asked, which takes several times as long as asking PostgreSQL. What every
page asks (which session, who, which draft) is asked through here. Such a query is written as any other:

    draft_of_person = Compiled(lambda person, kind: Draft.objects.filter(person_id=person, kind=kind))
    draft_of_person.first(person=7, kind="order")

Values are passed beside the SQL, as Django does it; they must be what the driver understands (numbers, texts, aware datetimes, a
list for `any_of`), never None or a model. A query that is asked seldom, or whose conditions differ, has no business here. ADR 22.
"""

import inspect
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Expression, Field, Lookup, QuerySet
from django.db.models.query import get_related_populators

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
        sql, parameters, make = self.compiled
        with connection.cursor() as cursor:
            cursor.execute(sql, [values[each.name] if isinstance(each, Parameter) else each for each in parameters])
            return [make(row) for row in cursor.fetchall()]

    def first(self, **values: Any) -> M | None:
        """The first row that PostgreSQL gives; a question that may have several says which by its order."""
        return next(iter(self.all(**values)), None)

    @cached_property
    def compiled(self) -> tuple[str, tuple[Any, ...], Callable[[Any], M]]:
        queryset = self.question(*map(Parameter, self.names))
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        return sql, tuple(parameters), (plain if queryset._fields else maker)(compiler)  # type: ignore[attr-defined]


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
