// A command that sends what is due, for tests that kill it in the middle.
import { Secret } from '../../core/secret.ts'
import type { SftpServer } from '../../core/sftp/settings.ts'
import { createKysely } from '../../db/kysely.ts'
import { createPool } from '../../db/pool.ts'
import { deliverPending } from '../../load/sftp/pending.ts'
import { tellParent } from './parent.ts'

const [, , url = '', destination = '', settings = '', password = '', privateKey = ''] = process.argv
const server: SftpServer = {
  ...(JSON.parse(settings) as Omit<SftpServer, 'password' | 'privateKey'>),
  password: password === '' ? undefined : new Secret(password),
  privateKey: privateKey === '' ? undefined : new Secret(privateKey),
}
const pool = createPool(url)
const outcomes = await deliverPending({ pool, db: createKysely(pool) }, server, {
  destination,
  signal: new AbortController().signal,
})
await tellParent({ outcomes })
await pool.end()
process.disconnect?.()
