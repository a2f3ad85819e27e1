import type { Session } from './session.ts'

export interface Grant {
  oid: number
  privilege: string
  column: string | null
  /** A role as SQL, or `public`. */
  grantee: string
  isGrantable: boolean
}

type Reader = Pick<Session, 'query'>

const GRANTEE = `case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee`

/** Who else than the owner may do what with relations and their columns. */
export async function readGrants(session: Reader, relations: number[]): Promise<Grant[]> {
  const { rows } = await session.query<Grant & Record<string, unknown>>(
    `select c.oid, a.privilege_type as privilege, null as column, a.is_grantable as "isGrantable", ${GRANTEE}
     from pg_class c, aclexplode(c.relacl) a
     where c.oid = any ($1) and a.grantee <> c.relowner
     union all
     select c.oid, a.privilege_type, quote_ident(t.attname), a.is_grantable, ${GRANTEE}
     from pg_class c join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) a
     where c.oid = any ($1) and a.grantee <> c.relowner
     order by 1, 5, 2, 3`,
    [relations],
  )
  return rows
}

/** Who may do what with relations or functions, the owner and what is granted by default included. */
export async function readAllGrants(
  session: Reader,
  catalog: 'pg_class' | 'pg_proc',
  objects: number[],
): Promise<Grant[]> {
  const [acl, owner, type] = catalog === 'pg_class' ? ['relacl', 'relowner', 'r'] : ['proacl', 'proowner', 'f']
  const { rows } = await session.query<Grant & Record<string, unknown>>(
    `select o.oid, a.privilege_type as privilege, null as column, a.is_grantable as "isGrantable", ${GRANTEE}
     from ${catalog} o, aclexplode(coalesce(${acl}, acldefault('${type}', ${owner}))) a
     where o.oid = any ($1)
     union
     select t.attrelid, a.privilege_type, quote_ident(t.attname), a.is_grantable, ${GRANTEE}
     from pg_attribute t, aclexplode(t.attacl) a
     where t.attrelid = any ($1) and '${catalog}' = 'pg_class'
     order by 1, 5, 2, 3`,
    [objects],
  )
  return rows
}

/** What a new relation of a schema grants by `alter default privileges in schema`. */
export async function readDefaultGrants(session: Reader, schemas: string[]): Promise<(Grant & { schema: string })[]> {
  const { rows } = await session.query<Grant & { schema: string } & Record<string, unknown>>(
    `select 0 as oid, n.nspname as schema, a.privilege_type as privilege, null as column,
       a.is_grantable as "isGrantable", ${GRANTEE}
     from pg_default_acl d
     join pg_namespace n on n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
     where n.nspname = any ($1) and d.defaclobjtype = 'r' and a.grantee <> d.defaclrole
       and d.defaclrole = (select oid from pg_roles where rolname = current_user)`,
    [schemas],
  )
  return rows
}

/** `object`: a relation, or `routine` and a function's name with its arguments. */
export function grantSql(grant: Grant, object: string): string {
  const column = grant.column === null ? '' : ` (${grant.column})`
  const option = grant.isGrantable ? ' with grant option' : ''
  return `grant ${grant.privilege}${column} on ${object} to ${grant.grantee}${option}`
}
