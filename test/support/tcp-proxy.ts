import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP proxy on loopback that can spoil the connections it carries. A packet is what arrives at once, either way. */
export interface TcpProxy {
  host: string
  port: number
  /** Packets of the connections so far. */
  packets(): number
  /** Starts counting anew, and cuts the connection when so many packets have arrived; null = never. */
  cutAfter(packets: number | null): void
  /** Starts counting anew, and from that packet on carries nothing any more while both ends stay open. Resolves then. */
  freezeAfter(packets: number): Promise<void>
  close(): Promise<void>
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let packets = 0
  let cutAt = Infinity
  let freezeAt = Infinity
  let frozen = Promise.withResolvers<void>()
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ ...target, noDelay: true })
    const cut = () => {
      near.destroy()
      far.destroy()
    }
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('close', () => {
        sockets.delete(from)
        cut()
      })
      from.on('error', cut)
      from.on('data', (data) => {
        packets += 1
        if (packets >= freezeAt) frozen.resolve()
        else if (packets >= cutAt) cut()
        else to.write(data)
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the proxy listens on no port')
  const restart = () => {
    packets = 0
    cutAt = Infinity
    freezeAt = Infinity
    frozen = Promise.withResolvers<void>()
  }
  return {
    host: '127.0.0.1',
    port: address.port,
    packets: () => packets,
    cutAfter(at) {
      restart()
      cutAt = at ?? Infinity
    },
    freezeAfter(at) {
      restart()
      freezeAt = at
      return frozen.promise
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}
