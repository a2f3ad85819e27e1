import type { Random } from '../random.ts'
import { guidId, hexId, FOREVER, isoText, type Row } from './wire.ts'

// Made up: no such persons.
const FIRST_NAMES = [
  'Zoë',
  'José',
  'Siân',
  'Amélie',
  'Björn',
  'Nia',
  'Tomás',
  'Grace',
  'Łukasz',
  'Priya',
  'Owen',
  'Mai',
]
const LAST_NAMES = [
  'Ångström',
  'Núñez',
  "O'Brady",
  'Testa',
  'Müller-Ford',
  'Okafor',
  'Sample',
  'Exeter',
  'Brandt',
  'Iyer',
]
const DAY_MS = 86_400_000

/** Ids of two users who do not drive. */
export const MANAGER_ID = hexId(1)
const SERVICE_ID = hexId(2)
const FIRST_DRIVER_KEY = 0x10

export const driverId = (index: number) => hexId(FIRST_DRIVER_KEY + index)

/** Drivers and two other users; every seventh driver has no key, every fifth several, one has left. */
export function userRows(random: Random, drivers: number, start: number, domain: string): Row[] {
  const users = [
    user(MANAGER_ID, { name: `fleet.manager@${domain}`, firstName: 'Renée', lastName: 'Example', start }),
    {
      ...user(SERVICE_ID, { name: `milepost@${domain}`, firstName: 'Service', lastName: 'Account', start }),
      securityGroups: [{ id: 'GroupEverythingSecurityId' }],
    },
  ]
  for (let index = 0; index < drivers; index += 1) {
    const firstName = FIRST_NAMES[index % FIRST_NAMES.length] ?? ''
    const lastName = LAST_NAMES[(index * 3) % LAST_NAMES.length] ?? ''
    users.push({
      ...user(driverId(index), { name: `driver${index + 1}@${domain}`, firstName, lastName, start }),
      employeeNo: index % 11 === 10 ? '' : String(4_021 + index * 37).padStart(7, '0'),
      isDriver: true,
      driverGroups: [{ id: 'GroupCompanyId' }],
      keys: keysOf(random, index),
      licenseNumber: '',
      licenseProvince: '',
      viewDriversOwnDataOnly: false,
    })
  }
  const leaver = users.at(-1)
  if (leaver !== undefined && drivers > 3) leaver['activeTo'] = isoText(start - 20 * DAY_MS)
  return users
}

function user(id: string, of: { name: string; firstName: string; lastName: string; start: number }): Row {
  return {
    id,
    name: of.name,
    firstName: of.firstName,
    lastName: of.lastName,
    employeeNo: '',
    isDriver: false,
    companyGroups: [{ id: 'GroupCompanyId' }],
    securityGroups: [{ id: 'GroupNothingSecurityId' }],
    isMetric: false,
    timeZoneId: 'America/New_York',
    language: 'en',
    userAuthenticationType: 'BasicAuthentication',
    activeFrom: isoText(of.start - 400 * DAY_MS),
    activeTo: FOREVER,
  }
}

function keysOf(random: Random, index: number): Row[] {
  const key = (driverKeyType: string, serialNumber: string | null): Row => ({
    id: guidId(random),
    driverKeyType,
    ...(serialNumber === null ? {} : { serialNumber, keyId: String(random.int(10_000, 9_999_999)) }),
  })
  const serial = () => String(random.int(0, 99_999_999)).padStart(10, '0')
  if (index % 7 === 6) return []
  if (index % 5 === 4) return [key('Tachograph', `USA${serial()}`), key('NFC', null), key('NFC', serial())]
  return [key(index % 5 === 3 ? 'CustomNfc' : 'NFC', serial())]
}
