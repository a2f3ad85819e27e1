import { expect, test } from 'vitest'
import { transformFingerprint } from '../../../transform/geotab/version.ts'

test('rules are named by their settings', () => {
  const km = transformFingerprint({ distanceUnit: 'km' })
  expect(km).toMatch(/^[0-9a-f]{16}$/)
  expect(transformFingerprint({ distanceUnit: 'km' })).toBe(km)
  expect(transformFingerprint({ distanceUnit: 'm' })).not.toBe(km)
})
