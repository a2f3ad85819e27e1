import { totalmem } from 'node:os'

export interface ServerSettings {
  port: number
  /** False trades safety on a crash of the machine for speed: for data that can be thrown away. */
  durable: boolean
}

const MEBIBYTE = 1024 * 1024

/** The server's configuration, as text in the form of postgresql.conf. */
export function serverSettings({ port, durable }: ServerSettings): string {
  const settings: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    // No socket file: its path may not be longer than 107 bytes, and a checkout can lie deeper.
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: `${sharedBuffersMb()}MB`,
    // A publication of a thousand models swaps a thousand tables in one transaction.
    max_locks_per_transaction: 1024,
    // Nobody replicates from it, and a table made and filled in one transaction then needs no log of its rows.
    wal_level: 'minimal',
    max_wal_senders: 0,
    max_wal_size: '4GB',
    random_page_cost: 1.1,
    checkpoint_timeout: '15min',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'on',
    log_directory: 'log',
    log_filename: 'postgresql-%Y%m%d-%H%M%S.log',
    log_rotation_age: 0,
    log_rotation_size: '10MB',
    log_line_prefix: '%m [%p] %a ',
    ...(durable ? {} : THROWAWAY),
    // A killed command's query would otherwise run on, with its locks, until it writes its first row back.
    ...(process.platform === 'win32' ? {} : { client_connection_check_interval: '2s' }),
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`)
  return ['# Written by milepost at each start of the server; changes here are lost.', ...lines, ''].join('\n')
}

const THROWAWAY = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
}

/** An eighth of the memory that this process may use, between 32 and 256 MiB. */
function sharedBuffersMb(): number {
  const limit = process.constrainedMemory()
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  return Math.max(32, Math.min(256, Math.floor(memory / 8 / MEBIBYTE)))
}
