const SECTOR = 512
const FREE = 0xffffffff
const END = 0xfffffffe
const FAT = 0xfffffffd
const DIFAT = 0xfffffffc

export interface WalkedContainer {
  /** Names of all entries of the directory, the root first. */
  names: string[]
  rootClass: string
  /** Whether any entry bears a date. */
  dated: boolean
  stream: Buffer
}

/**
 * Reads a compound file sector by sector, as a strict reader would: every sector is used once or marked as free, every
 * chain ends where its size says. Throws at the first thing that is wrong.
 */
export function walkContainer(bytes: Uint8Array): WalkedContainer {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  expectThat(file.subarray(0, 8).toString('hex') === 'd0cf11e0a1b11ae1', 'signature')
  expectThat(file.length % SECTOR === 0, 'the file is whole sectors')
  expectThat(file.readUInt16LE(26) === 3 && file.readUInt16LE(28) === 0xfffe, 'version 3, little-endian')
  expectThat(file.readUInt16LE(30) === 9 && file.readUInt32LE(56) === 4096, 'sector size and ministream limit')
  const sectors = file.length / SECTOR - 1
  const owner: (string | undefined)[] = Array.from({ length: sectors })
  const claim = (sector: number, name: string) => {
    expectThat(sector < sectors, `sector ${sector} of ${name} is in the file`)
    expectThat(owner[sector] === undefined, `sector ${sector} belongs to ${name} alone, not to ${owner[sector]}`)
    owner[sector] = name
    return file.subarray((sector + 1) * SECTOR, (sector + 2) * SECTOR)
  }
  const fat = readFat(file, claim)
  const chain = (first: number, name: string) => {
    const found: Buffer[] = []
    for (let sector = first; sector !== END; sector = fat[sector]!) found.push(claim(sector, name))
    return Buffer.concat(found)
  }
  const directory = chain(file.readUInt32LE(48), 'directory')
  const entries = entriesOf(directory)
  const stream = entries.find(({ name }) => name === 'Workbook')
  expectThat(stream !== undefined && stream.size >= 4096, 'the stream Workbook is outside of the ministream')
  expectThat(file.readUInt32LE(60) === END && file.readUInt32LE(64) === 0, 'there is no ministream table')
  expectThat(entries[0]!.start === END && entries[0]!.size === 0, 'there is no ministream')
  const content = chain(stream!.start, 'Workbook')
  expectThat(content.length - stream!.size >= 0 && content.length - stream!.size < SECTOR, 'the chain fits the size')
  checkOwners(fat, owner)
  return {
    names: entries.map(({ name }) => name),
    rootClass: entries[0]!.class,
    dated: entries.some(({ dated }) => dated),
    stream: content.subarray(0, stream!.size),
  }
}

function readFat(file: Buffer, claim: (sector: number, name: string) => Buffer): number[] {
  const count = file.readUInt32LE(44)
  const places = Array.from({ length: 109 }, (_, index) => file.readUInt32LE(76 + index * 4))
  let next = file.readUInt32LE(68)
  let difats = 0
  for (; next !== END; difats++) {
    const sector = claim(next, 'table of tables')
    for (let index = 0; index < 127; index++) places.push(sector.readUInt32LE(index * 4))
    next = sector.readUInt32LE(508)
  }
  expectThat(difats === file.readUInt32LE(72), 'the count of tables of tables')
  const used = places.filter((place) => place !== FREE)
  expectThat(used.length === count, 'the count of tables')
  return used.flatMap((place) => {
    const sector = claim(place, 'table')
    return Array.from({ length: 128 }, (_, index) => sector.readUInt32LE(index * 4))
  })
}

interface Entry {
  name: string
  start: number
  size: number
  class: string
  dated: boolean
}

function entriesOf(directory: Buffer): Entry[] {
  const entries: Entry[] = []
  for (let at = 0; at < directory.length; at += 128) {
    const kind = directory[at + 66]
    if (kind === 0) continue
    expectThat(kind === (at === 0 ? 5 : 2), `entry ${at / 128} is ${at === 0 ? 'the root' : 'a stream'}`)
    entries.push({
      name: directory.toString('utf16le', at, at + directory.readUInt16LE(at + 64) - 2),
      class: directory.toString('hex', at + 80, at + 96),
      dated: directory.subarray(at + 100, at + 116).some((byte) => byte !== 0),
      start: directory.readUInt32LE(at + 116),
      size: directory.readUInt32LE(at + 120),
    })
  }
  return entries
}

function checkOwners(fat: number[], owner: (string | undefined)[]): void {
  for (const [sector, name] of owner.entries()) {
    expectThat(name !== undefined, `sector ${sector} belongs to something`)
    expectThat((fat[sector] === FAT) === (name === 'table'), `sector ${sector} is marked as ${name}`)
    expectThat((fat[sector] === DIFAT) === (name === 'table of tables'), `sector ${sector} is marked as ${name}`)
  }
}

export function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(`The workbook is damaged: not true that ${what}.`)
}
