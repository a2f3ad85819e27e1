import { expect, test } from 'vitest'
import { openGeotab } from '../../../extract/geotab/client.ts'
import { rootEndpoint, sessionEndpoint } from '../../../extract/geotab/server-host.ts'
import { anAccount, connect, login, startGeotabServer } from '../../support/geotab-server.ts'

const signal = new AbortController().signal
const rules = { connection: 'fleet', server: 'my.geotab.com', allowedHostSuffixes: ['geotab.com'] }
const stand = { ...rules, server: 'http://127.0.0.1:4010' }

test.for([
  { path: 'ThisServer', url: 'https://my.geotab.com/apiv1' },
  { path: 'my3.geotab.com', url: 'https://my3.geotab.com/apiv1' },
  { path: 'MY3.Geotab.COM', url: 'https://my3.geotab.com/apiv1' },
  { path: 'a.b.geotab.com', url: 'https://a.b.geotab.com/apiv1' },
  { path: 'geotab.com', url: 'https://geotab.com/apiv1' },
])('a login may lead to $path', ({ path, url }) => {
  expect(sessionEndpoint(rules, path).href).toBe(url)
})

test('a government variant is a suffix in the configuration', () => {
  const gov = { ...rules, server: 'gov.geotabgov.us', allowedHostSuffixes: ['geotab.com', 'geotabgov.us'] }
  expect(sessionEndpoint(gov, 'gov7.geotabgov.us').href).toBe('https://gov7.geotabgov.us/apiv1')
})

const hostile = [
  'evil.test',
  'geotab.com.evil.test',
  'evilgeotab.com',
  '127.0.0.1',
  '127.0.0.1:4010',
  '2130706433',
  '0x7f.1',
  '[::1]',
  '::1',
  'localhost',
  'my.geotab.com@evil',
  'my.geotab.com@evil.geotab.com',
  'user:pw@my.geotab.com',
  'MY3.GEOTAB.COM.',
  'my3.geotab.com:8443',
  'my3.geotab.com:443',
  '//evil.test',
  '//my.geotab.com',
  'https://my.geotab.com',
  'http://my.geotab.com',
  'my.geotab.com/apiv2',
  'my.geotab.com?x',
  'my.geotab.com#x',
  'my.geotab.com\\@evil.test',
  'my.geotab.com\n.evil.test',
  ' my.geotab.com',
  'my.geotab.com ',
  'my..geotab.com',
  '.geotab.com',
  '-my.geotab.com',
  'my_3.geotab.com',
  'mý.geotab.com',
  'xn--m-fka.geotab.com',
  'my。geotab。com',
  'ｍｙ.geotab.com',
  'my.geotab.com%00.evil.test',
  'my%2egeotab.com',
  'thisserver',
  'ThisServer.evil.test',
  '',
  `${'a'.repeat(250)}.geotab.com`,
]

test.for(hostile)('a login that leads to %j is refused', (path) => {
  expect(() => sessionEndpoint(rules, path)).toThrow(
    expect.objectContaining({ code: 'GEOTAB_REDIRECT_REFUSED', retry: 'never' }),
  )
})

test.for(hostile.filter((path) => !path.startsWith('127.') && path !== 'localhost' && path !== '[::1]'))(
  'a stand-in that leads to %j is refused too, unless that is this machine by another name',
  (path) => {
    let host = ''
    try {
      host = sessionEndpoint(stand, path).hostname
    } catch (error) {
      expect(error).toMatchObject({ code: 'GEOTAB_REDIRECT_REFUSED' })
    }
    expect(['', '127.0.0.1']).toContain(host)
  },
)

test('a stand-in may lead to another port of this machine', () => {
  expect(sessionEndpoint(stand, '127.0.0.1:4011').href).toBe('http://127.0.0.1:4011/apiv1')
  expect(sessionEndpoint(stand, 'ThisServer').href).toBe('http://127.0.0.1:4010/apiv1')
})

test.for([
  'http://my.geotab.com',
  'https://evil.test',
  'evil.test',
  'http://10.0.0.1:80',
  'http://127.0.0.1:80@evil.test',
  'http://127.0.0.1/x',
  '',
  'my.geotab.com:443',
  'ftp://127.0.0.1',
])('the server %j is not accepted', (server) => {
  expect(() => rootEndpoint({ ...rules, server })).toThrow(
    expect.objectContaining({ code: 'GEOTAB_SERVER', retry: 'never' }),
  )
})

test('a server that is not accepted is told when the account is opened', () => {
  expect(() => openGeotab(anAccount({ baseUrl: 'http://192.0.2.1:80' }))).toThrow('Geotab fleet: the server')
})

test.for(['evil.test', 'my.geotab.com@evil', 'MY3.GEOTAB.COM.', 'my.geotab.com'])(
  'nothing is sent to %j, and the login that led there is not repeated',
  async (path) => {
    const server = await startGeotabServer((call) =>
      call.method === 'Authenticate' ? login('session-canary-77', path) : undefined,
    )
    const client = connect(server)
    for (let i = 0; i < 3; i += 1) {
      const error: unknown = await client
        .call('Get', { typeName: 'Device' }, { signal })
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'GEOTAB_REDIRECT_REFUSED', retry: 'never' })
      expect(String(error)).not.toContain('session-canary-77')
    }
    expect(server.calls.map((call) => call.method)).toEqual(['Authenticate'])
  },
)

test('a stand-in that leads to another port of this machine is followed, and keeps its session', async () => {
  const other = await startGeotabServer()
  const root = await startGeotabServer((call) =>
    call.method === 'Authenticate' ? login(other.session, `127.0.0.1:${other.port}`) : undefined,
  )
  expect(await connect(root).call('Get', { typeName: 'Device' }, { signal })).toEqual([])
  expect(other.calls.map((call) => call.method)).toEqual(['Get'])
})
