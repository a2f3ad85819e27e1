import type { ServerResponse } from 'node:http'

/** What is said to a request. */
export interface Reply {
  body: string
  /** Invoices in it. */
  records: number
  /** The message of a FAIL; null for SUCCESS. */
  message: string | null
}

interface InvoicePage {
  /** The page's invoices as JSON texts. */
  texts: readonly string[]
  page: number
  pageSize: number
  /** Number of invoices in the window, and of the pages that they fill. */
  totalCount: number
  totalPages: number
}

/** The envelope around a page. The invoices go in as they are, so that nobody's digits are rewritten. */
export function successReply({ texts, page, pageSize, totalCount, totalPages }: InvoicePage): Reply {
  const first = texts.length === 0 ? 0 : (page - 1) * pageSize + 1
  const last = texts.length === 0 ? 0 : first + texts.length - 1
  const body =
    `{"status":"SUCCESS","startRecordNumber":${first},"endRecordNumber":${last},"resultCount":${texts.length},` +
    `"totalCount":${totalCount},"pageSize":${pageSize},"currentPage":${page},"totalPages":${totalPages},` +
    `"resultSet":[${texts.join(',')}]}`
  return { body, records: texts.length, message: null }
}

/** SUCCESS without a single invoice; the list is empty or not there at all. */
export function emptyReply(pageSize: number, withList: boolean): Reply {
  const reply = successReply({ texts: [], page: 1, pageSize, totalCount: 0, totalPages: 0 })
  return withList ? reply : { ...reply, body: reply.body.replace(',"resultSet":[]', '') }
}

export function failReply(message: string): Reply {
  return { body: JSON.stringify({ status: 'FAIL', message }), records: 0, message }
}

export function sendJson(response: ServerResponse, status: number, body: string | Buffer): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body)
}
