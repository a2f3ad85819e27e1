import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { redactUrl, withDatabase, withLibpqTls } from '../../db/database-url.ts'

test.for([
  { url: 'postgres://fleet:s3cret@db.example:5432/milepost', shown: 'postgres://fleet:***@db.example:5432/milepost' },
  { url: 'postgres://db.example/milepost', shown: 'postgres://db.example/milepost' },
  { url: 'postgres://db/m?password=s3cret&sslmode=require', shown: 'postgres://db/m?password=***&sslmode=require' },
  { url: 'postgres://fleet:12/s3@cret?s3@cret@db/m', shown: 'postgres://fleet:***@db/m' },
  { url: 'postgres://fleet:s3/cr@et@db/m', shown: 'postgres://fleet:***@db/m' },
  {
    url: 'postgres://fleet:s3cret@db:nonsense/m?sslpassword=s3cret',
    shown: 'postgres://fleet:***@db:nonsense/m?sslpassword=***',
  },
])('$url is shown as $shown', ({ url, shown }) => {
  expect(redactUrl(url)).toBe(shown)
})

test('no password is ever shown, escaped or not', () => {
  const password = fc.stringMatching(/^[A-Z0-9]{8}[@/:#?%!$&]{0,3}[A-Z0-9]{8}$/)
  fc.assert(
    fc.property(password, fc.boolean(), (text, escaped) => {
      const written = escaped ? encodeURIComponent(text) : text
      const shown = redactUrl(`postgres://fleet:${written}@db.example/milepost`)
      expect(shown).not.toContain(text.slice(0, 8))
      expect(shown).not.toContain(text.slice(-8))
    }),
    { numRuns: 1000 },
  )
})

test.for([
  { url: 'postgres://db/m', expected: 'postgres://db/m' },
  { url: 'postgres://db/m?sslmode=require', expected: 'postgres://db/m?sslmode=require&uselibpqcompat=true' },
  {
    url: 'postgres://db/m?uselibpqcompat=true&sslmode=require',
    expected: 'postgres://db/m?uselibpqcompat=true&sslmode=require',
  },
])('$url goes to the driver as $expected', ({ url, expected }) => {
  expect(withLibpqTls(url)).toBe(expected)
})

test('another database of the same server keeps login and parameters', () => {
  expect(withDatabase('postgres://fleet:s3cret@db:5433/one?sslmode=disable', 'two words')).toBe(
    'postgres://fleet:s3cret@db:5433/two%20words?sslmode=disable',
  )
})
