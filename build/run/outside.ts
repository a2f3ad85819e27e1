import { DatabaseError, escapeIdentifier, escapeLiteral } from 'pg'
import { PipelineError } from '../../core/errors.ts'
import { grantSql, readAllGrants, type Grant } from './dependents.ts'
import { KINDS, readDefinitions, readSwitches, soundFunctions, type Definition } from './outside-definitions.ts'
import { findHanging, type Hanging, type LockedRelation } from './outside-hanging.ts'
import type { Session } from './session.ts'

/** Something of other people that hangs on our relations, and how to make it again. */
export interface OutsideObject extends Omit<Definition, 'isActable'> {
  /** `table`: what is switched on at a table of ours, such as row level security. */
  kind: Hanging['kind'] | 'table'
  /** The relation that has to be locked before it is dropped, where that is not ours. */
  locked: LockedRelation | null
  grants: Grant[]
}

export interface OutsideObjects {
  /** Each after those that it needs. */
  objects: OutsideObject[]
  /** What cannot be made again, and why where that is not plain. */
  lost: string[]
}

/**
 * What other people hang on relations that are about to get a successor, through any number of steps; to be read in
 * the transaction that replaces them. `ours` are other relations that go in it; they are never outside. Indexes, constraints and defaults that somebody
 * added to our tables are not carried over: those of the new table are the model's. Neither are security labels,
 * tablespaces, and the grantors of grants: the owner has granted all of them afterwards.
 */
export async function readOutside(
  session: Pick<Session, 'query'>,
  replaced: number[],
  ours: number[] = [],
): Promise<OutsideObjects> {
  const path = await setting(session, 'search_path')
  const jit = await setting(session, 'jit')
  await set(session, 'search_path', '')
  await set(session, 'jit', 'off') // with many relations it takes seconds to compile what runs for milliseconds
  const { hanging, lost } = await findHanging(session, [...new Set([...replaced, ...ours])], replaced)
  const switches = await readSwitches(session, replaced)
  const objects: OutsideObject[] = switches.map((own) => ({ ...own, kind: 'table', locked: null, grants: [] }))
  const functions = hanging.filter((one) => one.kind === 'function').map((one) => one.oid)
  const relations = hanging.filter((one) => one.kind.endsWith('view')).map((one) => one.oid)
  const definitions = new Map<string, Definition>()
  for (const kind of new Set(hanging.map((one) => one.kind))) {
    const oids = hanging.filter((one) => one.kind === kind).map((one) => one.oid)
    for (const definition of await readDefinitions(session, kind, oids)) {
      definitions.set(`${kind} ${definition.oid}`, definition)
    }
  }
  const grants = [
    ...(relations.length > 0 ? await readAllGrants(session, 'pg_class', relations) : []),
    ...(functions.length > 0 ? await readAllGrants(session, 'pg_proc', functions) : []),
  ]
  await set(session, 'jit', jit)
  await set(session, 'search_path', path)
  const sound = await soundFunctions(session, functions)
  for (const { kind, oid, locked } of hanging) {
    const found = definitions.get(`${kind} ${oid}`)
    if (found === undefined) continue // gone since, by somebody else
    const { isActable, ...definition } = found
    if (!isActable)
      lost.push(`${kind} ${definition.identity} of ${definition.owner}: permission denied, it needs that role`)
    if (kind === 'function' && sound.has(oid)) {
      definition.finish.push(
        `select pg_catalog.fmgr_sql_validator(${escapeLiteral(definition.identity)}::regprocedure)`,
      )
    }
    const granted = /view$|^function$/.test(kind) ? grants.filter((grant) => grant.oid === oid) : []
    objects.push({ ...definition, kind, locked, grants: granted })
  }
  return { objects, lost }
}

/** Drops the objects, the last first; nothing else goes with them. */
export function dropOutside(objects: OutsideObject[]): string[] {
  return objects.flatMap((object) => object.drop ?? []).reverse()
}

/**
 * Makes the objects again over what stands under the old names now, as they were: owner, grants, comments, rows. Throws
 * a PipelineError BUILD_DEPENDENTS that names every one that no longer fits.
 */
