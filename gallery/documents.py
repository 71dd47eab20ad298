"""What the full-text index and the tallies are told of an image, in SQL that both databases understand."""

from __future__ import annotations

# What a document says of its image. A token is a letter for the kind and then the value; names are in
# hexadecimal, so that nothing in them can be taken for another token.
FACTS = """
    coalesce('a' || i.shelf, 'hidden') || ' u' || i.user_id || ' s' || i.status
    || ' m' || {model} || case when i.style <> '' then ' y' || {style} else '' end
    || coalesce(' n' || replace(coalesce(nullif(i.seed_said, ''),
         cast(coalesce(i.seed_used, i.seed) as text)), '-', 'x'), '')
    || case when i.width is not null then ' w' || i.width || 'x' || i.height else '' end
    || case when i.visibility = 'private' then ' zprivate' else '' end
    || case when i.blurred then ' zblurred' else '' end
    || case when exists (select 1 from venice_call c where c.id = i.call_id and c.kind <> 'image')
       then ' zedited' else '' end
    || case when exists (select 1 from gallery_generation g where g.id = i.generation_id
       and g.kind = 'import') then ' zimported' else '' end
    || ' ' || coalesce((select {join}('t' || t.tag_id, ' ') from gallery_tagging t
                 where t.image_id = i.id), '')
    || ' ' || coalesce((select {join}('c' || p.collection_id, ' ') from gallery_placement p
                 where p.image_id = i.id), '')
    || ' ' || coalesce((select {join}('f' || k.user_id, ' ') from gallery_mark k
                 where k.image_id = i.id and k.favourite), '')
    || ' ' || coalesce((select {join}('r' || k.user_id || 'x' || k.rating, ' ') from gallery_mark k
                 where k.image_id = i.id and k.rating > 0), '')
"""

# The columns that facts are made of; shelf follows from status, visibility, deleted_at and replaced_by.
TOLD = (
    "user_id, status, visibility, deleted_at, replaced_by_id, model, style, seed, seed_used, seed_said,"
    " width, height, blurred, call_id"
)
COUNTED = (
    "user_id, status, visibility, deleted_at, replaced_by_id, model, style, byte_size, created_at"
)
BESIDE = ("gallery_tagging", "gallery_placement", "gallery_mark")
KIND = "(user_id, visibility, model, style, month)"
COUNTS = "{0}.status = 'succeeded' and {0}.deleted_at is null and {0}.replaced_by_id is null"
