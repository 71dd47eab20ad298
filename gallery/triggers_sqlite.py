"""Full-text index and triggers for SQLite: FTS5 with the documents as its content."""

# ruff: noqa: S608 (the SQL is made of constants of our own)

from __future__ import annotations

from gallery.documents import BESIDE, COUNTED, COUNTS, FACTS, KIND, TOLD

FACTS_OF = FACTS.format(model="hex(i.model)", style="hex(i.style)", join="group_concat")
MONTH = "strftime('%Y-%m', {0}.created_at)"
ANEW = """
    update gallery_searchdocument set facts = coalesce(
        (select facts from gallery_facts where image_id = {0}), '') where image_id = {0};
"""
TABLES = [
    """create virtual table if not exists gallery_search using fts5(
        words, facts, content='gallery_searchdocument', content_rowid='image_id',
        tokenize='ascii', columnsize=0)""",
    f"create view if not exists gallery_facts as select i.id as image_id, {FACTS_OF} as facts from gallery_image i",
]
TRIGGERS = [
    """create trigger gallery_document_made after insert on gallery_searchdocument begin
        insert into gallery_search(rowid, words, facts) values (new.image_id, new.words, new.facts);
    end""",
    """create trigger gallery_document_gone after delete on gallery_searchdocument begin
        insert into gallery_search(gallery_search, rowid, words, facts)
        values ('delete', old.image_id, old.words, old.facts);
    end""",
    """create trigger gallery_document_changed after update on gallery_searchdocument
    when old.facts <> new.facts or old.words <> new.words begin
        insert into gallery_search(gallery_search, rowid, words, facts)
        values ('delete', old.image_id, old.words, old.facts);
        insert into gallery_search(rowid, words, facts) values (new.image_id, new.words, new.facts);
    end""",
    """create trigger gallery_image_told after insert on gallery_image begin
        insert into gallery_searchdocument(image_id, words, facts)
        select new.id, g.words, f.facts from gallery_generation g, gallery_facts f
        where g.id = new.generation_id and f.image_id = new.id;
    end""",
    f"""create trigger gallery_image_retold after update of {TOLD} on gallery_image begin
        {ANEW.format("new.id")}
    end""",
]
for _table in BESIDE:
    TRIGGERS += [
        f"create trigger {_table}_made after insert on {_table} begin {ANEW.format('new.image_id')} end",
        f"create trigger {_table}_changed after update on {_table} begin {ANEW.format('new.image_id')} end",
        f"create trigger {_table}_gone after delete on {_table} begin {ANEW.format('old.image_id')} end",
    ]


def _count(row: str) -> str:
    return f"""
        insert into gallery_tally(user_id, visibility, model, style, month, pictures, bytes)
        values ({row}.user_id, {row}.visibility, {row}.model, {row}.style, {MONTH.format(row)},
                1, coalesce({row}.byte_size, 0))
        on conflict {KIND} do update set
            pictures = pictures + excluded.pictures, bytes = bytes + excluded.bytes;
    """


def _uncount(row: str) -> str:
    # Never a new line: one that goes with everything else must not leave its owner's tally behind.
    return f"""
        update gallery_tally set pictures = pictures - 1, bytes = bytes - coalesce({row}.byte_size, 0)
        where {KIND} = ({row}.user_id, {row}.visibility, {row}.model, {row}.style, {MONTH.format(row)});
    """


TRIGGERS += [
    f"create trigger gallery_tally_{name} after {event} on gallery_image"
    f" when {COUNTS.format(row)} begin {counted(row)} end"
    for name, event, row, counted in (
        ("made", "insert", "new", _count),
        ("gone", "delete", "old", _uncount),
        ("left", f"update of {COUNTED}", "old", _uncount),
        ("come", f"update of {COUNTED}", "new", _count),
    )
]
FRESH = "insert into gallery_search(gallery_search) values ('delete-all')"
FILL = "insert into gallery_search(gallery_search) values ('rebuild')"