export async function recreateOutside(session: Session, objects: OutsideObject[]): Promise<void> {
  if (objects.length === 0) return
  const path = await setting(session, 'search_path')
  const bodies = await setting(session, 'check_function_bodies')
  const misfits: string[] = []
  for (const object of objects) {
    try {
      await session.attempt(async () => {
        // Definitions name all with its schema. Bodies that are strings may not: they are looked at in `finish`.
        await session.script([`set local search_path = ''`, 'set local check_function_bodies = off', ...object.create])
        await checkColumns(session, object)
        await session.script(dress(object))
        await regrant(session, object)
        if (object.finish.length === 0) return
        const own = `select set_config('search_path', ${escapeLiteral(path)}, true)`
        await session.script([own, 'set local check_function_bodies = on', ...object.finish])
      })
    } catch (error) {
      // Class 42 and its like are about the object; these are about the moment.
      if (!(error instanceof Misfit) && !(error instanceof DatabaseError)) throw error
      if (error instanceof DatabaseError && /^(40|53|55P03|57|58)/.test(error.code ?? '')) throw error
      const detail = error instanceof DatabaseError && error.detail !== undefined ? ` (${error.detail})` : ''
      misfits.push(`${object.kind} ${object.identity}: ${error.message}${detail}`)
    }
  }
  await set(session, 'search_path', path)
  await set(session, 'check_function_bodies', bodies)
  if (misfits.length > 0) throw dependentsError(misfits)
}

class Misfit extends Error {}

/** A view whose columns have other types now is another view for whoever reads it. */
async function checkColumns(session: Session, { columns, identity }: OutsideObject): Promise<void> {
  if (columns.length === 0) return
  const { rows } = await session.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = $1::regclass and attnum > 0 order by attnum`,
    [identity],
  )
  const changed = columns.flatMap(({ name, type }, index) => {
    const now = rows[index]?.type
    return now === type ? [] : `${name} would change from ${type} to ${now}`
  })
  if (changed.length > 0) throw new Misfit(`its column ${changed.join(', ')}`)
}

/** Comments and owner. */
function dress({ kind, identity, comment, columns, owner }: OutsideObject): string[] {
  if (kind === 'table') return []
  const { word } = KINDS[kind]
  const own = /view$|^function$|^statistics$/.test(kind) ? [`alter ${word} ${identity} owner to ${owner}`] : []
  const comments = columns.flatMap((column) => {
    const text = escapeLiteral(column.comment ?? '')
    return column.comment === null ? [] : `comment on column ${identity}.${escapeIdentifier(column.name)} is ${text}`
  })
  if (comment !== null) comments.push(`comment on ${word} ${identity} is ${escapeLiteral(comment)}`)
  return [...comments, ...own]
}

/** Makes the grants those of before: what a schema or a kind grants by default may not be among them. */
async function regrant(session: Session, { kind, identity, grants }: OutsideObject): Promise<void> {
  if (grants.length === 0) return
  const [catalog, type, object] =
    kind === 'function'
      ? (['pg_proc', 'regprocedure', `routine ${identity}`] as const)
      : (['pg_class', 'regclass', identity] as const)
  const { rows } = await session.query<{ oid: number }>(`select $1::${type}::oid as oid`, [identity])
  const given = await readAllGrants(
    session,
    catalog,
    rows.map((row) => row.oid),
  )
  const wanted = grants.map((grant) => grantSql(grant, object))
  if (given.map((grant) => grantSql(grant, object)).join() === wanted.join()) return
  const grantees = new Set(given.map((grant) => grant.grantee))
  await session.script([...[...grantees].map((grantee) => `revoke all on ${object} from ${grantee}`), ...wanted])
}

async function setting(session: Pick<Session, 'query'>, name: string): Promise<string> {
  const { rows } = await session.query<{ value: string }>('select current_setting($1) as value', [name])
  return rows[0]?.value ?? ''
}

async function set(session: Pick<Session, 'query'>, name: string, value: string): Promise<void> {
  await session.query('select set_config($1, $2, true)', [name, value])
}

/** The error for objects, each described, that a publish cannot carry over. */
export function dependentsError(objects: string[]): PipelineError {
  return new PipelineError(
    'BUILD_DEPENDENTS',
    'Nothing was published: objects outside the models hang on relations that this build replaces, and they cannot ' +
      `be carried over:\n${objects.map((object) => `  ${object}`).join('\n')}\n` +
      'Change or drop them, build, and make them again; or keep the columns that they use.',
    'never',
  )
}
