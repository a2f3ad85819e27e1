import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, constants, deflate, gzip } from 'node:zlib'
import { ApiError } from './api-error.ts'

const MOST_BYTES = 20_000_000
const WORTH_COMPRESSING = 1024

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MOST_BYTES) throw new ApiError('ArgumentException', `The request has more than ${MOST_BYTES} bytes.`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

export function sendJson(response: ServerResponse, status: number, body: string | Buffer): void {
  response
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) })
    .end(body)
}

const CODERS: Record<string, (body: string) => Promise<Buffer>> = {
  br: (body) =>
    promisify<string, object, Buffer>(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  gzip: (body) => promisify<string, object, Buffer>(gzip)(body, { level: 1 }),
  deflate: (body) => promisify<string, object, Buffer>(deflate)(body, { level: 1 }),
}

/** Sends JSON, compressed in a way that the client accepts. */
export async function sendCompressed(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: string,
): Promise<void> {
  const accepted = request.headers['accept-encoding']?.toString() ?? ''
  const found = Object.entries(CODERS).find(([name]) =>
    new RegExp(`\\b${name}\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`).test(accepted),
  )
  if (found === undefined || body.length < WORTH_COMPRESSING) return sendJson(response, status, body)
  const [encoding, encode] = found
  const encoded = await encode(body)
  response.setHeader('content-encoding', encoding)
  sendJson(response, status, encoded)
}
