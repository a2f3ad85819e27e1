// A command that migrates a database from a folder of migrations.
import { migrate } from '../../db/migrator.ts'
import { tellParent } from './parent.ts'

const [, , url = '', folder = ''] = process.argv
await tellParent(await migrate(url, { folder }))
process.disconnect?.()
