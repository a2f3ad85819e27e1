import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { martTypes } from '../../cli/generate.ts'
import { generateSchema } from '../../db/codegen.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

describe('the generated table types', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database.drop())

  test('db/schema.ts is what the migrations give (else: npm run generate)', async () => {
    const committed = await readFile(new URL('../../db/schema.ts', import.meta.url), 'utf8')
    expect(await generateSchema(database.pool)).toBe(committed.replaceAll('\r\n', '\n'))
  })

  test('db/marts.ts is what the models publish (else: npm run generate)', async () => {
    const committed = await readFile(new URL('../../db/marts.ts', import.meta.url), 'utf8')
    const types = await martTypes(database.pool)
    expect(types).toBe(committed.replaceAll('\r\n', '\n'))
    expect(types).toContain("  'marts.v_customer_analysis': VCustomerAnalysis\n")
  })
})
