import CFB from 'cfb'

type Entry = ReturnType<typeof CFB.utils.cfb_add>

const STREAM = 2
const ROOT = 5
const UNUSED = 0
const SECTOR = 512
const NOTHING = Buffer.alloc(0)
// What is shorter lives in the container's ministream, which not every reader walks; zeros behind the end are ignored.
const LEAST_STREAM = 4096
// The class of Excel's workbooks, by which `file` and others tell them; a constant, as all of the container is.
const WORKBOOK_CLASS = '2008020000000000c000000000000046'
// cfb adds a stream of this name where it finds none, but leaves out entries that are marked as unused.
const SEED = '\u0001Sh33tJ5'

/** The compound file around a workbook's stream, which comes in parts: one storage, one stream, no dates. */
export function container(parts: Iterable<Buffer>, size: number): Buffer {
  // A place is kept for the stream and filled in afterwards: cfb would want it in one piece, a copy more in memory.
  const stream = entry('Workbook', STREAM, Buffer.alloc(Math.max(size, LEAST_STREAM)))
  const book = CFB.utils.cfb_new()
  book.FullPaths = ['Root Entry/', 'Root Entry/Workbook', `Root Entry/${SEED}`]
  book.FileIndex = [entry('Root Entry', ROOT, NOTHING), stream, entry(SEED, UNUSED, NOTHING)]
  const file = CFB.write(book, { type: 'buffer', fileType: 'cfb' }) as Buffer
  // Sectors are counted from behind the header, which is as long as one; those of a stream are neighbours.
  let at = (stream.start + 1) * SECTOR
  for (const part of parts) at += part.copy(file, at)
  return file
}

function entry(name: string, type: number, content: Buffer<ArrayBuffer>): Entry {
  const clsid = type === ROOT ? WORKBOOK_CLASS : ''
  return { name, type, content, size: content.length, start: 0, state: 0, color: 1, clsid }
}
