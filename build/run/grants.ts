import { relationSql, type RelationName } from '../graph/relation.ts'
import { grantSql, readDefaultGrants, type Grant } from './dependents.ts'
import type { Existing } from './ledger.ts'
import type { Session } from './session.ts'

/** Gives new relations the grants of the old ones in their place, or those that their schema gives by default. */
export async function grantAlike(
  session: Session,
  relations: { relation: RelationName; old: Pick<Existing, 'oid'> | undefined }[],
  grants: Grant[],
): Promise<void> {
  if (relations.length === 0) return
  const names = relations.map(({ relation }) => relationSql(relation))
  const defaults = await readDefaultGrants(session, [...new Set(relations.map(({ relation }) => relation.schema))])
  const { rows: given } = await session.query<{ name: string; grantee: string }>(
    `select distinct r.name, case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee
     from unnest($1::text[]) as r (name) join pg_class c on c.oid = r.name::regclass, aclexplode(c.relacl) a
     where a.grantee <> c.relowner`,
    [names],
  )
  const columnGrants = grants.some((grant) => grant.column !== null)
  const { rows: columns } = await session.query<{ name: string; column: string }>(
    `select r.name, quote_ident(a.attname) as column
     from unnest($1::text[]) as r (name) join pg_attribute a on a.attrelid = r.name::regclass
     where a.attnum > 0 and not a.attisdropped`,
    [columnGrants ? names : []],
  )
  await session.script(
    relations.flatMap(({ relation, old }) => {
      const name = relationSql(relation)
      const kept =
        old === undefined
          ? defaults.filter((grant) => grant.schema === relation.schema)
          : grants.filter((grant) => grant.oid === old.oid)
      const isThere = ({ column }: Grant) =>
        column === null || columns.some((row) => row.name === name && row.column === column)
      // A new relation in the place of an old one has what a schema grants by default, which the old one may not have.
      const revoked = old === undefined ? [] : given.filter((row) => row.name === name)
      return [
        ...revoked.map(({ grantee }) => `revoke all on ${name} from ${grantee}`),
        ...kept.filter(isThere).map((grant) => grantSql(grant, name)),
      ]
    }),
  )
}
