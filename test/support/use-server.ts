// A command that uses the embedded server of a folder until it is told to release it.
import { once } from 'node:events'
import { ensureServer } from '../../db/embedded/launcher.ts'
import { tellParent } from './parent.ts'

const server = await ensureServer({ dataDir: process.argv[2] ?? '' })
const told = once(process, 'message')
await tellParent({ startedByUs: server.startedByUs, port: server.port })
await told
await tellParent(await server.release())
process.disconnect?.()
