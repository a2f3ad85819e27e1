import type { Session } from './session.ts'

export type OutsideKind =
  | 'view'
  | 'materialized view'
  | 'function'
  | 'rule'
  | 'trigger'
  | 'policy'
  | 'statistics'
  | 'publication'
  | 'foreign key'

/** What has to be locked before an object can be dropped. A materialized view counts as a view. */
export interface LockedRelation {
  oid: number
  schema: string
  name: string
  kind: 'view' | 'table'
  owner: string
}

/** An object outside that hangs on our relations. */
export interface Hanging {
  kind: OutsideKind
  oid: number
  /** As Postgres describes it. */
  name: string
  /** The relation that it is, or of which it is a part when that is not ours. */
  locked: LockedRelation | null
}

interface Found extends Omit<Hanging, 'kind'> {
  /** `step`: a row type or its array type, through which others hang on. `lost`: of no kind that can be made again. */
  kind: OutsideKind | 'step' | 'lost'
  id: string
  dependsOn: string[]
}

// Each row is an edge of pg_depend, from an object to one that it needs; a view stands for the rule that it is made of.
// $1: ours, $2: those of them that get a successor.
const FIND = `
with recursive hanging (classid, objid, part, refclassid, refobjid, goes_on) as (
  select 'pg_class'::regclass::oid, ours, 0, 0::oid, 0::oid, true from unnest($1::oid[]) as ours
  union
  select o.classid, o.objid, case when c.relkind in ('v', 'm') then 0 else d.objsubid end, h.classid, h.objid,
    o.classid = 'pg_proc'::regclass or (o.classid = 'pg_type'::regclass and d.deptype = 'i')
      or coalesce(c.relkind in ('v', 'm'), false)
  from hanging h
  join pg_depend d on d.refclassid = h.classid and d.refobjid = h.objid
  left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid and r.rulename = '_RETURN'
  cross join lateral (
    select case when r.oid is null then d.classid else 'pg_class'::regclass::oid end as classid,
      coalesce(r.ev_class, d.objid) as objid
  ) o
  left join pg_class c on o.classid = 'pg_class'::regclass and c.oid = o.objid
  where h.goes_on and (o.classid, o.objid) <> (h.classid, h.objid)
    and (c.relkind in ('t', 'S') and d.deptype = 'i') is not true
),
objects as (
  select classid, objid, part, bool_or(goes_on) as goes_on,
    array_agg(distinct refclassid || '/' || refobjid order by refclassid || '/' || refobjid) as needs
  from hanging
  where refclassid <> 0 and not (classid = 'pg_class'::regclass and objid = any ($1))
  group by classid, objid, part
),
known as (
  select o.*, pg_describe_object(o.classid, o.objid, o.part) as name,
    case when c.relkind in ('v', 'm') then c.oid
      else coalesce(i.indrelid, nullif(k.conrelid, 0), a.adrelid, t.tgrelid, w.ev_class, y.polrelid, s.stxrelid, b.prrelid)
    end as relation,
    case
      when o.classid = 'pg_type'::regclass and o.goes_on then 'step'
      when exists (select from pg_depend e where (e.classid, e.objid, e.deptype) = (o.classid, o.objid, 'e'))
        or (pg_identify_object(o.classid, o.objid, 0)).schema ~ '^pg_temp' then 'lost'
      when c.relkind = 'v' then 'view'
      when c.relkind = 'm' then 'materialized view'
      when p.prokind <> 'a' then 'function'
      when w.oid is not null then 'rule'
      when t.tgisinternal or t.tgparentid <> 0 or k.conparentid <> 0 then 'part'
      when t.oid is not null then 'trigger'
      when y.oid is not null then 'policy'
      when s.oid is not null then 'statistics'
      when b.oid is not null then 'publication'
      when k.contype = 'f' and k.conrelid <> all ($1) then 'foreign key'
      when k.conrelid = any ($1) or a.adrelid = any ($1) then 'part'
      when i.indrelid in (select objid from hanging where goes_on) then 'part'
      else 'lost'
    end as kind
  from objects o
  left join pg_class c on o.classid = 'pg_class'::regclass and c.oid = o.objid
  left join pg_index i on o.classid = 'pg_class'::regclass and i.indexrelid = o.objid
  left join pg_proc p on o.classid = 'pg_proc'::regclass and p.oid = o.objid
  left join pg_constraint k on o.classid = 'pg_constraint'::regclass and k.oid = o.objid
  left join pg_attrdef a on o.classid = 'pg_attrdef'::regclass and a.oid = o.objid
  left join pg_trigger t on o.classid = 'pg_trigger'::regclass and t.oid = o.objid
  left join pg_rewrite w on o.classid = 'pg_rewrite'::regclass and w.oid = o.objid
  left join pg_policy y on o.classid = 'pg_policy'::regclass and y.oid = o.objid
  left join pg_statistic_ext s on o.classid = 'pg_statistic_ext'::regclass and s.oid = o.objid
  left join pg_publication_rel b on o.classid = 'pg_publication_rel'::regclass and b.oid = o.objid
)
select kind, objid as oid, name, classid || '/' || objid as id, needs as "dependsOn",
  (select json_build_object('oid', c.oid, 'schema', n.nspname, 'name', c.relname, 'owner', pg_get_userbyid(c.relowner),
     'kind', case when c.relkind in ('r', 'p') then 'table' else 'view' end)
   from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.oid = k.relation and c.oid <> all ($1)) as locked
from known k
where kind <> 'part' and (relation = any ($1) and relation <> all ($2)) is not true
order by name`

/**
 * What hangs on `ours`, through any number of steps, each object after those that it needs; and the names of what is of
 * no kind that can be made again. Of what is a part of `ours`, only the relations in `replaced` hand something on.
 */
export async function findHanging(
  session: Pick<Session, 'query'>,
  ours: number[],
  replaced: number[],
): Promise<{ hanging: Hanging[]; lost: string[] }> {
  const { rows } = await session.query<Found & Record<string, unknown>>(FIND, [ours, replaced])
  const lost = rows.filter((row) => row.kind === 'lost').map((row) => row.name)
  const byId = new Map(rows.map((row) => [row.id, row]))
  const hanging: Hanging[] = []
  const seen = new Map<string, 'open' | 'done'>()
  const visit = (found: Found) => {
    seen.set(found.id, 'open')
    for (const id of found.dependsOn) {
      const needed = byId.get(id)
      if (needed === undefined) continue
      if (seen.get(id) === undefined) visit(needed)
      // A view of a function that reads the view: neither can be made before the other.
      else if (seen.get(id) === 'open') lost.push(`${found.name} and ${needed.name}, which need each other`)
    }
    seen.set(found.id, 'done')
    const { kind, oid, name, locked } = found
    if (kind !== 'step' && kind !== 'lost') hanging.push({ kind, oid, name, locked })
  }
  for (const row of rows) if (!seen.has(row.id)) visit(row)
  return { hanging, lost }
}
