import type { ClientBase } from 'pg'

/** A view of somebody else that reads a relation which is about to be replaced. */
export interface OutsideView {
  oid: number
  schema: string
  name: string
  kind: string
  isTemporary: boolean
  owner: string
  definition: string
  options: string[] | null
  comment: string | null
  columns: { name: string; type: string; comment: string | null }[]
}

export interface Grant {
  oid: number
  privilege: string
  column: string | null
  /** A role as SQL, or `public`. */
  grantee: string
  isGrantable: boolean
}

export interface Dependents {
  /** Views outside the build, each after those it reads. */
  views: OutsideView[]
  /** What would be lost with the relations or the views: triggers, policies, foreign keys, functions and the like. */
  lost: string[]
}

/** What hangs on relations (object ids) that are about to be replaced, through any number of views. */
export async function readDependents(client: ClientBase, replaced: number[]): Promise<Dependents> {
  // With an empty search_path the definitions name every relation with its schema.
  await client.query("set search_path = ''")
  const { rows: views } = await client.query<OutsideView>(
    `with recursive hanging (oid, depth) as (
       select r.ev_class, 1
       from pg_depend d join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
       where d.refclassid = 'pg_class'::regclass and d.refobjid = any ($1) and r.ev_class <> all ($1)
       union
       select r.ev_class, h.depth + 1
       from hanging h
       join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = h.oid
       join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
       where r.ev_class <> h.oid and r.ev_class <> all ($1)
     )
     select c.oid, n.nspname as schema, c.relname as name, c.relkind as kind, c.relpersistence = 't' as "isTemporary",
       pg_get_userbyid(c.relowner) as owner, pg_get_viewdef(c.oid) as definition, c.reloptions as options,
       obj_description(c.oid, 'pg_class') as comment,
       (select json_agg(json_build_object('name', attname, 'type', format_type(atttypid, atttypmod),
          'comment', col_description(attrelid, attnum)) order by attnum)
        from pg_attribute where attrelid = c.oid and attnum > 0) as columns
     from (select oid, max(depth) as depth from hanging group by oid) h
     join pg_class c on c.oid = h.oid
     join pg_namespace n on n.oid = c.relnamespace
     order by h.depth, n.nspname, c.relname`,
    [replaced],
  )
  const all = [...replaced, ...views.map((view) => view.oid)]
  const { rows: lost } = await client.query<{ object: string }>(
    `select distinct pg_describe_object(d.classid, d.objid, d.objsubid) as object
     from pg_depend d
     left join pg_constraint k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
     where d.refclassid = 'pg_class'::regclass and d.refobjid = any ($1) and d.deptype in ('n', 'a')
       and (d.classid in ('pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass,
              'pg_statistic_ext'::regclass, 'pg_publication_rel'::regclass)
            or k.contype = 'f' and k.conrelid <> all ($1)
            or d.classid = 'pg_rewrite'::regclass
              and exists (select from pg_rewrite r where r.oid = d.objid and r.rulename <> '_RETURN'))
     union
     select case c.relkind when 'm' then 'materialized view ' else 'temporary view ' end || c.oid::regclass
     from pg_class c where c.oid = any ($1) and (c.relkind = 'm' or c.relpersistence = 't')
     order by 1`,
    [all],
  )
  return { views, lost: lost.map((row) => row.object) }
}

/** Who else than the owner may do what with relations and their columns. */
export async function readGrants(client: ClientBase, relations: number[]): Promise<Grant[]> {
  const { rows } = await client.query<Grant>(
    `select c.oid, a.privilege_type as privilege, null as column, a.is_grantable as "isGrantable",
       case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee
     from pg_class c, aclexplode(c.relacl) a
     where c.oid = any ($1) and a.grantee <> c.relowner
     union all
     select c.oid, a.privilege_type, quote_ident(t.attname), a.is_grantable,
       case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
     from pg_class c join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) a
     where c.oid = any ($1) and a.grantee <> c.relowner
     order by 1, 5, 2, 3`,
    [relations],
  )
  return rows
}

/** What a new relation of a schema grants by `alter default privileges in schema`. */
export async function readDefaultGrants(
  client: ClientBase,
  schemas: string[],
): Promise<(Grant & { schema: string })[]> {
  const { rows } = await client.query<Grant & { schema: string }>(
    `select 0 as oid, n.nspname as schema, a.privilege_type as privilege, null as column, a.is_grantable as "isGrantable",
       case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee
     from pg_default_acl d
     join pg_namespace n on n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
     where n.nspname = any ($1) and d.defaclobjtype = 'r' and a.grantee <> d.defaclrole
       and d.defaclrole = (select oid from pg_roles where rolname = current_user)`,
    [schemas],
  )
  return rows
}

export function grantSql(grant: Grant, relation: string): string {
  const column = grant.column === null ? '' : ` (${grant.column})`
  const option = grant.isGrantable ? ' with grant option' : ''
  return `grant ${grant.privilege}${column} on ${relation} to ${grant.grantee}${option}`
}
