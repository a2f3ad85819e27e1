import { DatabaseError, escapeIdentifier, escapeLiteral } from 'pg'
import { PipelineError } from '../../core/errors.ts'
import type { Session } from './session.ts'

/** Where a build makes the relations of a schema until they are published. */
export const shadowOf = (schema: string) => `${schema}__next`
/** Where it keeps the rows that are to be added to tables of a schema. */
export const deltaOf = (schema: string) => `${schema}__delta`
/** Where the relations stand that the last publish replaced. */
export const previousOf = (schema: string) => `${schema}__previous`
/** Where the publish before puts what it no longer needs, until it is dropped. */
export const droppedOf = (schema: string) => `${schema}__dropped`

/** A build's own schemas beside one that it publishes to, emptied of what a build that was killed has left. */
export async function prepareShadows(session: Session, schemas: string[]): Promise<void> {
  for (const schema of schemas) {
    if (droppedOf(schema).length > 63) {
      throw new PipelineError(
        'BUILD_REFUSED',
        `The name of the schema ${schema} is longer than 54 characters.`,
        'never',
      )
    }
  }
  const own = schemas.flatMap((schema) => [shadowOf(schema), deltaOf(schema), previousOf(schema), droppedOf(schema)])
  const taken = own.filter((name) => schemas.includes(name))
  if (taken.length > 0) {
    throw new PipelineError(
      'BUILD_CONFLICT',
      `Models cannot go to ${taken.join(', ')}: the builder needs it for itself.`,
      'never',
    )
  }
  // A reader of what was replaced before must not hold up the build without a word.
  await session.script([`set lock_timeout = '30s'`])
  await dropShadows(session, schemas)
  await session.script([`set lock_timeout = 0`])
  await session.script(
    schemas.flatMap((schema) => [
      `create schema if not exists ${escapeIdentifier(schema)}`,
      ...createOwnSchema(shadowOf(schema)),
      ...createOwnSchema(deltaOf(schema)),
    ]),
  )
}

const MARK = 'Made and dropped by the model builder of Milepost.'

/** Makes a schema of the builder's own, marked as such: nothing without the mark is ever dropped. */
export function createOwnSchema(schema: string): string[] {
  const name = escapeIdentifier(schema)
  return [`create schema ${name}`, `comment on schema ${name} is ${escapeLiteral(MARK)}`]
}

/** Throws BUILD_CONFLICT when a schema that the builder needs for itself is somebody else's. */
async function refuseForeignSchema(session: Session, schemas: string[]): Promise<void> {
  const { rows } = await session.query<{ schema: string }>(
    `select nspname as schema from pg_namespace
     where nspname = any ($1) and obj_description(oid, 'pg_namespace') is distinct from $2 order by 1`,
    [schemas, MARK],
  )
  if (rows.length === 0) return
  throw new PipelineError(
    'BUILD_CONFLICT',
    `The builder needs schemas of these names for itself, and somebody else made them: ${rows.map((row) => row.schema).join(', ')}. ` +
      'Rename them, or give the models another schema.',
    'never',
  )
}

/** Whether a build that was killed has left something of its own. */
export async function hasShadows(session: Session, schemas: string[]): Promise<boolean> {
  const own = schemas.flatMap((schema) => [shadowOf(schema), deltaOf(schema), droppedOf(schema)])
  const { rows } = await session.query('select from pg_namespace where nspname = any ($1)', [own])
  return rows.length > 0
}

/** Drops what builds need only while they run: all of it is theirs, and nobody else has a reason to use it. */
export async function dropShadows(session: Session, schemas: string[]): Promise<void> {
  const own = schemas.flatMap((schema) => [shadowOf(schema), deltaOf(schema), previousOf(schema), droppedOf(schema)])
  await refuseForeignSchema(session, own)
  for (const schema of schemas) {
    await dropSchema(session, shadowOf(schema), 'cascade')
    await dropSchema(session, deltaOf(schema), 'cascade')
    await dropReplaced(session, schema)
  }
}

/** Drops what the publish before the last one has replaced, unless somebody has hung something on it. */
async function dropReplaced(session: Session, schema: string): Promise<void> {
  try {
    await dropSchema(session, droppedOf(schema), '')
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== '2BP01') throw error
    throw new PipelineError(
      'BUILD_DEPENDENTS',
      `Relations that were replaced some publishes ago stand in ${droppedOf(schema)} and cannot be dropped: ` +
        `${error.detail ?? error.message}. Change or drop what hangs on them; the models have relations of their own.`,
      'never',
    )
  }
}

// A transaction holds a lock for each relation that it drops; a server has room for some thousands.
const DROPS_PER_TRANSACTION = 500

async function dropSchema(session: Session, schema: string, cascade: 'cascade' | ''): Promise<void> {
  const { rows } = await session.query<{ kind: string; relation: string }>(
    `select case relkind when 'v' then 'view' else 'table' end as kind, format('%I.%I', $1::text, relname) as relation
     from pg_class where relnamespace = to_regnamespace(quote_ident($1))::oid and relkind in ('r', 'v') order by 1 desc`,
    [schema],
  )
  for (const kind of ['view', 'table']) {
    const own = rows.flatMap((row) => (row.kind === kind ? row.relation : []))
    for (let start = 0; start < own.length; start += DROPS_PER_TRANSACTION) {
      const some = own.slice(start, start + DROPS_PER_TRANSACTION)
      await session.script([`drop ${kind} if exists ${some.join(', ')} ${cascade}`])
    }
  }
  await session.script([`drop schema if exists ${escapeIdentifier(schema)} ${cascade}`])
}
