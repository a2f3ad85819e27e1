import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { examineSftp } from '../../cli/doctor-sftp.ts'
import { aConfig } from '../support/a-config.ts'
import { startMilepost } from '../support/milepost.ts'
import { hasSshd, startSshd } from '../support/sshd.ts'

test('doctor ends though database and vendors take the connection and never answer', { timeout: 60_000 }, async () => {
  const sockets = new Set<Socket>()
  const silent = createServer((socket) => {
    socket.on('error', () => sockets.delete(socket))
    sockets.add(socket)
  }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const folder = mkdtempSync(join(tmpdir(), 'milepost-doctor-'))
  const settings = {
    fullbay: {
      base_url: `http://127.0.0.1:${port}/`,
      egress_ip: '203.0.113.7',
      start_date: '2026-01-01',
      shops: [{ id: 'A', time_zone: 'UTC' }],
    },
    geotab: {
      databases: [{ id: 'fleet', server: `http://127.0.0.1:${port}`, database: 'fleet', user_name: 'a@b.example' }],
    },
    chevin: {
      sftp: { host: '127.0.0.1', port, user: 'a', password: { env: 'S' }, host_keys: [`SHA256:${'A'.repeat(43)}`] },
    },
  }
  writeFileSync(join(folder, 'milepost.yaml'), JSON.stringify(settings))
  const secrets = {
    FULLBAY_API_KEY_A: 'canary-fullbay-77',
    GEOTAB_PASSWORD_FLEET: 'canary-geotab-77',
    S: 'canary-sftp-77',
  }
  const env = { ...secrets, DATABASE_URL: `postgres://a:canary-database-77@127.0.0.1:${port}/fleet` }
  const began = performance.now()
  const { code, out, err } = await startMilepost(['doctor', '--json'], { cwd: folder, env }).ended
  expect((performance.now() - began) / 1000).toBeLessThan(25)
  for (const socket of sockets) socket.destroy()
  silent.close()
  rmSync(folder, { recursive: true })
  expect(code).toBe(5)
  const { findings } = JSON.parse(out) as { findings: { check: string; status: string }[] }
  const problems = findings.filter(({ status }) => status === 'problem').map(({ check }) => check)
  expect(problems).toEqual(expect.arrayContaining(['database', 'geotab fleet', 'sftp']))
  expect(problems.some((check) => check.startsWith('fullbay'))).toBe(true)
  expect(out + err).not.toContain('canary')
})

// Skipped where OpenSSH's server is not installed: needs sshd.
test.skipIf(!hasSshd)('an OpenSSH server is examined, and one that lets nothing be written is a problem', async () => {
  const sshd = await startSshd()
  const examine = (user: string, importDir = 'Import') => {
    const { host, port, fingerprint } = sshd
    const sftp = { host, port, user, private_key: { env: 'KEY' }, host_keys: [fingerprint] }
    const database = { id: 'fleet', database: 'fleet', user_name: 'a@b.example' }
    const settings = { geotab: { databases: [database] }, chevin: { sftp, import_dir: importDir } }
    const secrets = { KEY: sshd.privateKey, GEOTAB_PASSWORD_FLEET: 'canary-geotab-77' }
    return examineSftp(aConfig(settings, secrets), { trial: true })
  }
  try {
    const well = await examine(sshd.user)
    expect(well.map(({ check, status }) => `${status} ${check}`)).toEqual([
      'note sftp',
      'ok sftp',
      'ok sftp import folder',
      'ok sftp export folder',
    ])
    expect(readdirSync(join(sshd.folder, 'Import'))).toEqual([])
    const elsewhere = await examine(sshd.user, 'Elsewhere')
    expect(elsewhere[2]).toMatchObject({ status: 'problem', found: expect.stringContaining('does not exist') })
    if (sshd.stranger === null) return
    const refused = await examine(sshd.stranger)
    expect(refused[2]).toMatchObject({ check: 'sftp import folder', status: 'problem' })
    expect(refused[2]?.found).toMatch(/permission denied/)
    expect(readdirSync(join(sshd.folder, 'Import'))).toEqual([])
  } finally {
    await sshd.close()
  }
})
