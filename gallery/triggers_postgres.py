"""Full-text index and triggers for PostgreSQL: a tsvector and a GIN index on the documents."""

# ruff: noqa: S608 (the SQL is made of constants of our own)

from __future__ import annotations

from gallery.documents import BESIDE, COUNTED, COUNTS, FACTS, KIND, TOLD

FACTS_OF = FACTS.format(
    model="encode(convert_to(i.model, 'UTF8'), 'hex')",
    style="encode(convert_to(i.style, 'UTF8'), 'hex')",
    join="string_agg",
)
MONTH = "to_char({0}.created_at at time zone 'UTC', 'YYYY-MM')"
INDEX = "create index if not exists gallery_search on gallery_searchdocument using gin (vector)"
NO_INDEX = "drop index if exists gallery_search"
ASIDE, BACK = (
    [
        "set constraints all immediate",
        *(f"alter table {table} {verb} trigger user" for table in ("gallery_image", *BESIDE)),
    ]
    for verb in ("disable", "enable")
)
TRIGGERS = [
    "set constraints all immediate",  # rows that wait for their checks keep a table from changing
    "alter table gallery_searchdocument add column if not exists vector tsvector",
    # Words with their places, and facts with a # in front, which no word has.
    r"""create or replace function gallery_vector(words text, facts text) returns tsvector
    language sql immutable as $$
        select coalesce(string_agg(lexeme, ' '), '')::tsvector from (
            select '''' || word || ''':' || least(place, 16383) as lexeme
            from regexp_split_to_table(words, ' ') with ordinality as w(word, place)
            where word <> ''
            union all
            select '''#' || lower(fact) || '''' from regexp_split_to_table(facts, ' +') as f(fact)
            where fact <> ''
        ) as lexemes
    $$""",
    f"""create or replace function gallery_facts(image bigint) returns text language sql stable as $$
        select coalesce((select {FACTS_OF} from gallery_image i where i.id = image), '')
    $$""",
    """create or replace function gallery_document_vector() returns trigger language plpgsql as $$
    begin new.vector := gallery_vector(new.words, new.facts); return new; end $$""",
    """create or replace trigger gallery_document_vector before insert or update
    on gallery_searchdocument for each row execute function gallery_document_vector()""",
    """create or replace function gallery_image_told() returns trigger language plpgsql as $$
    begin
        insert into gallery_searchdocument(image_id, words, facts)
        select new.id, g.words, gallery_facts(new.id) from gallery_generation g
        where g.id = new.generation_id;
        return null;
    end $$""",
    """create or replace trigger gallery_image_told after insert on gallery_image
    for each row execute function gallery_image_told()""",
    """create or replace function gallery_image_retold() returns trigger language plpgsql as $$
    declare image bigint;
    begin
        if tg_table_name = 'gallery_image' then image := new.id;
        elsif tg_op = 'DELETE' then image := old.image_id;
        else image := new.image_id; end if;
        update gallery_searchdocument set facts = gallery_facts(image)
        where image_id = image and facts <> gallery_facts(image);
        return null;
    end $$""",
    f"""create or replace trigger gallery_image_retold after update of {TOLD} on gallery_image
    for each row execute function gallery_image_retold()""",
    *(
        f"""create or replace trigger {table}_retold after insert or update or delete on {table}
        for each row execute function gallery_image_retold()"""
        for table in BESIDE
    ),
]


def _count(row: str) -> str:
    return f"""
        insert into gallery_tally as t (user_id, visibility, model, style, month, pictures, bytes)
        values ({row}.user_id, {row}.visibility, {row}.model, {row}.style,
                {MONTH.format(row)}, 1, coalesce({row}.byte_size, 0))
        on conflict {KIND} do update set
            pictures = t.pictures + excluded.pictures, bytes = t.bytes + excluded.bytes;
    """


def _uncount(row: str) -> str:
    # Never a new line: one that goes with everything else must not leave its owner's tally behind.
    return f"""
        update gallery_tally set pictures = pictures - 1, bytes = bytes - coalesce({row}.byte_size, 0)
        where {KIND} = ({row}.user_id, {row}.visibility, {row}.model, {row}.style,
                        {MONTH.format(row)});
    """


TRIGGERS += [
    f"""create or replace function gallery_image_counted() returns trigger language plpgsql as $$
    begin
        if tg_op <> 'INSERT' then
            if {COUNTS.format("old")} then {_uncount("old")} end if;
        end if;
        if tg_op <> 'DELETE' then
            if {COUNTS.format("new")} then {_count("new")} end if;
        end if;
        return null;
    end $$""",
    f"""create or replace trigger gallery_image_counted after insert or delete or update of {COUNTED}
    on gallery_image for each row execute function gallery_image_counted()""",
]
